//! The rooms' logs: storing batches of changes, and reading on.

use async_trait::async_trait;
use papo_domain::{Event, RoomId, Seq};

use crate::{Appended, NewEvent, Refusal, StorageError};

/// The rooms' logs.
#[async_trait]
pub trait Log: Send + Sync {
    /// Puts a batch in line, and doesn't wait. The writer takes its changes when its turn has come,
    /// stores them in one transaction, flushes that to disk, and tells the batch.
    ///
    /// Each event gets its room's next seq, in the order of the batch. A refused change takes no
    /// seq and doesn't touch its neighbours. A message whose sender and client id are stored
    /// already answers with the event stored first, `duplicate` set. After an error nothing of the
    /// batch is stored ([`StorageError::Unavailable`], [`StorageError::Full`]), or nobody can say
    /// ([`StorageError::Broken`], [`StorageError::Unknown`]).
    fn append(&self, batch: Box<dyn Batch>);

    /// The events of a room after `after`, in order, at most `limit`.
    async fn events_after(
        &self,
        room: RoomId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Event>, StorageError>;

    /// The last seq of each of these rooms; rooms that don't exist are left out. One statement for
    /// all.
    async fn last_seqs(&self, rooms: Vec<RoomId>) -> Result<Vec<(RoomId, Seq)>, StorageError>;
}

/// What became of a batch: of each change in it, or why all of it failed.
pub type Outcome = Result<Vec<Result<Appended, Refusal>>, StorageError>;

/// Changes on their way into the log.
pub trait Batch: Send {
    /// The changes. The writer takes them once, right before it stores them.
    fn take(&mut self) -> Vec<NewEvent>;

    /// The outcome will be late: the changes queued behind this batch should be refused. The writer
    /// may say so more than once. Must not block.
    fn stall(&mut self) {}

    /// Takes the outcome, on the thread that stored the changes, so it must not block. A batch that
    /// is dropped untold may have been stored.
    fn tell(self: Box<Self>, outcome: Outcome);
}
