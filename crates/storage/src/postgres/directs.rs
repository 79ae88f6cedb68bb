//! Direct rooms.

use async_trait::async_trait;
use papo_domain::{
    Denial, MemberRole, PersonId, Room, RoomDescription, RoomId, RoomKind, RoomName, RoomState,
    SessionId, Timestamp, Username, direct_name,
};
use tokio_postgres::Row;

use super::connection::Connection;
use super::errors::{Failure, damaged};
use super::locks::{self, Lock};
use super::memberships::{self, AccountOwner, read_owner};
use super::{PostgresStorage, inboxes, persons, rooms, rows, schema};
use crate::directs;
use crate::fold::fold;
use crate::{AccountPerson, DirectRefusal, Directs, InboxChange, StorageError};

#[async_trait]
impl Directs for PostgresStorage {
    async fn start_direct(
        &self,
        session: SessionId,
        others: Vec<PersonId>,
        at: Timestamp,
    ) -> Result<Result<Room, DirectRefusal>, StorageError> {
        self.write((session, others, at), |db, (session, others, at)| {
            Box::pin(start(db, *session, others, *at))
        })
        .await
    }

    async fn direct_name(
        &self,
        room: RoomId,
        person: PersonId,
    ) -> Result<Option<RoomName>, StorageError> {
        self.read((room, person), |db, &(room, person)| {
            Box::pin(name(db, room, person))
        })
        .await
    }

    async fn accounts_by_name(
        &self,
        asker: PersonId,
        prefix: String,
        limit: usize,
    ) -> Result<Vec<AccountPerson>, StorageError> {
        self.read((asker, prefix, limit), |db, (asker, prefix, limit)| {
            Box::pin(by_name(db, *asker, prefix, *limit))
        })
        .await
    }

    async fn accounts_of(
        &self,
        persons: Vec<PersonId>,
    ) -> Result<Vec<AccountPerson>, StorageError> {
        self.read(persons, |db, persons| Box::pin(of(db, persons)))
            .await
    }
}

/// Finds or makes a direct room.
pub(super) async fn start(
    db: &Connection,
    session: SessionId,
    others: &[PersonId],
    at: Timestamp,
) -> Result<Result<Room, DirectRefusal>, Failure> {
    locks::share(db, Lock::Names).await?;
    let Some(asker) = memberships::owner(db, session).await? else {
        return Ok(Err(Denial::NoAccount.into()));
    };
    let (people, key) = match directs::key(asker.person, others) {
        Ok(people) => people,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let owners = memberships::accounts_of(db, &people).await?;
    if owners.len() < people.len() {
        return Ok(Err(DirectRefusal::NoAccount));
    }
    let room = find_or_make(db, &owners, &key, at).await?;
    let mut joined = Vec::new();
    for owner in &owners {
        if memberships::add(db, owner, &room, MemberRole::Member, at).await? {
            joined.push((owner.person, InboxChange::Joined(room.id)));
        }
    }
    inboxes::add(db, joined).await?;
    Ok(Ok(room))
}

/// Of those who make a room at the same moment, one makes it. The others wait until it is visible.
async fn find_or_make(
    db: &Connection,
    owners: &[AccountOwner],
    key: &str,
    at: Timestamp,
) -> Result<Room, Failure> {
    if let Some(room) = by_key(db, key).await? {
        return Ok(room);
    }
    // As in `rooms::open`. Whoever waits here finds the room that the other has made.
    locks::take(db, Lock::Journals).await?;
    if let Some(room) = by_key(db, key).await? {
        return Ok(room);
    }
    schema::hold_unfilled(db).await?;
    let name = direct_name(owners.iter().map(|owner| &owner.name));
    let state = RoomState {
        kind: RoomKind::Direct,
        ..RoomState::public(name, RoomDescription::default())
    };
    if let Some(room) = rooms::insert(db, &state, Some(key), at).await? {
        return Ok(room);
    }
    let room = by_key(db, key).await?;
    room.ok_or_else(|| damaged("a direct room that is there isn't found").into())
}

async fn by_key(db: &Connection, key: &str) -> Result<Option<Room>, Failure> {
    let sql = format!("SELECT {} FROM room WHERE direct_key = $1", rows::ROOM);
    let row = db.row(&sql, &[&key]).await?;
    row.as_ref().map(rows::room).transpose()
}

/// The name of a direct room for one of its people.
pub(super) async fn name(
    db: &Connection,
    room: RoomId,
    person: PersonId,
) -> Result<Option<RoomName>, Failure> {
    let sql = "SELECT username FROM membership WHERE room_id = $1 AND person_id <> $2 \
        ORDER BY username COLLATE \"C\", person_id";
    let found = db.rows(sql, &[&room.0, &person.0.cast_signed()]).await?;
    let name =
        |row: &Row| -> Result<_, Failure> { Ok(Username::from_stored(row.try_get::<_, &str>(0)?)) };
    let names = found.iter().map(name).collect::<Result<Vec<_>, _>>()?;
    Ok((!names.is_empty()).then(|| direct_name(&names)))
}

/// People with an account whose name begins with this.
pub(super) async fn by_name(
    db: &Connection,
    asker: PersonId,
    prefix: &str,
    limit: usize,
) -> Result<Vec<AccountPerson>, Failure> {
    if prefix.contains('\0') {
        // No stored text has this character, and PostgreSQL refuses it.
        return Ok(Vec::new());
    }
    let sql = "SELECT person_id, name, is_admin FROM account WHERE NOT is_suspended \
        AND person_id <> $1 AND starts_with(name_key, $2) ORDER BY name_key, id LIMIT $3";
    let (asker, prefix) = (asker.0.cast_signed(), fold(prefix));
    let found = db
        .rows(sql, &[&asker, &prefix, &rows::count(limit)])
        .await?;
    found.iter().map(read).collect()
}

/// These people, if they have accounts.
pub(super) async fn of(
    db: &Connection,
    people: &[PersonId],
) -> Result<Vec<AccountPerson>, Failure> {
    let sql = "SELECT person_id, name, is_admin FROM account WHERE NOT is_suspended \
        AND person_id = ANY($1) ORDER BY name_key, id";
    let found = db.rows(sql, &[&persons::numbers(people)]).await?;
    found.iter().map(read).collect()
}

fn read(row: &Row) -> Result<AccountPerson, Failure> {
    let AccountOwner {
        person,
        name,
        is_admin,
    } = read_owner(row)?;
    Ok(AccountPerson {
        person,
        name,
        is_admin,
    })
}
