//! Inboxes. The transaction that changes something for a person writes an entry, and every node
//! reads them.

use std::time::Duration;

use async_trait::async_trait;
use papo_domain::{PersonId, RoomId};
use tokio_postgres::Row;

use super::connection::{Connection, Value};
use super::errors::Failure;
use super::journal::Journal;
use super::{PostgresStorage, rows};
use crate::{InboxChange, InboxEntry, InboxId, Inboxes, StorageError};

static JOURNAL: Journal = Journal {
    table: "inbox",
    columns: &[
        ("person_id", "bigint"),
        ("kind", "smallint"),
        ("room_id", "bigint"),
    ],
};

const JOINED: i16 = 1;
const READ: i16 = 2;
const ROLE: i16 = 3;

#[async_trait]
impl Inboxes for PostgresStorage {
    async fn inbox_after(
        &self,
        after: InboxId,
        limit: usize,
    ) -> Result<Vec<InboxEntry>, StorageError> {
        self.read((after.0, limit), |db, &(after, limit)| {
            Box::pin(JOURNAL.after(db, after, limit, read))
        })
        .await
    }

    async fn last_inbox_entry(&self) -> Result<InboxId, StorageError> {
        self.read((), |db, ()| Box::pin(last(db))).await
    }

    async fn forget_inbox(&self, age: Duration) -> Result<u64, StorageError> {
        self.write(age, |db, &age| Box::pin(JOURNAL.forget(db, age)))
            .await
    }
}

/// Adds entries. The transaction does so last.
pub(super) async fn add(
    db: &Connection,
    changes: Vec<(PersonId, InboxChange)>,
) -> Result<(), Failure> {
    if changes.is_empty() {
        return Ok(());
    }
    let (mut persons, mut kinds, mut rooms) = (vec![], vec![], vec![]);
    for (person, change) in changes {
        let (kind, room) = match change {
            InboxChange::Joined(room) => (JOINED, room),
            InboxChange::Read(room) => (READ, room),
            InboxChange::Role(room) => (ROLE, room),
        };
        persons.push(person.0.cast_signed());
        kinds.push(kind);
        rooms.push(room.0);
    }
    let values: [Value<'_>; 3] = [&persons, &kinds, &rooms];
    JOURNAL.add(db, &values).await
}

/// The last entry that ever was.
pub(super) async fn last(db: &Connection) -> Result<InboxId, Failure> {
    Ok(InboxId(JOURNAL.last(db).await?))
}

fn read(row: &Row) -> Result<InboxEntry, Failure> {
    let room = RoomId(row.try_get(3)?);
    Ok(InboxEntry {
        id: InboxId(row.try_get(0)?),
        person: rows::person(row, 1)?,
        change: match row.try_get(2)? {
            JOINED => Some(InboxChange::Joined(room)),
            READ => Some(InboxChange::Read(room)),
            ROLE => Some(InboxChange::Role(room)),
            _ => None,
        },
    })
}
