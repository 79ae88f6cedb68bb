//! Revocations. The transaction that ends a right writes one, and every node reads them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use papo_domain::{PersonId, RoomId, SessionId};
use rusqlite::{Connection, Row};

use super::journal::Journal;
use super::{SqliteStorage, errors, rows};
use crate::{Revocation, RevocationId, Revocations, Revoked, StorageError};

const JOURNAL: Journal = Journal {
    table: "revocation",
    columns: &["person_id", "kind", "room_id", "session_id", "username"],
};

const LEFT: i64 = 1;
const ENDED: i64 = 2;
const RENAMED: i64 = 3;
const PLACE: i64 = 4;

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
        self.read(|db| JOURNAL.last(db).map(RevocationId)).await
    }

    async fn forget_revocations(&self, age: Duration) -> Result<u64, StorageError> {
        self.write(move |db| JOURNAL.forget(db, age)).await
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
        Revoked::Place => (PLACE, None, None, None),
    };
    let person = person.0.cast_signed();
    JOURNAL.add(db, &[&person, &kind, &room, &session, &username])
}

/// The revocations after this one.
pub(super) fn read_after(
    db: &Connection,
    after: RevocationId,
    limit: usize,
) -> Result<Vec<Revocation>, StorageError> {
    JOURNAL.after(db, after.0, limit, read)
}

fn read(row: &Row<'_>) -> Result<Revocation, rusqlite::Error> {
    let room = row.get::<_, Option<i64>>(3)?.map(RoomId);
    let session = row.get::<_, Option<i64>>(4)?.map(SessionId);
    let username = rows::optional_username(row, 5)?;
    let revoked = match (row.get::<_, i64>(2)?, room, session, username) {
        (LEFT, Some(room), None, None) => Some(Revoked::Left(room)),
        (ENDED, None, Some(session), None) => Some(Revoked::Ended(session)),
        (RENAMED, Some(room), None, Some(username)) => Some(Revoked::Renamed(room, username)),
        (PLACE, None, None, None) => Some(Revoked::Place),
        _ => None,
    };
    Ok(Revocation {
        id: RevocationId(row.get(0)?),
        person: rows::person(row, 1)?,
        revoked,
    })
}
