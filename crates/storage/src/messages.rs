//! Messages as they stand now.

use async_trait::async_trait;
use papo_domain::{Message, Room, RoomId, Seq, Timestamp};

use crate::StorageError;

/// Messages as they stand now.
#[async_trait]
pub trait Messages: Send + Sync {
    /// A room and its last `limit` messages, as of one moment.
    async fn snapshot(&self, room: RoomId, limit: usize) -> Result<Option<Snapshot>, StorageError>;

    /// The `limit` messages before `before`, in order.
    async fn messages_before(
        &self,
        room: RoomId,
        before: Seq,
        limit: usize,
    ) -> Result<MessagePage, StorageError>;

    /// Messages for an administrator, newest first.
    async fn find_messages(&self, filter: MessageFilter) -> Result<MessagePage, StorageError>;
}

/// A room and its last messages, as of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The room; `room.last_seq` is the moment.
    pub room: Room,
    /// Its last messages in order.
    pub page: MessagePage,
    /// When its last event was stored; `None` when there is none.
    pub at: Option<Timestamp>,
}

/// Some messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessagePage {
    /// The messages.
    pub messages: Vec<Message>,
    /// Whether there are more, further in the direction of reading.
    pub more: bool,
}

/// Which messages an administrator looks for; all conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageFilter {
    /// Only this room's.
    pub room: Option<RoomId>,
    /// Posted at or after.
    pub from: Option<Timestamp>,
    /// Posted before.
    pub until: Option<Timestamp>,
    /// Text or username contains this, whatever its case; no character has a special meaning.
    pub search: Option<String>,
    /// How many to skip.
    pub offset: usize,
    /// How many at most.
    pub limit: usize,
}
