//! Direct rooms.

use async_trait::async_trait;
use papo_domain::{
    Denial, MemberRole, PersonId, Room, RoomDescription, RoomId, RoomKind, RoomName, RoomState,
    SessionId, Timestamp, direct_name,
};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::memberships::{self, AccountOwner};
use super::{SqliteStorage, rooms, rows};
use crate::directs;
use crate::fold::fold;
use crate::{AccountPerson, DirectRefusal, Directs, StorageError};

#[async_trait]
impl Directs for SqliteStorage {
    async fn start_direct(
        &self,
        session: SessionId,
        others: Vec<PersonId>,
        at: Timestamp,
    ) -> Result<Result<Room, DirectRefusal>, StorageError> {
        self.write(move |db| start(db, session, &others, at)).await
    }

    async fn direct_name(
        &self,
        room: RoomId,
        person: PersonId,
    ) -> Result<Option<RoomName>, StorageError> {
        self.read(move |db| name(db, room, person)).await
    }

    async fn accounts_by_name(
        &self,
        asker: PersonId,
        prefix: String,
        limit: usize,
    ) -> Result<Vec<AccountPerson>, StorageError> {
        self.read(move |db| by_name(db, asker, &prefix, limit))
            .await
    }

    async fn accounts_of(
        &self,
        persons: Vec<PersonId>,
    ) -> Result<Vec<AccountPerson>, StorageError> {
        self.read(move |db| of(db, &persons)).await
    }
}

/// Finds or makes a direct room.
pub(super) fn start(
    db: &Connection,
    session: SessionId,
    others: &[PersonId],
    at: Timestamp,
) -> Result<Result<Room, DirectRefusal>, StorageError> {
    let Some(asker) = memberships::owner(db, session)? else {
        return Ok(Err(Denial::NoAccount.into()));
    };
    let (people, key) = match directs::key(asker.person, others) {
        Ok(people) => people,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut owners = Vec::new();
    for person in people {
        let Some(owner) = memberships::account_of(db, person)? else {
            return Ok(Err(DirectRefusal::NoAccount));
        };
        owners.push(owner);
    }
    let room = match by_key(db, &key)? {
        Some(room) => room,
        None => make(db, &owners, &key, at)?,
    };
    for owner in &owners {
        memberships::add(db, owner, &room, MemberRole::Member, at)?;
    }
    Ok(Ok(room))
}

fn make(
    db: &Connection,
    owners: &[AccountOwner],
    key: &str,
    at: Timestamp,
) -> Result<Room, StorageError> {
    let state = RoomState {
        kind: RoomKind::Direct,
        ..RoomState::public(
            direct_name(owners.iter().map(|owner| &owner.name)),
            RoomDescription::default(),
        )
    };
    let room = rooms::create(db, state, at)?;
    db.prepare_cached("UPDATE room SET direct_key = ?2 WHERE id = ?1")?
        .execute(params![room.id.0, key])?;
    Ok(room)
}

fn by_key(db: &Connection, key: &str) -> Result<Option<Room>, StorageError> {
    let sql = format!("SELECT {} FROM room WHERE direct_key = ?1", rows::ROOM);
    let mut statement = db.prepare_cached(&sql)?;
    Ok(statement.query_row([key], rows::room).optional()?)
}

/// The name of a direct room for one of its people.
pub(super) fn name(
    db: &Connection,
    room: RoomId,
    person: PersonId,
) -> Result<Option<RoomName>, StorageError> {
    let mut statement = db.prepare_cached(
        "SELECT username FROM membership WHERE room_id = ?1 AND person_id <> ?2 \
         ORDER BY username, person_id",
    )?;
    let names = statement.query_map([room.0, person.0.cast_signed()], |row| {
        rows::username(row, 0)
    })?;
    let names = names.collect::<Result<Vec<_>, _>>()?;
    Ok((!names.is_empty()).then(|| direct_name(&names)))
}

/// People with an account whose name begins with this.
pub(super) fn by_name(
    db: &Connection,
    asker: PersonId,
    prefix: &str,
    limit: usize,
) -> Result<Vec<AccountPerson>, StorageError> {
    let mut statement = db.prepare_cached(
        "SELECT person_id, name, is_admin FROM account WHERE NOT is_suspended \
         AND person_id <> ?1 AND substr(fold(name), 1, length(?2)) = ?2 \
         ORDER BY fold(name), id LIMIT ?3",
    )?;
    let parameters = params![asker.0.cast_signed(), fold(prefix), rows::count(limit)];
    let found = statement.query_map(parameters, read)?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// These people, if they have accounts.
pub(super) fn of(
    db: &Connection,
    persons: &[PersonId],
) -> Result<Vec<AccountPerson>, StorageError> {
    let persons: Vec<i64> = persons
        .iter()
        .map(|person| person.0.cast_signed())
        .collect();
    let mut statement = db.prepare_cached(
        "SELECT person_id, name, is_admin FROM account WHERE NOT is_suspended \
         AND person_id IN (SELECT value FROM json_each(?1)) ORDER BY fold(name), id",
    )?;
    let persons = serde_json::Value::from(persons).to_string();
    let found = statement.query_map([persons], read)?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn read(row: &Row<'_>) -> Result<AccountPerson, rusqlite::Error> {
    Ok(AccountPerson {
        person: rows::person(row, 0)?,
        name: rows::username(row, 1)?,
        is_admin: row.get(2)?,
    })
}
