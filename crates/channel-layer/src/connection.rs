//! What the rest of the program can do to a connection: wake it, answer it, end it.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use papo_domain::{RoomId, SenderId, SessionId, Username};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// Tells connections apart for as long as the process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(u64);

/// Something that a connection's task must act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The session left this room: nothing more of it may be written.
    Left(RoomId),
    /// The session is over: nothing more may be written.
    SessionEnded,
    /// The session has another name in this room.
    Renamed(RoomId, Username),
    /// The server is about to stop.
    Stopping,
}

/// One open socket, seen from the inside of the program. The task that owns the socket waits in [`Self::woken`] and then
/// looks: at its answers, its notices, and the rooms that it follows.
#[derive(Debug)]
pub struct Connection {
    /// Which one.
    pub id: ConnectionId,
    /// Whose.
    pub session: SessionId,
    /// Who that is to others.
    pub sender: SenderId,
    /// Where it comes from.
    pub address: Option<IpAddr>,
    notify: Notify,
    inbox: Mutex<Inbox>,
}

/// What waits for the connection's task. Bounded: there is one answer for each request in flight, and notices are
/// rare and each is kept once.
#[derive(Debug, Default)]
struct Inbox {
    answers: Vec<Bytes>,
    notices: Vec<Notice>,
}

impl Connection {
    /// A connection of `session`.
    pub fn new(session: SessionId, sender: SenderId, address: Option<IpAddr>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            id: ConnectionId(NEXT.fetch_add(1, Ordering::Relaxed)),
            session,
            sender,
            address,
            notify: Notify::new(),
            inbox: Mutex::default(),
        }
    }

    /// Has the connection's task look again.
    pub fn wake(&self) {
        self.notify.notify_one();
    }

    /// Waits until somebody has called [`Self::wake`] since the last time.
    pub async fn woken(&self) {
        self.notify.notified().await;
    }

    /// Gives the connection the answer to a request of its own.
    pub fn answer(&self, frame: Bytes) {
        self.inbox.lock().answers.push(frame);
        self.wake();
    }

    /// Takes the answers given so far.
    pub fn take_answers(&self) -> Vec<Bytes> {
        std::mem::take(&mut self.inbox.lock().answers)
    }

    /// Gives the connection a notice. When this returns, whatever is appended to a log later is written to the
    /// connection only after its task has seen the notice.
    pub fn notice(&self, notice: Notice) {
        let mut inbox = self.inbox.lock();
        if !inbox.notices.contains(&notice) {
            inbox.notices.push(notice);
        }
        drop(inbox);
        self.wake();
    }

    /// Takes the notices. To be asked after frames were read from a tail and before they are written: whatever was
    /// appended after a right ended is then seen together with its end.
    pub fn take_notices(&self) -> Vec<Notice> {
        std::mem::take(&mut self.inbox.lock().notices)
    }
}
