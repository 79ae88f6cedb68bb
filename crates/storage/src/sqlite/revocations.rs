//! Revocations: written by whatever takes a right away, in its transaction, and read by every node.

use std::time::Duration;

use papo_domain::{RoomId, SessionId, Username};
use rusqlite::{Connection, params};

use super::{errors, rows};
use crate::{Revocation, RevocationId, Revoked, StorageError};

const LEFT: i64 = 1;
const ENDED: i64 = 2;
const RENAMED: i64 = 3;

/// Adds one.
pub(super) fn add(
    db: &Connection,
    session: SessionId,
    revoked: &Revoked,
) -> Result<(), StorageError> {
    let (kind, room, username) = match revoked {
        Revoked::Left(room) => (LEFT, Some(room.0), None),
        Revoked::Ended => (ENDED, None, None),
        Revoked::Renamed(room, username) => (RENAMED, Some(room.0), Some(username.as_str())),
    };
    db.prepare_cached(
        "INSERT INTO revocation (session_id, room_id, kind, username) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![session.0, room, kind, username])?;
    Ok(())
}

/// Those after one.
pub(super) fn after(
    db: &Connection,
    after: RevocationId,
    limit: usize,
) -> Result<Vec<Revocation>, StorageError> {
    let mut statement = db.prepare_cached(
        "SELECT id, session_id, room_id, kind, username FROM revocation WHERE id > ?1 \
         ORDER BY id LIMIT ?2",
    )?;
    let mut found = statement.query(params![after.0, rows::count(limit)])?;
    let mut revocations = Vec::new();
    while let Some(row) = found.next()? {
        let room = row.get::<_, Option<i64>>(2)?.map(RoomId);
        let username = row.get::<_, Option<String>>(4)?.map(Username::from_stored);
        let revoked = match (row.get(3)?, room, username) {
            (LEFT, Some(room), None) => Revoked::Left(room),
            (ENDED, None, None) => Revoked::Ended,
            (RENAMED, Some(room), Some(username)) => Revoked::Renamed(room, username),
            (kind, ..) => return Err(errors::damaged(format!("a revocation of kind {kind}"))),
        };
        revocations.push(Revocation {
            id: RevocationId(row.get(0)?),
            session: SessionId(row.get(1)?),
            revoked,
        });
    }
    Ok(revocations)
}

/// The last that there ever was: its number isn't given again when it is forgotten.
pub(super) fn last(db: &Connection) -> Result<RevocationId, StorageError> {
    let sql = "SELECT ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'revocation'), 0)";
    let last = db.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    Ok(RevocationId(last))
}

/// Forgets those that are older than this; how many.
pub(super) fn forget(db: &Connection, age: Duration) -> Result<u64, StorageError> {
    let millis = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
    let forgotten = db
        .prepare_cached("DELETE FROM revocation WHERE at <= unixepoch('subsec') * 1000 - ?1")?
        .execute([millis])?;
    Ok(u64::try_from(forgotten).unwrap_or(u64::MAX))
}
