//! Rooms and messages from elsewhere.

use async_trait::async_trait;
use papo_domain::{
    ClientId, MessageText, PersonId, RoomDescription, RoomName, Timestamp, Username,
};

use crate::StorageError;

/// Rooms and messages from elsewhere.
#[async_trait]
pub trait Import: Send + Sync {
    /// Brings rooms and messages in, in one transaction: all or nothing. A room whose name exists
    /// is merged into. A message whose key (see [`ImportedMessage`]) is stored already is counted
    /// and left.
    async fn import(
        &self,
        rooms: Box<dyn Iterator<Item = Result<ImportedRoom, String>> + Send>,
    ) -> Result<ImportReport, StorageError>;
}

/// A room that comes from elsewhere, with its messages in order. They are read as the import goes,
/// so a large room needs no memory of its size.
pub struct ImportedRoom {
    /// Its name.
    pub name: RoomName,
    /// Its description, for a room that doesn't exist yet.
    pub description: RoomDescription,
    /// Its state, for a room that doesn't exist yet.
    pub is_active: bool,
    /// When it was made, for a room that doesn't exist yet.
    pub created_at: Timestamp,
    /// Its messages in order.
    pub messages: Box<dyn Iterator<Item = Result<ImportedMessage, String>> + Send>,
}

/// A message that comes from elsewhere. Its sender and client id together are its key: the same
/// message brought in again has the same key, and is stored once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedMessage {
    /// Who wrote it; the same for all of one name's messages.
    pub sender: PersonId,
    /// The name.
    pub username: Username,
    /// What it says.
    pub text: MessageText,
    /// When it was posted there.
    pub timestamp: Timestamp,
    /// Names it among its sender's.
    pub client_id: ClientId,
}

/// What an import did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Rooms made.
    pub rooms_created: u64,
    /// Rooms that existed, and were merged into.
    pub rooms_merged: u64,
    /// Messages stored.
    pub messages_stored: u64,
    /// Messages that were stored already.
    pub messages_known: u64,
}
