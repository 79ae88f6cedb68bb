//! Sessions, and the rooms that they are in.

use papo_domain::{AccountId, RoomId, SessionId, Timestamp, Username, skeleton};
use rusqlite::{Connection, OptionalExtension, params};

use super::{revocations, rooms, rows};
use crate::{JoinRefusal, Joined, NewSession, Revoked, Session, StorageError, TokenHash};

/// The time of the last session's last use.
pub(super) fn latest(db: &Connection) -> Result<Timestamp, StorageError> {
    let sql = "SELECT ifnull(max(last_used), 0) FROM session";
    Ok(db.query_row(sql, [], |row| rows::timestamp(row, 0))?)
}

/// The session with this token, and its name in a room.
pub(super) fn session(
    db: &Connection,
    token: TokenHash,
    room: Option<RoomId>,
    used_since: Timestamp,
) -> Result<Option<Session>, StorageError> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT session.id, session.sender, session.last_username, session.last_used, \
         membership.username, {} \
         FROM session LEFT JOIN account ON account.id = session.account_id \
         LEFT JOIN membership ON membership.session_id = session.id AND membership.room_id = ?2 \
         WHERE session.token = ?1 AND session.last_used >= ?3",
        rows::ACCOUNT
    ))?;
    let parameters = params![token.0, room.map(|room| room.0), used_since.as_millis()];
    let session = statement.query_row(parameters, |row| {
        let account: Option<i64> = row.get(5)?;
        Ok(Session {
            id: SessionId(row.get(0)?),
            sender: rows::sender(row, 1)?,
            account: account.map(|_| rows::account(row, 5)).transpose()?,
            last_username: row.get::<_, Option<String>>(2)?.map(Username::from_stored),
            username: row.get::<_, Option<String>>(4)?.map(Username::from_stored),
            last_used: rows::timestamp(row, 3)?,
        })
    });
    Ok(session.optional()?)
}

/// Makes a session.
pub(super) fn create(db: &Connection, session: &NewSession) -> Result<SessionId, StorageError> {
    let mut statement = db.prepare_cached(
        "INSERT INTO session (token, sender, account_id, last_used, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?4)",
    )?;
    let id = statement.insert(params![
        session.token.0,
        session.sender.0.cast_signed(),
        session.account.map(|account| account.0),
        session.at.as_millis(),
    ])?;
    Ok(SessionId(id))
}

/// Notes a use.
pub(super) fn touch(
    db: &Connection,
    session: SessionId,
    at: Timestamp,
) -> Result<(), StorageError> {
    db.prepare_cached("UPDATE session SET last_used = max(last_used, ?2) WHERE id = ?1")?
        .execute([session.0, at.as_millis()])?;
    Ok(())
}

/// Ends a session; its memberships go with it.
pub(super) fn end(db: &Connection, session: SessionId) -> Result<(), StorageError> {
    let ended = db
        .prepare_cached("DELETE FROM session WHERE id = ?1")?
        .execute([session.0])?;
    if ended > 0 {
        revocations::add(db, session, &Revoked::Ended)?;
    }
    Ok(())
}

/// Ends the sessions that weren't used since then; how many.
pub(super) fn expire(db: &Connection, unused_since: Timestamp) -> Result<u64, StorageError> {
    let ended = db
        .prepare_cached("DELETE FROM session WHERE last_used < ?1")?
        .execute([unused_since.as_millis()])?;
    Ok(u64::try_from(ended).unwrap_or(u64::MAX))
}

/// Joins a room, or changes the name in it.
pub(super) fn join(
    db: &Connection,
    session: SessionId,
    room: RoomId,
    username: &Username,
    at: Timestamp,
) -> Result<Result<Joined, JoinRefusal>, StorageError> {
    let Some(room) = rooms::room(db, room)?.filter(|room| room.is_active) else {
        return Ok(Err(JoinRefusal::NoRoom));
    };
    let account = db
        .prepare_cached("SELECT account_id FROM session WHERE id = ?1")?
        .query_row([session.0], |row| {
            Ok(row.get::<_, Option<i64>>(0)?.map(AccountId))
        })
        .optional()?;
    let Some(account) = account else {
        return Ok(Err(JoinRefusal::NoSession));
    };
    let skeleton = skeleton(username.as_str());
    let registered = db
        .prepare_cached("SELECT id FROM account WHERE skeleton = ?1")?
        .query_row([&skeleton], |row| row.get(0).map(AccountId))
        .optional()?;
    if registered.is_some() && registered != account {
        return Ok(Err(JoinRefusal::NameRegistered));
    }
    let previous = db
        .prepare_cached("SELECT username FROM membership WHERE session_id = ?1 AND room_id = ?2")?
        .query_row([session.0, room.id.0], |row| {
            row.get(0).map(Username::from_stored)
        })
        .optional()?;
    db.prepare_cached(
        "INSERT INTO membership (session_id, room_id, username, skeleton, joined_at) \
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (session_id, room_id) \
         DO UPDATE SET username = excluded.username, skeleton = excluded.skeleton",
    )?
    .execute(params![
        session.0,
        room.id.0,
        username.as_str(),
        skeleton,
        at.as_millis()
    ])?;
    db.prepare_cached(
        "UPDATE session SET last_username = ?2, last_used = max(last_used, ?3) WHERE id = ?1",
    )?
    .execute(params![session.0, username.as_str(), at.as_millis()])?;
    if previous
        .as_ref()
        .is_some_and(|previous| previous != username)
    {
        let renamed = Revoked::Renamed(room.id, username.clone());
        revocations::add(db, session, &renamed)?;
    }
    Ok(Ok(Joined { room, previous }))
}

/// Leaves a room, or all; which ones it was in.
pub(super) fn leave(
    db: &Connection,
    session: SessionId,
    room: Option<RoomId>,
) -> Result<Vec<RoomId>, StorageError> {
    let mut statement = db.prepare_cached(
        "DELETE FROM membership WHERE session_id = ?1 AND (?2 IS NULL OR room_id = ?2) \
         RETURNING room_id",
    )?;
    let left = statement.query_map(params![session.0, room.map(|room| room.0)], |row| {
        row.get(0).map(RoomId)
    })?;
    let mut left = left.collect::<Result<Vec<_>, _>>()?;
    left.sort_unstable();
    for room in &left {
        revocations::add(db, session, &Revoked::Left(*room))?;
    }
    Ok(left)
}

/// The rooms that a session is in, and its name in each.
pub(super) fn memberships(
    db: &Connection,
    session: SessionId,
) -> Result<Vec<(RoomId, Username)>, StorageError> {
    let mut statement = db.prepare_cached(
        "SELECT room_id, username FROM membership WHERE session_id = ?1 ORDER BY room_id",
    )?;
    let memberships = statement.query_map([session.0], |row| {
        Ok((RoomId(row.get(0)?), Username::from_stored(row.get(1)?)))
    })?;
    Ok(memberships.collect::<Result<_, _>>()?)
}
