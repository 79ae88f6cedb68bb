//! One socket, from the handshake to its end.
//!
//! One task owns the socket and everything about it. It writes what lies after its cursors, answers, and
//! waits until there is more: from the client, from a room, or from the clock. It queues nothing but the few frames that the
//! kernel doesn't take at once.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use papo_app::{App, Connection, Error, Frame, FrameKind, From, Notice};
use papo_domain::{RoomId, Seq};
use papo_protocol::{FRAME_BYTES, ServerFrame, close, encode};
use papo_websocket::{CloseCode, Incoming, Reader, close_frame, ping_frame, pong_frame};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

use super::followed::{Followed, Step, find};
use super::in_flight::InFlight;
use super::outgoing::{Outgoing, Written};
use crate::defects;

/// Frames are taken from the rooms while less than this waits to be written.
const OUTGOING_BYTES: usize = 64 * 1024;
/// Presence and typing are passed over while more than this waits.
const PASSING_BYTES: usize = 8 * 1024;
/// The server pings this often, give or take a fifth.
const PING: Duration = Duration::from_secs(25);
/// A client that was silent this long is gone: two pings went unanswered.
const SILENCE: Duration = Duration::from_secs(55);
/// A client that took nothing of what waits for it during this time reads too slowly.
const STALL: Duration = Duration::from_secs(20);
/// How long the other side has to take the last frames and close.
const FAREWELL: Duration = Duration::from_secs(2);
/// Clients of a server that stops come back within this time, each after a time of its own.
const RETURN_MILLIS: u64 = 4_000;

/// Which protocol a socket speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speech {
    /// The seed's, in one room.
    Plain(RoomId),
    /// `papo.v1`, in one room or in many.
    Full(Option<RoomId>),
}

/// Why a socket is closed from this side.
pub(super) struct Closing {
    pub(super) code: CloseCode,
    pub(super) reason: String,
}

impl Closing {
    pub(super) fn new(code: CloseCode, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }
}

/// How a session ends: with a close frame, or because the socket is gone.
pub(super) enum End {
    Close(Closing),
    /// The client's close frame, to be given back.
    Echo(CloseCode),
    Gone,
}

impl std::convert::From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

impl std::convert::From<Closing> for End {
    fn from(closing: Closing) -> Self {
        Self::Close(closing)
    }
}

pub(super) struct Session {
    pub(super) app: Arc<App>,
    pub(super) connection: Arc<Connection>,
    pub(super) speech: Speech,
    pub(super) rooms: Vec<Followed>,
    pub(super) outgoing: Outgoing,
    pub(super) in_flight: Arc<InFlight>,
    stream: TcpStream,
    /// The socket may have something to read.
    is_readable: bool,
    reader: Reader,
    incoming: BytesMut,
    last_heard: Instant,
    /// Since when the socket has taken nothing of what waits.
    stalled: Option<Instant>,
    is_stopping: bool,
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
                // Others want the thread as well while this client catches up.
                tokio::task::yield_now().await;
                continue;
            }
            let interest = self.interest();
            tokio::select! {
                biased;
                () = self.connection.woken() => {}
                ready = self.stream.ready(interest.unwrap_or(Interest::READABLE)), if interest.is_some() => {
                    match ready {
                        Ok(ready) => self.is_readable |= ready.is_readable() || ready.is_read_closed(),
                        Err(_) => return End::Gone,
                    }
                }
                () = &mut timer => {
                    if let Err(end) = self.tick() {
                        return end;
                    }
                    timer.as_mut().reset(self.next_tick());
                }
            }
        }
    }

    /// Does all that can be done without waiting for the client. Whether there may be more at once.
    async fn turn(&mut self) -> Result<bool, End> {
        self.hear().await?;
        let is_more = self.gather().await?;
        let is_blocked = self.write()?;
        if let Some(error) = self.in_flight.refused() {
            return Err(plain_end(error));
        }
        if self.is_stopping && self.in_flight.count() == 0 {
            return Err(Closing::new(CloseCode::RESTART, "the server restarts").into());
        }
        Ok(is_more && !is_blocked)
    }

    /// Reads what the client has sent, and acts on it.
    async fn hear(&mut self) -> Result<(), End> {
        while self.is_listening() {
            match self.reader.next(&mut self.incoming) {
                Ok(Some(incoming)) => {
                    self.last_heard = Instant::now();
                    self.act(incoming).await?;
                    continue;
                }
                Ok(None) => {}
                Err(error) => {
                    return Err(Closing::new(error.close_code(), error.to_string()).into());
                }
            }
            if !self.is_readable {
                return Ok(());
            }
            self.read()?;
        }
        Ok(())
    }

    /// Takes what has arrived at the socket.
    fn read(&mut self) -> Result<(), End> {
        let wanted = self
            .reader
            .wanted(&self.incoming)
            .saturating_sub(self.incoming.len());
        self.incoming.reserve(wanted.max(2_048));
        match self.stream.try_read_buf(&mut self.incoming) {
            Ok(0) => return Err(End::Gone),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.is_readable = false,
            Err(error) => return Err(error.into()),
        }
        if self.incoming.is_empty() {
            // An idle connection keeps no buffer.
            self.incoming = BytesMut::new();
        }
        Ok(())
    }

    async fn act(&mut self, incoming: Incoming) -> Result<(), End> {
        match incoming {
            Incoming::Text(text) => match self.speech {
                Speech::Plain(room) => self.act_plain(room, &text)?,
                Speech::Full(room) => self.act_full(room, &text).await,
            },
            Incoming::Ping(payload) => self.outgoing.push(pong_frame(&payload)),
            Incoming::Pong => {}
            Incoming::Binary => {
                return Err(Closing::new(
                    CloseCode::UNSUPPORTED,
                    "binary messages aren't accepted",
                )
                .into());
            }
            Incoming::Close(frame) => {
                return Err(End::Echo(
                    frame.map_or(CloseCode::NORMAL, |frame| frame.code),
                ));
            }
        }
        Ok(())
    }

    /// Takes what waits for the client: answers, and the frames after each cursor. Whether there may be more.
    async fn gather(&mut self) -> Result<bool, End> {
        self.heed_notices()?;
        for answer in self.connection.take_answers() {
            self.outgoing.push(answer);
        }
        let mut is_more = false;
        let mut frames = Vec::new();
        let mut index = 0;
        while index < self.rooms.len() && self.outgoing.bytes() < OUTGOING_BYTES {
            let budget = OUTGOING_BYTES - self.outgoing.bytes();
            let followed = &mut self.rooms[index];
            let (room, cursor) = (followed.room(), followed.subscription.cursor);
            let step = match followed.read(&self.app, budget, &mut frames).await {
                Ok(step) => step,
                Err(error) => {
                    tracing::warn!(%room, %error, "reading on for a client");
                    return Err(
                        Closing::new(CloseCode::TRY_LATER, "the log can't be read now").into(),
                    );
                }
            };
            // After the read and before the write: see `Connection::take_notices`.
            self.heed_notices()?;
            if find(&mut self.rooms, room).is_none() {
                frames.clear();
                continue;
            }
            match step {
                Step::End | Step::More => {
                    let is_gone = self.push_frames(index, cursor, &mut frames)?;
                    is_more |= is_gone || step == Step::More;
                    if is_gone {
                        continue;
                    }
                }
                Step::TooFarBehind => self.start_over(index).await?,
            }
            index += 1;
        }
        self.gather_passing();
        // When the budget was used up, the other rooms come next.
        Ok(is_more || index < self.rooms.len())
    }

    /// Puts a room's frames in line. Whether they end the following of the room.
    fn push_frames(
        &mut self,
        index: usize,
        before: Seq,
        frames: &mut Vec<Frame>,
    ) -> Result<bool, End> {
        debug_assert!(
            frames
                .first()
                .is_none_or(|frame| frame.seq == before.next())
        );
        let is_plain = matches!(self.speech, Speech::Plain(_));
        let mut is_closed = false;
        if defects::has("skip-frame") && frames.len() > 2 {
            frames.remove(1);
        }
        for frame in frames.drain(..) {
            is_closed |= self.rooms[index].is_closed_by(&frame);
            if !is_plain || frame.kind == FrameKind::Message {
                self.outgoing.push(frame.bytes);
            }
        }
        if is_closed {
            return match self.speech {
                Speech::Full(None) => {
                    self.rooms.remove(index);
                    Ok(true)
                }
                Speech::Full(Some(_)) | Speech::Plain(_) => {
                    let code = CloseCode(close::ROOM_CLOSED);
                    Err(Closing::new(code, "the room was deactivated").into())
                }
            };
        }
        Ok(false)
    }

    async fn start_over(&mut self, index: usize) -> Result<(), End> {
        if matches!(self.speech, Speech::Plain(_)) {
            return Err(Closing::new(CloseCode(close::SLOW), "too far behind").into());
        }
        self.app.metrics().resets.increment(1);
        match self.rooms[index].reset(&self.app).await {
            // The next turn sees the notice; what was read may be younger than it.
            Ok(_) if self.connection.has_lost(self.rooms[index].room()) => Ok(()),
            Ok(frames) => {
                for frame in &frames {
                    self.outgoing.push(encode(frame));
                }
                Ok(())
            }
            Err(error) => Err(Closing::new(CloseCode::TRY_LATER, error.to_string()).into()),
        }
    }

    /// Takes what is sent when it can be. A client that lags gets none of it.
    fn gather_passing(&mut self) {
        if matches!(self.speech, Speech::Plain(_)) {
            return;
        }
        if self.outgoing.bytes() > PASSING_BYTES {
            self.rooms.iter_mut().for_each(Followed::skip_passing);
            return;
        }
        let mut passing = Vec::new();
        for followed in &mut self.rooms {
            followed.read_passing(&self.connection, &mut passing);
        }
        for frame in passing {
            self.outgoing.push(frame);
        }
    }

    fn heed_notices(&mut self) -> Result<(), End> {
        for notice in self.connection.take_notices() {
            match notice {
                Notice::SessionEnded => {
                    return Err(
                        Closing::new(CloseCode(close::LEFT), "the session has ended").into(),
                    );
                }
                Notice::Left(room) => self.heed_left(room)?,
                Notice::Renamed(room, username) => {
                    if let Some(followed) = find(&mut self.rooms, room) {
                        followed.subscription.username = username;
                    }
                }
                Notice::Stopping => {
                    self.is_stopping = true;
                    if matches!(self.speech, Speech::Full(_)) {
                        let delay = self.app.random().number() % RETURN_MILLIS;
                        self.outgoing
                            .push(encode(&ServerFrame::Reconnect { delay }));
                    }
                }
            }
        }
        Ok(())
    }

    fn heed_left(&mut self, left: RoomId) -> Result<(), End> {
        match self.speech {
            Speech::Plain(room) | Speech::Full(Some(room)) if room != left => Ok(()),
            Speech::Plain(_) | Speech::Full(Some(_)) => {
                Err(Closing::new(CloseCode(close::LEFT), "the session has left the room").into())
            }
            Speech::Full(None) => {
                if find(&mut self.rooms, left).is_some() {
                    self.rooms.retain(|followed| followed.room() != left);
                    self.outgoing
                        .push(encode(&ServerFrame::Left { room: left.0 }));
                }
                Ok(())
            }
        }
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
    fn is_listening(&self) -> bool {
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

/// How a plain socket ends whose message was refused.
pub(super) fn plain_end(error: &Error) -> End {
    Closing::new(super::answers::plain_close_code(error), error.to_string()).into()
}
