//! Revocations. The transaction that ends a right writes one, and every node reads them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use papo_domain::{PersonId, RoomId, SessionId};
use rusqlite::{Connection, params};

use super::{SqliteStorage, errors, rows, served};
use crate::{Revocation, RevocationId, Revocations, Revoked, StorageError};

const LEFT: i64 = 1;
const ENDED: i64 = 2;
const RENAMED: i64 = 3;

#[async_trait]
impl Revocations for SqliteStorage {
    async fn revocations_after(
        &self,
        after: RevocationId,
        limit: usize,
    ) -> Result<Vec<Revocation>, StorageError> {
        // This runs twice a second, whatever else there is to do.
        let files = Arc::clone(&self.files);
        self.read(move |db| {
            files.check(db)?;
            read_after(db, after, limit).map_err(errors::in_writer)
        })
        .await
    }

    async fn last_revocation(&self) -> Result<RevocationId, StorageError> {
        self.read(last).await
    }

    async fn forget_revocations(&self, age: Duration) -> Result<u64, StorageError> {
        self.write(move |db| forget(db, age)).await
    }
}

/// Adds a revocation.
pub(super) fn add(
    db: &Connection,
    person: PersonId,
    revoked: &Revoked,
) -> Result<(), StorageError> {
    let (kind, room, session, username) = match revoked {
        Revoked::Left(room) => (LEFT, Some(room.0), None, None),
        Revoked::Ended(session) => (ENDED, None, Some(session.0), None),
        Revoked::Renamed(room, username) => (RENAMED, Some(room.0), None, Some(username.as_str())),
    };
    let at = served::get(db)?;
    db.prepare_cached(
        "INSERT INTO revocation (person_id, kind, room_id, session_id, username, at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        person.0.cast_signed(),
        kind,
        room,
        session,
        username,
        at.0
    ])?;
    Ok(())
}

/// The revocations after this one.
pub(super) fn read_after(
    db: &Connection,
    after: RevocationId,
    limit: usize,
) -> Result<Vec<Revocation>, StorageError> {
    let mut statement = db.prepare_cached(
        "SELECT id, person_id, kind, room_id, session_id, username FROM revocation WHERE id > ?1 \
         ORDER BY id LIMIT ?2",
    )?;
    let mut found = statement.query(params![after.0, rows::count(limit)])?;
    let mut revocations = Vec::new();
    while let Some(row) = found.next()? {
        let room = row.get::<_, Option<i64>>(3)?.map(RoomId);
        let session = row.get::<_, Option<i64>>(4)?.map(SessionId);
        let username = rows::optional_username(row, 5)?;
        let revoked = match (row.get::<_, i64>(2)?, room, session, username) {
            (LEFT, Some(room), None, None) => Some(Revoked::Left(room)),
            (ENDED, None, Some(session), None) => Some(Revoked::Ended(session)),
            (RENAMED, Some(room), None, Some(username)) => Some(Revoked::Renamed(room, username)),
            _ => None,
        };
        revocations.push(Revocation {
            id: RevocationId(row.get(0)?),
            person: rows::person(row, 1)?,
            revoked,
        });
    }
    Ok(revocations)
}

/// The last revocation that ever was. Its number stays taken after it is deleted.
pub(super) fn last(db: &Connection) -> Result<RevocationId, StorageError> {
    let sql = "SELECT ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'revocation'), 0)";
    let last = db.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    Ok(RevocationId(last))
}

/// Deletes the revocations that are older than this. Returns how many.
pub(super) fn forget(db: &Connection, age: Duration) -> Result<u64, StorageError> {
    let until = served::get(db)?.before(age);
    let forgotten = db
        .prepare_cached("DELETE FROM revocation WHERE at <= ?1")?
        .execute([until.0])?;
    Ok(u64::try_from(forgotten).unwrap_or(u64::MAX))
}
