//! A room that somebody follows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;
use papo_domain::{EventClass, Mark, PersonId, RoomId, Seq, SessionId, Username};
use tokio::time::Instant;

use crate::presence::Presence;
use crate::shard::{SEATS, Seat, Shard};
use crate::sync::{Mutex, RwLock};
use crate::typing::Typing;
use crate::{Append, Delivery, Frame, Lack, NodeId, People, PresenceFrame, Present, Read, Tail};

/// How much of the logs' ends is kept in memory.
#[derive(Debug, Clone, Copy)]
pub struct TailLimits {
    /// Frames of one room.
    pub room_frames: usize,
    /// Bytes of one room.
    pub room_bytes: usize,
    /// Bytes of all rooms. Past it a room that grows keeps a sixteenth of its own.
    pub all_bytes: usize,
}

impl Default for TailLimits {
    fn default() -> Self {
        Self {
            room_frames: 4_096,
            room_bytes: 1 << 20,
            all_bytes: 64 << 20,
        }
    }
}

/// A followed room: its tail, who follows it, who is there, who is writing.
#[derive(Debug)]
pub struct LiveRoom {
    /// Which.
    pub id: RoomId,
    tail: Mutex<Tail>,
    /// Held by whoever reads the log for the tail, so that one does it for all.
    pub reading: tokio::sync::Mutex<()>,
    /// Who follows it; a connection may for a moment do so twice.
    shards: RwLock<Vec<Arc<Shard>>>,
    presence: Mutex<Presence>,
    typing: Mutex<Typing>,
    is_active: AtomicBool,
    /// Whether somebody is about to look what the tail lacks.
    is_look_planned: AtomicBool,
    /// The presence's version and the typing signs' count, readable without their locks.
    presence_version: AtomicU64,
    typing_count: AtomicU64,
    limits: TailLimits,
    /// Bytes of all rooms' tails.
    all_bytes: Arc<AtomicUsize>,
}

impl LiveRoom {
    pub(crate) fn new(id: RoomId, limits: TailLimits, all_bytes: Arc<AtomicUsize>) -> Self {
        Self {
            id,
            tail: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
            shards: RwLock::default(),
            presence: Mutex::default(),
            typing: Mutex::default(),
            is_active: AtomicBool::new(true),
            is_look_planned: AtomicBool::new(false),
            presence_version: AtomicU64::new(0),
            typing_count: AtomicU64::new(0),
            limits,
            all_bytes,
        }
    }

    /// Starts the tail at the log's end; does nothing when it has started.
    pub fn open(&self, end: Seq, frames: Vec<Frame>) {
        self.change_tail(|tail| {
            self.heed(&frames);
            tail.open(end, frames);
        });
    }

    /// Starts the tail again further on; see [`Tail::jump`].
    pub fn jump(&self, end: Seq, frames: Vec<Frame>) {
        self.change_tail(|tail| {
            self.heed(&frames);
            tail.jump(end, frames);
        });
        self.wake_all();
    }

    /// Whether the tail has started.
    pub fn is_open(&self) -> bool {
        self.tail.lock().end().is_some()
    }

    /// Offers the tail frames of the log, in order. Whether it lacks some, which may be on their
    /// way. When this returns, [`Self::deliveries`] brings what the tail took to the followers.
    pub fn append(&self, frames: impl IntoIterator<Item = Frame>) -> bool {
        self.change_tail(|tail| {
            for frame in frames {
                self.take(tail, frame, Tail::append);
                self.take_early(tail);
            }
            tail.is_lacking()
        })
    }

    /// Offers the tail frames that another node tells of. It takes those that are next, and
    /// believes nothing of others: when there are any, the log must be asked where it ends. Then
    /// this is `true`.
    pub fn offer(&self, frames: impl IntoIterator<Item = Frame>) -> bool {
        self.change_tail(|tail| {
            for frame in frames {
                self.take(tail, frame, Tail::offer);
                self.take_early(tail);
            }
            // A tail that is being opened may be opened without them.
            tail.is_told_of_more()
        })
    }

    /// Notes that somebody is to look what the tail lacks; `false` when somebody is about to do so
    /// already.
    pub fn plan_look(&self) -> bool {
        !self.is_look_planned.swap(true, Ordering::SeqCst)
    }

    /// What the tail lacks; see [`Tail::lack`]. Whatever comes to be missing from here on needs
    /// another look.
    pub fn look(&self) -> Lack {
        self.is_look_planned.store(false, Ordering::SeqCst);
        self.tail.lock().lack()
    }

    /// The followers who are to be written to, after something was appended: for each delivery
    /// [`Delivery::round`] until it is done, by any thread.
    pub fn deliveries(self: &Arc<Self>) -> Vec<Delivery> {
        let shards = self.shards.read();
        shards.iter().filter_map(|shard| shard.due(self)).collect()
    }

    /// Notes that the log reaches `seq`. Whether it must be read.
    pub fn hear(&self, seq: Seq) -> bool {
        self.tail.lock().hear(seq)
    }

    /// The highest seq that is known to be in the log.
    pub fn heard(&self) -> Seq {
        self.tail.lock().heard()
    }

    /// Where the tail ends; 0 before it has started.
    pub fn end(&self) -> Seq {
        self.tail.lock().end().unwrap_or(Seq::START)
    }

    /// Pushes frames after the cursor to `out`, about `budget` bytes of them.
    pub fn read(&self, cursor: Seq, budget: usize, out: &mut Vec<Frame>) -> Read {
        self.tail.lock().read(cursor, budget, out)
    }

    /// Whether people may be in the room, as far as its tail tells.
    pub fn is_active(&self) -> bool {
        self.is_active.load(Ordering::Acquire)
    }

    /// Sets what [`Self::is_active`] says, when the room has been read.
    pub fn set_active(&self, is_active: bool) {
        self.is_active.store(is_active, Ordering::Release);
    }

    /// How many people are there.
    pub fn online(&self) -> usize {
        self.presence.lock().online()
    }

    /// Notes a person's new name or mark.
    pub fn rename(&self, person: PersonId, username: Username, mark: Option<Mark>, now: Instant) {
        let present = Present {
            person,
            username,
            mark,
        };
        self.presence.lock().rename(present, now);
    }

    /// What to tell of who is there, when it isn't the version that was told last.
    pub fn presence_after(&self, version: u64) -> Option<PresenceFrame> {
        if self.presence_version.load(Ordering::Acquire) <= version {
            return None;
        }
        let presence = self.presence.lock();
        let frame = presence.frame();
        (frame.version > version).then(|| frame.clone())
    }

    /// Tells that somebody is writing.
    pub fn push_typing(&self, sender: PersonId, frame: Bytes) {
        let mut typing = self.typing.lock();
        typing.push(sender, frame);
        self.typing_count.store(typing.count(), Ordering::Release);
        drop(typing);
        self.wake_all();
    }

    /// Where a reader of typing signs begins.
    pub fn typing_count(&self) -> u64 {
        self.typing_count.load(Ordering::Acquire)
    }

    /// Pushes the typing signs after the cursor, and moves it.
    pub fn read_typing(&self, reader: PersonId, cursor: &mut u64, out: &mut Vec<Bytes>) {
        if self.typing_count() > *cursor {
            self.typing.lock().read(reader, cursor, out);
        }
    }

    /// Takes what another node tells of its people.
    pub(crate) fn hear_people(&self, node: NodeId, people: People, now: Instant) {
        self.presence.lock().hear(node, people, now);
    }

    /// Takes away the people of a node that has stopped.
    pub(crate) fn stop_node(&self, node: NodeId, now: Instant) {
        self.presence.lock().stop(node, now);
    }

    /// Has the other nodes told who is here.
    pub(crate) fn tell_people_soon(&self, now: Instant) {
        self.presence.lock().tell_soon(now);
    }

    /// Who is here, when it is time to tell the other nodes.
    pub(crate) fn people_to_tell(
        &self,
        now: Instant,
        most: usize,
        chance: u64,
    ) -> Option<(usize, Vec<Present>)> {
        self.presence.lock().take_news(now, most, chance)
    }

    pub(crate) fn refresh_presence(
        &self,
        now: Instant,
        most: usize,
        encode: impl FnOnce(RoomId, usize, Vec<Present>) -> Bytes,
    ) {
        let id = self.id;
        let mut presence = self.presence.lock();
        let changed = presence.refresh(now, most, |online, people| encode(id, online, people));
        self.presence_version
            .store(presence.frame().version, Ordering::Release);
        drop(presence);
        if changed {
            self.wake_all();
        }
    }

    pub(crate) fn add(&self, seat: Arc<Seat>, username: Username, now: Instant) {
        let present = Present {
            person: seat.connection.person,
            username,
            mark: seat.connection.mark(),
        };
        self.presence.lock().enter(present, now);
        let mut shards = self.shards.write();
        if let Some(shard) = shards.iter().find(|shard| shard.len() < SEATS) {
            shard.add(seat);
        } else {
            let shard = Arc::new(Shard::default());
            shard.add(seat);
            shards.push(shard);
        }
    }

    /// Whether nobody is left.
    pub(crate) fn remove(&self, seat: &Arc<Seat>, now: Instant) -> bool {
        self.presence.lock().leave(seat.connection.person, now);
        let mut shards = self.shards.write();
        if let Some(index) = shards.iter().position(|shard| shard.remove(seat))
            && shards[index].len() == 0
        {
            shards.swap_remove(index);
        }
        shards.is_empty()
    }

    /// How many connections follow the room.
    pub fn follower_count(&self) -> usize {
        self.shards.read().iter().map(|shard| shard.len()).sum()
    }

    /// Who follows the room, and with which sessions.
    pub fn sessions(&self) -> Vec<(PersonId, SessionId)> {
        let shards = self.shards.read();
        shards.iter().flat_map(|shard| shard.sessions()).collect()
    }

    fn take(&self, tail: &mut Tail, frame: Frame, take: fn(&mut Tail, Frame) -> Append) {
        let heeded = frame.clone();
        if take(tail, frame) == Append::Appended {
            self.heed(&[heeded]);
        }
    }

    /// Takes what came early and is next now.
    fn take_early(&self, tail: &mut Tail) {
        while let Some(frame) = tail.next_early() {
            self.take(tail, frame, Tail::append);
        }
    }

    fn wake_all(&self) {
        for shard in self.shards.read().iter() {
            shard.wake();
        }
    }

    /// Heeds what new frames say of the room.
    fn heed(&self, frames: &[Frame]) {
        let says = |frame: &Frame| match frame.class {
            EventClass::Closing => Some(false),
            EventClass::Opening => Some(true),
            EventClass::Message | EventClass::Change => None,
        };
        if let Some(is_active) = frames.iter().rev().find_map(says) {
            self.set_active(is_active);
        }
    }

    /// Changes the tail, keeps it within its limits, and the sum of all tails true.
    fn change_tail<T>(&self, change: impl FnOnce(&mut Tail) -> T) -> T {
        let mut tail = self.tail.lock();
        let before = tail.bytes();
        let result = change(&mut tail);
        let TailLimits {
            room_frames,
            room_bytes,
            all_bytes,
        } = self.limits;
        tail.trim(room_frames, room_bytes);
        let others = self
            .all_bytes
            .load(Ordering::Relaxed)
            .saturating_sub(before);
        if others + tail.bytes() > all_bytes {
            tail.trim(room_frames / 16, room_bytes / 16);
        }
        let after = tail.bytes();
        if after >= before {
            self.all_bytes.fetch_add(after - before, Ordering::Relaxed);
        } else {
            self.all_bytes.fetch_sub(before - after, Ordering::Relaxed);
        }
        result
    }
}

impl Drop for LiveRoom {
    fn drop(&mut self) {
        self.all_bytes
            .fetch_sub(self.tail.get_mut().bytes(), Ordering::Relaxed);
    }
}
