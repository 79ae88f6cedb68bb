//! Rooms.

use async_trait::async_trait;
use papo_domain::{
    AuditAct, AuditRoom, Denial, Room, RoomId, RoomName, RoomOverview, RoomState, Seq, Timestamp,
};
use rusqlite::{Connection, OptionalExtension, params};

use super::{SqliteStorage, administrators, audit, rows};
use crate::audit::AuditNote;
use crate::fold::fold;
use crate::{By, RoomFilter, Rooms, StorageError};

#[async_trait]
impl Rooms for SqliteStorage {
    async fn room(&self, room: RoomId) -> Result<Option<Room>, StorageError> {
        self.read(move |db| by_id(db, room)).await
    }

    async fn rooms(&self, filter: RoomFilter) -> Result<Vec<RoomOverview>, StorageError> {
        self.read(move |db| rooms(db, &filter)).await
    }

    async fn create_room(&self, state: RoomState, at: Timestamp) -> Result<Room, StorageError> {
        let by = By::System;
        let made = self.write(move |db| create_as(db, by, state, at)).await?;
        made.map_err(|denial| StorageError::Other(denial.to_string()))
    }

    async fn create_room_as(
        &self,
        by: By,
        state: RoomState,
        at: Timestamp,
    ) -> Result<Result<Room, Denial>, StorageError> {
        self.write(move |db| create_as(db, by, state, at)).await
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
         AND (?2 IS NULL OR instr(name_key, ?2) > 0 OR instr(fold(description), ?2) > 0) \
         ORDER BY name_key LIMIT ?3 OFFSET ?4",
        rows::ROOM
    ))?;
    let parameters = params![
        filter.is_active,
        filter.search.as_deref().map(fold),
        filter.limit.map_or(-1, rows::count),
        rows::count(filter.offset),
    ];
    let rooms = statement.query_map(parameters, |row| {
        Ok(RoomOverview {
            room: rows::room(row)?,
            last_activity: row.get::<_, Option<i64>>(6)?.map(Timestamp::from_millis),
        })
    })?;
    Ok(rooms.collect::<Result<_, _>>()?)
}

/// Makes a room, and notes that in the audit.
fn create_as(
    db: &Connection,
    by: By,
    state: RoomState,
    at: Timestamp,
) -> Result<Result<Room, Denial>, StorageError> {
    let by = match administrators::check(db, by)? {
        Ok(by) => by,
        Err(denial) => return Ok(Err(denial)),
    };
    let room = create(db, state, at)?;
    let act = AuditAct::RoomMade(AuditRoom::new(room.id, room.name.as_str()));
    audit::add(db, &AuditNote { by, at, act })?;
    Ok(Ok(room))
}

/// Makes a room.
pub(super) fn create(
    db: &Connection,
    state: RoomState,
    at: Timestamp,
) -> Result<Room, StorageError> {
    if by_name(db, &state.name)?.is_some() {
        return Err(StorageError::Exists("a room with this name"));
    }
    let mut statement = db.prepare_cached(
        "INSERT INTO room (name, name_key, description, is_active, created_at, last_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
    )?;
    let id = statement.insert(params![
        state.name.as_str(),
        fold(state.name.as_str()),
        state.description.as_str(),
        state.is_active,
        at.as_millis(),
    ])?;
    Ok(Room {
        id: RoomId(id),
        name: state.name,
        description: state.description,
        is_active: state.is_active,
        created_at: at,
        last_seq: Seq::START,
    })
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

/// The room with this name, whatever its case.
pub(super) fn by_name(db: &Connection, name: &RoomName) -> Result<Option<RoomId>, StorageError> {
    holder(db, &fold(name.as_str()))
}

/// The room whose name has this key.
pub(super) fn holder(db: &Connection, name_key: &str) -> Result<Option<RoomId>, StorageError> {
    let mut statement = db.prepare_cached("SELECT id FROM room WHERE name_key = ?1")?;
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
        "UPDATE room SET name = ?2, name_key = ?3, description = ?4, is_active = ?5 WHERE id = ?1",
    )?;
    statement.execute(params![
        room.0,
        state.name.as_str(),
        fold(state.name.as_str()),
        state.description.as_str(),
        state.is_active,
    ])?;
    Ok(())
}
