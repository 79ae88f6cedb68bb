//! Rooms.

use async_trait::async_trait;
use papo_domain::{
    AuditAct, AuditRoom, Denial, Room, RoomId, RoomName, RoomOverview, RoomState, Timestamp,
};

use super::connection::{Connection, Value};
use super::errors::Failure;
use super::locks::{self, Lock};
use super::{PostgresStorage, administrators, audit, rows, schema};
use crate::audit::AuditNote;
use crate::fold::fold;
use crate::{By, RoomFilter, Rooms, StorageError, defects};

#[async_trait]
impl Rooms for PostgresStorage {
    async fn room(&self, room: RoomId) -> Result<Option<Room>, StorageError> {
        self.read(room, |db, &room| Box::pin(by_id(db, room))).await
    }

    async fn rooms(&self, filter: RoomFilter) -> Result<Vec<RoomOverview>, StorageError> {
        self.read(filter, |db, filter| Box::pin(rooms(db, filter)))
            .await
    }

    async fn create_room(&self, state: RoomState, at: Timestamp) -> Result<Room, StorageError> {
        let made = self.create_room_as(By::System, state, at).await?;
        made.map_err(|denial| StorageError::Other(denial.to_string()))
    }

    async fn create_room_as(
        &self,
        by: By,
        state: RoomState,
        at: Timestamp,
    ) -> Result<Result<Room, Denial>, StorageError> {
        self.write((by, state, at), |db, (by, state, at)| {
            Box::pin(create_as(db, *by, state, *at))
        })
        .await
    }

    async fn create_first_rooms(
        &self,
        states: Vec<RoomState>,
        at: Timestamp,
    ) -> Result<(), StorageError> {
        self.write((states, at), |db, (states, at)| {
            Box::pin(create_first(db, states, *at))
        })
        .await
    }
}

/// One room.
pub(super) async fn by_id(db: &Connection, room: RoomId) -> Result<Option<Room>, Failure> {
    let sql = format!("SELECT {} FROM room WHERE id = $1", rows::ROOM);
    let row = db.row(&sql, &[&room.0]).await?;
    row.as_ref().map(rows::room).transpose()
}

/// Rooms by name.
pub(super) async fn rooms(
    db: &Connection,
    filter: &RoomFilter,
) -> Result<Vec<RoomOverview>, Failure> {
    let search = filter.search.as_deref().map(fold);
    if search.as_ref().is_some_and(|search| search.contains('\0')) {
        // No stored text has this character, and PostgreSQL refuses it.
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT {}, last_activity FROM room WHERE ($1::boolean IS NULL OR is_active = $1) \
         AND ($2::text IS NULL OR position($2 IN name_key) > 0 OR position($2 IN description_folded) > 0) \
         ORDER BY name_key LIMIT $3 OFFSET $4",
        rows::ROOM
    );
    let limit = filter.limit.map(rows::count);
    let offset = rows::count(filter.offset);
    let values: [Value<'_>; 4] = [&filter.is_active, &search, &limit, &offset];
    let found = db.rows(&sql, &values).await?;
    let overview = |row| {
        Ok(RoomOverview {
            room: rows::room(row)?,
            last_activity: rows::time(row, 6)?,
        })
    };
    found.iter().map(overview).collect()
}

/// Makes a room, and notes that in the audit.
async fn create_as(
    db: &Connection,
    by: By,
    state: &RoomState,
    at: Timestamp,
) -> Result<Result<Room, Denial>, Failure> {
    let by = match administrators::check(db, by).await? {
        Ok(by) => by,
        Err(denial) => return Ok(Err(denial)),
    };
    let room = create(db, state, at).await?;
    let act = AuditAct::RoomMade(AuditRoom::new(room.id, room.name.as_str()));
    audit::add(db, &AuditNote { by, at, act }).await?;
    Ok(Ok(room))
}

/// Makes a room.
pub(super) async fn create(
    db: &Connection,
    state: &RoomState,
    at: Timestamp,
) -> Result<Room, Failure> {
    schema::hold_unfilled(db).await?;
    // This comes first, so that a taken name uses up no number.
    let made = match by_name(db, &state.name).await? {
        None => insert(db, state, at).await?,
        Some(_) => None,
    };
    made.ok_or(Failure::Final(StorageError::Exists(
        "a room with this name",
    )))
}

/// Makes these rooms in a database that has none, with the numbers from 1 on. It sets the numbers
/// itself, since rolled back tries have used up some of the sequence.
pub(super) async fn create_first(
    db: &Connection,
    states: &[RoomState],
    at: Timestamp,
) -> Result<(), Failure> {
    if !defects::has("first-rooms-race") {
        locks::take(db, Lock::FirstRooms).await?;
    }
    schema::hold_unfilled(db).await?;
    if schema::one(db, "SELECT EXISTS (SELECT 1 FROM room)").await? {
        return Ok(());
    }
    let sql = "SELECT setval(pg_get_serial_sequence('room', 'id'), 1, false)";
    db.rows(sql, &[]).await?;
    for state in states {
        insert(db, state, at).await?;
    }
    Ok(())
}

/// Makes a room, unless one has its name.
pub(super) async fn insert(
    db: &Connection,
    state: &RoomState,
    at: Timestamp,
) -> Result<Option<Room>, Failure> {
    let sql = format!(
        "INSERT INTO room (name, name_key, description, description_folded, is_active, created_at, last_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (name_key) DO NOTHING RETURNING {}",
        rows::ROOM
    );
    let (name, description) = (state.name.as_str(), state.description.as_str());
    let (key, folded) = (fold(name), fold(description));
    let is_active = &state.is_active;
    let values: [Value<'_>; 6] = [
        &name,
        &key,
        &description,
        &folded,
        is_active,
        &at.as_millis(),
    ];
    let made = db.row(&sql, &values).await?;
    made.as_ref().map(rows::room).transpose()
}

/// The room with this name, whatever its case.
pub(super) async fn by_name(db: &Connection, name: &RoomName) -> Result<Option<RoomId>, Failure> {
    let sql = "SELECT id FROM room WHERE name_key = $1";
    let row = db.row(sql, &[&fold(name.as_str())]).await?;
    Ok(row.map(|row| row.try_get(0).map(RoomId)).transpose()?)
}

/// Locks rooms until the end of the transaction, so that nothing is stored in them meanwhile. It
/// locks them in the order of their numbers, which excludes deadlocks.
pub(super) async fn lock(db: &Connection, rooms: &[RoomId]) -> Result<(), Failure> {
    let rooms: Vec<i64> = rooms.iter().map(|room| room.0).collect();
    let sql = "SELECT id FROM room WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";
    db.rows(sql, &[&rooms]).await?;
    Ok(())
}
