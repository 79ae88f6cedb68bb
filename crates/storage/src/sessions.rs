//! Sessions: a person's devices.

use async_trait::async_trait;
use papo_domain::{
    Account, AccountId, DeviceText, MemberRole, PersonId, PersonSettings, RoomId, SessionId,
    Timestamp, Username,
};
use serde::{Deserialize, Serialize};

use crate::{Served, StorageError, StoredPassword};

/// A person's devices.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// The session with this token, unless it has expired, with its person's name in `room`, if
    /// any.
    async fn session(
        &self,
        token: TokenHash,
        room: Option<RoomId>,
    ) -> Result<Option<Session>, StorageError>;

    /// Makes a new person and a session of theirs, as a guest.
    async fn create_session(
        &self,
        guest: PersonId,
        session: NewSession,
    ) -> Result<SessionId, StorageError>;

    /// Makes a session of an account, and ends the session `before` it. The caller has checked the
    /// account's password.
    ///
    /// If `before` was a guest's, the account's person is then in the guest's rooms too. In a room
    /// where the account wasn't, it takes the guest's name. `None`, and no change, when the account
    /// is gone or suspended, or has another password by now.
    async fn sign_in(
        &self,
        account: AccountId,
        password: StoredPassword,
        session: NewSession,
        before: Option<SessionId>,
    ) -> Result<Option<SessionId>, StorageError>;

    /// Whether this session hasn't ended.
    async fn has_session(&self, session: SessionId) -> Result<bool, StorageError>;

    /// Notes that a session was used at this moment of service, so that it doesn't expire.
    async fn touch_session(&self, session: SessionId, used: Served) -> Result<(), StorageError>;

    /// Ends a session. With a guest's last session all the guest's memberships end; an account's
    /// stay.
    async fn end_session(&self, session: SessionId) -> Result<(), StorageError>;

    /// Ends the sessions that were unused since `unused_since`, as [`Self::end_session`] does.
    /// Returns how many.
    async fn expire_sessions(&self, unused_since: Served) -> Result<u64, StorageError>;
}

/// The secret that a session's cookie carries: 256 random bits. Only its hash is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken(pub [u8; 32]);

impl std::fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionToken(…)")
    }
}

/// The SHA-256 of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TokenHash(pub [u8; 32]);

/// A visit on one device. It is signed in exactly when its person has an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its row.
    pub id: SessionId,
    /// Whose.
    pub person: PersonId,
    /// The person's account, if there is one.
    pub account: Option<Account>,
    /// The name that the person used last, in any room.
    pub last_username: Option<Username>,
    /// The name that the person has in the room that was asked for.
    pub username: Option<Username>,
    /// The role that they have in it.
    pub role: Option<MemberRole>,
    /// Whether they are banned from it.
    pub is_banned: bool,
    /// When it was last noted to be used.
    pub last_used: Served,
    /// What its device was when that was noted last.
    pub device: DeviceText,
    /// What the person has set.
    pub settings: PersonSettings,
}

/// A session to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Its token's hash.
    pub token: TokenHash,
    /// Now, by the clock.
    pub at: Timestamp,
    /// Now, in the database's service.
    pub used: Served,
}
