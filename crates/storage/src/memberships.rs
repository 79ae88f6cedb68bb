//! Memberships: the rooms that a person is in, on all their devices.

use async_trait::async_trait;
use papo_domain::{Mark, Right, Role, Room, RoomId, SessionId, Timestamp, Username};

use crate::StorageError;

/// The rooms that a person is in, on all their devices. A session identifies the person.
#[async_trait]
pub trait Memberships: Send + Sync {
    /// Joins a room under a name, or changes the name. Refused when the room doesn't exist or isn't
    /// active, or the session is gone. Also refused is a name that could be mistaken for another
    /// person's account, or for a role that the person doesn't have.
    async fn join(
        &self,
        session: SessionId,
        room: RoomId,
        username: Username,
        at: Timestamp,
    ) -> Result<Result<Joined, JoinRefusal>, StorageError>;

    /// Leaves a room, or all of them. Returns the rooms that the person was in.
    async fn leave(
        &self,
        session: SessionId,
        room: Option<RoomId>,
    ) -> Result<Vec<RoomId>, StorageError>;

    /// The rooms that a session's person is in, with their name in each.
    async fn memberships(
        &self,
        session: SessionId,
    ) -> Result<Vec<(RoomId, Username)>, StorageError>;

    /// How others see the session's person in a room. `None` when the person isn't in it, or the
    /// session has ended.
    async fn identity(
        &self,
        session: SessionId,
        room: RoomId,
    ) -> Result<Option<Identity>, StorageError>;
}

/// Whether people may join a room.
pub(crate) fn may_join(room: &Room) -> bool {
    Role::Visitor.may(Right::Join, room.kind()).is_ok()
}

/// How others see a person in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name.
    pub username: Username,
    /// The mark, if the person has an account.
    pub mark: Option<Mark>,
}

/// A membership that was made or renamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The room.
    pub room: Room,
    /// The name before, when the person was in the room already.
    pub previous: Option<Username>,
}

/// Why somebody can't join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JoinRefusal {
    /// No such room, or not active.
    #[error("no such room, or it isn't active")]
    NoRoom,
    /// The session has ended.
    #[error("the session has ended")]
    NoSession,
    /// The name is an account's, or could be mistaken for one.
    #[error("the name belongs to an account")]
    NameRegistered,
    /// The name is or claims a role, such as an administrator's or Papo's own.
    #[error("the name is that of a role")]
    NameReserved,
    /// The person has no account, isn't in the room, and the place admits no guests.
    #[error("guests can't join rooms here")]
    NoGuests,
}
