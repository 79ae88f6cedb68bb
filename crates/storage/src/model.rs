//! What goes into the storage and comes out, besides the domain's own types.

use papo_domain::{
    Account, AccountId, AccountName, ClientId, Event, Message, MessageText, Room, RoomDescription,
    RoomId, RoomName, RoomState, SenderId, Seq, SessionId, Timestamp, Username,
};
use serde::{Deserialize, Serialize};

/// A change that somebody wants to make to a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// The room.
    pub room: RoomId,
    /// The time that the event gets.
    pub at: Timestamp,
    /// The change.
    pub change: Change,
}

/// What a [`NewEvent`] changes. Rights are checked in the transaction that stores it, so that a right that has
/// ended can't be used any more, through whichever node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Posts a message under the name that the session has in the room, which must be active.
    Post {
        /// Who.
        session: SessionId,
        /// The name that the client gave the message.
        client_id: Option<ClientId>,
        /// What it says.
        text: MessageText,
    },
    /// Changes the text of a message of one's own, in an active room that one is in.
    Edit {
        /// Who.
        session: SessionId,
        /// The event that posted it.
        target: Seq,
        /// The new text.
        text: MessageText,
    },
    /// Deletes a message: one's own, in an active room that one is in; or, with no session, anyone's anywhere.
    Delete {
        /// Who; `None` for an administrator, whose right the caller has checked.
        session: Option<SessionId>,
        /// The event that posted it.
        target: Seq,
    },
    /// Changes the room itself. What stays the same is given again. The caller has checked the right.
    SetRoom(RoomState),
}

impl Change {
    /// Bytes of the message's text.
    pub fn text_bytes(&self) -> usize {
        match self {
            Self::Post { text, .. } | Self::Edit { text, .. } => text.as_str().len(),
            Self::Delete { .. } | Self::SetRoom(_) => 0,
        }
    }
}

/// A stored event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The event.
    pub event: Event,
    /// It was stored before, under the same client id: not to be told to anyone again.
    pub duplicate: bool,
}

/// Why a change was not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such room, or not active.
    #[error("no such room, or it isn't active")]
    NoRoom,
    /// The session isn't in the room.
    #[error("not joined")]
    NotJoined,
    /// No such message, or deleted.
    #[error("no such message")]
    NoMessage,
    /// The message is somebody else's.
    #[error("somebody else's message")]
    NotYours,
    /// Another room has that name.
    #[error("another room has that name")]
    NameTaken,
}

/// A room and its last messages, as of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The room; `room.last_seq` is the moment.
    pub room: Room,
    /// Its last messages in order.
    pub page: MessagePage,
}

/// Some messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessagePage {
    /// The messages.
    pub messages: Vec<Message>,
    /// There are more, further in the direction of reading.
    pub more: bool,
}

/// Which messages an administrator looks for; all conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageFilter {
    /// Only this room's.
    pub room: Option<RoomId>,
    /// Posted at or after.
    pub from: Option<Timestamp>,
    /// Posted before.
    pub until: Option<Timestamp>,
    /// Text or username contains this, whatever its case; no character has a special meaning.
    pub search: Option<String>,
    /// How many to skip.
    pub offset: usize,
    /// How many at most.
    pub limit: usize,
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

/// Somebody's visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its row.
    pub id: SessionId,
    /// Who it is to others.
    pub sender: SenderId,
    /// The account that signed in, if one did.
    pub account: Option<Account>,
    /// The name used last, in any room.
    pub last_username: Option<Username>,
    /// The name it has in the room that was asked for.
    pub username: Option<Username>,
    /// When it was last noted to be used.
    pub last_used: Timestamp,
}

/// A session to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Its token's hash.
    pub token: TokenHash,
    /// Who it is to others.
    pub sender: SenderId,
    /// The account that signs in, if one does.
    pub account: Option<AccountId>,
    /// Now.
    pub at: Timestamp,
}

/// A membership that was made or renamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The room.
    pub room: Room,
    /// The name before, when the session was in the room already.
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
    /// The name is, or looks like, an account's.
    #[error("the name belongs to an account")]
    NameRegistered,
}

/// A password's hash in PHC form (`$argon2id$…`).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPassword(pub String);

impl std::fmt::Debug for StoredPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StoredPassword(…)")
    }
}

/// Numbers revocations in the order in which they were committed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RevocationId(pub i64);

/// That a session's rights have changed. Stored with the change, so that every node learns of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// Its place among all.
    pub id: RevocationId,
    /// Whose.
    pub session: SessionId,
    /// What has changed.
    pub revoked: Revoked,
}

/// What a revocation takes away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revoked {
    /// The session left this room, or was put out of it. It may have joined again since.
    Left(RoomId),
    /// The session has ended, and no other gets its id.
    Ended,
    /// The session goes by another name in this room. It may have yet another by now.
    Renamed(RoomId, Username),
}

/// An account to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// The name to sign in with.
    pub name: AccountName,
    /// The password's hash.
    pub password: StoredPassword,
    /// Who they are in rooms.
    pub sender: SenderId,
    /// May open `/admin/`.
    pub is_admin: bool,
    /// Now.
    pub at: Timestamp,
}

/// A room that comes from elsewhere, with its messages in order. They are read as the import goes, so a
/// large room needs no memory of its size.
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
    pub sender: SenderId,
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
