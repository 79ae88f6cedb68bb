//! Read positions, and the unread messages after them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use papo_domain::{Level, PersonId, RoomId, RoomName, Seq, SessionId, UNREAD_MESSAGES};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{SqliteStorage, inboxes, rows};
use crate::read_positions::{ReadPosition, SEARCHED_EVENTS, fresh_version};
use crate::{InboxChange, InboxId, MembershipState, ReadMark, ReadPositions, StorageError};

/// The names of the others in the room of a `membership`.
const DIRECT_NAME: &str = "(SELECT group_concat(username, ', ') FROM \
    (SELECT other.username FROM membership AS other WHERE other.room_id = membership.room_id \
    AND other.person_id <> membership.person_id ORDER BY other.username, other.person_id))";

#[async_trait]
impl ReadPositions for SqliteStorage {
    async fn membership_states(
        &self,
        session: SessionId,
    ) -> Result<(InboxId, Vec<MembershipState>), StorageError> {
        self.read(move |db| {
            let moment = db.unchecked_transaction()?;
            Ok((inboxes::last(&moment)?, states(&moment, session)?))
        })
        .await
    }

    async fn membership_state(
        &self,
        session: SessionId,
        room: RoomId,
    ) -> Result<Option<MembershipState>, StorageError> {
        self.read(move |db| state(db, session, room)).await
    }

    async fn mark(
        &self,
        marks: Vec<(SessionId, RoomId, ReadMark)>,
    ) -> Result<Vec<Option<MembershipState>>, StorageError> {
        let wanted: Vec<_> = marks
            .iter()
            .map(|(session, room, _)| (*session, *room))
            .collect();
        self.write(move |db| mark(db, &marks)).await?;
        // Counting takes too long for the writer's thread: posts would wait for it.
        let states = self.read(move |db| each(&wanted, |(session, room)| state(db, session, room)));
        states.await
    }
}

/// The query for [`membership_state`] with a condition and an order. `room` is read by its key, and
/// of `message` only the events after the read position.
fn query(condition: &str) -> String {
    format!(
        "SELECT room.id, CASE WHEN room.kind = 3 THEN ifnull({DIRECT_NAME}, room.name) \
         ELSE room.name END, membership.username, room.last_seq, room.last_activity, \
         read_seq, read_version, CASE WHEN room.last_seq > read_seq THEN \
         (SELECT count(*) FROM (SELECT 1 FROM message WHERE message.room_id = membership.room_id \
         AND seq > read_seq AND seq <= read_seq + {SEARCHED_EVENTS} \
         AND sender <> membership.person_id AND content IS NOT NULL LIMIT {UNREAD_MESSAGES})) \
         ELSE 0 END, room.kind, room.is_announcement, room.is_active, membership.role, level \
         FROM session CROSS JOIN membership USING (person_id) \
         CROSS JOIN room ON room.id = membership.room_id \
         WHERE session.id = ?1 AND {condition}"
    )
}

/// A session's person in each of their rooms.
pub(super) fn states(
    db: &Connection,
    session: SessionId,
) -> Result<Vec<MembershipState>, StorageError> {
    let mut statement = db.prepare_cached(&query("true ORDER BY membership.room_id"))?;
    let states = statement.query_map([session.0], membership_state)?;
    Ok(states.collect::<Result<_, _>>()?)
}

/// A session's person in a room.
pub(super) fn state(
    db: &Connection,
    session: SessionId,
    room: RoomId,
) -> Result<Option<MembershipState>, StorageError> {
    let mut statement = db.prepare_cached(&query("membership.room_id = ?2"))?;
    let state = statement.query_row([session.0, room.0], membership_state);
    Ok(state.optional()?)
}

/// Moves read positions.
pub(super) fn mark(
    db: &Connection,
    marks: &[(SessionId, RoomId, ReadMark)],
) -> Result<(), StorageError> {
    let mut moved = BTreeSet::new();
    let fresh = fresh_version(inboxes::last(db)?);
    for (session, room, mark) in marks {
        if let Some(person) = mark_one(db, (*session, *room), *mark, fresh)?
            && moved.insert((person, *room))
        {
            inboxes::add(db, person, InboxChange::Read(*room))?;
        }
    }
    Ok(())
}

/// Asks once for each of these, and returns the answers in their order.
fn each(
    wanted: &[(SessionId, RoomId)],
    ask: impl Fn((SessionId, RoomId)) -> Result<Option<MembershipState>, StorageError>,
) -> Result<Vec<Option<MembershipState>>, StorageError> {
    let mut known = BTreeMap::new();
    for &one in wanted {
        if let Entry::Vacant(unknown) = known.entry(one) {
            unknown.insert(ask(one)?);
        }
    }
    Ok(wanted.iter().map(|one| known[one].clone()).collect())
}

/// Changes a membership. Returns the person if that changed something.
fn mark_one(
    db: &Connection,
    (session, room): (SessionId, RoomId),
    mark: ReadMark,
    fresh: i64,
) -> Result<Option<PersonId>, StorageError> {
    let mut statement = db.prepare_cached(
        "SELECT membership.person_id, read_seq, read_version, level, last_seq \
         FROM session CROSS JOIN membership USING (person_id) \
         CROSS JOIN room ON room.id = membership.room_id \
         WHERE session.id = ?1 AND membership.room_id = ?2",
    )?;
    let found = statement.query_row([session.0, room.0], |row| {
        let before = ReadPosition {
            seq: Seq(row.get(1)?),
            version: row.get(2)?,
            level: level(row, 3)?,
        };
        Ok((rows::person(row, 0)?, before, Seq(row.get(4)?)))
    });
    let Some((person, before, end)) = found.optional()? else {
        return Ok(None);
    };
    let after = before.marked(mark, end, fresh);
    if after == before {
        return Ok(None);
    }
    db.prepare_cached(
        "UPDATE membership SET read_seq = ?3, read_version = ?4, level = ?5 \
         WHERE person_id = ?1 AND room_id = ?2",
    )?
    .execute(params![
        person.0.cast_signed(),
        room.0,
        after.seq.0,
        after.version,
        after.level.code()
    ])?;
    Ok(Some(person))
}

fn membership_state(row: &Row<'_>) -> Result<MembershipState, rusqlite::Error> {
    Ok(MembershipState {
        room: RoomId(row.get(0)?),
        name: RoomName::from_stored(rows::text(row, 1)?),
        username: rows::username(row, 2)?,
        last_seq: Seq(row.get(3)?),
        last_activity: rows::time(row, 4)?,
        read: Seq(row.get(5)?),
        version: row.get(6)?,
        unread: row.get(7)?,
        terms: rows::terms(row, 8)?,
        role: rows::member_role(row, 11)?.unwrap_or_default(),
        level: level(row, 12)?,
    })
}

/// A damaged level is the usual one.
fn level(row: &Row<'_>, column: usize) -> Result<Level, rusqlite::Error> {
    let code = i16::try_from(row.get::<_, i64>(column)?).ok();
    Ok(code.and_then(Level::from_code).unwrap_or_default())
}
