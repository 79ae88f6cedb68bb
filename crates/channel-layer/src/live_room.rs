//! A room that somebody follows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;
use papo_domain::{Mark, PersonId, RoomId, Seq, SessionId, Username};
use tokio::time::Instant;

use crate::presence::Presence;
use crate::shard::{SEATS, Seat, Shard};
use crate::sync::{Mutex, RwLock};
use crate::typing::Typing;
use crate::{Delivery, Frame, Lack, NodeId, People, PresenceFrame, Present, Read, Tail};

/// How much of the logs' ends is kept in memory.
#[derive(Debug, Clone, Copy)]
pub struct TailLimits {
    /// Frames of one room.
    pub room_frames: usize,
    /// Bytes of one room.
    pub room_bytes: usize,
    /// Bytes of all rooms. Beyond it a growing room keeps a sixteenth of its own limit.
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

/// A followed room: its tail, its followers, who is online, and who is writing.
#[derive(Debug)]
pub struct LiveRoom {
    /// Its number.
    pub id: RoomId,
    tail: Mutex<Tail>,
    /// Held while the log is read for the tail, so that one task reads for all.
    pub reading: tokio::sync::Mutex<()>,
    /// Its followers. A connection may be here twice for a moment.
    shards: RwLock<Vec<Arc<Shard>>>,
    presence: Mutex<Presence>,
    typing: Mutex<Typing>,
    /// Whether a look for missing frames is planned.
    is_look_planned: AtomicBool,
    /// The presence's version and the count of typing signs, readable without their locks.
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
            is_look_planned: AtomicBool::new(false),
            presence_version: AtomicU64::new(0),
            typing_count: AtomicU64::new(0),
            limits,
            all_bytes,
        }
    }

    /// Starts the tail at the log's end; does nothing when it has started.
    pub fn open(&self, end: Seq, frames: Vec<Frame>) {
        self.change_tail(|tail| tail.open(end, frames));
    }

    /// Starts the tail again further on; see [`Tail::jump`].
    pub fn jump(&self, end: Seq, frames: Vec<Frame>) {
        self.change_tail(|tail| tail.jump(end, frames));
        self.wake_all();
    }

    /// Whether the tail has started.
    pub fn is_open(&self) -> bool {
        self.tail.lock().end().is_some()
    }

    /// Appends frames of the log to the tail, in order. Returns whether it lacks some, which may be
    /// on their way. Afterwards, run [`Self::deliveries`] to write to the followers.
    pub fn append(&self, frames: impl IntoIterator<Item = Frame>) -> bool {
        self.change_tail(|tail| {
            for frame in frames {
                tail.append(frame);
                take_early(tail);
            }
            tail.is_lacking()
        })
    }

    /// Offers the tail frames of another node. It takes those that are next, and believes nothing
    /// of others. `true` when there are others: then ask the log where it ends.
    pub fn offer(&self, frames: impl IntoIterator<Item = Frame>) -> bool {
        self.change_tail(|tail| {
            for frame in frames {
                tail.offer(frame);
                take_early(tail);
            }
            // A tail that is being opened may miss them.
            tail.is_told_of_more()
        })
    }

    /// Plans a look for missing frames; `false` when one is planned already.
    pub fn plan_look(&self) -> bool {
        !self.is_look_planned.swap(true, Ordering::SeqCst)
    }

    /// What the tail lacks; see [`Tail::lack`]. What is missing later needs another look.
    pub fn look(&self) -> Lack {
        self.is_look_planned.store(false, Ordering::SeqCst);
        self.tail.lock().lack()
    }

    /// The deliveries to the followers after an append. Any thread may run each by
    /// [`Delivery::round`] until it is done.
    pub fn deliveries(self: &Arc<Self>) -> Vec<Delivery> {
        let shards = self.shards.read();
        shards.iter().filter_map(|shard| shard.due(self)).collect()
    }

    /// Notes that the log reaches `seq`. Returns whether it must be read.
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

    /// How many people are online.
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

    /// The present presence frame, unless it has this version.
    pub fn presence_after(&self, version: u64) -> Option<PresenceFrame> {
        if self.presence_version.load(Ordering::Acquire) <= version {
            return None;
        }
        let presence = self.presence.lock();
        let frame = presence.frame();
        (frame.version > version).then(|| frame.clone())
    }

    /// Adds a sign that somebody is writing.
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

    /// Takes another node's list of people.
    pub(crate) fn hear_people(&self, node: NodeId, people: People, now: Instant) {
        self.presence.lock().hear(node, people, now);
    }

    /// Removes the people of a node that has stopped.
    pub(crate) fn stop_node(&self, node: NodeId, now: Instant) {
        self.presence.lock().stop(node, now);
    }

    /// Sends the list of people to the other nodes soon.
    pub(crate) fn tell_people_soon(&self, now: Instant) {
        self.presence.lock().tell_soon(now);
    }

    /// The people here, when the list for the other nodes is due.
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

    /// Removes a seat. Returns whether nobody is left.
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

    /// The followers' persons and sessions.
    pub fn sessions(&self) -> Vec<(PersonId, SessionId)> {
        let shards = self.shards.read();
        shards.iter().flat_map(|shard| shard.sessions()).collect()
    }

    fn wake_all(&self) {
        for shard in self.shards.read().iter() {
            shard.wake(self.id);
        }
    }

    /// Changes the tail, keeps it within its limits, and updates the sum of all tails.
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

/// Appends early frames that are next now.
fn take_early(tail: &mut Tail) {
    while let Some(frame) = tail.next_early() {
        tail.append(frame);
    }
}

impl Drop for LiveRoom {
    fn drop(&mut self) {
        self.all_bytes
            .fetch_sub(self.tail.get_mut().bytes(), Ordering::Relaxed);
    }
}
