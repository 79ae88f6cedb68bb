//! What a decision has to know of what is stored.

use papo_domain::{ClientId, Mark, PersonId, Posted, RoomId, Seq, SessionId, Timestamp, Username};

/// Reads a database as of the beginning of a batch, within the batch's transaction.
///
/// The ledger asks for a room, a name and a poster at most once. It keeps the answers itself, as
/// the batch changes them.
pub(crate) trait Facts {
    /// Why the database couldn't be read; the whole batch fails by it.
    type Error;

    /// The end of a room's log, and what of the room's state a change depends on.
    fn room(&mut self, room: RoomId) -> Result<Option<RoomHead>, Self::Error>;

    /// The room whose name has this key.
    fn name_holder(&mut self, name_key: &str) -> Result<Option<RoomId>, Self::Error>;

    /// A session, and its name in a room.
    fn poster(&mut self, session: SessionId, room: RoomId) -> Result<Option<Poster>, Self::Error>;

    /// The message that an event posted, deleted ones too.
    fn message(&mut self, room: RoomId, seq: Seq) -> Result<Option<StoredMessage>, Self::Error>;

    /// Where the message is, in any room, that this sender posted under this client id.
    fn sent(
        &mut self,
        sender: PersonId,
        client_id: &ClientId,
    ) -> Result<Option<Place>, Self::Error>;

    /// The same of a message that can be posted if there is none. The facts may presume so, where
    /// the database refuses to store it twice: then the batch is decided again, over facts that
    /// look.
    fn sent_before(
        &mut self,
        sender: PersonId,
        client_id: &ClientId,
    ) -> Result<Option<Place>, Self::Error> {
        self.sent(sender, client_id)
    }
}

/// Where an event is.
pub(crate) type Place = (RoomId, Seq);

/// The end of a room's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoomHead {
    /// Whether people may be in the room.
    pub(crate) is_active: bool,
    /// The seq of the last event; [`Seq::START`] before the first.
    pub(crate) last_seq: Seq,
    /// The time of the last event, or of the room's making.
    pub(crate) last_at: Timestamp,
    /// The time of the last message.
    pub(crate) last_activity: Option<Timestamp>,
    /// The name without its case ([`crate::fold::fold`]).
    pub(crate) name_key: String,
}

/// Somebody who wants to change a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Poster {
    /// Who it is to others.
    pub(crate) sender: PersonId,
    /// The name in the room; `None` outside of it.
    pub(crate) username: Option<Username>,
    /// What marks the session's account.
    pub(crate) mark: Option<Mark>,
}

/// A message, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredMessage {
    /// Its room.
    pub(crate) room: RoomId,
    /// The event that posted it.
    pub(crate) seq: Seq,
    /// When it was posted.
    pub(crate) timestamp: Timestamp,
    /// What it says now, as the event that posted it shows it.
    pub(crate) posted: Posted,
}
