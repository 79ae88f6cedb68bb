//! Changes of a room, and what became of them.

use papo_domain::{
    ClientId, Denial, Emoji, Event, MessageText, Role, RoomId, RoomState, Seq, SessionId,
    Timestamp, Username,
};

use super::facts::Poster;

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

/// What a [`NewEvent`] changes, and by whose right. The transaction that stores it checks the
/// right, so that no node accepts a change after a right has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Whose right it uses.
    pub by: By,
    /// What it does.
    pub act: Act,
}

/// Who makes a change, and by which right.
///
/// The session identifies the person: it belongs to the same person until it ends. A session that
/// has ended gives nobody a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A member of the room; to an account, its owner.
    Member(SessionId),
    /// An administrator, who needn't be in the room.
    Administrator(SessionId),
    /// The command line, or the program itself.
    System,
}

/// A kind of change in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Posts a message under the name that its sender has in the room.
    Post {
        /// The name that the client gave the message.
        client_id: Option<ClientId>,
        /// What it says.
        text: MessageText,
    },
    /// Changes the text of a message.
    Edit {
        /// The event that posted it.
        target: Seq,
        /// The new text.
        text: MessageText,
    },
    /// Deletes a message.
    Delete {
        /// The event that posted it.
        target: Seq,
    },
    /// Reacts to a message, or takes the reaction back.
    React {
        /// The event that posted it.
        target: Seq,
        /// With what.
        emoji: Emoji,
        /// Whether the member has the reaction from now on.
        is_on: bool,
    },
    /// Changes the room itself. The state includes what stays the same.
    SetRoom(RoomState),
    /// Activates or deactivates the room, and leaves the rest of its state as it is then.
    SetActive(bool),
    /// Tells the room that an administrator adds themselves to it.
    Enter {
        /// Their account's name.
        username: Username,
    },
}

impl By {
    /// The session that has the right; `None` for the system.
    pub const fn session(self) -> Option<SessionId> {
        match self {
            Self::Member(session) | Self::Administrator(session) => Some(session),
            Self::System => None,
        }
    }

    /// The role in a room, where the session has this poster. An administrator whose right has
    /// ended is denied.
    pub(crate) fn role(self, poster: Option<&Poster>) -> Result<Role, Denial> {
        match self {
            Self::Member(_) => Ok(match poster {
                Some(poster) if poster.username.is_some() => poster.role.into(),
                Some(poster) => Role::outside(poster.mark.is_some()),
                // A guest who isn't in the room and an ended session get the same answer.
                None => Role::Guest,
            }),
            Self::Administrator(_) if poster.is_some_and(|poster| poster.administers) => {
                Ok(Role::Administrator)
            }
            Self::Administrator(_) => Err(Denial::NotAdministrator),
            Self::System => Ok(Role::System),
        }
    }
}

impl Act {
    /// Bytes of the message's text.
    pub fn text_bytes(&self) -> usize {
        match self {
            Self::Post { text, .. } | Self::Edit { text, .. } => text.as_str().len(),
            Self::Delete { .. }
            | Self::React { .. }
            | Self::SetRoom(_)
            | Self::SetActive(_)
            | Self::Enter { .. } => 0,
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
    /// The person has no right to it.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// No such message, or deleted.
    #[error("no such message")]
    NoMessage,
    /// Another room has that name.
    #[error("another room has that name")]
    NameTaken,
    /// A direct room stays one, and no other room becomes one.
    #[error("a direct room stays a direct room")]
    DirectRoom,
}
