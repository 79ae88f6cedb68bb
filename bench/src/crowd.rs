//! Many open sockets, on one epoll.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use mio::net::TcpStream;
use mio::{Events, Poll, Token};
use socket2::{Domain, Socket, Type};

use crate::connection::Connection;
use crate::frames::{CLOSE, Frame, PING, PONG, TEXT, put_masked};
use crate::http::{Head, upgrade};
use crate::scan::{Kind, kind};
use crate::sessions::join_all;
use crate::target::Target;

/// How many handshakes or subscriptions are in progress at once.
const AT_ONCE: usize = 256;
/// The longest wait for something that must happen.
const PATIENCE: Duration = Duration::from_secs(20);
const EVENTS: usize = 1_024;
/// How many connections use one local address: a server has a share for each address.
const FROM_ONE: usize = 5_000;
const SCRATCH: usize = 256 * 1_024;

/// The generator's connections.
pub(crate) struct Crowd {
    pub(crate) target: Target,
    cookies: Vec<String>,
    poll: Poll,
    events: Events,
    scratch: Vec<u8>,
    guests: Vec<Guest>,
}

struct Guest {
    connection: Connection,
    /// Whether the handshake is done.
    is_open: bool,
}

impl Crowd {
    /// Makes the sessions. Nobody is connected yet.
    pub(crate) fn new(target: &Target) -> Result<Self> {
        Ok(Self {
            target: target.clone(),
            cookies: join_all(target)?,
            poll: Poll::new()?,
            events: Events::with_capacity(EVENTS),
            scratch: vec![0; SCRATCH],
            guests: Vec::new(),
        })
    }

    /// Connects until there are this many.
    pub(crate) fn grow(&mut self, count: usize) -> Result<()> {
        let mut open = self.guests.len();
        let mut last = Instant::now();
        while open < count {
            while self.guests.len() < count.min(open + AT_ONCE) {
                self.connect()?;
            }
            let before = open;
            self.poll_all(&mut |_, _| {}, &mut open)?;
            if open > before {
                last = Instant::now();
            }
            ensure!(
                last.elapsed() < PATIENCE,
                "only {open} of {count} handshakes were answered"
            );
        }
        Ok(())
    }

    /// Subscribes these connections to their rooms from a snapshot, and waits for it.
    pub(crate) fn subscribe(&mut self, connections: Range<usize>) -> Result<()> {
        if self.target.plain {
            return Ok(());
        }
        let (count, mut next) = (connections.len(), connections.start);
        let (mut answered, mut refusal) = (0, None);
        let mut last = Instant::now();
        while answered < count {
            while next < connections.end.min(connections.start + answered + AT_ONCE) {
                let room = self.target.room(next);
                self.send(next, &format!(r#"{{"type":"subscribe","room":{room}}}"#))?;
                next += 1;
            }
            let before = answered;
            self.poll(Duration::from_secs(1), |_, json| match kind(json) {
                Kind::Subscribed => answered += 1,
                Kind::Refused => refusal = Some(String::from_utf8_lossy(json).into_owned()),
                _ => {}
            })?;
            if let Some(refusal) = refusal {
                bail!("subscribing was refused: {refusal}");
            }
            if answered > before {
                last = Instant::now();
            }
            ensure!(
                last.elapsed() < PATIENCE,
                "only {answered} of {count} subscriptions were answered"
            );
        }
        Ok(())
    }

    /// Handles what comes for this much time.
    pub(crate) fn wait(&mut self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            self.poll(left, |_, _| {})?;
        }
    }

    /// The time from a new connection's handshake until it gets its first text.
    pub(crate) fn first_text(&mut self) -> Result<Duration> {
        let (index, start) = (self.guests.len(), Instant::now());
        self.connect()?;
        let mut time = None;
        while time.is_none() {
            ensure!(start.elapsed() < PATIENCE, "a new connection got nothing");
            let mut heard = |from: usize, _: &[u8]| {
                if from == index && time.is_none() {
                    time = Some(start.elapsed());
                }
            };
            self.poll_all(&mut heard, &mut 0)?;
        }
        time.context("a text")
    }

    /// Sends a text.
    pub(crate) fn send(&mut self, index: usize, text: &str) -> Result<()> {
        let mut frame = Vec::with_capacity(text.len() + 16);
        put_masked(TEXT, text.as_bytes(), &mut frame);
        let guest = self.guests.get_mut(index).context("a connection")?;
        Ok(guest.connection.write(&frame)?)
    }

    /// Posts a message; its `ref` is its number.
    pub(crate) fn post(&mut self, index: usize, number: usize) -> Result<()> {
        let (room, message) = (self.target.room(index), crate::scan::text(number));
        let frame = if self.target.plain {
            format!(r#"{{"message":"{message}"}}"#)
        } else {
            let process = std::process::id();
            format!(
                r#"{{"type":"send","ref":{number},"room":{room},"client_id":"{process:09}{number:012}","message":"{message}"}}"#
            )
        };
        self.send(index, &frame)
    }

    /// Waits for something to come, and gives each text to `on_text` with its connection.
    pub(crate) fn poll(
        &mut self,
        timeout: Duration,
        mut on_text: impl FnMut(usize, &[u8]),
    ) -> Result<()> {
        self.poll_once(timeout, &mut on_text, &mut 0)
    }

    fn poll_all(
        &mut self,
        on_text: &mut impl FnMut(usize, &[u8]),
        opened: &mut usize,
    ) -> Result<()> {
        self.poll_once(Duration::from_secs(1), on_text, opened)
    }

    fn connect(&mut self) -> Result<()> {
        let index = self.guests.len();
        let cookie = &self.cookies[self.target.session(index)];
        let address = self.target.address(index)?;
        let path = self.target.path(index);
        let request = upgrade(address, &path, cookie, self.target.plain);
        let stream = open(address, index).with_context(|| format!("opening connection {index}"))?;
        stream.set_nonblocking(true)?;
        let mut connection = Connection::new(
            TcpStream::from_std(stream),
            self.poll.registry(),
            Token(index),
        )?;
        connection.write(request.as_bytes())?;
        self.guests.push(Guest {
            connection,
            is_open: false,
        });
        Ok(())
    }

    fn poll_once(
        &mut self,
        timeout: Duration,
        on_text: &mut impl FnMut(usize, &[u8]),
        opened: &mut usize,
    ) -> Result<()> {
        match self.poll.poll(&mut self.events, Some(timeout)) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        for event in &self.events {
            let index = event.token().0;
            let Some(guest) = self.guests.get_mut(index) else {
                continue;
            };
            if event.is_writable() {
                guest.connection.flush()?;
            }
            if event.is_readable() {
                let was_open = guest.is_open;
                guest
                    .read(&mut self.scratch, |text| on_text(index, text))
                    .with_context(|| format!("connection {index}"))?;
                *opened += usize::from(guest.is_open && !was_open);
            }
        }
        Ok(())
    }
}

impl Guest {
    fn read(&mut self, scratch: &mut [u8], mut on_text: impl FnMut(&[u8])) -> Result<()> {
        let Self {
            connection,
            is_open,
        } = self;
        let mut pongs = Vec::new();
        let mut failure = None;
        let is_there = connection.read(scratch, |bytes| {
            let mut at = 0;
            if !*is_open {
                match opened(bytes) {
                    Ok(Some(length)) => (at, *is_open) = (length, true),
                    Ok(None) => return 0,
                    Err(error) => failure = Some(error),
                }
            }
            while failure.is_none()
                && let Some(frame) = Frame::first(&bytes[at..])
            {
                at += frame.length;
                match frame.opcode {
                    TEXT => on_text(frame.payload),
                    PING => put_masked(PONG, frame.payload, &mut pongs),
                    CLOSE => failure = Some(closed(frame.payload)),
                    _ => {}
                }
            }
            at
        })?;
        if let Some(failure) = failure {
            return Err(failure);
        }
        ensure!(is_there, "the server closed the connection");
        if !pongs.is_empty() {
            connection.write(&pongs)?;
        }
        Ok(())
    }
}

/// The length of the handshake's answer, once it is whole.
fn opened(bytes: &[u8]) -> Result<Option<usize>> {
    match Head::first(bytes)? {
        Some(head) if head.status == 101 => Ok(Some(head.length)),
        Some(head) => bail!("the handshake was answered with {}", head.status),
        None => Ok(None),
    }
}

fn closed(payload: &[u8]) -> anyhow::Error {
    let (code, reason) = payload.split_at_checked(2).unwrap_or_default();
    let code = code
        .iter()
        .fold(0_u16, |code, &byte| (code << 8) | u16::from(byte));
    anyhow::anyhow!("closed with {code}: {}", String::from_utf8_lossy(reason))
}

/// Connects, from another address of this machine for each few thousand connections.
fn open(address: SocketAddr, index: usize) -> Result<std::net::TcpStream> {
    if !address.ip().is_loopback() || address.is_ipv6() {
        return Ok(std::net::TcpStream::connect(address)?);
    }
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    let last = u8::try_from(1 + index / FROM_ONE)?;
    let from = SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0));
    socket.bind(&from.into())?;
    socket.connect(&address.into())?;
    Ok(socket.into())
}
