//! Inboxes: what changed for a person, for every node to read.

use std::time::Duration;

use async_trait::async_trait;
use papo_domain::{PersonId, RoomId};

use crate::StorageError;

/// What changed for persons in their rooms, but for the rights that ended. The transaction that
/// makes such a change stores its entry.
///
/// These methods store entries: whatever makes a membership, `mark` and `sign_in` when they change
/// one, and `set_role`. An entry only says that something changed. Whoever reads it asks
/// the database what holds now.
#[async_trait]
pub trait Inboxes: Send + Sync {
    /// The entries after this one, in order, at most `limit`. They become visible in the order of
    /// their ids, so a node that has read up to an id has missed none.
    async fn inbox_after(
        &self,
        after: InboxId,
        limit: usize,
    ) -> Result<Vec<InboxEntry>, StorageError>;

    /// The last entry, or the default when there never was one.
    async fn last_inbox_entry(&self) -> Result<InboxId, StorageError>;

    /// Deletes the entries that are older than this in service time. Returns how many.
    async fn forget_inbox(&self, age: Duration) -> Result<u64, StorageError>;
}

/// The number of an entry, in the order of commits. All persons' entries have one order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InboxId(pub i64);

/// A change for a person. It is stored with the change, so that every node learns of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxEntry {
    /// Its number.
    pub id: InboxId,
    /// The person.
    pub person: PersonId,
    /// What has changed; `None` when the disk has damaged it, so that anything may have changed.
    pub change: Option<InboxChange>,
}

/// What has changed for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InboxChange {
    /// The person joined this room, and may have left it since.
    Joined(RoomId),
    /// The person's read position in this room has moved, or they have set its level.
    Read(RoomId),
    /// The person has another role in this room.
    Role(RoomId),
}
