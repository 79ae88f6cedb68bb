//! Nodes joined by a relay, and short methods for their signals.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use papo_channel_layer::nats::{NatsRelay, NatsSettings};
use papo_channel_layer::testing::{Bus, nats_url};
use papo_channel_layer::{Frame, Incoming, NodeId, Nodes, Signal};
use papo_domain::{Epoch, EventClass, PersonId, RelayKey, RoomId, Seq};
use tokio::time::{Instant, sleep, timeout};

/// The limit of all waits.
pub(crate) const LIMIT: Duration = Duration::from_secs(10);

/// Two nodes, and a room.
pub(crate) struct World {
    pub(crate) a: Nodes,
    pub(crate) b: Nodes,
    pub(crate) room: RoomId,
    /// Kept so that they don't end.
    pub(crate) relays: Vec<Arc<NatsRelay>>,
}

impl World {
    pub(crate) fn memory() -> Self {
        let bus = Bus::new(1);
        Self {
            a: bus.join(),
            b: bus.join(),
            room: RoomId(1),
            relays: Vec::new(),
        }
    }

    pub(crate) async fn nats() -> Self {
        Self::nats_with(&NatsSettings::parse(&nats_url()).unwrap()).await
    }

    /// Connected to a NATS with these settings.
    pub(crate) async fn nats_with(settings: &NatsSettings) -> Self {
        let epoch = epoch();
        let (one, mut a) = start(settings, epoch, 1).await;
        let (other, mut b) = start(settings, epoch, 2).await;
        for nodes in [&mut a, &mut b] {
            assert_eq!(next(nodes).await, Incoming::Connected);
        }
        Self {
            a,
            b,
            room: RoomId(1),
            relays: vec![one, other],
        }
    }

    /// Makes B follow the room, and waits until it hears A there.
    pub(crate) async fn b_follows(&mut self) {
        self.b.relay.follow(self.room);
        let mark = typing(self.room, 0);
        let deadline = Instant::now() + LIMIT;
        loop {
            self.a.relay.tell(mark.clone());
            if timeout(Duration::from_millis(50), self.b.incoming.recv())
                .await
                .is_ok()
            {
                break;
            }
            assert!(Instant::now() < deadline, "nothing is heard");
        }
        // Earlier signals.
        while timeout(Duration::from_millis(50), self.b.incoming.recv())
            .await
            .is_ok()
        {}
    }
}

/// An epoch of a test's own, so that tests that share a NATS don't hear each other.
pub(crate) fn epoch() -> Epoch {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    Epoch((u64::from(std::process::id()) << 32) | number)
}

/// The key of these tests' nodes.
pub(crate) fn key() -> RelayKey {
    RelayKey::new([7; RelayKey::BYTES])
}

/// A node of this number.
pub(crate) async fn start(
    settings: &NatsSettings,
    epoch: Epoch,
    number: u64,
) -> (Arc<NatsRelay>, Nodes) {
    let started = NatsRelay::start(settings, epoch, &key(), NodeId(number)).await;
    started.unwrap()
}

/// The next thing that comes to a node.
pub(crate) async fn next(nodes: &mut Nodes) -> Incoming {
    let next = timeout(LIMIT, nodes.incoming.recv()).await;
    next.expect("something comes").expect("it goes on")
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !holds() {
        assert!(Instant::now() < deadline, "waited {LIMIT:?} for {what}");
        sleep(Duration::from_millis(5)).await;
    }
}

/// A text frame of this many bytes, less than 64 KiB of them.
pub(crate) fn text_frame(length: usize) -> Bytes {
    let mut bytes = vec![0x81, 126];
    bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
    bytes.resize(bytes.len() + length, b'x');
    bytes.into()
}

pub(crate) fn typing(room: RoomId, sender: u64) -> Signal {
    Signal::Typing(room, PersonId(sender), text_frame(200))
}

pub(crate) fn frames(room: RoomId, seqs: std::ops::RangeInclusive<i64>, length: usize) -> Signal {
    let bytes = text_frame(length);
    let frames = seqs.map(|seq| Frame {
        seq: Seq(seq),
        class: EventClass::Message,
        changes: None,
        bytes: bytes.clone(),
    });
    Signal::Frames(room, frames.collect())
}
