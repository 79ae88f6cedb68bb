//! Rooms and messages from elsewhere.

use async_trait::async_trait;
use papo_domain::{
    ClientId, MessageText, PersonId, RoomDescription, RoomName, Timestamp, Username,
};

use crate::StorageError;

/// Rooms and messages from elsewhere.
#[async_trait]
pub trait Import: Send + Sync {
    /// Imports rooms and messages in one transaction: all or nothing. A room whose name exists is
    /// merged into the existing one. A message whose key (see [`ImportedMessage`]) is already
    /// stored is counted and skipped.
    async fn import(
        &self,
        rooms: Box<dyn Iterator<Item = Result<ImportedRoom, String>> + Send>,
    ) -> Result<ImportReport, StorageError>;
}

/// A room from elsewhere, with its messages in order. The import reads them one by one, so a large
/// room doesn't need memory for all of them.
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

/// A message from elsewhere. Its sender and client id are its key: importing it again stores
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedMessage {
    /// Its author. All messages under one name have the same.
    pub sender: PersonId,
    /// The name.
    pub username: Username,
    /// What it says.
    pub text: MessageText,
    /// When it was posted there.
    pub timestamp: Timestamp,
    /// Its name among its sender's messages.
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
