//! Inboxes. The transaction that changes something for a person writes an entry, and every node
//! reads them.

use std::time::Duration;

use async_trait::async_trait;
use papo_domain::{PersonId, RoomId};
use rusqlite::{Connection, Row};

use super::journal::Journal;
use super::{SqliteStorage, rows};
use crate::{InboxChange, InboxEntry, InboxId, Inboxes, StorageError};

const JOURNAL: Journal = Journal {
    table: "inbox",
    columns: &["person_id", "kind", "room_id"],
};

const JOINED: i64 = 1;
const READ: i64 = 2;
const ROLE: i64 = 3;

#[async_trait]
impl Inboxes for SqliteStorage {
    async fn inbox_after(
        &self,
        after: InboxId,
        limit: usize,
    ) -> Result<Vec<InboxEntry>, StorageError> {
        self.read(move |db| JOURNAL.after(db, after.0, limit, read))
            .await
    }

    async fn last_inbox_entry(&self) -> Result<InboxId, StorageError> {
        self.read(last).await
    }

    async fn forget_inbox(&self, age: Duration) -> Result<u64, StorageError> {
        self.write(move |db| JOURNAL.forget(db, age)).await
    }
}

/// Adds an entry.
pub(super) fn add(
    db: &Connection,
    person: PersonId,
    change: InboxChange,
) -> Result<(), StorageError> {
    let (kind, room) = match change {
        InboxChange::Joined(room) => (JOINED, room),
        InboxChange::Read(room) => (READ, room),
        InboxChange::Role(room) => (ROLE, room),
    };
    JOURNAL.add(db, &[&person.0.cast_signed(), &kind, &room.0])
}

/// The last entry that ever was.
pub(super) fn last(db: &Connection) -> Result<InboxId, StorageError> {
    JOURNAL.last(db).map(InboxId)
}

fn read(row: &Row<'_>) -> Result<InboxEntry, rusqlite::Error> {
    let room = RoomId(row.get(3)?);
    Ok(InboxEntry {
        id: InboxId(row.get(0)?),
        person: rows::person(row, 1)?,
        change: match row.get(2)? {
            JOINED => Some(InboxChange::Joined(room)),
            READ => Some(InboxChange::Read(room)),
            ROLE => Some(InboxChange::Role(room)),
            _ => None,
        },
    })
}
