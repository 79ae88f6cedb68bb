//! Rooms.

use async_trait::async_trait;
use papo_domain::{
    AuditAct, AuditRoom, Denial, MemberRole, PersonId, Room, RoomId, RoomKind, RoomMakers,
    RoomName, RoomOverview, RoomState, SessionId, Timestamp,
};

use super::connection::{Connection, Value};
use super::errors::Failure;
use super::locks::{self, Lock};
use super::{PostgresStorage, audit, inboxes, memberships, rows, schema};
use crate::audit::AuditNote;
use crate::fold::fold;
use crate::rooms::may_open;
use crate::{InboxChange, RoomFilter, Rooms, StorageError, defects};

#[async_trait]
impl Rooms for PostgresStorage {
    async fn room(&self, room: RoomId) -> Result<Option<Room>, StorageError> {
        self.read(room, |db, &room| Box::pin(by_id(db, room))).await
    }

    async fn rooms(&self, filter: RoomFilter) -> Result<Vec<RoomOverview>, StorageError> {
        self.read(filter, |db, filter| Box::pin(rooms(db, filter)))
            .await
    }

    async fn create_room_for(
        &self,
        state: RoomState,
        moderator: Option<PersonId>,
        at: Timestamp,
    ) -> Result<Room, StorageError> {
        self.write((state, moderator, at), |db, (state, moderator, at)| {
            Box::pin(create_for(db, state, *moderator, *at))
        })
        .await
    }

    async fn open_room(
        &self,
        session: SessionId,
        makers: RoomMakers,
        state: RoomState,
        at: Timestamp,
    ) -> Result<Result<Room, Denial>, StorageError> {
        let with = (session, makers, state, at);
        self.write(with, |db, (session, makers, state, at)| {
            Box::pin(open(db, *session, *makers, state, *at))
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
         AND ($2::text IS NULL OR position($2 IN name_key) > 0 \
         OR kind < 2 AND position($2 IN description_folded) > 0) \
         AND ($5::smallint IS NULL OR kind <= $5) \
         ORDER BY name_key LIMIT $3 OFFSET $4",
        rows::ROOM
    );
    let limit = filter.limit.map(rows::count);
    let offset = rows::count(filter.offset);
    let up_to = filter.up_to.map(RoomKind::code);
    let values: [Value<'_>; 5] = [&filter.is_active, &search, &limit, &offset, &up_to];
    let found = db.rows(&sql, &values).await?;
    let overview = |row| {
        Ok(RoomOverview {
            room: rows::room(row)?,
            last_activity: rows::time(row, 8)?,
        })
    };
    found.iter().map(overview).collect()
}

/// Notes in the audit that somebody made a room.
async fn note(
    db: &Connection,
    by: Option<PersonId>,
    room: &Room,
    at: Timestamp,
) -> Result<(), Failure> {
    let act = AuditAct::RoomMade(AuditRoom::new(room.id, room.name.as_str()));
    audit::add(db, &AuditNote { by, at, act }).await
}

/// Makes a room.
pub(super) async fn create(
    db: &Connection,
    state: &RoomState,
    at: Timestamp,
) -> Result<Room, Failure> {
    schema::hold_unfilled(db).await?;
    // This comes first, so that a taken name uses up no number.
    let is_taken = state.kind.is_listed() && by_name(db, &state.name).await?.is_some();
    let made = if is_taken {
        None
    } else {
        insert(db, state, None, at).await?
    };
    made.ok_or(Failure::Final(StorageError::Exists(
        "a room with this name",
    )))
}

/// Makes a room, maybe with a moderator.
pub(super) async fn create_for(
    db: &Connection,
    state: &RoomState,
    moderator: Option<PersonId>,
    at: Timestamp,
) -> Result<Room, Failure> {
    locks::share(db, Lock::Names).await?;
    let owners = match moderator {
        Some(person) => memberships::accounts_of(db, &[person]).await?,
        None => Vec::new(),
    };
    if !owners.is_empty() {
        locks::take(db, Lock::Journals).await?;
    }
    let room = create(db, state, at).await?;
    for owner in &owners {
        memberships::add(db, owner, &room, MemberRole::Moderator, at).await?;
    }
    let joined = owners.iter();
    let joined = joined.map(|owner| (owner.person, InboxChange::Joined(room.id)));
    inboxes::add(db, joined.collect()).await?;
    note(db, None, &room, at).await?;
    Ok(room)
}

/// Makes a room for somebody, who becomes its moderator.
pub(super) async fn open(
    db: &Connection,
    session: SessionId,
    makers: RoomMakers,
    state: &RoomState,
    at: Timestamp,
) -> Result<Result<Room, Denial>, Failure> {
    locks::share(db, Lock::Names).await?;
    let owner = memberships::owner(db, session).await?;
    let is_admin = owner.as_ref().map(|owner| owner.is_admin);
    if let Err(denial) = may_open(is_admin, makers) {
        return Ok(Err(denial));
    }
    let Some(owner) = owner else {
        return Ok(Err(Denial::NoAccount));
    };
    // Making a room shares the row that the inbox's entry changes. Two who did both at once would
    // wait for each other.
    locks::take(db, Lock::Journals).await?;
    let room = create(db, state, at).await?;
    memberships::add(db, &owner, &room, MemberRole::Moderator, at).await?;
    note(db, Some(owner.person), &room, at).await?;
    inboxes::add(db, vec![(owner.person, InboxChange::Joined(room.id))]).await?;
    Ok(Ok(room))
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
        insert(db, state, None, at).await?;
    }
    Ok(())
}

/// Makes a room, unless a listed one has its name, or a direct one its people.
pub(super) async fn insert(
    db: &Connection,
    state: &RoomState,
    direct_key: Option<&str>,
    at: Timestamp,
) -> Result<Option<Room>, Failure> {
    let sql = format!(
        "INSERT INTO room (name, name_key, description, description_folded, is_active, created_at, \
         last_at, kind, is_announcement, direct_key) \
         VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING {}",
        rows::ROOM
    );
    let (name, description) = (state.name.as_str(), state.description.as_str());
    let (key, folded) = (fold(name), fold(description));
    let is_active = &state.is_active;
    let kind = state.kind.code();
    let values: [Value<'_>; 9] = [
        &name,
        &key,
        &description,
        &folded,
        is_active,
        &at.as_millis(),
        &kind,
        &state.is_announcement,
        &direct_key,
    ];
    let made = db.row(&sql, &values).await?;
    made.as_ref().map(rows::room).transpose()
}

/// The listed room with this name, whatever its case.
pub(super) async fn by_name(db: &Connection, name: &RoomName) -> Result<Option<RoomId>, Failure> {
    let sql = "SELECT id FROM room WHERE name_key = $1 AND kind < 2";
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
