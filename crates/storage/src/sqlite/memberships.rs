//! Memberships: the rooms that a person is in. A session that hasn't ended identifies the person.

use async_trait::async_trait;
use papo_domain::{
    Account, AccountId, AccountName, Denial, Likeness, MemberRole, PersonId, Room, RoomId,
    SessionId, Timestamp, Username,
};
use rusqlite::{Connection, OptionalExtension, params};

use super::{SqliteStorage, inboxes, persons, place, revocations, rooms, rows};
use crate::memberships::{may_join, may_join_first};
use crate::names::{self, Owner};
use crate::read_positions::fresh_version;
use crate::{
    Identity, InboxChange, JoinRefusal, Joined, Memberships, NewAccount, Revoked, Standing,
    StorageError,
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
        self.write(move |db| join(db, session, room, (&username, &likeness), at, Way::Right))
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

    async fn standing(
        &self,
        session: SessionId,
        room: RoomId,
    ) -> Result<Option<Standing>, StorageError> {
        self.read(move |db| standing(db, session, room)).await
    }
}

/// A person with an account that isn't suspended, who asks.
pub(super) struct AccountOwner {
    pub(super) person: PersonId,
    pub(super) name: Username,
    pub(super) is_admin: bool,
}

/// The account of a session's person, unless it is suspended.
pub(super) fn owner(
    db: &Connection,
    session: SessionId,
) -> Result<Option<AccountOwner>, StorageError> {
    let mut statement = db.prepare_cached(
        "SELECT account.person_id, account.name, account.is_admin FROM session \
         JOIN account ON account.person_id = session.person_id \
         WHERE session.id = ?1 AND NOT account.is_suspended",
    )?;
    let owner = statement.query_row([session.0], |row| {
        Ok(AccountOwner {
            person: rows::person(row, 0)?,
            name: rows::username(row, 1)?,
            is_admin: row.get(2)?,
        })
    });
    Ok(owner.optional()?)
}

/// A person's account, unless it is suspended.
pub(super) fn account_of(
    db: &Connection,
    person: PersonId,
) -> Result<Option<AccountOwner>, StorageError> {
    let mut statement = db.prepare_cached(
        "SELECT person_id, name, is_admin FROM account WHERE person_id = ?1 AND NOT is_suspended",
    )?;
    let owner = statement.query_row([person.0.cast_signed()], |row| {
        Ok(AccountOwner {
            person: rows::person(row, 0)?,
            name: rows::username(row, 1)?,
            is_admin: row.get(2)?,
        })
    });
    Ok(owner.optional()?)
}

/// Adds somebody to a room under their account's name, unless they are in it. Returns whether they
/// weren't.
pub(super) fn add(
    db: &Connection,
    owner: &AccountOwner,
    room: &Room,
    role: MemberRole,
    at: Timestamp,
) -> Result<bool, StorageError> {
    let likeness = Likeness::of(owner.name.as_str());
    let added = insert(db, owner.person, room, (&owner.name, &likeness), role, at)?;
    if added {
        inboxes::add(db, owner.person, InboxChange::Joined(room.id))?;
    }
    Ok(added)
}

/// Adds a membership, unless there is one. Returns whether there was none.
fn insert(
    db: &Connection,
    person: PersonId,
    room: &Room,
    (username, likeness): (&Username, &Likeness),
    role: MemberRole,
    at: Timestamp,
) -> Result<bool, StorageError> {
    let added = db
        .prepare_cached(
            "INSERT INTO membership \
             (person_id, room_id, username, likeness, joined_at, read_seq, role, read_version) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (person_id, room_id) DO NOTHING",
        )?
        .execute(params![
            person.0.cast_signed(),
            room.id.0,
            username.as_str(),
            likeness.text(),
            at.as_millis(),
            room.last_seq.0,
            role.code(),
            fresh_version(inboxes::last(db)?),
        ])?;
    Ok(added > 0)
}

/// How somebody is let into a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// By their own right.
    Right,
    /// By an invitation, which somebody with the right made.
    Invitation,
}

/// Joins a room, or changes the name in it. `likeness` is the name's.
pub(super) fn join(
    db: &Connection,
    session: SessionId,
    room: RoomId,
    (username, likeness): (&Username, &Likeness),
    at: Timestamp,
    way: Way,
) -> Result<Result<Joined, JoinRefusal>, StorageError> {
    let Some(standing) = standing(db, session, room)? else {
        return Ok(Err(JoinRefusal::NoSession));
    };
    let Some(room) = rooms::by_id(db, room)? else {
        return Ok(Err(Denial::NoRoom.into()));
    };
    if let Err(denial) = may_join(&standing, &room, way == Way::Invitation) {
        return Ok(Err(denial.into()));
    }
    let owner = db
        .prepare_cached("SELECT id, is_admin FROM account WHERE person_id = ?1")?
        .query_row([standing.person.0.cast_signed()], |row| {
            let (account, is_admin) = (AccountId(row.get(0)?), row.get(1)?);
            Ok(Owner { account, is_admin })
        })
        .optional()?;
    if let Err(refusal) = names::check(likeness, owner, &holders(db, likeness)?) {
        return Ok(Err(refusal));
    }
    let (person, id) = (standing.person, standing.person.0.cast_signed());
    let previous = db
        .prepare_cached("SELECT username FROM membership WHERE person_id = ?1 AND room_id = ?2")?
        .query_row([id, room.id.0], |row| rows::username(row, 0))
        .optional()?;
    // Who is in the room already may stay, under another name too.
    if owner.is_none() && previous.is_none() && !place::get(db)?.place.admits_guests {
        return Ok(Err(JoinRefusal::NoGuests));
    }
    match &previous {
        None => {
            insert(
                db,
                person,
                &room,
                (username, likeness),
                MemberRole::Member,
                at,
            )?;
            inboxes::add(db, person, InboxChange::Joined(room.id))?;
        }
        Some(previous) => {
            db.prepare_cached(
                "UPDATE membership SET username = ?3, likeness = ?4 \
                 WHERE person_id = ?1 AND room_id = ?2",
            )?
            .execute(params![id, room.id.0, username.as_str(), likeness.text()])?;
            if previous != username {
                let renamed = Revoked::Renamed(room.id, username.clone());
                revocations::add(db, person, &renamed)?;
            }
        }
    }
    db.prepare_cached("UPDATE person SET last_username = ?2 WHERE id = ?1")?
        .execute(params![id, username.as_str()])?;
    Ok(Ok(Joined { room, previous }))
}

/// Adds a new account's person to its first rooms, under the account's name.
pub(super) fn join_first(
    db: &Connection,
    account: &NewAccount,
    likeness: &Likeness,
) -> Result<(), StorageError> {
    let name = (account.name.as_username(), likeness);
    for room in &account.rooms {
        let Some(room) = rooms::by_id(db, *room)?.filter(may_join_first) else {
            continue;
        };
        let person = account.person;
        let is_banned = db
            .prepare_cached("SELECT 1 FROM ban WHERE room_id = ?1 AND person_id = ?2")?
            .exists(params![room.id.0, person.0.cast_signed()])?;
        if is_banned {
            continue;
        }
        if insert(db, person, &room, name, MemberRole::Member, account.at)? {
            inboxes::add(db, person, InboxChange::Joined(room.id))?;
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
        "SELECT username, is_admin, role FROM session JOIN membership USING (person_id) \
         LEFT JOIN account USING (person_id) WHERE session.id = ?1 AND room_id = ?2",
    )?;
    let identity = statement.query_row([session.0, room.0], |row| {
        Ok(Identity {
            username: rows::username(row, 0)?,
            mark: rows::mark(row, 1)?,
            role: rows::member_role(row, 2)?.unwrap_or_default(),
        })
    });
    Ok(identity.optional()?)
}

/// What a session's person is to a room.
pub(super) fn standing(
    db: &Connection,
    session: SessionId,
    room: RoomId,
) -> Result<Option<Standing>, StorageError> {
    let mut statement = db.prepare_cached(
        "SELECT session.person_id, \
         EXISTS (SELECT 1 FROM account WHERE account.person_id = session.person_id), \
         membership.role, \
         EXISTS (SELECT 1 FROM ban WHERE ban.room_id = ?2 AND ban.person_id = session.person_id) \
         FROM session LEFT JOIN membership \
         ON membership.person_id = session.person_id AND membership.room_id = ?2 \
         WHERE session.id = ?1",
    )?;
    let standing = statement.query_row([session.0, room.0], |row| {
        Ok(Standing {
            person: rows::person(row, 0)?,
            has_account: row.get(1)?,
            member: rows::member_role(row, 2)?,
            is_banned: row.get(3)?,
        })
    });
    Ok(standing.optional()?)
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
