//! Read positions, and the unread messages after them.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use papo_domain::{Level, PersonId, RoomId, RoomName, Seq, SessionId, UNREAD_MESSAGES, Username};
use tokio_postgres::Row;

use super::connection::{Connection, Value};
use super::errors::{Failure, damaged};
use super::{PostgresStorage, inboxes, rows};
use crate::read_positions::{ReadPosition, SEARCHED_EVENTS, fresh_version};
use crate::{InboxChange, InboxId, MembershipState, ReadMark, ReadPositions, StorageError};

/// Locks the memberships of sessions `$1` in rooms `$2`, and returns their positions. The
/// order excludes deadlocks with others that do the same. The pool tries again after one with a
/// transaction that deletes several memberships.
const LOCK: &str = "SELECT session.id, membership.room_id, membership.person_id, \
    membership.read_seq, membership.read_version, room.last_seq, membership.level \
    FROM unnest($1::bigint[], $2::bigint[]) AS wanted (session_id, room_id) \
    JOIN session ON session.id = wanted.session_id \
    JOIN membership ON membership.person_id = session.person_id \
    AND membership.room_id = wanted.room_id \
    JOIN room ON room.id = membership.room_id \
    ORDER BY membership.person_id, membership.room_id FOR NO KEY UPDATE OF membership";

const MOVE: &str = "UPDATE membership SET read_seq = new.read_seq, read_version = new.version, \
    level = new.level \
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::smallint[]) \
    AS new (person_id, room_id, read_seq, version, level) \
    WHERE membership.person_id = new.person_id AND membership.room_id = new.room_id";

/// The names of the others in the room of a `membership`.
const DIRECT_NAME: &str = "(SELECT string_agg(other.username, ', ' \
    ORDER BY other.username COLLATE \"C\", other.person_id) FROM membership AS other \
    WHERE other.room_id = membership.room_id AND other.person_id <> membership.person_id)";

#[async_trait]
impl ReadPositions for PostgresStorage {
    async fn membership_states(
        &self,
        session: SessionId,
    ) -> Result<(InboxId, Vec<MembershipState>), StorageError> {
        self.read(session, |db, &session| Box::pin(states(db, session)))
            .await
    }

    async fn membership_state(
        &self,
        session: SessionId,
        room: RoomId,
    ) -> Result<Option<MembershipState>, StorageError> {
        self.read((session, room), |db, &(session, room)| {
            Box::pin(async move { Ok(states_in(db, &[(session, room)]).await?.pop().flatten()) })
        })
        .await
    }

    async fn mark(
        &self,
        marks: Vec<(SessionId, RoomId, ReadMark)>,
    ) -> Result<Vec<Option<MembershipState>>, StorageError> {
        let wanted: Vec<_> = marks
            .iter()
            .map(|(session, room, _)| (*session, *room))
            .collect();
        self.write(marks, |db, marks| Box::pin(mark(db, marks)))
            .await?;
        // Counting takes long, and the transaction holds a lock that others need.
        self.read(wanted, |db, wanted| Box::pin(each(db, wanted)))
            .await
    }
}

/// The query for [`membership_state`], for a session and on a condition. Of `message` it reads the
/// events after the read position, in their order, until it has counted enough.
fn query(session: &str, condition: &str) -> String {
    format!(
        "SELECT room.id, CASE WHEN room.kind = 3 THEN coalesce({DIRECT_NAME}, room.name) \
         ELSE room.name END, membership.username, room.last_seq, room.last_activity, \
         membership.read_seq, membership.read_version, \
         CASE WHEN room.last_seq > membership.read_seq THEN \
         (SELECT count(*) FROM (SELECT FROM message WHERE message.room_id = membership.room_id \
         AND message.seq > membership.read_seq \
         AND message.seq <= membership.read_seq + {SEARCHED_EVENTS} \
         AND message.sender <> membership.person_id AND message.content IS NOT NULL \
         LIMIT {UNREAD_MESSAGES}) AS found) ELSE 0 END AS unread, \
         room.kind, room.is_announcement, room.is_active, membership.role, membership.level \
         FROM membership JOIN room ON room.id = membership.room_id WHERE membership.person_id = \
         (SELECT session.person_id FROM session WHERE session.id = {session}) \
         AND {condition}"
    )
}

/// A session's person in each of their rooms, and the last entry of an inbox. One statement
/// reads both, as of one moment.
pub(super) async fn states(
    db: &Connection,
    session: SessionId,
) -> Result<(InboxId, Vec<MembershipState>), Failure> {
    let sql = format!(
        "SELECT state.*, papo.last_inbox FROM papo LEFT JOIN LATERAL ({}) AS state ON true \
         ORDER BY state.id",
        query("$1", "true")
    );
    let found = db.rows(&sql, &[&session.0]).await?;
    let first = found.first().ok_or_else(|| damaged("no row of Papo's"))?;
    let last = InboxId(first.try_get(13)?);
    let states = found.iter().map(membership_state);
    let states = states.filter_map(Result::transpose);
    Ok((last, states.collect::<Result<_, _>>()?))
}

/// The sessions' persons in these rooms, in this order.
async fn states_in(
    db: &Connection,
    wanted: &[(SessionId, RoomId)],
) -> Result<Vec<Option<MembershipState>>, Failure> {
    let sql = format!(
        "SELECT state.* FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY \
         AS wanted (session_id, room_id, place) LEFT JOIN LATERAL ({}) AS state ON true \
         ORDER BY place",
        query("wanted.session_id", "membership.room_id = wanted.room_id")
    );
    let (sessions, rooms) = numbers(wanted.iter().copied());
    let found = db.rows(&sql, &[&sessions, &rooms]).await?;
    found.iter().map(membership_state).collect()
}

/// The same, and asks once for each of them.
async fn each(
    db: &Connection,
    wanted: &[(SessionId, RoomId)],
) -> Result<Vec<Option<MembershipState>>, Failure> {
    let once: BTreeSet<_> = wanted.iter().copied().collect();
    let once: Vec<_> = once.into_iter().collect();
    let states = states_in(db, &once).await?;
    let known: BTreeMap<_, _> = once.into_iter().zip(states).collect();
    Ok(wanted.iter().map(|one| known[one].clone()).collect())
}

/// Moves read positions.
pub(super) async fn mark(
    db: &Connection,
    marks: &[(SessionId, RoomId, ReadMark)],
) -> Result<(), Failure> {
    let wanted = marks.iter().map(|(session, room, _)| (*session, *room));
    let wanted: Vec<_> = wanted.collect();
    let mut positions = lock(db, &wanted).await?;
    // After the locks: no version of these positions is greater then.
    let fresh = fresh_version(inboxes::last(db).await?);
    let (mut moved, mut changes) = (BTreeSet::new(), Vec::new());
    for (session, room, mark) in marks {
        let Some(&(person, end)) = positions.persons.get(&(*session, *room)) else {
            continue;
        };
        let key = (person, *room);
        let Some(position) = positions.stored.get_mut(&key) else {
            continue;
        };
        let after = position.marked(*mark, end, fresh);
        if after != *position {
            *position = after;
            if moved.insert(key) {
                changes.push((person, InboxChange::Read(*room)));
            }
        }
    }
    store(db, &positions, moved).await?;
    inboxes::add(db, changes).await
}

/// Read positions, locked until the end of the transaction.
#[derive(Default)]
struct Positions {
    /// The persons of the sessions that are in these rooms, and the end of each room's log.
    persons: BTreeMap<(SessionId, RoomId), (PersonId, Seq)>,
    stored: BTreeMap<(PersonId, RoomId), ReadPosition>,
}

async fn lock(db: &Connection, wanted: &[(SessionId, RoomId)]) -> Result<Positions, Failure> {
    let once: BTreeSet<_> = wanted.iter().copied().collect();
    let (sessions, rooms) = numbers(once.into_iter());
    let mut positions = Positions::default();
    for row in db.rows(LOCK, &[&sessions, &rooms]).await? {
        let (session, room) = (SessionId(row.try_get(0)?), RoomId(row.try_get(1)?));
        let person = rows::person(&row, 2)?;
        let position = ReadPosition {
            seq: Seq(row.try_get(3)?),
            version: row.try_get(4)?,
            level: level(&row, 6)?,
        };
        let end = Seq(row.try_get(5)?);
        positions.persons.insert((session, room), (person, end));
        positions.stored.insert((person, room), position);
    }
    Ok(positions)
}

async fn store(
    db: &Connection,
    positions: &Positions,
    moved: BTreeSet<(PersonId, RoomId)>,
) -> Result<(), Failure> {
    if moved.is_empty() {
        return Ok(());
    }
    let (mut persons, mut rooms) = (vec![], vec![]);
    let (mut seqs, mut versions, mut levels) = (vec![], vec![], vec![]);
    for key in moved {
        let Some(position) = positions.stored.get(&key) else {
            continue;
        };
        persons.push(key.0.0.cast_signed());
        rooms.push(key.1.0);
        seqs.push(position.seq.0);
        versions.push(position.version);
        levels.push(position.level.code());
    }
    let values: [Value<'_>; 5] = [&persons, &rooms, &seqs, &versions, &levels];
    db.execute(MOVE, &values).await?;
    Ok(())
}

fn numbers(pairs: impl Iterator<Item = (SessionId, RoomId)>) -> (Vec<i64>, Vec<i64>) {
    pairs.map(|(session, room)| (session.0, room.0)).unzip()
}

/// A row of [`query`]; all its columns are null where there is none.
fn membership_state(row: &Row) -> Result<Option<MembershipState>, Failure> {
    let Some(room) = row.try_get::<_, Option<i64>>(0)? else {
        return Ok(None);
    };
    let unread: i64 = row.try_get(7)?;
    Ok(Some(MembershipState {
        room: RoomId(room),
        name: RoomName::from_stored(row.try_get(1)?),
        username: Username::from_stored(row.try_get::<_, &str>(2)?),
        last_seq: Seq(row.try_get(3)?),
        last_activity: rows::time(row, 4)?,
        read: Seq(row.try_get(5)?),
        version: row.try_get(6)?,
        unread: u32::try_from(unread).unwrap_or(UNREAD_MESSAGES),
        terms: rows::terms(row, 8)?,
        role: rows::member_role(row, 11)?.unwrap_or_default(),
        level: level(row, 12)?,
    }))
}

/// A damaged level is the usual one.
fn level(row: &Row, column: usize) -> Result<Level, Failure> {
    Ok(Level::from_code(row.try_get(column)?).unwrap_or_default())
}
