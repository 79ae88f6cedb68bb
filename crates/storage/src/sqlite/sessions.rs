//! Sessions: a person's devices.

use async_trait::async_trait;
use papo_domain::{AccountId, DeviceText, PersonId, PersonSettings, RoomId, SessionId};
use rusqlite::{Connection, OptionalExtension, params};

use super::{SqliteStorage, inboxes, persons, revocations, rows};
use crate::read_positions::{SEARCHED_EVENTS, fresh_version};
use crate::{
    InboxChange, NewSession, Revoked, Served, Session, Sessions, StorageError, StoredPassword,
    TokenHash,
};

#[async_trait]
impl Sessions for SqliteStorage {
    async fn session(
        &self,
        token: TokenHash,
        room: Option<RoomId>,
    ) -> Result<Option<Session>, StorageError> {
        let used_since = self.present.used_since();
        self.read(move |db| session(db, token, room, used_since))
            .await
    }

    async fn create_session(
        &self,
        guest: PersonId,
        session: NewSession,
    ) -> Result<SessionId, StorageError> {
        self.present.note(session.used);
        self.write(move |db| create(db, guest, &session)).await
    }

    async fn sign_in(
        &self,
        account: AccountId,
        password: StoredPassword,
        session: NewSession,
        before: Option<SessionId>,
    ) -> Result<Option<SessionId>, StorageError> {
        self.present.note(session.used);
        self.write(move |db| sign_in(db, account, &password, &session, before))
            .await
    }

    async fn has_session(&self, session: SessionId) -> Result<bool, StorageError> {
        let is_there = move |db: &Connection| Ok(persons::of_session(db, session)?.is_some());
        self.read(is_there).await
    }

    async fn touch_session(&self, session: SessionId, used: Served) -> Result<(), StorageError> {
        self.present.note(used);
        self.write(move |db| touch(db, session, used)).await
    }

    async fn end_session(&self, session: SessionId) -> Result<(), StorageError> {
        self.write(move |db| end(db, session)).await
    }

    async fn expire_sessions(&self, unused_since: Served) -> Result<u64, StorageError> {
        self.write(move |db| expire(db, unused_since)).await
    }
}

/// The session with this token, and its person's name in a room.
pub(super) fn session(
    db: &Connection,
    token: TokenHash,
    room: Option<RoomId>,
    used_since: Served,
) -> Result<Option<Session>, StorageError> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT session.id, session.person_id, person.last_username, session.last_used, \
         membership.username, session.device, person.settings, membership.role, \
         EXISTS (SELECT 1 FROM ban WHERE ban.room_id = ?2 AND ban.person_id = session.person_id), {} \
         FROM session JOIN person ON person.id = session.person_id \
         LEFT JOIN account ON account.person_id = session.person_id \
         LEFT JOIN membership \
         ON membership.person_id = session.person_id AND membership.room_id = ?2 \
         WHERE session.token = ?1 AND session.last_used >= ?3",
        rows::ACCOUNT
    ))?;
    let parameters = params![token.0, room.map(|room| room.0), used_since.0];
    let session = statement.query_row(parameters, |row| {
        let account: Option<i64> = row.get(9)?;
        Ok(Session {
            id: SessionId(row.get(0)?),
            person: rows::person(row, 1)?,
            account: account.map(|_| rows::account(row, 9)).transpose()?,
            last_username: rows::optional_username(row, 2)?,
            username: rows::optional_username(row, 4)?,
            role: rows::member_role(row, 7)?,
            is_banned: row.get(8)?,
            last_used: Served(row.get(3)?),
            device: DeviceText::from_stored(&rows::text(row, 5)?),
            settings: PersonSettings::from_stored(&rows::text(row, 6)?),
        })
    });
    Ok(session.optional()?)
}

/// Makes a guest's session, and the guest.
pub(super) fn create(
    db: &Connection,
    person: PersonId,
    session: &NewSession,
) -> Result<SessionId, StorageError> {
    persons::make(db, person, session.at)?;
    insert(db, person, session)
}

/// Makes a session of an account in place of the one before, unless the account has changed since
/// its password was checked.
pub(super) fn sign_in(
    db: &Connection,
    account: AccountId,
    password: &StoredPassword,
    session: &NewSession,
    before: Option<SessionId>,
) -> Result<Option<SessionId>, StorageError> {
    let mut statement = db.prepare_cached(
        "SELECT person_id FROM account WHERE id = ?1 AND password = ?2 AND NOT is_suspended",
    )?;
    let person = statement.query_row(params![account.0, password.0], |row| rows::person(row, 0));
    let Some(person) = person.optional()? else {
        return Ok(None);
    };
    start(db, person, session, before).map(Some)
}

/// Makes a session of somebody with an account, in place of the one before.
pub(super) fn start(
    db: &Connection,
    person: PersonId,
    session: &NewSession,
    before: Option<SessionId>,
) -> Result<SessionId, StorageError> {
    if let Some(before) = before {
        bring_along(db, before, person)?;
        end(db, before)?;
    }
    insert(db, person, session)
}

/// Adds a person to the rooms of this session's guest. In rooms where they are already, they keep
/// their name. What the guest has posted is read: it is the person's own.
fn bring_along(db: &Connection, guest: SessionId, person: PersonId) -> Result<(), StorageError> {
    let mut statement = db.prepare_cached(
        "INSERT INTO membership \
         (person_id, room_id, username, likeness, joined_at, role, read_seq, read_version, level) \
         SELECT ?2, room_id, username, likeness, joined_at, role, read_seq, ?3, level \
         FROM session JOIN membership USING (person_id) WHERE session.id = ?1 \
         AND NOT EXISTS (SELECT 1 FROM account WHERE account.person_id = session.person_id) \
         AND NOT EXISTS (SELECT 1 FROM ban \
         WHERE ban.room_id = membership.room_id AND ban.person_id = ?2) \
         ON CONFLICT (person_id, room_id) DO NOTHING RETURNING room_id",
    )?;
    let version = fresh_version(inboxes::last(db)?);
    let parameters = params![guest.0, person.0.cast_signed(), version];
    let joined = statement.query_map(parameters, |row| row.get(0).map(RoomId))?;
    let mut joined = joined.collect::<Result<Vec<_>, _>>()?;
    joined.sort_unstable();
    let mut read = read_own(db, guest, person)?;
    read.retain(|room| !joined.contains(room));
    let joined = joined.into_iter().map(InboxChange::Joined);
    for change in joined.chain(read.into_iter().map(InboxChange::Read)) {
        inboxes::add(db, person, change)?;
    }
    Ok(())
}

/// Moves a person's read positions to the last messages of this session's guest. Returns the rooms
/// where there are such. The guest had read what was there before.
fn read_own(
    db: &Connection,
    guest: SessionId,
    person: PersonId,
) -> Result<Vec<RoomId>, StorageError> {
    let mut statement = db.prepare_cached(&format!(
        "UPDATE membership SET read_seq = own.seq FROM ( \
         SELECT membership.room_id, max(message.seq) AS seq FROM session \
         CROSS JOIN membership AS guest USING (person_id) \
         CROSS JOIN membership ON membership.person_id = ?2 AND membership.room_id = guest.room_id \
         CROSS JOIN message ON message.room_id = membership.room_id \
         AND message.seq > membership.read_seq \
         AND message.seq <= membership.read_seq + {SEARCHED_EVENTS} \
         AND message.sender = guest.person_id \
         WHERE session.id = ?1 AND guest.person_id <> ?2 \
         AND NOT EXISTS (SELECT 1 FROM account WHERE account.person_id = guest.person_id) \
         GROUP BY membership.room_id) AS own \
         WHERE membership.person_id = ?2 AND membership.room_id = own.room_id \
         RETURNING membership.room_id",
    ))?;
    let rooms = statement.query_map([guest.0, person.0.cast_signed()], |row| {
        row.get(0).map(RoomId)
    })?;
    let mut rooms = rooms.collect::<Result<Vec<_>, _>>()?;
    rooms.sort_unstable();
    Ok(rooms)
}

fn insert(
    db: &Connection,
    person: PersonId,
    session: &NewSession,
) -> Result<SessionId, StorageError> {
    let mut statement = db.prepare_cached(
        "INSERT INTO session (token, person_id, last_used, created_at) VALUES (?1, ?2, ?3, ?4)",
    )?;
    let id = statement.insert(params![
        session.token.0,
        person.0.cast_signed(),
        session.used.0,
        session.at.as_millis(),
    ])?;
    Ok(SessionId(id))
}

/// Notes a use.
pub(super) fn touch(db: &Connection, session: SessionId, used: Served) -> Result<(), StorageError> {
    db.prepare_cached("UPDATE session SET last_used = max(last_used, ?2) WHERE id = ?1")?
        .execute([session.0, used.0])?;
    Ok(())
}

/// Ends a session.
pub(super) fn end(db: &Connection, session: SessionId) -> Result<(), StorageError> {
    let ended = "DELETE FROM session WHERE id = ?1 RETURNING id, person_id";
    end_some(db, ended, session.0).map(drop)
}

/// Ends all sessions of a person, and returns them.
pub(super) fn end_all(db: &Connection, person: PersonId) -> Result<Vec<SessionId>, StorageError> {
    let ended = "DELETE FROM session WHERE person_id = ?1 RETURNING id, person_id";
    end_some(db, ended, person.0.cast_signed())
}

/// Ends the sessions that were unused since then. Returns how many.
pub(super) fn expire(db: &Connection, unused_since: Served) -> Result<u64, StorageError> {
    let ended = "DELETE FROM session WHERE last_used < ?1 RETURNING id, person_id";
    Ok(end_some(db, ended, unused_since.0)?.len() as u64)
}

/// Ends the sessions that a statement deletes. A guest without sessions is then removed.
pub(super) fn end_some(
    db: &Connection,
    sql: &str,
    value: i64,
) -> Result<Vec<SessionId>, StorageError> {
    let mut statement = db.prepare_cached(sql)?;
    let ended = statement.query_map([value], |row| {
        Ok((SessionId(row.get(0)?), rows::person(row, 1)?))
    })?;
    let mut ended = ended.collect::<Result<Vec<_>, _>>()?;
    ended.sort_unstable();
    for (session, person) in &ended {
        revocations::add(db, *person, &Revoked::Ended(*session))?;
        persons::remove_if_gone(db, *person)?;
    }
    Ok(ended.into_iter().map(|(session, _)| session).collect())
}
