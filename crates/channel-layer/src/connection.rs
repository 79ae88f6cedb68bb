//! What the rest of the program can do to a connection: wake it, answer it, end it.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use papo_domain::{RoomId, SenderId, SessionId, Username};
use tokio::sync::Notify;

use crate::sync::{AtomicBool, Mutex};

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
    /// Whether the inbox holds anything: spares the lock at each of the many wakings that are for a room.
    has_mail: AtomicBool,
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
            has_mail: AtomicBool::new(false),
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
        self.put(|inbox| inbox.answers.push(frame));
    }

    /// Takes the answers given so far.
    pub fn take_answers(&self) -> Vec<Bytes> {
        self.take(|inbox| std::mem::take(&mut inbox.answers))
    }

    /// Gives the connection a notice. When this returns, whatever is appended to a log later is written to the
    /// connection only after its task has seen the notice.
    pub fn notice(&self, notice: Notice) {
        self.put(|inbox| {
            if !inbox.notices.contains(&notice) {
                inbox.notices.push(notice);
            }
        });
    }

    /// Whether a notice waits that ends the right to this room. To be asked after a room's state was read and before it is
    /// written, as [`Self::take_notices`] is for frames.
    pub fn has_lost(&self, room: RoomId) -> bool {
        let ends = |notice: &Notice| match notice {
            Notice::Left(left) => *left == room,
            Notice::SessionEnded => true,
            Notice::Renamed(..) | Notice::Stopping => false,
        };
        self.inbox.lock().notices.iter().any(ends)
    }

    /// Takes the notices. To be asked after frames were read from a tail and before they are written: whatever was
    /// appended after a right ended is then seen together with its end.
    pub fn take_notices(&self) -> Vec<Notice> {
        self.take(|inbox| std::mem::take(&mut inbox.notices))
    }

    fn put(&self, put: impl FnOnce(&mut Inbox)) {
        let mut inbox = self.inbox.lock();
        put(&mut inbox);
        self.has_mail.store(true, Ordering::SeqCst);
        drop(inbox);
        self.wake();
    }

    fn take<T>(&self, take: impl FnOnce(&mut Inbox) -> Vec<T>) -> Vec<T> {
        if !self.has_mail.load(Ordering::SeqCst) {
            return Vec::new();
        }
        let mut inbox = self.inbox.lock();
        let taken = take(&mut inbox);
        let is_empty = inbox.answers.is_empty() && inbox.notices.is_empty();
        self.has_mail.store(!is_empty, Ordering::SeqCst);
        taken
    }
}
