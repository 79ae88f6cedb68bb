//! The people of a room, and what its moderators and administrators do with them.

use async_trait::async_trait;
use papo_domain::{Denial, Mark, MemberRole, PersonId, RoomId, SessionId, Timestamp, Username};

use crate::{By, StorageError};

/// The people of a room and their roles.
#[async_trait]
pub trait Members: Send + Sync {
    /// Adds an administrator to a room under their account's name. They look after it if nobody
    /// does. Does nothing if they are in it.
    async fn admit_administrator(
        &self,
        session: SessionId,
        room: RoomId,
        at: Timestamp,
    ) -> Result<Result<(), Denial>, StorageError>;

    /// The people of a room: moderators first, then by name.
    async fn members(
        &self,
        room: RoomId,
        filter: MemberFilter,
    ) -> Result<Vec<RoomMember>, StorageError>;

    /// Gives somebody in a room another role.
    async fn set_role(
        &self,
        by: By,
        room: RoomId,
        person: PersonId,
        role: MemberRole,
    ) -> Result<Result<(), MemberRefusal>, StorageError>;
}

/// Which people of a room to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemberFilter {
    /// The name begins with this, whatever its case.
    pub prefix: Option<String>,
    /// How many to skip.
    pub offset: usize,
    /// How many at most.
    pub limit: usize,
}

/// Somebody in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomMember {
    /// Who.
    pub person: PersonId,
    /// Under which name.
    pub username: Username,
    /// Their mark, if they have an account.
    pub mark: Option<Mark>,
    /// Their role.
    pub role: MemberRole,
    /// Since when they are in it.
    pub joined_at: Timestamp,
}

/// Why nothing was done to somebody in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MemberRefusal {
    /// The person who asks has no right to it.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// The other one isn't in the room, or isn't banned.
    #[error("nobody like that in the room")]
    NoMember,
    /// Nobody would look after the room.
    #[error("the last moderator of the room")]
    LastModerator,
}
