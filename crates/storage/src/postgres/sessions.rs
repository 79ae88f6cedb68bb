//! Sessions: a person's devices.
//!
//! To exclude deadlocks, the end of sessions locks in this order: the sessions, the rooms that
//! their persons are in, the persons. It adds the revocations and the inbox's entries last.

use async_trait::async_trait;
use papo_domain::{AccountId, DeviceText, PersonId, PersonSettings, RoomId, SessionId};
use tokio_postgres::Row;

use super::connection::{Connection, Value};
use super::errors::Failure;
use super::locks::{self, Lock};
use super::{PostgresStorage, inboxes, memberships, persons, revocations, rows};
use crate::read_positions::{SEARCHED_EVENTS, fresh_version};
use crate::{
    InboxChange, NewSession, Revoked, Served, Session, Sessions, StorageError, StoredPassword,
    TokenHash,
};

async fn is_there(db: &Connection, session: SessionId) -> Result<bool, Failure> {
    let sql = "SELECT FROM session WHERE id = $1";
    Ok(db.row(sql, &[&session.0]).await?.is_some())
}

#[async_trait]
impl Sessions for PostgresStorage {
    async fn session(
        &self,
        token: TokenHash,
        room: Option<RoomId>,
    ) -> Result<Option<Session>, StorageError> {
        let with = (token, room, self.present.used_since());
        self.read(with, |db, &(token, room, used_since)| {
            Box::pin(session(db, token, room, used_since))
        })
        .await
    }

    async fn create_session(
        &self,
        guest: PersonId,
        session: NewSession,
    ) -> Result<SessionId, StorageError> {
        self.present.note(session.used);
        self.write((guest, session), |db, (guest, session)| {
            Box::pin(create(db, *guest, session))
        })
        .await
    }

    async fn sign_in(
        &self,
        account: AccountId,
        password: StoredPassword,
        session: NewSession,
        before: Option<SessionId>,
    ) -> Result<Option<SessionId>, StorageError> {
        self.present.note(session.used);
        let with = (account, password, session, before);
        self.write(with, |db, (account, password, session, before)| {
            Box::pin(sign_in(db, *account, password, session, *before))
        })
        .await
    }

    async fn has_session(&self, session: SessionId) -> Result<bool, StorageError> {
        self.read(session, |db, &session| Box::pin(is_there(db, session)))
            .await
    }

    async fn touch_session(&self, session: SessionId, used: Served) -> Result<(), StorageError> {
        self.present.note(used);
        self.write((session, used), |db, &(session, used)| {
            Box::pin(touch(db, session, used))
        })
        .await
    }

    async fn end_session(&self, session: SessionId) -> Result<(), StorageError> {
        self.write(session, |db, &session| Box::pin(end(db, session)))
            .await
    }

    async fn expire_sessions(&self, unused_since: Served) -> Result<u64, StorageError> {
        self.write(unused_since, |db, &since| Box::pin(expire(db, since)))
            .await
    }
}

/// The session with this token, and its person's name in a room.
pub(super) async fn session(
    db: &Connection,
    token: TokenHash,
    room: Option<RoomId>,
    used_since: Served,
) -> Result<Option<Session>, Failure> {
    let sql = format!(
        "SELECT session.id, session.person_id, person.last_username, session.last_used, \
         membership.username, session.device, person.settings, membership.role, \
         EXISTS (SELECT 1 FROM ban WHERE ban.room_id = $2 AND ban.person_id = session.person_id), {} \
         FROM session JOIN person ON person.id = session.person_id \
         LEFT JOIN account ON account.person_id = session.person_id \
         LEFT JOIN membership \
         ON membership.person_id = session.person_id AND membership.room_id = $2 \
         WHERE session.token = $1 AND session.last_used >= $3",
        rows::ACCOUNT
    );
    let (token, room) = (token.0.as_slice(), room.map(|room| room.0));
    let row = db.row(&sql, &[&token, &room, &used_since.0]).await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let account: Option<i64> = row.try_get(9)?;
    Ok(Some(Session {
        id: SessionId(row.try_get(0)?),
        person: rows::person(&row, 1)?,
        account: account.map(|_| rows::account(&row, 9)).transpose()?,
        last_username: rows::username(&row, 2)?,
        username: rows::username(&row, 4)?,
        role: rows::member_role(&row, 7)?,
        is_banned: row.try_get(8)?,
        last_used: Served(row.try_get(3)?),
        device: DeviceText::from_stored(row.try_get(5)?),
        settings: PersonSettings::from_stored(row.try_get(6)?),
    }))
}

/// Makes a guest's session, and the guest.
pub(super) async fn create(
    db: &Connection,
    person: PersonId,
    session: &NewSession,
) -> Result<SessionId, Failure> {
    persons::make(db, person, session.at).await?;
    insert(db, person, session).await
}

/// Makes a session of an account in place of the one before, unless the account has changed since
/// its password was checked. A change of the account waits for the lock on its row, and then finds
/// the session. The sign-in waits until the guest's names have moved.
pub(super) async fn sign_in(
    db: &Connection,
    account: AccountId,
    password: &StoredPassword,
    session: &NewSession,
    before: Option<SessionId>,
) -> Result<Option<SessionId>, Failure> {
    locks::share(db, Lock::Names).await?;
    let sql = "SELECT person_id FROM account \
        WHERE id = $1 AND password = $2 AND NOT is_suspended FOR SHARE";
    let Some(row) = db.row(sql, &[&account.0, &password.0]).await? else {
        return Ok(None);
    };
    let person = rows::person(&row, 0)?;
    start(db, person, session, before).await.map(Some)
}

/// Makes a session of somebody with an account, in place of the one before. The caller shares the
/// lock on all names.
pub(super) async fn start(
    db: &Connection,
    person: PersonId,
    session: &NewSession,
    before: Option<SessionId>,
) -> Result<SessionId, Failure> {
    let Some(before) = before else {
        return insert(db, person, session).await;
    };
    let found = lock(db, "id = $1", before.0).await?;
    memberships::lock_rooms_of(db, &owners(&found)).await?;
    let made = insert(db, person, session).await?;
    let changes = bring_along(db, before, person).await?;
    end_of(db, &found, &owners(&found)).await?;
    let changes = changes.into_iter().map(|change| (person, change));
    inboxes::add(db, changes.collect()).await?;
    Ok(made)
}

/// Adds a person to the rooms of this session's guest. In rooms where they are already, they keep
/// their name. What the guest has posted is read: it is the person's own. Returns what has changed.
async fn bring_along(
    db: &Connection,
    guest: SessionId,
    person: PersonId,
) -> Result<Vec<InboxChange>, Failure> {
    let sql = "INSERT INTO membership \
        (person_id, room_id, username, likeness, joined_at, role, read_seq, read_version, level) \
        SELECT $2, room_id, username, likeness, joined_at, role, read_seq, $3, level \
        FROM session JOIN membership USING (person_id) WHERE session.id = $1 \
        AND NOT EXISTS (SELECT 1 FROM account WHERE account.person_id = session.person_id) \
        AND NOT EXISTS (SELECT 1 FROM ban \
        WHERE ban.room_id = membership.room_id AND ban.person_id = $2) \
        ON CONFLICT (person_id, room_id) DO NOTHING RETURNING room_id";
    let version = fresh_version(inboxes::last(db).await?);
    let values: [Value<'_>; 3] = [&guest.0, &person.0.cast_signed(), &version];
    let mut joined = memberships::room_ids(&db.rows(sql, &values).await?)?;
    joined.sort_unstable();
    let mut read = read_own(db, guest, person).await?;
    read.retain(|room| !joined.contains(room));
    let joined = joined.into_iter().map(InboxChange::Joined);
    Ok(joined
        .chain(read.into_iter().map(InboxChange::Read))
        .collect())
}

/// Moves a person's read positions to the last messages of this session's guest. Returns the rooms
/// where there are such. The guest had read what was there before.
async fn read_own(
    db: &Connection,
    guest: SessionId,
    person: PersonId,
) -> Result<Vec<RoomId>, Failure> {
    let sql = format!(
        "UPDATE membership SET read_seq = own.seq FROM ( \
         SELECT mine.room_id, max(message.seq) AS seq FROM session \
         JOIN membership AS guest ON guest.person_id = session.person_id \
         JOIN membership AS mine ON mine.person_id = $2 AND mine.room_id = guest.room_id \
         JOIN message ON message.room_id = mine.room_id AND message.seq > mine.read_seq \
         AND message.seq <= mine.read_seq + {SEARCHED_EVENTS} \
         AND message.sender = guest.person_id \
         WHERE session.id = $1 AND guest.person_id <> $2 \
         AND NOT EXISTS (SELECT FROM account WHERE account.person_id = guest.person_id) \
         GROUP BY mine.room_id) AS own \
         WHERE membership.person_id = $2 AND membership.room_id = own.room_id \
         RETURNING membership.room_id"
    );
    let found = db.rows(&sql, &[&guest.0, &person.0.cast_signed()]).await?;
    let mut rooms = memberships::room_ids(&found)?;
    rooms.sort_unstable();
    Ok(rooms)
}

async fn insert(
    db: &Connection,
    person: PersonId,
    session: &NewSession,
) -> Result<SessionId, Failure> {
    let sql = "INSERT INTO session (token, person_id, last_used, created_at) \
        VALUES ($1, $2, $3, $4) RETURNING id";
    let (token, person) = (session.token.0.as_slice(), person.0.cast_signed());
    let (used, at) = (session.used.0, session.at.as_millis());
    let made = db.rows(sql, &[&token, &person, &used, &at]).await?;
    Ok(SessionId(made[0].try_get(0)?))
}

/// Notes a use.
pub(super) async fn touch(
    db: &Connection,
    session: SessionId,
    used: Served,
) -> Result<(), Failure> {
    let sql = "UPDATE session SET last_used = greatest(last_used, $2) WHERE id = $1";
    db.execute(sql, &[&session.0, &used.0]).await?;
    Ok(())
}

/// Ends a session.
pub(super) async fn end(db: &Connection, session: SessionId) -> Result<(), Failure> {
    let found = lock(db, "id = $1", session.0).await?;
    end_of(db, &found, &owners(&found)).await.map(drop)
}

/// Ends all sessions of a person, and returns them. A person without an account is then removed.
pub(super) async fn end_all(db: &Connection, person: PersonId) -> Result<Vec<SessionId>, Failure> {
    let found = lock(db, "person_id = $1", person.0.cast_signed()).await?;
    end_of(db, &found, &[person]).await
}

/// Ends the sessions that meet this condition, and returns them.
pub(super) async fn end_where(
    db: &Connection,
    condition: &str,
    value: i64,
) -> Result<Vec<SessionId>, Failure> {
    let found = lock(db, condition, value).await?;
    end_of(db, &found, &owners(&found)).await
}

/// Ends the sessions that were unused since then. Returns how many.
pub(super) async fn expire(db: &Connection, unused_since: Served) -> Result<u64, Failure> {
    let found = lock(db, "last_used < $1", unused_since.0).await?;
    Ok(end_of(db, &found, &owners(&found)).await?.len() as u64)
}

/// Locks the sessions that meet this condition, and returns them with their persons. Nobody can
/// join with them meanwhile.
async fn lock(
    db: &Connection,
    condition: &str,
    value: i64,
) -> Result<Vec<(SessionId, PersonId)>, Failure> {
    let sql = format!("SELECT id, person_id FROM session WHERE {condition} ORDER BY id FOR UPDATE");
    let values: [Value<'_>; 1] = [&value];
    let found = db.rows(&sql, &values).await?;
    let session = |row: &Row| Ok((SessionId(row.try_get(0)?), rows::person(row, 1)?));
    found.iter().map(session).collect()
}

/// The persons of these sessions, each once.
fn owners(found: &[(SessionId, PersonId)]) -> Vec<PersonId> {
    let mut owners: Vec<_> = found.iter().map(|(_, person)| *person).collect();
    owners.sort_unstable();
    owners.dedup();
    owners
}

/// Ends these locked sessions of these persons. A guest without sessions is then removed.
async fn end_of(
    db: &Connection,
    found: &[(SessionId, PersonId)],
    owners: &[PersonId],
) -> Result<Vec<SessionId>, Failure> {
    let ended: Vec<_> = found.iter().map(|(session, _)| *session).collect();
    memberships::lock_rooms_of(db, owners).await?;
    let numbers: Vec<i64> = ended.iter().map(|session| session.0).collect();
    db.execute("DELETE FROM session WHERE id = ANY($1)", &[&numbers])
        .await?;
    persons::remove_the_gone(db, owners).await?;
    let revoked = found.iter();
    let revoked = revoked.map(|(session, person)| (*person, Revoked::Ended(*session)));
    revocations::add(db, revoked.collect()).await?;
    Ok(ended)
}
