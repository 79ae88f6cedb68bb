//! The plan of a robot, and its record.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use papo_protocol::ErrorCode;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::history::{Changed, Sent, View};
use crate::pauses::Pauses;

/// The plan of a robot.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) name: String,
    /// Where it connects: to the next address each time, as a load balancer may send anybody
    /// anywhere.
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) room: i64,
    /// Whether it speaks on the socket of many rooms, and not on its room's own.
    pub(crate) is_on_many: bool,
    /// Other rooms that it follows there, as far as it is in them.
    pub(crate) others: Vec<i64>,
    pub(crate) cookie: Arc<str>,
    /// The mean pause between two messages. Without one it only reads.
    pub(crate) pause: Option<Duration>,
    /// Whether some of its messages are edited and deleted.
    pub(crate) changes: bool,
    /// The mean time between two cuts of its own making.
    pub(crate) cuts: Option<Duration>,
    /// The first step of its waits before it connects again; the real client's is half a second.
    pub(crate) backoff: Duration,
    /// The longest of these waits.
    pub(crate) patience: Duration,
    /// After this much silence it sends a ping. After as much again it takes the connection for
    /// dead. It also gives up handshakes sooner. The real client takes 25 s and 20 s.
    pub(crate) heartbeat: Option<Duration>,
    /// Whether a connection may break together with a refusal. Then the message after the refused
    /// one may be stored, and the refused one is sent again after it. So a message that is sent
    /// again on another connection has no promised place.
    pub(crate) misses_refusals: bool,
    /// The length of its messages.
    pub(crate) length: usize,
    /// Says when it should stop reading, if ever. Then nothing measures how fast it gets events.
    pub(crate) reading: Option<watch::Receiver<Reading>>,
}

/// How a robot reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// As usual, on an ordinary connection.
    Usual,
    /// Not at all, on a connection whose buffers are small.
    Stopped,
    /// On, from where it stopped and on the same connection, as far as that goes.
    Resumed,
}

impl Plan {
    /// A robot that reads room 1.
    pub(crate) fn reader(name: String, addresses: Vec<SocketAddr>, cookie: &Arc<str>) -> Self {
        Self {
            name,
            addresses,
            room: 1,
            is_on_many: true,
            others: Vec::new(),
            cookie: Arc::clone(cookie),
            pause: None,
            changes: false,
            cuts: None,
            backoff: Duration::from_millis(500),
            patience: Duration::from_secs(30),
            heartbeat: None,
            misses_refusals: false,
            length: 32,
            reading: None,
        }
    }

    /// A robot that also writes there.
    pub(crate) fn writer(
        name: String,
        addresses: Vec<SocketAddr>,
        cookie: &Arc<str>,
        pause: Duration,
    ) -> Self {
        Self {
            pause: Some(pause),
            ..Self::reader(name, addresses, cookie)
        }
    }
}

/// The record of a robot.
#[derive(Debug, Default)]
pub(crate) struct Track {
    /// What it saw of each of its rooms.
    pub(crate) views: Vec<View>,
    pub(crate) sent: Vec<Sent>,
    pub(crate) changed: Vec<Changed>,
    /// How often it was connected.
    pub(crate) connections: usize,
    /// How often the server told it to start over.
    pub(crate) resets: usize,
    /// With which codes it was closed.
    pub(crate) closes: HashMap<u16, usize>,
    /// How many requests were refused for now.
    pub(crate) refusals: usize,
    /// The codes of requests that were refused without a time to retry.
    pub(crate) unclear: Vec<ErrorCode>,
    /// When it lost connections that it hadn't cut itself.
    pub(crate) lost: Vec<Instant>,
    /// When requests were refused for now.
    pub(crate) refused: Vec<Instant>,
    /// Between two events that it got.
    pub(crate) silences: Pauses,
    /// Between sending and the acknowledgement.
    pub(crate) waits: Pauses,
}
