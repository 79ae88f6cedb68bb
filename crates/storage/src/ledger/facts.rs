//! What a decision reads from the database.

use papo_domain::{
    ClientId, Mark, MemberRole, PersonId, Posted, RoomId, RoomState, RoomTerms, Seq, SessionId,
    Timestamp, Username,
};

/// Reads a database as of the beginning of a batch, within the batch's transaction.
///
/// The ledger asks for a room, a name and a poster at most once. It keeps the answers itself, as
/// the batch changes them.
pub(crate) trait Facts {
    /// Why the database couldn't be read. It fails the whole batch.
    type Error;

    /// The end of a room's log, and the part of its state that a decision needs.
    fn room(&mut self, room: RoomId) -> Result<Option<RoomHead>, Self::Error>;

    /// The whole state of a room. The ledger asks only when a change keeps a part of it.
    fn room_state(&mut self, room: RoomId) -> Result<Option<RoomState>, Self::Error>;

    /// The listed room whose name has this key.
    fn name_holder(&mut self, name_key: &str) -> Result<Option<RoomId>, Self::Error>;

    /// A session, its person's name in a room, and whether the person may administer.
    fn poster(&mut self, session: SessionId, room: RoomId) -> Result<Option<Poster>, Self::Error>;

    /// The message that an event posted, deleted ones too.
    fn message(&mut self, room: RoomId, seq: Seq) -> Result<Option<StoredMessage>, Self::Error>;

    /// The place, in any room, of the message that this sender posted under this client id.
    fn sent(
        &mut self,
        sender: PersonId,
        client_id: &ClientId,
    ) -> Result<Option<Place>, Self::Error>;

    /// The same for a message about to be posted. The facts may assume that there is none, if the
    /// database then refuses to store it twice. Then the batch is decided again, over facts that
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
    /// What rights in the room depend on.
    pub(crate) terms: RoomTerms,
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
    /// The person.
    pub(crate) sender: PersonId,
    /// The person's name in the room; `None` if they aren't in it.
    pub(crate) username: Option<Username>,
    /// The person's role in the room, if they are in it.
    pub(crate) role: MemberRole,
    /// The mark of the person's account.
    pub(crate) mark: Option<Mark>,
    /// Whether the person's account administers and isn't suspended.
    pub(crate) administers: bool,
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
    /// Its present content.
    pub(crate) posted: Posted,
}
