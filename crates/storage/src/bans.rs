//! Bans: people whom a moderator keeps out of a room. They are persons, so a guest can come back as
//! another one; an account can't.

use async_trait::async_trait;
use papo_domain::{PersonId, RoomId, Timestamp, Username};

use crate::{By, MemberRefusal, StorageError};

/// The end of somebody's membership by a moderator, for now or for good.
#[async_trait]
pub trait Bans: Send + Sync {
    /// Removes somebody from a room, and bans them from it if `bans`. Returns whether they were in
    /// it. Nobody can be removed by themselves: they leave.
    async fn remove_member(
        &self,
        by: By,
        room: RoomId,
        person: PersonId,
        bans: bool,
        at: Timestamp,
    ) -> Result<Result<(), MemberRefusal>, StorageError>;

    /// Ends a ban.
    async fn lift_ban(
        &self,
        by: By,
        room: RoomId,
        person: PersonId,
    ) -> Result<Result<(), MemberRefusal>, StorageError>;

    /// The people who are banned from a room, the last one first.
    async fn bans(&self, room: RoomId) -> Result<Vec<Ban>, StorageError>;
}

/// Somebody who is banned from a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    /// Who.
    pub person: PersonId,
    /// The name that they had in the room.
    pub username: Username,
    /// When.
    pub at: Timestamp,
}
