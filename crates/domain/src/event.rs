//! The events of a room's log.

use crate::{
    ClientId, MessageText, RoomDescription, RoomId, RoomName, SenderId, Seq, Timestamp, Username,
};

/// One change to what the people in a room share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The room whose log this is in.
    pub room: RoomId,
    /// Its place in that log.
    pub seq: Seq,
    /// When it was stored.
    pub timestamp: Timestamp,
    /// What changed.
    pub kind: EventKind,
}

/// What an event changed. The log keeps which message an event touched, not every text it ever had: read again, an
/// event shows its message's present text, and a deleted message's text is nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// A message was posted.
    Posted(Posted),
    /// A message has a new text.
    Edited {
        /// The event that posted it.
        target: Seq,
        /// Its text; `None` when it has been deleted since.
        text: Option<MessageText>,
    },
    /// A message was deleted.
    Deleted {
        /// The event that posted it.
        target: Seq,
    },
    /// The room's name, description or state changed.
    Room(RoomState),
}

/// A message, as its event in the log shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Who wrote it.
    pub sender: SenderId,
    /// The name they had then.
    pub username: Username,
    /// Its present text; `None` when it has been deleted since.
    pub text: Option<MessageText>,
    /// The name that the sender's client gave it.
    pub client_id: Option<ClientId>,
    /// When its text last changed, if it did.
    pub edited: Option<Timestamp>,
}

/// What people see of a room itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomState {
    /// Its name after the change.
    pub name: RoomName,
    /// Its description after the change.
    pub description: RoomDescription,
    /// Whether people may be in it after the change.
    pub is_active: bool,
}
