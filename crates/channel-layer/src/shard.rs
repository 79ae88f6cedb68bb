//! The followers of a room, in groups that are written to together.
//!
//! A room with thousands of followers has many shards. Any thread can take one. Within a shard,
//! frames are read from the tail once and offered to each follower in turn.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use papo_domain::{EventClass, PersonId, RoomId, Seq, SessionId};

use crate::connection::Choice;
use crate::sync::{AtomicI64, Mutex};
use crate::{Connection, Frame, LiveRoom, Read, Written};

/// The most followers of a shard: about a millisecond of writing.
pub(crate) const SEATS: usize = 256;
/// Frames are offered in portions of about this many bytes.
const PORTION_BYTES: usize = 64 * 1024;
/// The cursor of a follower that hasn't begun: before everything.
const NOWHERE: Seq = Seq(i64::MIN);

/// Which of a room's frames a follower wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// All frames.
    Everything,
    /// Messages, and no other events.
    Messages,
}

/// A connection's place in a room, with its cursor.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) connection: Arc<Connection>,
    pub(crate) wants: Wants,
    /// The last seq that the connection has. Its task changes it while that is awake; otherwise it
    /// changes under the connection's lock.
    cursor: AtomicI64,
}

/// Some followers of a room.
#[derive(Debug, Default)]
pub(crate) struct Shard {
    /// Replaced when a follower comes or goes, so that nobody waits for a delivery.
    seats: Mutex<Arc<Vec<Arc<Seat>>>>,
    errand: Mutex<Errand>,
}

/// The state of a shard's delivery. There is at most one at a time, so deliveries never wait for
/// each other.
#[derive(Debug, Default)]
struct Errand {
    /// Whether a delivery runs or waits to run.
    is_taken: bool,
    /// Whether something was appended since the delivery last looked.
    is_due: bool,
    /// The last seq that followers were offered.
    offered: Option<Seq>,
}

/// A delivery of new frames to a shard's followers.
#[derive(Debug)]
#[must_use = "the followers wait for it; one that is dropped has each of them look"]
pub struct Delivery {
    room: Arc<LiveRoom>,
    shard: Arc<Shard>,
    is_done: bool,
}

/// New frames, as followers want them.
struct Fresh {
    first: Seq,
    last: Seq,
    everything: Vec<Bytes>,
    messages: Vec<Bytes>,
    /// The seqs of `messages`.
    seqs: Vec<Seq>,
    /// Whether no frame opens or closes the room, so that rooms may write them.
    is_plain: bool,
}

impl Seat {
    pub(crate) fn new(connection: Arc<Connection>, wants: Wants) -> Self {
        Self {
            connection,
            wants,
            cursor: AtomicI64::new(NOWHERE.0),
        }
    }

    pub(crate) fn cursor(&self) -> Seq {
        Seq(self.cursor.load(Ordering::Relaxed))
    }

    pub(crate) fn set_cursor(&self, cursor: Seq) {
        self.cursor.store(cursor.0, Ordering::Relaxed);
    }

    /// Writes new frames to the follower, if it rests just before them. Otherwise wakes its task.
    fn offer(&self, room: RoomId, fresh: &Fresh) -> Written {
        self.connection.write(Some(room), || {
            let cursor = self.cursor();
            if cursor >= fresh.last {
                return Choice::Nothing;
            }
            if !fresh.is_plain || cursor < Seq(fresh.first.0 - 1) {
                return Choice::Wake;
            }
            self.set_cursor(fresh.last);
            Choice::Write(fresh.after(cursor, self.wants))
        })
    }
}

impl Shard {
    pub(crate) fn len(&self) -> usize {
        self.seats.lock().len()
    }

    pub(crate) fn sessions(&self) -> Vec<(PersonId, SessionId)> {
        let seats = Arc::clone(&self.seats.lock());
        let connections = seats.iter().map(|seat| &seat.connection);
        connections
            .map(|connection| (connection.person, connection.session))
            .collect()
    }

    pub(crate) fn add(&self, seat: Arc<Seat>) {
        Arc::make_mut(&mut *self.seats.lock()).push(seat);
    }

    /// Removes a seat. Returns whether it was here.
    pub(crate) fn remove(&self, seat: &Arc<Seat>) -> bool {
        let mut seats = self.seats.lock();
        let Some(index) = seats.iter().position(|other| Arc::ptr_eq(other, seat)) else {
            return false;
        };
        Arc::make_mut(&mut *seats).swap_remove(index);
        true
    }

    /// The lowest cursor of the followers that have begun.
    fn hindmost(&self) -> Seq {
        let seats = Arc::clone(&self.seats.lock());
        let cursors = seats.iter().map(|seat| seat.cursor());
        let begun = cursors.filter(|cursor| *cursor != NOWHERE);
        begun.min().unwrap_or(Seq::START)
    }

    /// Has every follower look at the room.
    pub(crate) fn wake(&self, room: RoomId) {
        let seats = Arc::clone(&self.seats.lock());
        for seat in seats.iter() {
            seat.connection.wake_room(room);
        }
    }

    /// Marks the shard as having news. Returns a delivery unless one is already running, which will
    /// pick it up.
    pub(crate) fn due(self: &Arc<Self>, room: &Arc<LiveRoom>) -> Option<Delivery> {
        let mut errand = self.errand.lock();
        errand.is_due = true;
        let was_taken = std::mem::replace(&mut errand.is_taken, true);
        (!was_taken).then(|| Delivery {
            room: Arc::clone(room),
            shard: Arc::clone(self),
            is_done: false,
        })
    }
}

impl Delivery {
    /// How many followers this writes to.
    pub fn followers(&self) -> usize {
        self.shard.len()
    }

    /// Offers the followers a portion of new frames; `None` when there are none and the delivery is
    /// done.
    pub fn round(&mut self) -> Option<Written> {
        let mut written = Written::default();
        let from = self.next()?;
        let mut frames = Vec::new();
        let read = self.room.read(from, PORTION_BYTES, &mut frames);
        if read == Read::Behind {
            self.note(self.room.end(), false);
            self.shard.wake(self.room.id);
        } else if let Some(fresh) = Fresh::new(frames) {
            self.note(fresh.last, read == Read::More);
            let seats = Arc::clone(&self.shard.seats.lock());
            for seat in seats.iter() {
                written += seat.offer(self.room.id, &fresh);
            }
        }
        Some(written)
    }

    /// Where to read on. `None` when nothing is new; then the next news starts another delivery.
    fn next(&mut self) -> Option<Seq> {
        let mut errand = self.shard.errand.lock();
        // A later append makes the shard due again.
        if !std::mem::replace(&mut errand.is_due, false) {
            errand.is_taken = false;
            self.is_done = true;
            return None;
        }
        let offered = errand.offered;
        drop(errand);
        Some(offered.unwrap_or_else(|| self.shard.hindmost()))
    }

    fn note(&self, offered: Seq, is_more: bool) {
        let mut errand = self.shard.errand.lock();
        errand.offered = Some(offered);
        errand.is_due |= is_more;
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if !self.is_done {
            self.shard.errand.lock().is_taken = false;
            self.shard.wake(self.room.id);
        }
    }
}

impl Fresh {
    /// Consecutive frames, if there are any.
    fn new(frames: Vec<Frame>) -> Option<Self> {
        let (first, last) = (frames.first()?.seq, frames.last()?.seq);
        let messages = || {
            let is_message = |frame: &&Frame| frame.class == EventClass::Message;
            frames.iter().filter(is_message)
        };
        let is_plain =
            |frame: &Frame| matches!(frame.class, EventClass::Message | EventClass::Change);
        Some(Self {
            first,
            last,
            messages: messages().map(|frame| frame.bytes.clone()).collect(),
            seqs: messages().map(|frame| frame.seq).collect(),
            is_plain: frames.iter().all(is_plain),
            everything: frames.into_iter().map(|frame| frame.bytes).collect(),
        })
    }

    fn after(&self, cursor: Seq, wants: Wants) -> &[Bytes] {
        match wants {
            Wants::Everything => {
                let known = cursor.0 - (self.first.0 - 1);
                let known = usize::try_from(known).unwrap_or(0);
                self.everything.get(known..).unwrap_or_default()
            }
            Wants::Messages => {
                let known = self.seqs.partition_point(|seq| *seq <= cursor);
                &self.messages[known..]
            }
        }
    }
}
