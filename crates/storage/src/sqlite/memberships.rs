//! Memberships: the rooms that a person is in. A session that hasn't ended identifies the person.

use async_trait::async_trait;
use papo_domain::{
    Account, AccountId, AccountName, Likeness, PersonId, RoomId, SessionId, Timestamp, Username,
};
use rusqlite::{Connection, OptionalExtension, params};

use super::{SqliteStorage, inboxes, persons, place, revocations, rooms, rows};
use crate::memberships::may_join;
use crate::names::{self, Owner};
use crate::read_positions::fresh_version;
use crate::{
    Identity, InboxChange, JoinRefusal, Joined, Memberships, NewAccount, Revoked, StorageError,
};

#[async_trait]
impl Memberships for SqliteStorage {
    async fn join(
        &self,
        session: SessionId,
        room: RoomId,
        username: Username,
        at: Timestamp,
    ) -> Result<Result<Joined, JoinRefusal>, StorageError> {
        // This takes too long for the writer's thread: posts would wait for it.
        let likeness = Likeness::of(username.as_str());
        self.write(move |db| join(db, session, room, (&username, &likeness), at))
            .await
    }

    async fn leave(
        &self,
        session: SessionId,
        room: Option<RoomId>,
    ) -> Result<Vec<RoomId>, StorageError> {
        self.write(move |db| leave(db, session, room)).await
    }

    async fn memberships(
        &self,
        session: SessionId,
    ) -> Result<Vec<(RoomId, Username)>, StorageError> {
        self.read(move |db| memberships(db, session)).await
    }

    async fn identity(
        &self,
        session: SessionId,
        room: RoomId,
    ) -> Result<Option<Identity>, StorageError> {
        self.read(move |db| identity(db, session, room)).await
    }
}

/// Joins a room, or changes the name in it. `likeness` is the name's.
pub(super) fn join(
    db: &Connection,
    session: SessionId,
    room: RoomId,
    (username, likeness): (&Username, &Likeness),
    at: Timestamp,
) -> Result<Result<Joined, JoinRefusal>, StorageError> {
    let Some(room) = rooms::by_id(db, room)?.filter(may_join) else {
        return Ok(Err(JoinRefusal::NoRoom));
    };
    let owner = db
        .prepare_cached(
            "SELECT session.person_id, account.id, account.is_admin FROM session \
             LEFT JOIN account ON account.person_id = session.person_id WHERE session.id = ?1",
        )?
        .query_row([session.0], |row| {
            let account = row.get::<_, Option<i64>>(1)?.map(AccountId);
            let is_admin = row.get::<_, Option<bool>>(2)?.unwrap_or_default();
            let owner = account.map(|account| Owner { account, is_admin });
            Ok((rows::person(row, 0)?, owner))
        })
        .optional()?;
    let Some((person, owner)) = owner else {
        return Ok(Err(JoinRefusal::NoSession));
    };
    if let Err(refusal) = names::check(likeness, owner, &holders(db, likeness)?) {
        return Ok(Err(refusal));
    }
    let id = person.0.cast_signed();
    let previous = db
        .prepare_cached("SELECT username FROM membership WHERE person_id = ?1 AND room_id = ?2")?
        .query_row([id, room.id.0], |row| rows::username(row, 0))
        .optional()?;
    // Who is in the room already may stay, under another name too.
    if owner.is_none() && previous.is_none() && !place::get(db)?.place.admits_guests {
        return Ok(Err(JoinRefusal::NoGuests));
    }
    db.prepare_cached(
        "INSERT INTO membership \
         (person_id, room_id, username, likeness, joined_at, read_seq, read_version) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (person_id, room_id) \
         DO UPDATE SET username = excluded.username, likeness = excluded.likeness",
    )?
    .execute(params![
        id,
        room.id.0,
        username.as_str(),
        likeness.text(),
        at.as_millis(),
        room.last_seq.0,
        fresh_version(inboxes::last(db)?)
    ])?;
    db.prepare_cached("UPDATE person SET last_username = ?2 WHERE id = ?1")?
        .execute(params![id, username.as_str()])?;
    match &previous {
        None => inboxes::add(db, person, InboxChange::Joined(room.id))?,
        Some(previous) if previous != username => {
            let renamed = Revoked::Renamed(room.id, username.clone());
            revocations::add(db, person, &renamed)?;
        }
        Some(_) => {}
    }
    Ok(Ok(Joined { room, previous }))
}

/// Adds a new account's person to its first rooms, under the account's name.
pub(super) fn join_first(
    db: &Connection,
    account: &NewAccount,
    likeness: &Likeness,
) -> Result<(), StorageError> {
    let mut statement = db.prepare_cached(
        "INSERT INTO membership \
         (person_id, room_id, username, likeness, joined_at, read_seq, read_version) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (person_id, room_id) DO NOTHING",
    )?;
    let version = fresh_version(inboxes::last(db)?);
    for room in &account.rooms {
        let Some(room) = rooms::by_id(db, *room)?.filter(may_join) else {
            continue;
        };
        let joined = statement.execute(params![
            account.person.0.cast_signed(),
            room.id.0,
            account.name.as_str(),
            likeness.text(),
            account.at.as_millis(),
            room.last_seq.0,
            version
        ])?;
        if joined > 0 {
            inboxes::add(db, account.person, InboxChange::Joined(room.id))?;
        }
    }
    Ok(())
}

/// Gives an account's person its other name, in the rooms where they have the name before.
pub(super) fn rename(
    db: &Connection,
    before: &Account,
    name: &AccountName,
    likeness: &Likeness,
) -> Result<(), StorageError> {
    let person = before.person.0.cast_signed();
    let mut statement = db.prepare_cached(
        "UPDATE membership SET username = ?3, likeness = ?4 \
         WHERE person_id = ?1 AND username = ?2 RETURNING room_id",
    )?;
    let parameters = params![person, before.name.as_str(), name.as_str(), likeness.text()];
    let rooms = statement.query_map(parameters, |row| row.get(0).map(RoomId))?;
    let mut rooms = rooms.collect::<Result<Vec<_>, _>>()?;
    rooms.sort_unstable();
    for room in rooms {
        let renamed = Revoked::Renamed(room, name.as_username().clone());
        revocations::add(db, before.person, &renamed)?;
    }
    db.prepare_cached("UPDATE person SET last_username = ?3 WHERE id = ?1 AND last_username = ?2")?
        .execute(params![person, before.name.as_str(), name.as_str()])?;
    Ok(())
}

/// The accounts for which a name could be mistaken.
pub(super) fn holders(
    db: &Connection,
    likeness: &Likeness,
) -> Result<Vec<AccountId>, StorageError> {
    let mut statement = db.prepare_cached("SELECT id FROM account WHERE skeleton = ?1")?;
    let mut holders = Vec::new();
    for key in likeness.keys() {
        let holder = statement.query_row([key], |row| row.get(0).map(AccountId));
        holders.extend(holder.optional()?);
    }
    Ok(holders)
}

/// Leaves a room, or all. Returns the rooms that the person was in.
pub(super) fn leave(
    db: &Connection,
    session: SessionId,
    room: Option<RoomId>,
) -> Result<Vec<RoomId>, StorageError> {
    let Some(person) = persons::of_session(db, session)? else {
        return Ok(Vec::new());
    };
    let mut statement = db.prepare_cached(
        "DELETE FROM membership WHERE person_id = ?1 AND (?2 IS NULL OR room_id = ?2) \
         RETURNING room_id",
    )?;
    let parameters = params![person.0.cast_signed(), room.map(|room| room.0)];
    let left = statement.query_map(parameters, |row| row.get(0).map(RoomId))?;
    let mut left = left.collect::<Result<Vec<_>, _>>()?;
    left.sort_unstable();
    for room in &left {
        revocations::add(db, person, &Revoked::Left(*room))?;
    }
    Ok(left)
}

/// The rooms that a session's person is in, and their name in each.
pub(super) fn memberships(
    db: &Connection,
    session: SessionId,
) -> Result<Vec<(RoomId, Username)>, StorageError> {
    let mut statement = db.prepare_cached(
        "SELECT room_id, username FROM session JOIN membership USING (person_id) \
         WHERE session.id = ?1 ORDER BY room_id",
    )?;
    let memberships = statement.query_map([session.0], |row| {
        let name = rows::username(row, 1)?;
        Ok((RoomId(row.get(0)?), name))
    })?;
    Ok(memberships.collect::<Result<_, _>>()?)
}

/// How others see a session's person in a room, if they are in it.
pub(super) fn identity(
    db: &Connection,
    session: SessionId,
    room: RoomId,
) -> Result<Option<Identity>, StorageError> {
    let mut statement = db.prepare_cached(
        "SELECT username, is_admin FROM session JOIN membership USING (person_id) \
         LEFT JOIN account USING (person_id) WHERE session.id = ?1 AND room_id = ?2",
    )?;
    let identity = statement.query_row([session.0, room.0], |row| {
        Ok(Identity {
            username: rows::username(row, 0)?,
            mark: rows::mark(row, 1)?,
        })
    });
    Ok(identity.optional()?)
}

/// Adds a revocation in each of the person's rooms: their mark has changed.
pub(super) fn change_mark(db: &Connection, person: PersonId) -> Result<(), StorageError> {
    let mut statement = db.prepare_cached(
        "SELECT room_id, username FROM membership WHERE person_id = ?1 ORDER BY room_id",
    )?;
    let rooms = statement.query_map([person.0.cast_signed()], |row| {
        let (room, name) = (RoomId(row.get(0)?), rows::username(row, 1)?);
        Ok(Revoked::Renamed(room, name))
    })?;
    for changed in rooms.collect::<Result<Vec<_>, _>>()? {
        revocations::add(db, person, &changed)?;
    }
    Ok(())
}
