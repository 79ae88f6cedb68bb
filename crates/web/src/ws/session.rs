//! One socket, from the handshake to its end.
//!
//! One task owns the socket and everything about it. It writes what lies after its cursors, answers, and
//! waits until there is more: from the client, from a room, or from the clock. It queues nothing but the few frames that the
//! kernel doesn't take at once.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use papo_app::{App, Connection, From};
use papo_domain::RoomId;
use papo_protocol::{FRAME_BYTES, ServerFrame, close, encode};
use papo_websocket::{CloseCode, Reader, close_frame, ping_frame};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

use super::ending::{Closing, End, plain_end};
use super::followed::Followed;
use super::in_flight::InFlight;
use super::outgoing::{Outgoing, Written};
use crate::defects;

/// Frames are taken from the rooms while less than this waits to be written.
pub(super) const OUTGOING_BYTES: usize = 64 * 1024;
/// The server pings this often, give or take a fifth.
const PING: Duration = Duration::from_secs(25);
/// A client that was silent this long is gone: two pings went unanswered.
const SILENCE: Duration = Duration::from_secs(55);
/// A client that took nothing of what waits for it during this time reads too slowly.
const STALL: Duration = Duration::from_secs(20);
/// How long the other side has to take the last frames and close.
const FAREWELL: Duration = Duration::from_secs(2);

/// Which protocol a socket speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speech {
    /// The seed's, in one room.
    Plain(RoomId),
    /// `papo.v1`, in one room or in many.
    Full(Option<RoomId>),
}

pub(super) struct Session {
    pub(super) app: Arc<App>,
    pub(super) connection: Arc<Connection>,
    pub(super) speech: Speech,
    pub(super) rooms: Vec<Followed>,
    pub(super) outgoing: Outgoing,
    pub(super) in_flight: Arc<InFlight>,
    pub(super) stream: TcpStream,
    /// The socket may have something to read.
    pub(super) is_readable: bool,
    pub(super) reader: Reader,
    pub(super) incoming: BytesMut,
    pub(super) last_heard: Instant,
    /// Since when the socket has taken nothing of what waits.
    stalled: Option<Instant>,
    pub(super) is_stopping: bool,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.app.disconnect(&self.connection);
    }
}

impl Session {
    pub(super) fn new(
        app: Arc<App>,
        connection: Arc<Connection>,
        speech: Speech,
        stream: TcpStream,
        already_read: Bytes,
    ) -> Self {
        Self {
            app,
            connection,
            speech,
            rooms: Vec::new(),
            outgoing: Outgoing::default(),
            in_flight: Arc::default(),
            stream,
            is_readable: true,
            reader: Reader::new(FRAME_BYTES),
            incoming: already_read.into(),
            last_heard: Instant::now(),
            stalled: None,
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
        self.outgoing.push(close_frame(code, &reason));
        // Whether the farewell arrives is the other side's affair.
        let _ = tokio::time::timeout(FAREWELL, self.say_farewell()).await;
    }

    async fn greet(&mut self) -> Result<(), End> {
        self.app.metrics().sockets_opened.increment(1);
        match self.speech {
            Speech::Plain(room) => {
                let subscription = self.app.subscribe(&self.connection, room, From::End).await;
                let subscription = subscription.map_err(|error| plain_end(&error))?;
                self.rooms.push(Followed::new(subscription));
            }
            Speech::Full(_) => {
                let welcome = ServerFrame::Welcome {
                    epoch: self.app.epoch().to_string(),
                    sender: self.connection.sender.to_string(),
                    heartbeat: self.app.heartbeat().as_secs(),
                    limits: self.app.limits(),
                };
                self.outgoing.push(encode(&welcome));
            }
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
                // Others want the thread as well while this client catches up, or sends without end.
                tokio::task::yield_now().await;
                if Instant::now() < timer.deadline() {
                    continue;
                }
            }
            let interest = self.interest();
            tokio::select! {
                biased;
                () = &mut timer => {
                    if let Err(end) = self.tick() {
                        return end;
                    }
                    timer.as_mut().reset(self.next_tick());
                }
                () = self.connection.woken() => {}
                ready = self.stream.ready(interest.unwrap_or(Interest::READABLE)), if interest.is_some() => {
                    match ready {
                        Ok(ready) => self.is_readable |= ready.is_readable() || ready.is_read_closed(),
                        Err(_) => return End::Gone,
                    }
                }
            }
        }
    }

    /// Does all that can be done without waiting for the client. Whether there may be more at once.
    async fn turn(&mut self) -> Result<bool, End> {
        let hears_more = self.hear().await?;
        let is_more = self.gather().await?;
        let is_blocked = self.write()?;
        if let Some(error) = self.in_flight.refused() {
            return Err(plain_end(error));
        }
        if self.is_stopping && self.in_flight.count() == 0 {
            return Err(Closing::new(CloseCode::RESTART, "the server restarts").into());
        }
        Ok(hears_more || (is_more && !is_blocked))
    }

    /// Writes what waits. Whether the socket takes no more.
    fn write(&mut self) -> Result<bool, End> {
        if self.outgoing.is_empty() {
            return Ok(false);
        }
        let written = self.outgoing.write(&self.stream)?;
        let (frames, bytes) = self.outgoing.take_written();
        self.app.metrics().deliveries.increment(frames);
        self.app.metrics().delivered_bytes.increment(bytes);
        self.stalled = match written {
            Written::All => None,
            Written::Some => Some(Instant::now()),
            Written::Nothing => Some(self.stalled.unwrap_or_else(Instant::now)),
        };
        Ok(written != Written::All)
    }

    /// What the clock asks for: a ping, or the end of a client that is silent or takes nothing.
    fn tick(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if defects::has("patient") {
            self.last_heard = now;
            self.stalled = None;
        }
        let is_stalled = self.stalled.is_some_and(|since| now - since >= STALL);
        if is_stalled || now - self.last_heard >= SILENCE {
            let reason = if is_stalled {
                "reads too slowly"
            } else {
                "silent too long"
            };
            return Err(Closing::new(CloseCode(close::SLOW), reason).into());
        }
        if self.stalled.is_none() {
            self.outgoing.push(ping_frame());
        }
        Ok(())
    }

    fn next_tick(&self) -> Instant {
        let next = self
            .stalled
            .map_or_else(|| self.next_ping(), |since| since + STALL);
        // Not only when a ping is due: a client's silence would be seen up to half a minute late.
        next.min(self.last_heard + SILENCE)
    }

    fn next_ping(&self) -> Instant {
        let fifth = u64::try_from(PING.as_millis() / 5).unwrap_or(u64::MAX);
        let jitter = Duration::from_millis(self.app.random().number() % (2 * fifth));
        Instant::now() + PING - PING / 5 + jitter
    }

    /// Whether requests are read now: not when too many of the client's wait for the writer, nor when it doesn't take the answers.
    pub(super) fn is_listening(&self) -> bool {
        let is_busy = self.in_flight.count() >= self.app.limits().in_flight;
        !is_busy && !self.is_stopping && self.outgoing.bytes() < OUTGOING_BYTES
    }

    fn interest(&self) -> Option<Interest> {
        match (self.is_listening(), self.outgoing.is_empty()) {
            (true, true) => Some(Interest::READABLE),
            (true, false) => Some(Interest::READABLE | Interest::WRITABLE),
            (false, false) => Some(Interest::WRITABLE),
            (false, true) => None,
        }
    }

    /// Writes what waits, says that nothing more comes, and reads on until the client has closed: a socket that is closed
    /// with something unread is reset, and the close frame lost.
    async fn say_farewell(&mut self) -> io::Result<()> {
        while self.outgoing.write(&self.stream)? != Written::All {
            self.stream.writable().await?;
        }
        tokio::io::AsyncWriteExt::shutdown(&mut self.stream).await?;
        let mut scratch = [0; 1_024];
        loop {
            self.stream.readable().await?;
            match self.stream.try_read(&mut scratch) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}
