//! Memberships: the rooms that a person is in. A session that hasn't ended identifies the person.
//!
//! To remove somebody from a room, lock the room first. A batch that stores a message of that
//! person holds the same lock until its commit. So it commits before the removal, or sees it.

use async_trait::async_trait;
use papo_domain::{
    Account, AccountId, AccountName, Denial, Likeness, MemberRole, PersonId, Room, RoomId,
    SessionId, Timestamp, Username,
};
use tokio_postgres::Row;

use super::connection::{Connection, Value};
use super::errors::Failure;
use super::locks::{self, Lock};
use super::{PostgresStorage, inboxes, persons, place, revocations, rooms, rows};
use crate::memberships::{may_join, may_join_first};
use crate::names::{self, Owner};
use crate::read_positions::fresh_version;
use crate::{
    Identity, InboxChange, JoinRefusal, Joined, Memberships, NewAccount, Revoked, Standing,
    StorageError,
};

#[async_trait]
impl Memberships for PostgresStorage {
    async fn join(
        &self,
        session: SessionId,
        room: RoomId,
        username: Username,
        at: Timestamp,
    ) -> Result<Result<Joined, JoinRefusal>, StorageError> {
        // This takes too long to do it while holding a lock.
        let likeness = Likeness::of(username.as_str());
        let with = (session, room, (username, likeness), at);
        self.write(with, |db, (session, room, (username, likeness), at)| {
            let name = (username, likeness);
            Box::pin(join(db, *session, *room, name, *at, Way::Right))
        })
        .await
    }

    async fn leave(
        &self,
        session: SessionId,
        room: Option<RoomId>,
    ) -> Result<Vec<RoomId>, StorageError> {
        self.write((session, room), |db, &(session, room)| {
            Box::pin(leave(db, session, room))
        })
        .await
    }

    async fn memberships(
        &self,
        session: SessionId,
    ) -> Result<Vec<(RoomId, Username)>, StorageError> {
        self.read(session, |db, &session| Box::pin(memberships(db, session)))
            .await
    }

    async fn identity(
        &self,
        session: SessionId,
        room: RoomId,
    ) -> Result<Option<Identity>, StorageError> {
        self.read((session, room), |db, &(session, room)| {
            Box::pin(identity(db, session, room))
        })
        .await
    }

    async fn standing(
        &self,
        session: SessionId,
        room: RoomId,
    ) -> Result<Option<Standing>, StorageError> {
        self.read((session, room), |db, &(session, room)| {
            Box::pin(standing(db, session, room))
        })
        .await
    }
}

/// A person with an account that isn't suspended, who asks.
pub(super) struct AccountOwner {
    pub(super) person: PersonId,
    pub(super) name: Username,
    pub(super) is_admin: bool,
}

/// The account of a session's person, unless it is suspended. It and the session stay as they are
/// until the end of the transaction.
pub(super) async fn owner(
    db: &Connection,
    session: SessionId,
) -> Result<Option<AccountOwner>, Failure> {
    let sql = "SELECT account.person_id, account.name, account.is_admin FROM session \
        JOIN account ON account.person_id = session.person_id \
        WHERE session.id = $1 AND NOT account.is_suspended FOR SHARE OF account, session";
    let row = db.row(sql, &[&session.0]).await?;
    row.as_ref().map(read_owner).transpose()
}

/// An account, from the columns `person_id`, `name` and `is_admin`.
pub(super) fn read_owner(row: &Row) -> Result<AccountOwner, Failure> {
    Ok(AccountOwner {
        person: rows::person(row, 0)?,
        name: Username::from_stored(row.try_get::<_, &str>(1)?),
        is_admin: row.try_get(2)?,
    })
}

/// These people's accounts, in the order of the people, as they stay until the transaction ends.
pub(super) async fn accounts_of(
    db: &Connection,
    people: &[PersonId],
) -> Result<Vec<AccountOwner>, Failure> {
    let sql = "SELECT person_id, name, is_admin FROM account \
        WHERE person_id = ANY($1) AND NOT is_suspended ORDER BY id FOR SHARE";
    let found = db.rows(sql, &[&persons::numbers(people)]).await?;
    let mut owners = found
        .iter()
        .map(read_owner)
        .collect::<Result<Vec<_>, _>>()?;
    owners.sort_by_key(|owner| owner.person);
    Ok(owners)
}

/// Adds somebody to a room under their account's name, unless they are in it. Returns whether they
/// weren't. The caller shares the lock on all names.
pub(super) async fn add(
    db: &Connection,
    owner: &AccountOwner,
    room: &Room,
    role: MemberRole,
    at: Timestamp,
) -> Result<bool, Failure> {
    let likeness = Likeness::of(owner.name.as_str());
    insert(db, owner.person, room, (&owner.name, &likeness), role, at).await
}

/// Adds a membership, unless there is one. Returns whether there was none.
async fn insert(
    db: &Connection,
    person: PersonId,
    room: &Room,
    (username, likeness): (&Username, &Likeness),
    role: MemberRole,
    at: Timestamp,
) -> Result<bool, Failure> {
    let sql = "INSERT INTO membership \
        (person_id, room_id, username, likeness, joined_at, read_seq, role, read_version) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (person_id, room_id) DO NOTHING";
    let (id, name, likeness) = (person.0.cast_signed(), username.as_str(), likeness.text());
    let (at, read, role) = (at.as_millis(), room.last_seq.0, role.code());
    let version = fresh_version(inboxes::last(db).await?);
    let values: [Value<'_>; 8] = [
        &id, &room.id.0, &name, &likeness, &at, &read, &role, &version,
    ];
    Ok(db.execute(sql, &values).await? > 0)
}

/// How somebody is let into a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// By their own right.
    Right,
    /// By an invitation, which somebody with the right made.
    Invitation,
}

/// Joins a room, or changes the name in it. `likeness` is the name's. It locks the person's row, so
/// the person's devices join one after the other.
pub(super) async fn join(
    db: &Connection,
    session: SessionId,
    room: RoomId,
    (username, likeness): (&Username, &Likeness),
    at: Timestamp,
    way: Way,
) -> Result<Result<Joined, JoinRefusal>, Failure> {
    locks::share(db, Lock::Names).await?;
    let Some(room) = rooms::by_id(db, room).await? else {
        return Ok(Err(Denial::NoRoom.into()));
    };
    let sql = "SELECT account.id, account.is_admin FROM session \
        JOIN person ON person.id = session.person_id \
        LEFT JOIN account ON account.person_id = person.id \
        WHERE session.id = $1 FOR NO KEY UPDATE OF session, person";
    let Some(row) = db.row(sql, &[&session.0]).await? else {
        return Ok(Err(JoinRefusal::NoSession));
    };
    let account: Option<i64> = row.try_get(0)?;
    let is_admin: Option<bool> = row.try_get(1)?;
    let owner = account.map(|account| Owner {
        account: AccountId(account),
        is_admin: is_admin.unwrap_or_default(),
    });
    // A ban takes the membership in the same transaction, and the person's row is locked. So nobody
    // is banned between this look and the insertion.
    let Some(standing) = standing(db, session, room.id).await? else {
        return Ok(Err(JoinRefusal::NoSession));
    };
    if let Err(denial) = may_join(&standing, &room, way == Way::Invitation) {
        return Ok(Err(denial.into()));
    }
    if let Err(refusal) = names::check(likeness, owner, &holders(db, likeness).await?) {
        return Ok(Err(refusal));
    }
    // Who is in the room already may stay, under another name too.
    let is_new_guest = owner.is_none() && standing.member.is_none();
    if is_new_guest && !place::get(db).await?.place.admits_guests {
        return Ok(Err(JoinRefusal::NoGuests));
    }
    let (person, name) = (standing.person, (username, likeness));
    let Some(previous) = enter(db, &standing, &room, name, at).await? else {
        return Ok(Err(Denial::NotJoined.into()));
    };
    let sql = "UPDATE person SET last_username = $2 WHERE id = $1";
    db.execute(sql, &[&person.0.cast_signed(), &username.as_str()])
        .await?;
    match &previous {
        None => inboxes::add(db, vec![(person, InboxChange::Joined(room.id))]).await?,
        Some(previous) if previous != username => {
            let renamed = Revoked::Renamed(room.id, username.clone());
            revocations::add(db, vec![(person, renamed)]).await?;
        }
        Some(_) => {}
    }
    Ok(Ok(Joined { room, previous }))
}

/// Adds a new account's person to its first rooms, under the account's name. Returns those that the
/// person wasn't in.
pub(super) async fn join_first(
    db: &Connection,
    account: &NewAccount,
    likeness: &Likeness,
) -> Result<Vec<RoomId>, Failure> {
    let mut joined = Vec::new();
    let name = (account.name.as_username(), likeness);
    for room in &account.rooms {
        let Some(room) = rooms::by_id(db, *room).await?.filter(may_join_first) else {
            continue;
        };
        let sql = "SELECT 1 FROM ban WHERE room_id = $1 AND person_id = $2";
        let person = account.person.0.cast_signed();
        if db.row(sql, &[&room.id.0, &person]).await?.is_some() {
            continue;
        }
        let role = MemberRole::Member;
        if insert(db, account.person, &room, name, role, account.at).await? {
            joined.push(room.id);
        }
    }
    Ok(joined)
}

/// Gives an account's person its other name, in the rooms where they have the name before. Returns
/// what others must be told.
pub(super) async fn rename(
    db: &Connection,
    before: &Account,
    name: &AccountName,
    likeness: &Likeness,
) -> Result<Vec<(PersonId, Revoked)>, Failure> {
    let person = before.person.0.cast_signed();
    let (old, new, likeness) = (before.name.as_str(), name.as_str(), likeness.text());
    let sql = "UPDATE person SET last_username = $3 WHERE id = $1 AND last_username = $2";
    db.execute(sql, &[&person, &old, &new]).await?;
    let sql = "UPDATE membership SET username = $3, likeness = $4 \
        WHERE person_id = $1 AND username = $2 RETURNING room_id";
    let rooms = db.rows(sql, &[&person, &old, &new, &likeness]).await?;
    let mut rooms = room_ids(&rooms)?;
    rooms.sort_unstable();
    let renamed = rooms.into_iter().map(|room| {
        let renamed = Revoked::Renamed(room, name.as_username().clone());
        (before.person, renamed)
    });
    Ok(renamed.collect())
}

/// Makes a membership or changes the name in it. Returns the name before; `None` when somebody has
/// just removed the person.
async fn enter(
    db: &Connection,
    standing: &Standing,
    room: &Room,
    (username, likeness): (&Username, &Likeness),
    at: Timestamp,
) -> Result<Option<Option<Username>>, Failure> {
    if standing.member.is_none() {
        let (new, role) = ((username, likeness), MemberRole::Member);
        insert(db, standing.person, room, new, role, at).await?;
        return Ok(Some(None));
    }
    let id = standing.person.0.cast_signed();
    let sql = "SELECT username FROM membership WHERE person_id = $1 AND room_id = $2 FOR UPDATE";
    let Some(row) = db.row(sql, &[&id, &room.id.0]).await? else {
        return Ok(None);
    };
    let sql = "UPDATE membership SET username = $3, likeness = $4 \
        WHERE person_id = $1 AND room_id = $2";
    let (name, likeness) = (username.as_str(), likeness.text());
    db.execute(sql, &[&id, &room.id.0, &name, &likeness])
        .await?;
    Ok(Some(rows::username(&row, 0)?))
}

/// The accounts for which a name could be mistaken.
pub(super) async fn holders(
    db: &Connection,
    likeness: &Likeness,
) -> Result<Vec<AccountId>, Failure> {
    let keys: Vec<&str> = likeness.keys().collect();
    let sql = "SELECT id FROM account WHERE skeleton = ANY($1)";
    let found = db.rows(sql, &[&keys]).await?;
    let found = found.iter().map(|row| Ok(AccountId(row.try_get(0)?)));
    found.collect()
}

/// Leaves a room, or all. Returns the rooms that the person was in.
pub(super) async fn leave(
    db: &Connection,
    session: SessionId,
    room: Option<RoomId>,
) -> Result<Vec<RoomId>, Failure> {
    let room = room.map(|room| room.0);
    let sql = "SELECT room_id, person_id FROM session JOIN membership USING (person_id) \
        WHERE session.id = $1 AND ($2::bigint IS NULL OR room_id = $2)";
    let found = db.rows(sql, &[&session.0, &room]).await?;
    let Some(first) = found.first() else {
        return Ok(Vec::new());
    };
    let person = rows::person(first, 1)?;
    let found = room_ids(&found)?;
    rooms::lock(db, &found).await?;
    let numbers: Vec<i64> = found.iter().map(|room| room.0).collect();
    let sql = "DELETE FROM membership WHERE person_id = $1 AND room_id = ANY($2) RETURNING room_id";
    let left = db.rows(sql, &[&person.0.cast_signed(), &numbers]).await?;
    let mut left = room_ids(&left)?;
    left.sort_unstable();
    let revoked = left.iter().map(|room| (person, Revoked::Left(*room)));
    revocations::add(db, revoked.collect()).await?;
    Ok(left)
}

/// The rooms that a session's person is in, and their name in each.
pub(super) async fn memberships(
    db: &Connection,
    session: SessionId,
) -> Result<Vec<(RoomId, Username)>, Failure> {
    let sql = "SELECT room_id, username FROM session JOIN membership USING (person_id) \
        WHERE session.id = $1 ORDER BY room_id";
    let found = db.rows(sql, &[&session.0]).await?;
    let membership = |row: &Row| {
        let name = Username::from_stored(row.try_get::<_, &str>(1)?);
        Ok((RoomId(row.try_get(0)?), name))
    };
    found.iter().map(membership).collect()
}

/// How others see a session's person in a room, if they are in it.
pub(super) async fn identity(
    db: &Connection,
    session: SessionId,
    room: RoomId,
) -> Result<Option<Identity>, Failure> {
    let sql = "SELECT username, is_admin, role FROM session JOIN membership USING (person_id) \
        LEFT JOIN account USING (person_id) WHERE session.id = $1 AND room_id = $2";
    let Some(row) = db.row(sql, &[&session.0, &room.0]).await? else {
        return Ok(None);
    };
    Ok(Some(Identity {
        username: Username::from_stored(row.try_get::<_, &str>(0)?),
        mark: rows::mark(&row, 1)?,
        role: rows::member_role(&row, 2)?.unwrap_or_default(),
    }))
}

/// What a session's person is to a room.
pub(super) async fn standing(
    db: &Connection,
    session: SessionId,
    room: RoomId,
) -> Result<Option<Standing>, Failure> {
    let sql = "SELECT session.person_id, \
        EXISTS (SELECT 1 FROM account WHERE account.person_id = session.person_id), \
        membership.role, \
        EXISTS (SELECT 1 FROM ban WHERE ban.room_id = $2 AND ban.person_id = session.person_id) \
        FROM session LEFT JOIN membership \
        ON membership.person_id = session.person_id AND membership.room_id = $2 \
        WHERE session.id = $1";
    let Some(row) = db.row(sql, &[&session.0, &room.0]).await? else {
        return Ok(None);
    };
    Ok(Some(Standing {
        person: rows::person(&row, 0)?,
        has_account: row.try_get(1)?,
        member: rows::member_role(&row, 2)?,
        is_banned: row.try_get(3)?,
    }))
}

/// Adds a revocation in each of the person's rooms: their mark has changed.
pub(super) async fn change_mark(db: &Connection, person: PersonId) -> Result<(), Failure> {
    let sql = "SELECT room_id, username FROM membership WHERE person_id = $1 ORDER BY room_id";
    let found = db.rows(sql, &[&person.0.cast_signed()]).await?;
    let changed = found.iter().map(|row| {
        let name = Username::from_stored(row.try_get::<_, &str>(1)?);
        Ok((person, Revoked::Renamed(RoomId(row.try_get(0)?), name)))
    });
    revocations::add(db, changed.collect::<Result<_, Failure>>()?).await
}

/// Locks the rooms that these persons are in.
pub(super) async fn lock_rooms_of(db: &Connection, persons: &[PersonId]) -> Result<(), Failure> {
    let sql = "SELECT DISTINCT room_id FROM membership WHERE person_id = ANY($1)";
    let found = db.rows(sql, &[&persons::numbers(persons)]).await?;
    rooms::lock(db, &room_ids(&found)?).await
}

/// The rooms in the first column.
pub(super) fn room_ids(found: &[Row]) -> Result<Vec<RoomId>, Failure> {
    found
        .iter()
        .map(|row| Ok(RoomId(row.try_get(0)?)))
        .collect()
}
