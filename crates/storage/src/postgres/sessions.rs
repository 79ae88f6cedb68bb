//! Sessions, and the rooms that they are in.
//!
//! Whoever takes somebody out of a room locks the room first: a batch that stores what that person says holds the same lock
//! until its commit, so it is either before the leave, or sees it.

use papo_domain::{AccountId, RoomId, SessionId, Timestamp, Username, skeleton};
use tokio_postgres::Row;

use super::connection::Connection;
use super::errors::Failure;
use super::{accounts, revocations, rooms, rows};
use crate::{JoinRefusal, Joined, NewSession, Revoked, Session, TokenHash};

/// The time of the last session's last use.
pub(super) async fn latest(db: &Connection) -> Result<Timestamp, Failure> {
    let found = db
        .rows("SELECT coalesce(max(last_used), 0) FROM session", &[])
        .await?;
    rows::timestamp(&found[0], 0)
}

/// The session with this token, and its name in a room.
pub(super) async fn session(
    db: &Connection,
    token: TokenHash,
    room: Option<RoomId>,
    used_since: Timestamp,
) -> Result<Option<Session>, Failure> {
    let sql = format!(
        "SELECT session.id, session.sender, session.last_username, session.last_used, \
         membership.username, {} \
         FROM session LEFT JOIN account ON account.id = session.account_id \
         LEFT JOIN membership ON membership.session_id = session.id AND membership.room_id = $2 \
         WHERE session.token = $1 AND session.last_used >= $3",
        rows::ACCOUNT
    );
    let (token, room) = (token.0.as_slice(), room.map(|room| room.0));
    let row = db
        .row(&sql, &[&token, &room, &used_since.as_millis()])
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let account: Option<i64> = row.try_get(5)?;
    Ok(Some(Session {
        id: SessionId(row.try_get(0)?),
        sender: rows::sender(&row, 1)?,
        account: account.map(|_| rows::account(&row, 5)).transpose()?,
        last_username: rows::username(&row, 2)?,
        username: rows::username(&row, 4)?,
        last_used: rows::timestamp(&row, 3)?,
    }))
}

/// Makes a session.
pub(super) async fn create(db: &Connection, session: &NewSession) -> Result<SessionId, Failure> {
    let sql = "INSERT INTO session (token, sender, account_id, last_used, created_at) \
        VALUES ($1, $2, $3, $4, $4) RETURNING id";
    let (token, sender) = (session.token.0.as_slice(), session.sender.0.cast_signed());
    let account = session.account.map(|account| account.0);
    let made = db
        .rows(sql, &[&token, &sender, &account, &session.at.as_millis()])
        .await?;
    Ok(SessionId(made[0].try_get(0)?))
}

/// Notes a use.
pub(super) async fn touch(
    db: &Connection,
    session: SessionId,
    at: Timestamp,
) -> Result<(), Failure> {
    let sql = "UPDATE session SET last_used = greatest(last_used, $2) WHERE id = $1";
    db.execute(sql, &[&session.0, &at.as_millis()]).await?;
    Ok(())
}

/// Ends a session; its memberships go with it.
pub(super) async fn end(db: &Connection, session: SessionId) -> Result<(), Failure> {
    // Nobody joins with it meanwhile.
    db.rows(
        "SELECT id FROM session WHERE id = $1 FOR UPDATE",
        &[&session.0],
    )
    .await?;
    let sql = "SELECT room_id FROM membership WHERE session_id = $1";
    lock_rooms(db, &db.rows(sql, &[&session.0]).await?).await?;
    let ended = db
        .execute("DELETE FROM session WHERE id = $1", &[&session.0])
        .await?;
    if ended > 0 {
        revocations::add(db, vec![(session, Revoked::Ended)]).await?;
    }
    Ok(())
}

/// Ends the sessions that weren't used since then; how many.
pub(super) async fn expire(db: &Connection, unused_since: Timestamp) -> Result<u64, Failure> {
    let unused_since = unused_since.as_millis();
    let sql = "SELECT id FROM session WHERE last_used < $1 ORDER BY id FOR UPDATE";
    let ended = db.rows(sql, &[&unused_since]).await?;
    let ended = ended.iter().map(|row| row.try_get(0));
    let ended = ended.collect::<Result<Vec<i64>, _>>()?;
    let sql = "SELECT DISTINCT room_id FROM membership WHERE session_id = ANY($1)";
    lock_rooms(db, &db.rows(sql, &[&ended]).await?).await?;
    db.execute("DELETE FROM session WHERE id = ANY($1)", &[&ended])
        .await
}

/// Joins a room, or changes the name in it.
pub(super) async fn join(
    db: &Connection,
    session: SessionId,
    room: RoomId,
    username: &Username,
    at: Timestamp,
) -> Result<Result<Joined, JoinRefusal>, Failure> {
    accounts::hold_names(db).await?;
    let Some(room) = rooms::room(db, room).await?.filter(|room| room.is_active) else {
        return Ok(Err(JoinRefusal::NoRoom));
    };
    let sql = "SELECT account_id FROM session WHERE id = $1 FOR NO KEY UPDATE";
    let Some(row) = db.row(sql, &[&session.0]).await? else {
        return Ok(Err(JoinRefusal::NoSession));
    };
    let account: Option<i64> = row.try_get(0)?;
    let skeleton = skeleton(username.as_str());
    let registered = db
        .row("SELECT id FROM account WHERE skeleton = $1", &[&skeleton])
        .await?;
    let registered: Option<i64> = registered.map(|row| row.try_get(0)).transpose()?;
    if registered.is_some() && registered.map(AccountId) != account.map(AccountId) {
        return Ok(Err(JoinRefusal::NameRegistered));
    }
    let sql = "SELECT username FROM membership WHERE session_id = $1 AND room_id = $2";
    let previous = db.row(sql, &[&session.0, &room.id.0]).await?;
    let previous = previous.map(|row| rows::username(&row, 0)).transpose()?;
    let (name, at) = (username.as_str(), at.as_millis());
    let sql = "INSERT INTO membership (session_id, room_id, username, skeleton, joined_at) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (session_id, room_id) \
        DO UPDATE SET username = excluded.username, skeleton = excluded.skeleton";
    db.execute(sql, &[&session.0, &room.id.0, &name, &skeleton, &at])
        .await?;
    let sql =
        "UPDATE session SET last_username = $2, last_used = greatest(last_used, $3) WHERE id = $1";
    db.execute(sql, &[&session.0, &name, &at]).await?;
    let previous = previous.flatten();
    if previous
        .as_ref()
        .is_some_and(|previous| previous != username)
    {
        let renamed = Revoked::Renamed(room.id, username.clone());
        revocations::add(db, vec![(session, renamed)]).await?;
    }
    Ok(Ok(Joined { room, previous }))
}

/// Leaves a room, or all; which ones it was in.
pub(super) async fn leave(
    db: &Connection,
    session: SessionId,
    room: Option<RoomId>,
) -> Result<Vec<RoomId>, Failure> {
    let room = room.map(|room| room.0);
    let sql = "SELECT room_id FROM membership \
        WHERE session_id = $1 AND ($2::bigint IS NULL OR room_id = $2)";
    let found = db.rows(sql, &[&session.0, &room]).await?;
    lock_rooms(db, &found).await?;
    let found = room_ids(&found)?;
    let numbers: Vec<i64> = found.iter().map(|room| room.0).collect();
    let sql =
        "DELETE FROM membership WHERE session_id = $1 AND room_id = ANY($2) RETURNING room_id";
    let mut left = room_ids(&db.rows(sql, &[&session.0, &numbers]).await?)?;
    left.sort_unstable();
    let mut revoked = Vec::new();
    for room in &left {
        revoked.push((session, Revoked::Left(*room)));
    }
    revocations::add(db, revoked).await?;
    Ok(left)
}

/// The rooms that a session is in, and its name in each.
pub(super) async fn memberships(
    db: &Connection,
    session: SessionId,
) -> Result<Vec<(RoomId, Username)>, Failure> {
    let sql = "SELECT room_id, username FROM membership WHERE session_id = $1 ORDER BY room_id";
    let found = db.rows(sql, &[&session.0]).await?;
    let membership = |row: &Row| {
        let name = Username::from_stored(row.try_get(1)?);
        Ok((RoomId(row.try_get(0)?), name))
    };
    found.iter().map(membership).collect()
}

async fn lock_rooms(db: &Connection, found: &[Row]) -> Result<(), Failure> {
    rooms::lock(db, &room_ids(found)?).await
}

fn room_ids(found: &[Row]) -> Result<Vec<RoomId>, Failure> {
    found
        .iter()
        .map(|row| Ok(RoomId(row.try_get(0)?)))
        .collect()
}
