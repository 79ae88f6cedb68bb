//! Changes of a room, and what became of them.

use papo_domain::{ClientId, Event, MessageText, RoomId, RoomState, Seq, SessionId, Timestamp};

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

/// What a [`NewEvent`] changes. The transaction that stores it checks the rights, so that no node
/// accepts a change after a right has ended.
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
    /// Changes the text of the session's own message, in an active room that its person is in.
    Edit {
        /// Who.
        session: SessionId,
        /// The event that posted it.
        target: Seq,
        /// The new text.
        text: MessageText,
    },
    /// Deletes a message: the session's own, in an active room that its person is in. Without a
    /// session, any message in any room.
    Delete {
        /// Who; `None` for an administrator, whose right the caller has checked.
        session: Option<SessionId>,
        /// The event that posted it.
        target: Seq,
    },
    /// Changes the room itself. The state includes what stays the same. The caller has checked the
    /// right.
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
    /// It was stored before, under the same client id. Followers have it already.
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
