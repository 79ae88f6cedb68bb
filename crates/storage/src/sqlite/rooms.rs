//! Rooms.

use papo_domain::{Room, RoomId, RoomName, RoomOverview, RoomState, Seq, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::rows;
use crate::fold::fold;
use crate::{RoomFilter, StorageError};

/// One room.
pub(super) fn room(db: &Connection, room: RoomId) -> Result<Option<Room>, StorageError> {
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

/// Makes a room.
pub(super) fn create(
    db: &Connection,
    state: RoomState,
    at: Timestamp,
) -> Result<Room, StorageError> {
    if is_taken(db, &state.name, None)? {
        return Err(StorageError::Exists("a room with this name"));
    }
    let mut statement = db.prepare_cached(
        "INSERT INTO room (name, name_key, description, is_active, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5)",
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

/// The room with this name, whatever its case.
pub(super) fn by_name(db: &Connection, name: &RoomName) -> Result<Option<RoomId>, StorageError> {
    let mut statement = db.prepare_cached("SELECT id FROM room WHERE name_key = ?1")?;
    let room = statement.query_row([fold(name.as_str())], |row| row.get(0).map(RoomId));
    Ok(room.optional()?)
}

/// Whether a room other than `own` has this name.
pub(super) fn is_taken(
    db: &Connection,
    name: &RoomName,
    own: Option<RoomId>,
) -> Result<bool, StorageError> {
    let holder = by_name(db, name)?;
    Ok(holder.is_some() && holder != own)
}

/// Writes a state, whose name is known to be free, into the room's row.
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
