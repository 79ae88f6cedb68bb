//! Read positions: how far a person has read in each of their rooms, how much is unread, and what
//! of that the person is notified of.

use async_trait::async_trait;
use papo_domain::{
    Level, MemberRole, RoomId, RoomName, RoomTerms, Seq, SessionId, Timestamp, Username,
};

use crate::{InboxId, StorageError};

/// The storage looks for unread messages among this many events after the read position. Without a
/// bound, a person whose own messages fill a log could have it read whole again and again. These
/// take about 2 ms.
pub(crate) const SEARCHED_EVENTS: i64 = 10_000;

/// How far persons have read, on all their devices. A session identifies the person.
///
/// Unread are the messages after the position that others posted and that aren't deleted, up to
/// [`papo_domain::UNREAD_MESSAGES`]. They are looked for among the first 10,000 events there.
#[async_trait]
pub trait ReadPositions: Send + Sync {
    /// The session's person in each of their rooms, by room, as of the returned entry of
    /// the inbox. Without rooms when the session has ended.
    async fn membership_states(
        &self,
        session: SessionId,
    ) -> Result<(InboxId, Vec<MembershipState>), StorageError>;

    /// The session's person in a room. `None` when the person isn't in it, or the session has ended.
    async fn membership_state(
        &self,
        session: SessionId,
        room: RoomId,
    ) -> Result<Option<MembershipState>, StorageError>;

    /// Moves read positions and sets levels, many persons' at once and in this order. Each
    /// membership that changes gets one entry in the inbox. Returns for each mark what holds after all of them, `None` as
    /// above.
    async fn mark(
        &self,
        marks: Vec<(SessionId, RoomId, ReadMark)>,
    ) -> Result<Vec<Option<MembershipState>>, StorageError>;
}

/// How a person is in a room, and what they have read there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembershipState {
    /// The room.
    pub room: RoomId,
    /// The room's name; of a direct room, the names of the others.
    pub name: RoomName,
    /// What rights in it depend on.
    pub terms: RoomTerms,
    /// The person's role in it.
    pub role: MemberRole,
    /// The person's name in it.
    pub username: Username,
    /// The end of the room's log, at which the unread messages were counted.
    pub last_seq: Seq,
    /// When the room's last message was posted.
    pub last_activity: Option<Timestamp>,
    /// The last event that the person has read.
    pub read: Seq,
    /// The version of the read position. It grows when messages are marked as unread, and when the
    /// person joins the room again.
    pub version: i64,
    /// How many messages are unread, up to [`papo_domain::UNREAD_MESSAGES`].
    pub unread: u32,
    /// What the person is notified of.
    pub level: Level,
}

/// What a person marks in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadMark {
    /// Everything up to an event as read. The position only moves forward, and no further than the
    /// log. The mark moves nothing if the person's device knows an older version than the stored
    /// one: it hasn't heard that messages were marked as unread.
    Read {
        /// The event.
        seq: Seq,
        /// The version of the read position that the device knows.
        version: i64,
    },
    /// An event and all later ones as unread. Nothing changes if the log doesn't reach the event.
    Unread {
        /// The event.
        seq: Seq,
    },
    /// The room itself: what the person is notified of.
    Level(Level),
}

/// A stored read position, with what the person is notified of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReadPosition {
    /// The last event that was read.
    pub(crate) seq: Seq,
    /// Its version.
    pub(crate) version: i64,
    /// What the person is notified of.
    pub(crate) level: Level,
}

impl ReadPosition {
    /// The position after a mark, in a room whose log ends at `end`. `fresh` is
    /// [`fresh_version`] in this transaction.
    pub(crate) fn marked(self, mark: ReadMark, end: Seq, fresh: i64) -> Self {
        match mark {
            ReadMark::Read { version, .. } if version < self.version => self,
            ReadMark::Unread { seq } if seq > end => self,
            ReadMark::Read { seq, .. } => Self {
                seq: self.seq.max(seq.min(end)),
                ..self
            },
            ReadMark::Unread { seq } => Self {
                seq: Seq(seq.0.saturating_sub(1)).max(Seq::START),
                // The version is fresh already if the transaction marked the room before.
                version: if self.version > fresh {
                    self.version.saturating_add(1)
                } else {
                    fresh
                },
                ..self
            },
            ReadMark::Level(level) => Self { level, ..self },
        }
    }
}

/// The version of a read position that is made or moved back after this entry of the inbox.
///
/// The transaction adds an entry, so the next version of any position is greater. It is greater
/// than those of an earlier membership, too: a device that knows only that one is late.
pub(crate) fn fresh_version(last: InboxId) -> i64 {
    last.0.saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POSITION: ReadPosition = ReadPosition {
        seq: Seq(3),
        version: 5,
        level: Level::Everything,
    };

    fn marked(mark: ReadMark) -> (i64, i64) {
        let after = POSITION.marked(mark, Seq(8), 9);
        (after.seq.0, after.version)
    }

    #[test]
    fn reading_moves_on_within_the_log_unless_the_device_is_late() {
        let read = |seq, version| {
            let seq = Seq(seq);
            marked(ReadMark::Read { seq, version })
        };
        assert_eq!(read(7, 5), (7, 5));
        assert_eq!(read(2, 5), (3, 5));
        assert_eq!(read(i64::MAX, 6), (8, 5));
        assert_eq!(read(7, 4), (3, 5));
    }

    #[test]
    fn what_the_log_doesnt_reach_cant_be_marked_as_unread() {
        let unread = |seq| marked(ReadMark::Unread { seq: Seq(seq) });
        assert_eq!(unread(2), (1, 9));
        assert_eq!(unread(8), (7, 9));
        assert_eq!(unread(i64::MIN), (0, 9));
        assert_eq!(unread(9), (3, 5));
        assert_eq!(unread(i64::MAX), (3, 5));
    }

    #[test]
    fn a_version_grows_once_in_a_transaction_and_never_shrinks() {
        let unread = ReadMark::Unread { seq: Seq(2) };
        let again = |fresh| POSITION.marked(unread, Seq(8), fresh).version;
        assert_eq!([again(9), again(5), again(4)], [9, 5, 6]);
    }
}
