//! One socket, from the handshake to its end.
//!
//! One task owns the socket and its state. It writes answers and the frames after its cursors, then
//! rests until there is more. The client, a timer, or news that the rooms can't write themselves
//! wake it (see `Connection::rest`). It queues only the few frames that the kernel doesn't take at
//! once.

use std::io::{self, IoSlice};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use papo_app::{App, Connection, Error, StartingPoint, Wants, Wire};
use papo_domain::{RoomId, Seq};
use papo_protocol::close;
use papo_websocket::{CloseCode, Reader, close_frame, ping_frame};
use tokio::io::{Interest, Ready};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

use super::ending::{Closing, End, plain_end};
use super::followed::{Followed, find};
use super::outgoing::{Outgoing, Written};
use super::patience::Patience;
use super::pauses::Pauses;
use super::told::Told;
use super::watching::Missed;
use crate::defects;
use crate::site::Site;
use crate::waiting::{Hold, Taker, Unfinished, Waiting};

/// The session takes frames from rooms while less than this waits to be written.
pub(super) const OUTGOING_BYTES: usize = 64 * 1024;
/// The server pings this often, give or take a fifth.
const PING: Duration = Duration::from_secs(25);
/// How long the client has to take the last frames and close.
const FAREWELL: Duration = Duration::from_secs(2);
/// How many more bytes are read from the client meanwhile: about what may be on the way.
const FAREWELL_BYTES: usize = 1 << 20;

/// The protocol of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speech {
    /// The Django chat's, in one room.
    Plain(RoomId),
    /// `papo.v1`, in one room or in many.
    Full(Option<RoomId>),
}

/// Why a session's task wakes.
enum Cause {
    /// A room or a notice woke it.
    Called,
    Socket(Ready),
    Clock,
    /// A pause has ended.
    Resumed,
}

/// The socket, for the rooms that write to it.
pub(super) struct Stream(pub(super) TcpStream);

impl Wire for Stream {
    fn write(&self, frames: &[IoSlice<'_>]) -> io::Result<usize> {
        match frames {
            [first, skipped, others @ ..] if !others.is_empty() && defects::has("skip-frame") => {
                let kept: Vec<_> = [&[*first], others].concat();
                Ok(self.0.try_write_vectored(&kept)? + skipped.len())
            }
            [frame] => self.0.try_write(frame),
            frames => self.0.try_write_vectored(frames),
        }
    }
}

pub(super) struct Session {
    pub(super) app: Arc<App>,
    pub(super) waiting: Arc<Waiting>,
    pub(super) taker: Taker,
    pub(super) connection: Arc<Connection>,
    pub(super) speech: Speech,
    pub(super) rooms: Vec<Followed>,
    pub(super) missed: Missed,
    pub(super) told: Arc<Told>,
    pub(super) outgoing: Outgoing,
    /// The socket takes no more now.
    pub(super) is_blocked: bool,
    /// Counts the rest of an event that the socket has begun to take.
    untaken: Option<Hold>,
    /// On a plain socket: why a message was refused. It closes the socket.
    pub(super) refused: Arc<OnceLock<Error>>,
    pub(super) stream: Arc<Stream>,
    /// The socket may have something to read.
    pub(super) is_readable: bool,
    pub(super) reader: Reader,
    pub(super) incoming: BytesMut,
    /// Counts a message that the client is sending.
    pub(super) unfinished: Unfinished,
    pub(super) patience: Patience,
    pub(super) pauses: Pauses,
    pub(super) is_stopping: bool,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.connection.close();
        self.app.disconnect(&self.connection);
    }
}

impl Session {
    pub(super) fn new(
        site: &Site,
        connection: Arc<Connection>,
        speech: Speech,
        (stream, already_read): (TcpStream, Bytes),
        taker: Taker,
    ) -> Self {
        let app = Arc::clone(&site.app);
        let stream = Arc::new(Stream(stream));
        connection.open(Arc::clone(&stream) as Arc<dyn Wire>);
        let reader = Reader::new(app.limits().frame_bytes);
        Self {
            app,
            waiting: Arc::clone(&site.waiting),
            taker,
            connection,
            speech,
            rooms: Vec::new(),
            missed: Missed::Nothing,
            told: Arc::default(),
            outgoing: Outgoing::default(),
            is_blocked: false,
            untaken: None,
            refused: Arc::default(),
            stream,
            is_readable: true,
            reader,
            incoming: already_read.into(),
            unfinished: Unfinished::default(),
            patience: Patience::new(Instant::now()),
            pauses: Pauses::default(),
            is_stopping: false,
        }
    }

    /// Serves the client until one side ends it.
    pub(super) async fn run(mut self) {
        let end = match self.greet().await {
            Ok(()) => self.serve().await,
            Err(end) => end,
        };
        let (code, reason) = match end {
            End::Gone => return,
            End::Echo(code) => (code, String::new()),
            End::Close(Closing { code, reason }) => (code, reason),
        };
        tracing::debug!(code = code.0, reason, "closing a socket");
        if code == CloseCode(close::SLOW) {
            self.app.metrics().slow_readers.increment(1);
        }
        self.rooms.clear();
        self.connection.close();
        for answer in self.connection.take_answers() {
            self.outgoing.push(answer);
        }
        self.outgoing.push(close_frame(code, &reason));
        // The server doesn't care whether the farewell arrives.
        let _ = tokio::time::timeout(FAREWELL, self.say_farewell()).await;
    }

    /// Ends the following of a room. Its waiting frames still go out.
    pub(super) fn unfollow(&mut self, room: RoomId) {
        self.outgoing.keep(room);
        self.rooms.retain(|followed| followed.room() != room);
    }

    async fn greet(&mut self) -> Result<(), End> {
        self.app.metrics().sockets_opened.increment(1);
        match self.speech {
            Speech::Plain(room) => {
                let (wants, from) = (Wants::Messages, StartingPoint::End);
                let subscription = self
                    .app
                    .subscribe(&self.connection, room, wants, from)
                    .await;
                let subscription = subscription.map_err(|error| plain_end(&error))?;
                self.rooms.push(Followed::new(subscription));
            }
            Speech::Full(_) => self.welcome().await?,
        }
        Ok(())
    }

    async fn serve(&mut self) -> End {
        let timer = sleep_until(self.next_ping());
        tokio::pin!(timer);
        loop {
            let is_more = match self.turn().await {
                Ok(is_more) => is_more,
                Err(end) => return end,
            };
            if is_more {
                // This gives other tasks the thread, while this client catches up or sends without
                // end.
                tokio::task::yield_now().await;
                // The client may have sent something that nobody waited for.
                self.is_readable = true;
                if Instant::now() < timer.deadline() {
                    continue;
                }
            }
            let may_rest = !is_more && self.outgoing.is_empty() && self.is_listening();
            if may_rest && !self.connection.rest() {
                continue;
            }
            let interest = self.interest();
            let stream = &self.stream.0;
            let cause = tokio::select! {
                biased;
                () = &mut timer => Cause::Clock,
                // This comes before news of the rooms, which is taken in any case.
                ready = stream.ready(interest.unwrap_or(Interest::READABLE)), if interest.is_some() => match ready {
                    Ok(ready) => Cause::Socket(ready),
                    Err(_) => return End::Gone,
                },
                () = self.connection.woken() => Cause::Called,
                () = self.pauses.over() => Cause::Resumed,
            };
            // This comes before any other frame: it may be the rest of one.
            for left in self.connection.hold() {
                self.outgoing.push(left);
            }
            match cause {
                Cause::Called | Cause::Resumed => {}
                Cause::Socket(ready) => {
                    self.is_blocked &= !ready.is_writable();
                    self.is_readable |= ready.is_readable() || ready.is_read_closed();
                }
                Cause::Clock => {
                    if let Err(end) = self.tick() {
                        return end;
                    }
                    timer
                        .as_mut()
                        .reset(self.patience.next_look(self.next_ping()));
                }
            }
        }
    }

    /// Does everything that needs no wait for the client. Returns whether there may be more at
    /// once.
    async fn turn(&mut self) -> Result<bool, End> {
        self.pauses.end_due();
        let hears_more = self.hear().await?;
        let is_more = self.gather().await?;
        let is_blocked = self.write()?;
        if let Some(error) = self.refused.get() {
            return Err(plain_end(error));
        }
        if self.is_stopping && self.connection.requests() == 0 {
            return Err(Closing::new(CloseCode::RESTART, "the server restarts").into());
        }
        Ok(hears_more || (is_more && !is_blocked))
    }

    /// Writes what waits. Returns whether the socket takes no more.
    fn write(&mut self) -> Result<bool, End> {
        if self.outgoing.is_empty() {
            return Ok(false);
        }
        let written = self.outgoing.write(&self.stream.0)?;
        let (frames, bytes) = self.outgoing.take_written();
        self.app.metrics().deliveries.increment(frames);
        self.app.metrics().delivered_bytes.increment(bytes);
        self.patience.wrote(written, Instant::now());
        self.is_blocked = written != Written::All;
        self.give_back();
        self.count_untaken(written);
        Ok(self.is_blocked)
    }

    /// Moves the cursors back to what the socket doesn't take. It is read again later.
    fn give_back(&mut self) {
        for (room, first) in self.outgoing.give_back() {
            if let Some(followed) = find(&mut self.rooms, room) {
                let follower = &followed.subscription.follower;
                follower.set_cursor(Seq(first.0 - 1));
                followed.is_due = true;
            }
        }
    }

    /// Counts the rest of an event: the frame that the socket has begun to take.
    fn count_untaken(&mut self, written: Written) {
        if written == Written::Nothing && self.untaken.is_some() {
            return;
        }
        if written == Written::Some {
            self.taker.took();
        }
        // The earlier hold ends first, so that its bytes don't count against this one.
        self.untaken = None;
        self.untaken = self
            .waiting
            .insist(&self.taker, self.outgoing.first_event_bytes());
    }

    /// Does what the time demands: a ping, or the end of a client that is silent or reads nothing.
    fn tick(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if defects::has("patient") {
            self.patience = Patience::new(now);
        }
        if self.is_busy() || !self.pauses.may_hear() {
            self.patience.heard(now);
        }
        if let Some(reason) = self.patience.end(now) {
            return Err(Closing::new(CloseCode(close::SLOW), reason).into());
        }
        if !self.patience.is_stalled() {
            self.outgoing.push(ping_frame());
        }
        Ok(())
    }

    fn next_ping(&self) -> Instant {
        let fifth = u64::try_from(PING.as_millis() / 5).unwrap_or(u64::MAX);
        let jitter = Duration::from_millis(self.app.random().number() % (2 * fifth));
        Instant::now() + PING - PING / 5 + jitter
    }

    /// Whether requests are read now: not while too many wait for the writer, the client doesn't
    /// read the answers, or the reading is paused.
    pub(super) fn is_listening(&self) -> bool {
        !self.is_busy()
            && !self.is_stopping
            && self.outgoing.bytes() < OUTGOING_BYTES
            && self.pauses.may_hear()
    }

    /// Whether the most allowed requests of the client wait for the writer.
    fn is_busy(&self) -> bool {
        self.connection.requests() >= self.app.limits().in_flight
    }

    fn interest(&self) -> Option<Interest> {
        match (self.is_listening(), self.outgoing.is_empty()) {
            (true, true) => Some(Interest::READABLE),
            (true, false) => Some(Interest::READABLE | Interest::WRITABLE),
            (false, false) => Some(Interest::WRITABLE),
            (false, true) => None,
        }
    }

    /// Writes what waits, sends the end of the stream, and reads on until the client has closed.
    /// Closing a socket with unread bytes would reset it, and lose the close frame.
    async fn say_farewell(&mut self) -> io::Result<()> {
        // No room writes any more, so only this has the stream.
        let Some(Stream(stream)) = Arc::get_mut(&mut self.stream) else {
            return Ok(());
        };
        while self.outgoing.write(stream)? != Written::All {
            stream.writable().await?;
        }
        tokio::io::AsyncWriteExt::shutdown(stream).await?;
        // Allocated here and not in the session, which each idle connection has.
        let mut scratch = vec![0; 4_096];
        let mut left = FAREWELL_BYTES;
        while left > 0 {
            stream.readable().await?;
            match stream.try_read(&mut scratch) {
                Ok(0) => return Ok(()),
                Ok(count) => left = left.saturating_sub(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
