//! The facts for a batch: all of them read at once, before the first decision, with the rooms
//! locked until the commit.
//!
//! Each row is looked up by index: LATERAL and OFFSET leave the database no other order. It plans
//! once, perhaps on empty tables, where every order seems as good.

use std::collections::HashMap;
use std::convert::Infallible;

use papo_domain::{
    ClientId, PersonId, RoomDescription, RoomId, RoomKind, RoomName, RoomState, Seq, SessionId,
};
use tokio_postgres::{Row, Statement};

use super::connection::{Connection, Value};
use super::errors::Failure;
use super::rows;
use crate::fold::fold;
use crate::ledger::{Facts, Place, Poster, RoomHead, StoredMessage};
use crate::{Act, By, NewEvent};

const MARK: &str = "INSERT INTO node (id, batch, at) SELECT $1::bigint, $2::bigint, served FROM papo \
    ON CONFLICT (id) DO UPDATE SET batch = excluded.batch, at = excluded.at";
/// Locks in the order of the rooms' numbers, so that two nodes never wait for each other. A
/// transaction that sees a migrated room also sees whether the migration has finished. Until then
/// the room doesn't exist for it.
const ROOMS: &str = "SELECT id, kind, is_announcement, is_active, last_seq, last_at, last_activity, name_key FROM room \
    WHERE id = ANY($1) AND (SELECT filling IS NULL FROM papo) ORDER BY id FOR NO KEY UPDATE";
const POSTERS: &str = "SELECT asked.session_id, asked.room_id, session.person_id, membership.username, \
    account.is_admin, account.is_admin AND NOT account.is_suspended, membership.role \
    FROM unnest($1::bigint[], $2::bigint[]) AS asked (session_id, room_id) \
    CROSS JOIN LATERAL (SELECT person_id FROM session WHERE id = asked.session_id OFFSET 0) AS session \
    LEFT JOIN LATERAL (SELECT username, role FROM membership WHERE person_id = session.person_id \
    AND room_id = asked.room_id OFFSET 0) AS membership ON true \
    LEFT JOIN LATERAL (SELECT is_admin, is_suspended FROM account WHERE person_id = session.person_id OFFSET 0) AS account ON true";
/// This and [`SESSIONS`] lock what administrators' rights depend on. A transaction that ends a
/// right or a session waits until the changes are stored, or has committed before. All transactions
/// lock in the same order: accounts, sessions, rooms.
const ACCOUNTS: &str = "SELECT 1 FROM account WHERE person_id IN \
    (SELECT person_id FROM session WHERE id = ANY($1)) ORDER BY id FOR SHARE";
const SESSIONS: &str = "SELECT 1 FROM session WHERE id = ANY($1) ORDER BY id FOR SHARE";
const STATES: &str = "SELECT id, name, description, is_active, kind, is_announcement FROM room \
    WHERE id = ANY($1)";
const NAMES: &str = "SELECT name_key, id FROM room WHERE name_key = ANY($1) AND kind < 2";

/// The number that a transaction writes into its node's row, which tells later whether it was
/// committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) node: i64,
    pub(super) batch: i64,
}

/// All facts that the changes of a batch need.
#[derive(Default)]
pub(super) struct StoredFacts {
    rooms: HashMap<RoomId, RoomHead>,
    names: HashMap<String, RoomId>,
    /// Of the rooms of which a change keeps a part of the state.
    states: HashMap<RoomId, RoomState>,
    posters: HashMap<(SessionId, RoomId), Poster>,
    messages: HashMap<Place, StoredMessage>,
    /// Where the messages with these client ids are.
    sent: HashMap<(PersonId, ClientId), Place>,
}

/// The keys to read, as columns.
#[derive(Default)]
struct Asked {
    rooms: Vec<i64>,
    administrators: Vec<i64>,
    posters: (Vec<i64>, Vec<i64>),
    client_ids: (Vec<i64>, Vec<String>),
    targets: (Vec<i64>, Vec<i64>),
    names: Vec<String>,
    states: Vec<i64>,
}

impl StoredFacts {
    /// Begins the transaction, marks it, locks the rooms and reads all facts, in one round trip.
    /// Each statement sees what was committed before it began, and so everything that earlier
    /// holders of the locks have stored.
    pub(super) async fn read(
        db: &Connection,
        mark: Mark,
        changes: &[NewEvent],
    ) -> Result<Self, Failure> {
        let asked = Asked::by(changes);
        let columns = rows::POSTED;
        let by_client_id = format!(
            "SELECT {columns} FROM unnest($1::bigint[], $2::text[]) AS asked (session_id, client_id) \
             CROSS JOIN LATERAL (SELECT person_id FROM session WHERE id = asked.session_id OFFSET 0) AS session \
             CROSS JOIN LATERAL (SELECT * FROM message WHERE message.sender = session.person_id \
             AND message.client_id = asked.client_id OFFSET 0) AS message"
        );
        let by_seq = format!(
            "SELECT {columns} FROM unnest($1::bigint[], $2::bigint[]) AS asked (room_id, seq) \
             CROSS JOIN LATERAL (SELECT * FROM message WHERE message.room_id = asked.room_id \
             AND message.seq = asked.seq OFFSET 0) AS message"
        );
        let mark_it = db.statement(MARK).await?;
        let locks = if asked.administrators.is_empty() {
            None
        } else {
            Some((db.statement(ACCOUNTS).await?, db.statement(SESSIONS).await?))
        };
        let (accounts, sessions) = locks
            .as_ref()
            .map(|(accounts, sessions)| (accounts, sessions))
            .unzip();
        let rooms = db.statement(ROOMS).await?;
        let posters = db.statement(POSTERS).await?;
        let by_client_id = db.statement(&by_client_id).await?;
        let by_seq = db.statement(&by_seq).await?;
        let names = db.statement(NAMES).await?;
        let states = db.statement(STATES).await?;
        let administrators = &asked.administrators;
        let (
            begun,
            marked,
            accounts,
            sessions,
            rooms,
            posters,
            by_client_id,
            by_seq,
            names,
            states,
        ) = tokio::join!(
            biased;
            db.batch("BEGIN"),
            ask(db, &mark_it, true, [&mark.node, &mark.batch]),
            lock(db, accounts, administrators),
            lock(db, sessions, administrators),
            ask(db, &rooms, true, [&asked.rooms]),
            ask(db, &posters, !asked.posters.0.is_empty(), [&asked.posters.0, &asked.posters.1]),
            ask(db, &by_client_id, !asked.client_ids.0.is_empty(), [&asked.client_ids.0, &asked.client_ids.1]),
            ask(db, &by_seq, !asked.targets.0.is_empty(), [&asked.targets.0, &asked.targets.1]),
            ask(db, &names, !asked.names.is_empty(), [&asked.names]),
            ask(db, &states, !asked.states.is_empty(), [&asked.states]),
        );
        begun?;
        marked?;
        accounts?;
        sessions?;
        let mut facts = Self::default();
        for row in rooms? {
            facts.add_room(&row)?;
        }
        for row in posters? {
            let of = (SessionId(row.try_get(0)?), RoomId(row.try_get(1)?));
            facts.posters.insert(of, read_poster(&row)?);
        }
        for row in by_client_id?.iter().chain(&by_seq?) {
            facts.add_message(rows::stored_message(row)?);
        }
        for row in names? {
            facts.names.insert(row.try_get(0)?, RoomId(row.try_get(1)?));
        }
        for row in states? {
            let state = RoomState {
                name: RoomName::from_stored(row.try_get(1)?),
                description: RoomDescription::from_stored(row.try_get(2)?),
                kind: RoomKind::from_code(row.try_get(4)?),
                is_announcement: row.try_get(5)?,
                is_active: row.try_get(3)?,
            };
            facts.states.insert(RoomId(row.try_get(0)?), state);
        }
        Ok(facts)
    }

    fn add_message(&mut self, message: StoredMessage) {
        let place = (message.room, message.seq);
        if let Some(client_id) = &message.posted.client_id {
            let key = (message.posted.sender, client_id.clone());
            self.sent.insert(key, place);
        }
        self.messages.insert(place, message);
    }

    fn add_room(&mut self, row: &Row) -> Result<(), Failure> {
        let head = RoomHead {
            terms: rows::terms(row, 1)?,
            last_seq: Seq(row.try_get(4)?),
            last_at: rows::timestamp(row, 5)?,
            last_activity: rows::time(row, 6)?,
            name_key: row.try_get(7)?,
        };
        self.rooms.insert(RoomId(row.try_get(0)?), head);
        Ok(())
    }
}

impl Facts for StoredFacts {
    type Error = Infallible;

    fn room(&mut self, room: RoomId) -> Result<Option<RoomHead>, Infallible> {
        Ok(self.rooms.remove(&room))
    }

    fn room_state(&mut self, room: RoomId) -> Result<Option<RoomState>, Infallible> {
        Ok(self.states.remove(&room))
    }

    fn name_holder(&mut self, name_key: &str) -> Result<Option<RoomId>, Infallible> {
        Ok(self.names.get(name_key).copied())
    }

    fn poster(&mut self, session: SessionId, room: RoomId) -> Result<Option<Poster>, Infallible> {
        Ok(self.posters.remove(&(session, room)))
    }

    fn message(&mut self, room: RoomId, seq: Seq) -> Result<Option<StoredMessage>, Infallible> {
        Ok(self.messages.get(&(room, seq)).cloned())
    }

    fn sent(
        &mut self,
        sender: PersonId,
        client_id: &ClientId,
    ) -> Result<Option<Place>, Infallible> {
        Ok(self.sent.get(&(sender, client_id.clone())).copied())
    }
}

impl Asked {
    fn by(changes: &[NewEvent]) -> Self {
        let mut asked = Self::default();
        for NewEvent { room, change, .. } in changes {
            asked.rooms.push(room.0);
            if let Some(session) = change.by.session() {
                asked.posters.0.push(session.0);
                asked.posters.1.push(room.0);
            }
            if let By::Administrator(session) = change.by {
                asked.administrators.push(session.0);
            }
            match &change.act {
                Act::Post { client_id, .. } => {
                    if let Some((session, client_id)) = change.by.session().zip(client_id.as_ref())
                    {
                        asked.client_ids.0.push(session.0);
                        asked.client_ids.1.push(client_id.as_str().to_owned());
                    }
                }
                Act::Edit { target, .. }
                | Act::Delete { target, .. }
                | Act::React { target, .. } => {
                    asked.targets.0.push(room.0);
                    asked.targets.1.push(target.0);
                }
                Act::SetActive(_) => asked.states.push(room.0),
                Act::SetRoom(state) => asked.names.push(fold(state.name.as_str()).into_owned()),
                Act::Enter { .. } => {}
            }
        }
        asked.rooms.sort_unstable();
        asked.rooms.dedup();
        asked
    }
}

/// Locks what an administrator's right depends on. The caller does so before it locks the room.
pub(super) async fn hold_administrator(db: &Connection, by: By) -> Result<(), Failure> {
    if let By::Administrator(session) = by {
        let sessions = vec![session.0];
        db.rows(ACCOUNTS, &[&sessions]).await?;
        db.rows(SESSIONS, &[&sessions]).await?;
    }
    Ok(())
}

/// Somebody who wants to change a room.
pub(super) async fn poster(
    db: &Connection,
    session: SessionId,
    room: RoomId,
) -> Result<Option<Poster>, Failure> {
    let row = db.row(POSTERS, &[&vec![session.0], &vec![room.0]]).await?;
    row.as_ref().map(read_poster).transpose()
}

/// A row of [`POSTERS`].
fn read_poster(row: &Row) -> Result<Poster, Failure> {
    Ok(Poster {
        sender: rows::person(row, 2)?,
        username: rows::username(row, 3)?,
        mark: rows::mark(row, 4)?,
        administers: row.try_get::<_, Option<bool>>(5)?.unwrap_or_default(),
        role: rows::member_role(row, 6)?.unwrap_or_default(),
    })
}

/// Locks the rows on which these sessions' rights depend, if there is a statement for it.
async fn lock(
    db: &Connection,
    statement: Option<&Statement>,
    sessions: &[i64],
) -> Result<(), tokio_postgres::Error> {
    if let Some(statement) = statement {
        ask(db, statement, true, [&sessions]).await?;
    }
    Ok(())
}

/// Runs a query, unless it has no keys.
async fn ask<const N: usize>(
    db: &Connection,
    statement: &Statement,
    is_needed: bool,
    values: [Value<'_>; N],
) -> Result<Vec<Row>, tokio_postgres::Error> {
    if is_needed {
        db.client().query(statement, &values).await
    } else {
        Ok(Vec::new())
    }
}
