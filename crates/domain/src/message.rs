//! Messages, as they stand now.

use crate::{ClientId, Mark, MessageText, PersonId, RoomId, Seq, Timestamp, Username};

/// How many unread messages of a room are counted at most.
pub const UNREAD_MESSAGES: u32 = 100;

/// A message that hasn't been deleted, with its present text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its room.
    pub room: RoomId,
    /// The event that posted it. Room and seq identify the message.
    pub seq: Seq,
    /// Its author.
    pub sender: PersonId,
    /// The name they had then.
    pub username: Username,
    /// Their mark, if they have an account now.
    pub mark: Option<Mark>,
    /// Its present text.
    pub text: MessageText,
    /// When it was posted.
    pub timestamp: Timestamp,
    /// The name that the sender's client gave it.
    pub client_id: Option<ClientId>,
    /// When its text last changed, if it did.
    pub edited: Option<Timestamp>,
}
