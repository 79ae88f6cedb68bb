//! Memberships: the rooms that a person is in, on all their devices.

use async_trait::async_trait;
use papo_domain::{
    Denial, Mark, MemberRole, PersonId, Right, Role, Room, RoomId, SessionId, Timestamp, Username,
};

use crate::StorageError;

/// The rooms that a person is in, on all their devices. A session identifies the person.
#[async_trait]
pub trait Memberships: Send + Sync {
    /// Joins a room under a name, or changes the name. Refused when the person may not join the
    /// room, or the session is gone. Also refused is a name that could be mistaken for another
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

    /// What a session's person is to a room. `None` when the session has ended.
    async fn standing(
        &self,
        session: SessionId,
        room: RoomId,
    ) -> Result<Option<Standing>, StorageError>;
}

/// Whether somebody may join a room: by their own right, or because they are invited. An invited
/// person counts as one who is in the room.
pub(crate) fn may_join(standing: &Standing, room: &Room, is_invited: bool) -> Result<(), Denial> {
    let role = match standing.role() {
        Role::Guest | Role::Account if is_invited => Role::Member,
        Role::Banned if is_invited => return Err(Denial::Banned),
        role => role,
    };
    role.may(Right::Join, room.terms())
}

/// Whether a new account joins this room, if it is among the first ones.
pub(crate) fn may_join_first(room: &Room) -> bool {
    Role::Account.may(Right::Join, room.terms()).is_ok()
}

/// What a person is to a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The person.
    pub person: PersonId,
    /// Whether they have an account.
    pub has_account: bool,
    /// Their role in the room, if they are in it.
    pub member: Option<MemberRole>,
    /// Whether they are banned from it.
    pub is_banned: bool,
}

impl Standing {
    /// The role for the table of rights.
    pub fn role(&self) -> Role {
        match self.member {
            Some(role) => role.into(),
            None if self.is_banned => Role::Banned,
            None => Role::outside(self.has_account),
        }
    }
}

/// How others see a person in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name.
    pub username: Username,
    /// The mark, if the person has an account.
    pub mark: Option<Mark>,
    /// The role in the room.
    pub role: MemberRole,
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
    /// The person may not join the room.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// The invitation doesn't exist, has expired, or was used as often as it may be.
    #[error("the invitation isn't valid any more")]
    NoInvitation,
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
