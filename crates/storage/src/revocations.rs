//! Revocations: rights that ended, for every node to read.

use std::time::Duration;

use async_trait::async_trait;
use papo_domain::{PersonId, RoomId, SessionId, Username};

use crate::StorageError;

/// Rights that ended, and names and marks that changed. The transaction that makes such a change
/// stores its revocation.
///
/// These methods store revocations: a rename by `join`, `leave`, `remove_member`, and whatever ends
/// a session.
/// `create_account` and `claim_setup` take names from guests. `change_account` may give or take an
/// account's right to administer. `set_place` may end what guests and others may do.
#[async_trait]
pub trait Revocations: Send + Sync {
    /// The revocations after this one, in order, at most `limit`. They become visible in the order
    /// of their ids, so a node that has read up to an id has missed none.
    async fn revocations_after(
        &self,
        after: RevocationId,
        limit: usize,
    ) -> Result<Vec<Revocation>, StorageError>;

    /// The last revocation, or the default when there never was one.
    async fn last_revocation(&self) -> Result<RevocationId, StorageError>;

    /// Deletes the revocations that are older than this in service time. Returns how many.
    async fn forget_revocations(&self, age: Duration) -> Result<u64, StorageError>;
}

/// The number of a revocation, in the order of commits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RevocationId(pub i64);

/// A change of a person's rights. It is stored with the change, so that every node learns of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// Its number.
    pub id: RevocationId,
    /// The person.
    pub person: PersonId,
    /// What has changed; `None` when the disk has damaged it, so that any right may have ended.
    pub revoked: Option<Revoked>,
}

/// What a revocation takes away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revoked {
    /// The person left this room or was removed from it, and may have joined again since.
    Left(RoomId),
    /// This session of the person has ended. No other session gets its id.
    Ended(SessionId),
    /// The person has another name or mark in this room, and may have yet another by now.
    Renamed(RoomId, Username),
    /// The settings of the place have changed, for everybody; the person is nobody.
    Place,
}
