//! The history of a trial, for the checker: what was sent and acknowledged and when, what each
//! client saw, and what the database holds.

use std::collections::BTreeMap;
use std::sync::Arc;

/// A moment in the order of all that the robots do and see. Moments of a run compare; they measure
/// no time.
pub(crate) type Moment = u64;

/// A message that a robot sent, however often.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sent {
    pub(crate) client_id: String,
    pub(crate) room: i64,
    /// Before the first byte of the first attempt was written.
    pub(crate) at: Moment,
    /// The sender's connection that sent it first. Messages of one connection keep their order.
    pub(crate) connection: u64,
    pub(crate) acks: Vec<Ack>,
}

/// An acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ack {
    pub(crate) seq: i64,
    /// After its last byte was read.
    pub(crate) at: Moment,
    /// The history that the server named on this connection.
    pub(crate) epoch: Arc<str>,
}

/// An edit or a deletion that was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Changed {
    pub(crate) room: i64,
    pub(crate) seq: i64,
    pub(crate) kind: Kind,
    /// After the acknowledgement's last byte was read.
    pub(crate) at: Moment,
    pub(crate) epoch: Arc<str>,
}

/// An event, as a client sees it or as the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) seq: i64,
    pub(crate) kind: Kind,
}

/// What an event did. The text may be a later one than the event's own, so it doesn't identify the
/// event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Posted {
        sender: String,
        client_id: Option<String>,
        /// `None` when the message is deleted.
        text: Option<String>,
    },
    Edited {
        target: i64,
        text: Option<String>,
    },
    Deleted {
        target: i64,
    },
    Room,
}

impl Event {
    /// Whether both are the same event, whatever the message's text was when each was read.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.seq == other.seq
            && match (&self.kind, &other.kind) {
                (
                    Kind::Posted {
                        sender, client_id, ..
                    },
                    Kind::Posted {
                        sender: other_sender,
                        client_id: other_id,
                        ..
                    },
                ) => sender == other_sender && client_id == other_id,
                (Kind::Edited { target, .. }, Kind::Edited { target: other, .. })
                | (Kind::Deleted { target }, Kind::Deleted { target: other }) => target == other,
                (Kind::Room, Kind::Room) => true,
                _ => false,
            }
    }
}

/// A snapshot: the room as of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Snapshot {
    pub(crate) seq: i64,
    /// The last messages: seq and text.
    pub(crate) messages: Vec<(i64, String)>,
    /// There are older ones.
    pub(crate) more: bool,
}

/// Something that a client saw, in the order in which it saw it.
#[derive(Debug, Clone)]
pub(crate) enum Seen {
    Event(Arc<Event>),
    Snapshot(Arc<Snapshot>),
    /// The server resumes after this event.
    Resumed(i64),
    /// The client has to forget what it has.
    Reset,
}

/// Everything that one client saw of one room, across its connections.
#[derive(Debug, Clone, Default)]
pub(crate) struct View {
    pub(crate) name: String,
    pub(crate) room: i64,
    pub(crate) seen: Vec<Seen>,
    /// The client may see nothing that is sent after this moment.
    pub(crate) revoked: Option<Moment>,
    /// Whether it must have come to the end of the log.
    pub(crate) is_complete: bool,
}

impl View {
    /// Drops what the client had to forget.
    pub(crate) fn forget_before_reset(&mut self) {
        let last = self
            .seen
            .iter()
            .rposition(|seen| matches!(seen, Seen::Reset));
        self.seen.drain(..last.unwrap_or(0));
    }
}

/// What the database has of one room.
#[derive(Debug, Clone, Default)]
pub(crate) struct RoomLog {
    pub(crate) events: Vec<Event>,
    /// The present text of each message that isn't deleted, by seq.
    pub(crate) messages: BTreeMap<i64, String>,
}

impl RoomLog {
    /// The event with this number.
    pub(crate) fn event(&self, seq: i64) -> Option<&Event> {
        self.events.get(usize::try_from(seq - 1).ok()?)
    }
}

/// What the database has.
#[derive(Debug, Clone, Default)]
pub(crate) struct Database {
    pub(crate) epoch: String,
    pub(crate) rooms: BTreeMap<i64, RoomLog>,
}

/// What happened.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    pub(crate) sent: Vec<Sent>,
    pub(crate) changed: Vec<Changed>,
    pub(crate) views: Vec<View>,
}
