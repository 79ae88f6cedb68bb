//! Rooms.

use async_trait::async_trait;
use papo_domain::{Denial, Room, RoomId, RoomOverview, RoomState, Timestamp};

use crate::{By, StorageError};

/// Rooms: their names, descriptions and states.
#[async_trait]
pub trait Rooms: Send + Sync {
    /// One room.
    async fn room(&self, room: RoomId) -> Result<Option<Room>, StorageError>;

    /// Rooms by name (case-insensitively ordered), with their last activity. A page of them when
    /// the filter has a limit.
    async fn rooms(&self, filter: RoomFilter) -> Result<Vec<RoomOverview>, StorageError>;

    /// Makes a room by a command. [`StorageError::Exists`] when one has that name, whatever its
    /// case.
    async fn create_room(&self, state: RoomState, at: Timestamp) -> Result<Room, StorageError>;

    /// The same by an administrator, whose right the transaction checks again.
    async fn create_room_as(
        &self,
        by: By,
        state: RoomState,
        at: Timestamp,
    ) -> Result<Result<Room, Denial>, StorageError>;

    /// Makes these rooms, with the numbers 1, 2, 3…, in a database without rooms: all or none.
    /// Several nodes may call this at once.
    async fn create_first_rooms(
        &self,
        states: Vec<RoomState>,
        at: Timestamp,
    ) -> Result<(), StorageError>;
}

/// Which rooms to list; all conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoomFilter {
    /// Only active (`true`) or inactive (`false`) ones.
    pub is_active: Option<bool>,
    /// Name or description contains this, whatever its case; no character has a special meaning.
    pub search: Option<String>,
    /// How many to skip.
    pub offset: usize,
    /// How many at most; all when `None`.
    pub limit: Option<usize>,
}
