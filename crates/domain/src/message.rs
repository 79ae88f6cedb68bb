//! Messages, as they stand now.

use crate::{ClientId, Mark, MessageText, PersonId, RoomId, Seq, Timestamp, Username};

/// A message that hasn't been deleted, with its present text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Where it was posted.
    pub room: RoomId,
    /// The event that posted it; with the room, the message's name.
    pub seq: Seq,
    /// Who wrote it.
    pub sender: PersonId,
    /// The name they had then.
    pub username: Username,
    /// Their mark, if they have an account now.
    pub mark: Option<Mark>,
    /// What it says now.
    pub text: MessageText,
    /// When it was posted.
    pub timestamp: Timestamp,
    /// The name that the sender's client gave it.
    pub client_id: Option<ClientId>,
    /// When its text last changed, if it did.
    pub edited: Option<Timestamp>,
}
