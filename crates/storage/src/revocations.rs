//! Revocations: what was taken from whom, for every node to read.

use std::time::Duration;

use async_trait::async_trait;
use papo_domain::{PersonId, RoomId, SessionId, Username};

use crate::StorageError;

/// What was taken from whom. The transaction that takes a right away, or changes a name or a mark,
/// stores it.
///
/// Such are a rename by `join`, `leave`, and whatever ends a session. `create_account` and
/// `claim_setup` take names from guests. `change_account` may begin or end somebody's
/// administration.
#[async_trait]
pub trait Revocations: Send + Sync {
    /// The revocations after this one, in order, at most `limit`. One that becomes visible never
    /// has a lower id than another that was visible before it. So a node that has read to an id
    /// misses none.
    async fn revocations_after(
        &self,
        after: RevocationId,
        limit: usize,
    ) -> Result<Vec<Revocation>, StorageError>;

    /// The last revocation; the default when there never was one.
    async fn last_revocation(&self) -> Result<RevocationId, StorageError>;

    /// Forgets the revocations that are older than this, by the time of service; how many.
    async fn forget_revocations(&self, age: Duration) -> Result<u64, StorageError>;
}

/// Numbers revocations in the order in which they were committed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RevocationId(pub i64);

/// That a person's rights have changed. Stored with the change, so that every node learns of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// Its place among all.
    pub id: RevocationId,
    /// Whose.
    pub person: PersonId,
    /// What has changed.
    pub revoked: Revoked,
}

/// What a revocation takes away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revoked {
    /// The person left this room, or was put out of it, and may have joined again since.
    Left(RoomId),
    /// This session of the person's has ended, and no other gets its id.
    Ended(SessionId),
    /// The person goes by another name or has another mark in this room, and may have yet another
    /// by now.
    Renamed(RoomId, Username),
}
