//! Rooms.

use async_trait::async_trait;
use papo_domain::{
    AuditAct, AuditRoom, Denial, MemberRole, PersonId, Room, RoomId, RoomKind, RoomMakers,
    RoomName, RoomOverview, RoomState, Seq, SessionId, Timestamp,
};
use rusqlite::{Connection, OptionalExtension, params};

use super::{SqliteStorage, audit, memberships, rows};
use crate::audit::AuditNote;
use crate::fold::fold;
use crate::rooms::may_open;
use crate::{RoomFilter, Rooms, StorageError};

#[async_trait]
impl Rooms for SqliteStorage {
    async fn room(&self, room: RoomId) -> Result<Option<Room>, StorageError> {
        self.read(move |db| by_id(db, room)).await
    }

    async fn rooms(&self, filter: RoomFilter) -> Result<Vec<RoomOverview>, StorageError> {
        self.read(move |db| rooms(db, &filter)).await
    }

    async fn create_room_for(
        &self,
        state: RoomState,
        moderator: Option<PersonId>,
        at: Timestamp,
    ) -> Result<Room, StorageError> {
        self.write(move |db| create_for(db, state, moderator, at))
            .await
    }

    async fn open_room(
        &self,
        session: SessionId,
        makers: RoomMakers,
        state: RoomState,
        at: Timestamp,
    ) -> Result<Result<Room, Denial>, StorageError> {
        self.write(move |db| open(db, session, makers, state, at))
            .await
    }

    async fn create_first_rooms(
        &self,
        states: Vec<RoomState>,
        at: Timestamp,
    ) -> Result<(), StorageError> {
        self.write(move |db| create_first(db, states, at)).await
    }
}

/// One room.
pub(super) fn by_id(db: &Connection, room: RoomId) -> Result<Option<Room>, StorageError> {
    let mut statement =
        db.prepare_cached(&format!("SELECT {} FROM room WHERE id = ?1", rows::ROOM))?;
    Ok(statement.query_row([room.0], rows::room).optional()?)
}

/// Rooms by name.
pub(super) fn rooms(
    db: &Connection,
    filter: &RoomFilter,
) -> Result<Vec<RoomOverview>, StorageError> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {}, last_activity FROM room WHERE (?1 IS NULL OR is_active = ?1) \
         AND (?2 IS NULL OR instr(name_key, ?2) > 0 \
         OR kind < 2 AND instr(fold(description), ?2) > 0) \
         AND (?5 IS NULL OR kind <= ?5) \
         ORDER BY name_key LIMIT ?3 OFFSET ?4",
        rows::ROOM
    ))?;
    let parameters = params![
        filter.is_active,
        filter.search.as_deref().map(fold),
        filter.limit.map_or(-1, rows::count),
        rows::count(filter.offset),
        filter.up_to.map(RoomKind::code),
    ];
    let rooms = statement.query_map(parameters, |row| {
        Ok(RoomOverview {
            room: rows::room(row)?,
            last_activity: row.get::<_, Option<i64>>(8)?.map(Timestamp::from_millis),
        })
    })?;
    Ok(rooms.collect::<Result<_, _>>()?)
}

/// Notes in the audit that somebody made a room.
fn note(
    db: &Connection,
    by: Option<PersonId>,
    room: &Room,
    at: Timestamp,
) -> Result<(), StorageError> {
    let act = AuditAct::RoomMade(AuditRoom::new(room.id, room.name.as_str()));
    audit::add(db, &AuditNote { by, at, act })
}

/// Makes a room.
pub(super) fn create(
    db: &Connection,
    state: RoomState,
    at: Timestamp,
) -> Result<Room, StorageError> {
    if state.kind.is_listed() && by_name(db, &state.name)?.is_some() {
        return Err(StorageError::Exists("a room with this name"));
    }
    let mut statement = db.prepare_cached(
        "INSERT INTO room \
         (name, name_key, description, is_active, created_at, last_at, kind, is_announcement) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7)",
    )?;
    let id = statement.insert(params![
        state.name.as_str(),
        fold(state.name.as_str()),
        state.description.as_str(),
        state.is_active,
        at.as_millis(),
        state.kind.code(),
        state.is_announcement,
    ])?;
    Ok(Room {
        id: RoomId(id),
        name: state.name,
        description: state.description,
        kind: state.kind,
        is_announcement: state.is_announcement,
        is_active: state.is_active,
        created_at: at,
        last_seq: Seq::START,
    })
}

/// Makes a room, maybe with a moderator.
pub(super) fn create_for(
    db: &Connection,
    state: RoomState,
    moderator: Option<PersonId>,
    at: Timestamp,
) -> Result<Room, StorageError> {
    let room = create(db, state, at)?;
    if let Some(person) = moderator
        && let Some(owner) = memberships::account_of(db, person)?
    {
        memberships::add(db, &owner, &room, MemberRole::Moderator, at)?;
        note(db, Some(owner.person), &room, at)?;
    }
    note(db, None, &room, at)?;
    Ok(room)
}

/// Makes a room for somebody, who becomes its moderator.
pub(super) fn open(
    db: &Connection,
    session: SessionId,
    makers: RoomMakers,
    state: RoomState,
    at: Timestamp,
) -> Result<Result<Room, Denial>, StorageError> {
    let owner = memberships::owner(db, session)?;
    let is_admin = owner.as_ref().map(|owner| owner.is_admin);
    if let Err(denial) = may_open(is_admin, makers) {
        return Ok(Err(denial));
    }
    let Some(owner) = owner else {
        return Ok(Err(Denial::NoAccount));
    };
    let room = create(db, state, at)?;
    memberships::add(db, &owner, &room, MemberRole::Moderator, at)?;
    note(db, Some(owner.person), &room, at)?;
    Ok(Ok(room))
}

/// Makes these rooms in a database that has none, with the numbers from 1 on.
pub(super) fn create_first(
    db: &Connection,
    states: Vec<RoomState>,
    at: Timestamp,
) -> Result<(), StorageError> {
    if db.query_row("SELECT EXISTS (SELECT 1 FROM room)", [], |row| row.get(0))? {
        return Ok(());
    }
    db.execute("DELETE FROM sqlite_sequence WHERE name = 'room'", [])?;
    for state in states {
        create(db, state, at)?;
    }
    Ok(())
}

/// The listed room with this name, whatever its case.
pub(super) fn by_name(db: &Connection, name: &RoomName) -> Result<Option<RoomId>, StorageError> {
    holder(db, &fold(name.as_str()))
}

/// The listed room whose name has this key.
pub(super) fn holder(db: &Connection, name_key: &str) -> Result<Option<RoomId>, StorageError> {
    let mut statement =
        db.prepare_cached("SELECT id FROM room WHERE name_key = ?1 AND kind < 2")?;
    let room = statement.query_row([name_key], |row| row.get(0).map(RoomId));
    Ok(room.optional()?)
}

/// Writes a state, whose name is known to be free, to the room's row.
pub(super) fn set_state(
    db: &Connection,
    room: RoomId,
    state: &RoomState,
) -> Result<(), StorageError> {
    let mut statement = db.prepare_cached(
        "UPDATE room SET name = ?2, name_key = ?3, description = ?4, is_active = ?5, kind = ?6, \
         is_announcement = ?7 WHERE id = ?1",
    )?;
    statement.execute(params![
        room.0,
        state.name.as_str(),
        fold(state.name.as_str()),
        state.description.as_str(),
        state.is_active,
        state.kind.code(),
        state.is_announcement,
    ])?;
    Ok(())
}
