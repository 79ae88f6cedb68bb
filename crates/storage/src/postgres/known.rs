//! What a batch of changes knows of the rooms, people and messages that it touches: all of it read at once, before the first change is
//! looked at, with the rooms locked until the commit.
//!
//! What is asked for goes row by row, by LATERAL, and is looked up by index: there is no other order (OFFSET keeps it so) in which the
//! database could do it. The plans are made once, perhaps on tables that are empty, where every order seems as good.

use std::collections::HashMap;

use papo_domain::{ClientId, Posted, RoomId, SenderId, Seq, SessionId, Timestamp, Username};
use tokio_postgres::{Row, Statement};

use super::connection::{Connection, Value};
use super::errors::Failure;
use super::rows;
use crate::fold::fold;
use crate::{Change, NewEvent, Refusal};

const MARK: &str = "INSERT INTO node (id, batch) VALUES ($1, $2) \
    ON CONFLICT (id) DO UPDATE SET batch = excluded.batch, at = now()";
/// Locks in the order of the rooms' numbers, so that no two nodes wait for each other. Who sees a room that a migration brings sees
/// that it isn't done yet: until then the room isn't there.
const ROOMS: &str = "SELECT id, is_active, last_seq, last_at, last_activity, name_key FROM room \
    WHERE id = ANY($1) AND (SELECT filling IS NULL FROM papo) ORDER BY id FOR NO KEY UPDATE";
const PEOPLE: &str = "SELECT asked.session_id, asked.room_id, session.sender, membership.username \
    FROM unnest($1::bigint[], $2::bigint[]) AS asked (session_id, room_id) \
    CROSS JOIN LATERAL (SELECT sender FROM session WHERE id = asked.session_id OFFSET 0) AS session \
    LEFT JOIN LATERAL (SELECT username FROM membership WHERE session_id = asked.session_id \
    AND room_id = asked.room_id OFFSET 0) AS membership ON true";
const NAMES: &str = "SELECT name_key, id FROM room WHERE name_key = ANY($1)";

/// The batch by which a node's row in the database tells whether a transaction was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) node: i64,
    pub(super) batch: i64,
}

/// What there is, and what the changes before have made of it.
#[derive(Default)]
pub(super) struct Known {
    pub(super) rooms: HashMap<RoomId, RoomLog>,
    /// Who has a room's name, by its key.
    pub(super) names: HashMap<String, RoomId>,
    pub(super) people: HashMap<(SessionId, RoomId), Person>,
    pub(super) messages: HashMap<(RoomId, Seq), (Timestamp, Posted)>,
    /// Where the messages with these client ids are.
    pub(super) posted: HashMap<(SenderId, ClientId), (RoomId, Seq)>,
}

/// What a room's row says, and will say.
pub(super) struct RoomLog {
    pub(super) is_active: bool,
    pub(super) has_grown: bool,
    pub(super) last_seq: Seq,
    pub(super) last_at: Timestamp,
    pub(super) last_activity: Option<Timestamp>,
    pub(super) name_key: String,
}

/// A session, and its name in a room if it is in it.
#[derive(Clone)]
pub(super) struct Person {
    pub(super) sender: SenderId,
    pub(super) username: Option<Username>,
}

/// What is asked for, in columns.
#[derive(Default)]
struct Asked {
    rooms: Vec<i64>,
    people: (Vec<i64>, Vec<i64>),
    client_ids: (Vec<i64>, Vec<String>),
    targets: (Vec<i64>, Vec<i64>),
    names: Vec<String>,
}

impl Known {
    /// Begins the transaction, marks it, locks the rooms and reads all that the changes need: sent together, in one go. Each
    /// statement sees what was committed before it began, and so all that the locks' holders before have stored.
    pub(super) async fn read(
        db: &Connection,
        mark: Mark,
        changes: &[NewEvent],
    ) -> Result<Self, Failure> {
        let asked = Asked::by(changes);
        let posted = rows::POSTED;
        let by_client_id = format!(
            "SELECT {posted} FROM unnest($1::bigint[], $2::text[]) AS asked (session_id, client_id) \
             CROSS JOIN LATERAL (SELECT sender FROM session WHERE id = asked.session_id OFFSET 0) AS session \
             CROSS JOIN LATERAL (SELECT * FROM message WHERE message.sender = session.sender \
             AND message.client_id = asked.client_id OFFSET 0) AS message"
        );
        let by_seq = format!(
            "SELECT {posted} FROM unnest($1::bigint[], $2::bigint[]) AS asked (room_id, seq) \
             CROSS JOIN LATERAL (SELECT * FROM message WHERE message.room_id = asked.room_id \
             AND message.seq = asked.seq OFFSET 0) AS message"
        );
        let mark_it = db.statement(MARK).await?;
        let rooms = db.statement(ROOMS).await?;
        let people = db.statement(PEOPLE).await?;
        let by_client_id = db.statement(&by_client_id).await?;
        let by_seq = db.statement(&by_seq).await?;
        let names = db.statement(NAMES).await?;
        let (begun, marked, rooms, people, by_client_id, by_seq, names) = tokio::join!(
            biased;
            db.batch("BEGIN"),
            ask(db, &mark_it, true, [&mark.node, &mark.batch]),
            ask(db, &rooms, true, [&asked.rooms]),
            ask(db, &people, !asked.people.0.is_empty(), [&asked.people.0, &asked.people.1]),
            ask(db, &by_client_id, !asked.client_ids.0.is_empty(), [&asked.client_ids.0, &asked.client_ids.1]),
            ask(db, &by_seq, !asked.targets.0.is_empty(), [&asked.targets.0, &asked.targets.1]),
            ask(db, &names, !asked.names.is_empty(), [&asked.names]),
        );
        begun?;
        marked?;
        let mut known = Self::default();
        for row in rooms? {
            known.add_room(&row)?;
        }
        for row in people? {
            let person = Person {
                sender: rows::sender(&row, 2)?,
                username: rows::username(&row, 3)?,
            };
            let of = (SessionId(row.try_get(0)?), RoomId(row.try_get(1)?));
            known.people.insert(of, person);
        }
        for row in by_client_id?.iter().chain(&by_seq?) {
            let (room, seq, at, posted) = rows::posted(row)?;
            known.add_message(room, seq, at, posted);
        }
        for row in names? {
            known.names.insert(row.try_get(0)?, RoomId(row.try_get(1)?));
        }
        Ok(known)
    }

    /// Notes a message that is stored, or will be.
    pub(super) fn add_message(&mut self, room: RoomId, seq: Seq, at: Timestamp, posted: Posted) {
        if let Some(client_id) = &posted.client_id {
            let key = (posted.sender, client_id.clone());
            self.posted.insert(key, (room, seq));
        }
        self.messages.insert((room, seq), (at, posted));
    }

    /// A room that is there.
    pub(super) fn room(&mut self, room: RoomId) -> Result<&mut RoomLog, Refusal> {
        self.rooms.get_mut(&room).ok_or(Refusal::NoRoom)
    }

    fn add_room(&mut self, row: &Row) -> Result<(), Failure> {
        let log = RoomLog {
            is_active: row.try_get(1)?,
            has_grown: false,
            last_seq: Seq(row.try_get(2)?),
            last_at: rows::timestamp(row, 3)?,
            last_activity: rows::time(row, 4)?,
            name_key: row.try_get(5)?,
        };
        self.rooms.insert(RoomId(row.try_get(0)?), log);
        Ok(())
    }
}

impl Asked {
    fn by(changes: &[NewEvent]) -> Self {
        let mut asked = Self::default();
        for NewEvent { room, change, .. } in changes {
            asked.rooms.push(room.0);
            let session = match change {
                Change::Post { session, .. } | Change::Edit { session, .. } => Some(session),
                Change::Delete { session, .. } => session.as_ref(),
                Change::SetRoom(_) => None,
            };
            if let Some(session) = session {
                asked.people.0.push(session.0);
                asked.people.1.push(room.0);
            }
            match change {
                Change::Post {
                    session, client_id, ..
                } => {
                    if let Some(client_id) = client_id {
                        asked.client_ids.0.push(session.0);
                        asked.client_ids.1.push(client_id.as_str().to_owned());
                    }
                }
                Change::Edit { target, .. } | Change::Delete { target, .. } => {
                    asked.targets.0.push(room.0);
                    asked.targets.1.push(target.0);
                }
                Change::SetRoom(state) => asked.names.push(fold(state.name.as_str()).into_owned()),
            }
        }
        asked.rooms.sort_unstable();
        asked.rooms.dedup();
        asked
    }
}

/// Asks, unless there is nothing to ask for.
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
