//! The rooms' logs: how batches of changes are stored, and events read.

use async_trait::async_trait;
use papo_domain::{Event, RoomId, Seq};

use crate::{Appended, NewEvent, Refusal, StorageError};

/// The rooms' logs.
#[async_trait]
pub trait Log: Send + Sync {
    /// Queues a batch and returns. The writer takes the batch's changes when its turn comes. It
    /// stores them in one transaction, flushes it to disk, and gives the batch the outcome.
    ///
    /// Each event gets its room's next seq, in the order of the batch. A refused change takes no
    /// seq and doesn't affect the others. A message whose sender and client id are already stored
    /// gets the event stored first as its answer, with `duplicate` set.
    ///
    /// After [`StorageError::Unavailable`] and [`StorageError::Full`] nothing of the batch is
    /// stored. After [`StorageError::Broken`] and [`StorageError::Unknown`] nobody knows.
    fn append(&self, batch: Box<dyn Batch>);

    /// The events of a room after `after`, in order, at most `limit`.
    async fn events_after(
        &self,
        room: RoomId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Event>, StorageError>;

    /// The last seq of each of these rooms, by one statement. Rooms that don't exist are left out.
    async fn last_seqs(&self, rooms: Vec<RoomId>) -> Result<Vec<(RoomId, Seq)>, StorageError>;
}

/// What became of a batch: of each change in it, or why all of it failed.
pub type Outcome = Result<Vec<Result<Appended, Refusal>>, StorageError>;

/// Changes on their way into the log.
pub trait Batch: Send {
    /// Gives out the changes. The writer calls this once, right before it stores them.
    fn take(&mut self) -> Vec<NewEvent>;

    /// The outcome will be late: the changes queued behind this batch should be refused. The writer
    /// may say so more than once. Must not block.
    fn stall(&mut self) {}

    /// Takes the outcome, on the thread that stored the changes. Must not block. If a batch is
    /// dropped without an outcome, its changes may be stored.
    fn tell(self: Box<Self>, outcome: Outcome);
}
