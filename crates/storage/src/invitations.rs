//! Invitations: links by which people join a room, also a private one.

use std::time::Duration;

use async_trait::async_trait;
use papo_domain::{Denial, RoomId, SessionId, Timestamp, Username};

use crate::{By, JoinRefusal, Joined, Served, StorageError, TokenHash};

/// Invitations. Whoever has the secret of one may join its room while it is valid.
#[async_trait]
pub trait Invitations: Send + Sync {
    /// Stores an invitation by somebody with the right to invite.
    async fn create_invitation(
        &self,
        by: By,
        invitation: NewInvitation,
    ) -> Result<Result<(), Denial>, StorageError>;

    /// The valid invitations to a room, the last one first.
    async fn invitations(&self, room: RoomId) -> Result<Vec<Invitation>, StorageError>;

    /// The valid invitation with this token.
    async fn invitation(&self, token: TokenHash) -> Result<Option<Invitation>, StorageError>;

    /// Ends an invitation, by somebody with the right to invite.
    async fn end_invitation(
        &self,
        by: By,
        room: RoomId,
        id: InvitationId,
    ) -> Result<Result<(), Denial>, StorageError>;

    /// Joins the room of an invitation under a name, and uses it once. Somebody who is in the room
    /// uses none, and keeps their name. Refused as by [`crate::Memberships::join`], and when the
    /// invitation isn't valid. Of many who take the last use at once, exactly one gets it.
    async fn accept_invitation(
        &self,
        session: SessionId,
        token: TokenHash,
        username: Username,
        at: Timestamp,
    ) -> Result<Result<Joined, JoinRefusal>, StorageError>;
}

/// The number of an invitation, a random one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InvitationId(pub i64);

/// An invitation to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInvitation {
    /// Its number.
    pub id: InvitationId,
    /// The hash of its secret.
    pub token: TokenHash,
    /// The room.
    pub room: RoomId,
    /// Now.
    pub at: Timestamp,
    /// For how long it is valid, in the time of service.
    pub lifetime: Duration,
    /// How often it can be used.
    pub uses: u32,
}

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its number.
    pub id: InvitationId,
    /// The room.
    pub room: RoomId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends, in the time of service.
    pub expires: Served,
    /// How often it can still be used.
    pub uses_left: u32,
}
