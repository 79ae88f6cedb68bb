//! The messages of one person, in all rooms: what becomes of them when the person goes.

use async_trait::async_trait;
use papo_domain::{PersonId, RoomId, Seq, Username};

use crate::StorageError;

/// The messages of one person, in the order of rooms and seqs. Deleted ones don't count.
#[async_trait]
pub trait Authors: Send + Sync {
    /// The person's messages after this one, at most `limit`.
    async fn messages_of(
        &self,
        person: PersonId,
        after: (RoomId, Seq),
        limit: usize,
    ) -> Result<Vec<(RoomId, Seq)>, StorageError>;

    /// Gives the person's messages after this one another name, at most `limit`. Returns them.
    async fn rename_messages_of(
        &self,
        person: PersonId,
        after: (RoomId, Seq),
        limit: usize,
        name: Username,
    ) -> Result<Vec<(RoomId, Seq)>, StorageError>;
}
