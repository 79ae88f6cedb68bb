//! A connection, for the rest of the program: it can write to it, wake it, and end it.
//!
//! A connection's task writes to it while the task is awake. While the task rests, the rooms that
//! it follows write. One lock hands over ([`Connection::hold`], [`Connection::rest`]). So no task
//! wakes to write a frame that fits into the socket.

mod line;
mod room_set;
mod watching;

use std::fmt;
use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use papo_domain::{Mark, PersonId, RoomId, SessionId};
use tokio::sync::Notify;

use self::line::Line;
pub use self::room_set::RoomSet;
pub use self::watching::WaitingHeads;
use crate::sync::Mutex;

/// Identifies a connection within this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(u64);

/// A notice, on which a connection's task must act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The person has left this room, has another name or mark in it, or has joined it again since.
    /// The task asks which before it writes more of the room.
    Changed(RoomId),
    /// The person has joined this room, or has read on in it, on any device. The task of a
    /// connection that watches asks what holds now.
    Inbox(RoomId),
    /// The session of this device has ended. Nothing more may be written.
    SessionEnded,
    /// The client doesn't read what waits for it, and others need the space. The connection should
    /// end.
    Slow,
    /// The server is about to stop. Clients should come back within this time.
    Stopping(Duration),
}

/// Where a connection's bytes go.
pub trait Wire: Send + Sync {
    /// Writes as much as the socket takes without waiting. Returns how many bytes, or
    /// [`io::ErrorKind::WouldBlock`] for none.
    fn write(&self, frames: &[IoSlice<'_>]) -> io::Result<usize>;
}

/// Frames and bytes that have been written.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Frames whose last byte was written.
    pub frames: u64,
    /// Bytes.
    pub bytes: u64,
}

/// An open socket, as the rest of the program sees it.
pub struct Connection {
    /// Its number.
    pub id: ConnectionId,
    /// The session, which is one device's.
    pub session: SessionId,
    /// The person.
    pub person: PersonId,
    /// The client's address.
    pub address: Option<IpAddr>,
    notify: Notify,
    line: Mutex<Line>,
    /// Requests that haven't ended.
    requests: AtomicUsize,
}

/// A request of a connection. It ends when its answer and its event have gone out, or when it is
/// dropped.
#[derive(Debug)]
pub struct Request {
    /// The connection.
    pub connection: Arc<Connection>,
    is_finished: bool,
}

impl Connection {
    /// A connection of `session`, whose task is awake.
    pub fn new(session: SessionId, person: PersonId, address: Option<IpAddr>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            id: ConnectionId(NEXT.fetch_add(1, Ordering::Relaxed)),
            session,
            person,
            address,
            notify: Notify::new(),
            line: Mutex::default(),
            requests: AtomicUsize::new(0),
        }
    }

    /// The person's mark, if they have an account.
    pub fn mark(&self) -> Option<Mark> {
        self.line.lock().mark
    }

    /// Sets the person's mark, as the database has it.
    pub fn set_mark(&self, mark: Option<Mark>) {
        self.line.lock().mark = mark;
    }

    /// Begins a request.
    pub fn request(self: &Arc<Self>) -> Request {
        self.requests.fetch_add(1, Ordering::AcqRel);
        Request {
            connection: Arc::clone(self),
            is_finished: false,
        }
    }

    /// How many requests haven't ended.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Acquire)
    }

    /// Lets rooms write to `wire` whenever the task rests.
    pub fn open(&self, wire: Arc<dyn Wire>) {
        self.line.lock().wire = Some(wire);
    }

    /// Keeps rooms from writing, and drops the wire.
    pub fn close(&self) {
        let mut line = self.line.lock();
        line.is_resting = false;
        line.wire = None;
    }

    /// Reserves the wire for the task. Returns what the wire didn't take, and answers; the task
    /// writes these first.
    pub fn hold(&self) -> Vec<Bytes> {
        let mut line = self.line.lock();
        line.is_resting = false;
        std::mem::take(&mut line.waiting)
    }

    /// The task has written everything and rests; from here on rooms write. `false` when there is
    /// something that it hasn't seen.
    pub fn rest(&self) -> bool {
        self.line.lock().rest()
    }

    /// Wakes the connection's task.
    pub fn wake(&self) {
        self.notify.notify_one();
    }

    /// Wakes the connection's task, so that it looks at this room.
    pub fn wake_room(&self, room: RoomId) {
        self.line.lock().rooms.add(room);
        self.wake();
    }

    /// Takes the rooms that have something for the connection. Call it before their tails are read:
    /// what is appended later adds its room again.
    pub fn take_rooms(&self) -> RoomSet {
        std::mem::take(&mut self.line.lock().rooms)
    }

    /// Waits for a call of [`Self::wake`] since the last time.
    pub async fn woken(&self) {
        self.notify.notified().await;
    }

    /// Adds the answer to a request of this connection. It goes out with a room's next frames or
    /// when the request ends, whichever is first.
    pub fn answer(&self, frame: Bytes) {
        self.line.lock().waiting.push(frame);
    }

    /// Takes the answers given so far.
    pub fn take_answers(&self) -> Vec<Bytes> {
        std::mem::take(&mut self.line.lock().waiting)
    }

    /// Adds a notice. When this returns, what is appended to a log later is written only after the
    /// task has seen the notice.
    pub fn notice(&self, notice: Notice) {
        let mut line = self.line.lock();
        line.is_resting = false;
        if !line.notices.contains(&notice) {
            line.notices.push(notice);
        }
        drop(line);
        self.wake();
    }

    /// Whether a waiting notice may end the right to this room. Ask after a room's state was read
    /// and before it is written, as with [`Self::take_notices`].
    pub fn may_have_lost(&self, room: RoomId) -> bool {
        let may_end = |notice: &Notice| match notice {
            Notice::Changed(changed) => *changed == room,
            Notice::SessionEnded => true,
            Notice::Inbox(_) | Notice::Stopping(_) | Notice::Slow => false,
        };
        self.line.lock().notices.iter().any(may_end)
    }

    /// Takes the notices. Call it after frames were read from a tail and before they are written.
    /// So the task sees the end of a right together with what was appended after it.
    pub fn take_notices(&self) -> Vec<Notice> {
        std::mem::take(&mut self.line.lock().notices)
    }

    /// Whether it watches this room.
    pub fn watches(&self, room: RoomId) -> bool {
        let line = self.line.lock();
        let watching = line.watching.as_ref();
        watching.is_some_and(|watching| watching.has(room))
    }

    /// The rooms that it watches.
    pub fn watched_rooms(&self) -> Vec<RoomId> {
        let line = self.line.lock();
        let watching = line.watching.as_ref();
        watching.map_or_else(Vec::new, |watching| watching.rooms().to_vec())
    }

    /// Whether it has watched anything, be it no room.
    pub(crate) fn is_watching(&self) -> bool {
        self.line.lock().watching.is_some()
    }

    /// Drops the waiting heads, so that the task tells of all rooms again.
    pub(crate) fn lose_heads(&self) {
        let mut line = self.line.lock();
        if let Some(watching) = &mut line.watching {
            watching.lose();
            line.is_resting = false;
            drop(line);
            self.wake();
        }
    }

    /// Adds rooms to those that it watches. Returns the new ones.
    pub(crate) fn watch(&self, rooms: &[RoomId]) -> Vec<RoomId> {
        let mut line = self.line.lock();
        line.watching.get_or_insert_default().add(rooms)
    }

    /// Ends the watching of a room, and drops its waiting heads. Returns whether it was watched.
    pub(crate) fn unwatch(&self, room: RoomId) -> bool {
        let mut line = self.line.lock();
        let watching = line.watching.as_mut();
        watching.is_some_and(|watching| watching.remove(room))
    }

    /// Ends the watching of all rooms, and returns them.
    pub(crate) fn unwatch_all(&self) -> Vec<RoomId> {
        let mut line = self.line.lock();
        let watching = line.watching.as_mut();
        watching.map_or_else(Vec::new, |watching| watching.clear())
    }

    /// Adds the encoded head of a room, if the connection watches it. Returns whether nothing
    /// waited before; then [`Self::write_heads`] must follow.
    pub(crate) fn give_head(&self, room: RoomId, frame: Bytes) -> bool {
        let mut line = self.line.lock();
        let watching = line.watching.as_mut();
        watching.is_some_and(|watching| watching.push(room, frame))
    }

    /// Writes the waiting heads if the task rests. Otherwise wakes the task.
    pub fn write_heads(&self) -> Written {
        let mut line = self.line.lock();
        let written = if line.is_resting {
            line.write_heads()
        } else {
            Written::default()
        };
        let is_resting = line.is_resting;
        drop(line);
        if !is_resting {
            self.wake();
        }
        written
    }

    /// Takes the waiting heads for the task. `None` while a notice waits: it may end a right, and
    /// the task must act on it first.
    pub fn take_heads(&self) -> Option<WaitingHeads> {
        let mut line = self.line.lock();
        if !line.notices.is_empty() {
            return None;
        }
        let watching = line.watching.as_mut();
        Some(watching.map_or_else(WaitingHeads::default, |watching| watching.take()))
    }

    /// Writes a room's frames if the task rests and `choose`, which is then called, returns some.
    /// Otherwise wakes the task, so that it looks at the room. What the wire doesn't take is kept,
    /// to be written first.
    pub(crate) fn write<'a>(
        &self,
        room: Option<RoomId>,
        choose: impl FnOnce() -> Choice<'a>,
    ) -> Written {
        let mut line = self.line.lock();
        let choice = if line.is_resting {
            choose()
        } else {
            Choice::Wake
        };
        let written = match choice {
            Choice::Nothing => return Written::default(),
            Choice::Write(frames) => line.write(frames),
            Choice::Wake => {
                if let Some(room) = room {
                    line.rooms.add(room);
                }
                Written::default()
            }
        };
        let is_resting = line.is_resting && !matches!(choice, Choice::Wake);
        drop(line);
        if !is_resting {
            self.wake();
        }
        written
    }
}

/// What a room has for a resting connection.
#[derive(Clone, Copy)]
pub(crate) enum Choice<'a> {
    /// Nothing new.
    Nothing,
    /// These frames.
    Write(&'a [Bytes]),
    /// More than the room can write: the task must look.
    Wake,
}

impl Request {
    /// Ends the request. Its answer is written now if the connection's task rests; otherwise the
    /// task is woken.
    pub fn finish(mut self) -> Written {
        self.is_finished = true;
        let connection = Arc::clone(&self.connection);
        // A task that waits for its last request must find it ended when it wakes.
        drop(self);
        connection.write(None, || Choice::Write(&[]))
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.connection.requests.fetch_sub(1, Ordering::AcqRel);
        if !self.is_finished {
            self.connection.wake();
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("id", &self.id)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl std::ops::AddAssign for Written {
    fn add_assign(&mut self, other: Self) {
        self.frames += other.frames;
        self.bytes += other.bytes;
    }
}
