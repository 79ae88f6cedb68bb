//! Rooms.

use async_trait::async_trait;
use papo_domain::{
    Denial, PersonId, Role, Room, RoomId, RoomKind, RoomMakers, RoomOverview, RoomState, SessionId,
    Timestamp,
};

use crate::StorageError;

/// Rooms: their names, descriptions and states.
#[async_trait]
pub trait Rooms: Send + Sync {
    /// One room.
    async fn room(&self, room: RoomId) -> Result<Option<Room>, StorageError>;

    /// Rooms by name (case-insensitively ordered), with their last activity. A page of them when
    /// the filter has a limit.
    async fn rooms(&self, filter: RoomFilter) -> Result<Vec<RoomOverview>, StorageError>;

    /// Makes a room, which nobody is in. [`StorageError::Exists`] when it is to be listed and a
    /// listed room has its name, whatever the case.
    async fn create_room(&self, state: RoomState, at: Timestamp) -> Result<Room, StorageError> {
        self.create_room_for(state, None, at).await
    }

    /// The same. This person, if they have an account, becomes its first moderator.
    async fn create_room_for(
        &self,
        state: RoomState,
        moderator: Option<PersonId>,
        at: Timestamp,
    ) -> Result<Room, StorageError>;

    /// Makes a room for the session's person, who becomes its first moderator under their account's
    /// name. Refused unless they are among those who make rooms.
    async fn open_room(
        &self,
        session: SessionId,
        makers: RoomMakers,
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
    /// Only active (`true`) or archived (`false`) ones.
    pub is_active: Option<bool>,
    /// Only rooms of this kind, and of less closed ones.
    pub up_to: Option<RoomKind>,
    /// The name, or the description of a listed room, contains this, whatever its case; no character has a special meaning.
    pub search: Option<String>,
    /// How many to skip.
    pub offset: usize,
    /// How many at most; all when `None`.
    pub limit: Option<usize>,
}

/// Whether somebody may make a room, whose account this is: whether it administers, if it isn't
/// suspended.
pub(crate) fn may_open(is_admin: Option<bool>, makers: RoomMakers) -> Result<(), Denial> {
    let role = match is_admin {
        None => Role::Guest,
        Some(false) => Role::Account,
        Some(true) => Role::Administrator,
    };
    role.may_open(makers)
}
