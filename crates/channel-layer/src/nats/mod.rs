//! The relay over core NATS, which stores nothing.
//!
//! A node subscribes to the subject `papo.<epoch>.room.<id>` of each room that is live on it.
//! Signals about no room go to `papo.<epoch>.all`. The epoch separates databases that share a NATS.
//! A node ignores and counts what isn't marked with the database's key. So others who publish on
//! these subjects can only repeat what nodes told.

mod counts;
mod link;
mod reach;
mod seal;
mod settings;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_nats::{Client, Event};
use papo_domain::{Epoch, RelayKey, RoomId};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::counts::RelayCounts;
pub use self::reach::{Reached, reach};
pub use self::settings::{NatsSettings, NatsSettingsError};

use self::counts::Counts;
use self::link::Link;
use self::seal::Seal;
use crate::envelope::Undecodable;
use crate::{Incoming, NodeId, Nodes, Relay, Signal, envelope};

/// Signals that can wait to be sent. Further ones are dropped.
const WAITING: usize = 4_096;
/// Bytes of signals that can wait to be sent. Further ones are dropped.
const WAITING_BYTES: usize = 16 << 20;
/// Signals of other nodes that can wait to be handled. Further ones are dropped.
const INCOMING: usize = 2_048;
/// Messages of one subject that can wait in NATS's client. It drops further ones, and reports that.
const SUBSCRIPTION: usize = 512;
/// Commands that can wait for NATS's connection.
const COMMANDS: usize = 1_024;
/// How often NATS is pinged. After two missing answers it is away.
const PING: Duration = Duration::from_secs(4);
/// How long a first connection may take.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// How long waiting signals may take to be sent at the stop.
const FAREWELL: Duration = Duration::from_secs(1);

/// The relay over NATS.
pub struct NatsRelay {
    shared: Arc<Shared>,
    queue: mpsc::Sender<Signal>,
    /// The followed rooms. Each token ends a subscription.
    rooms: Mutex<HashMap<RoomId, CancellationToken>>,
    tasks: TaskTracker,
    stopping: CancellationToken,
}

struct Shared {
    node: NodeId,
    subjects: String,
    seal: Seal,
    client: Client,
    link: Arc<Link>,
    incoming: mpsc::Sender<Incoming>,
    counts: Arc<Counts>,
    /// Bytes of the waiting signals.
    waiting_bytes: AtomicUsize,
}

impl NatsRelay {
    /// Joins the nodes of this history. It connects as soon as NATS is there, now or later, and
    /// reconnects whenever NATS was away. [`Self::close`] must follow.
    pub async fn start(
        settings: &NatsSettings,
        epoch: Epoch,
        key: &RelayKey,
        node: NodeId,
    ) -> Result<(Arc<Self>, Nodes), async_nats::ConnectError> {
        let (sender, incoming) = mpsc::channel(INCOMING);
        let counts = Arc::new(Counts::new());
        let link = Arc::new(Link::new(settings.addresses(), Arc::clone(&counts)));
        let client = connect(settings, node, &link, &sender).await?;
        let shared = Arc::new(Shared {
            node,
            subjects: format!("papo.{epoch}"),
            seal: Seal::new(key),
            client,
            link,
            incoming: sender,
            counts,
            waiting_bytes: AtomicUsize::new(0),
        });
        let (queue, waiting) = mpsc::channel(WAITING);
        let relay = Arc::new(Self {
            shared: Arc::clone(&shared),
            queue,
            rooms: Mutex::default(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
        });
        let stopping = relay.stopping.clone();
        relay
            .tasks
            .spawn(Arc::clone(&shared).publish(waiting, stopping.clone()));
        relay.tasks.spawn(shared.listen(None, stopping));
        let nodes = Nodes {
            relay: Arc::clone(&relay) as _,
            incoming,
        };
        Ok((relay, nodes))
    }

    /// Sends what still waits, for a second at most, and ends.
    pub async fn close(&self) {
        self.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.shared.link.end();
        // This ends the client, whatever it waits for.
        let _ = tokio::time::timeout(FAREWELL, self.shared.client.drain()).await;
    }

    /// Whether NATS is connected.
    pub fn is_connected(&self) -> bool {
        self.shared.link.is_up()
    }

    /// Its counts.
    pub fn counts(&self) -> RelayCounts {
        self.shared.counts.read()
    }
}

impl Relay for NatsRelay {
    fn tell(&self, signal: Signal) {
        let shared = &self.shared;
        let size = envelope::size_of(&signal);
        if !shared.link.is_up()
            || shared.waiting_bytes.load(Ordering::Relaxed) + size > WAITING_BYTES
        {
            shared.counts.dropped.add(1);
            return;
        }
        shared.waiting_bytes.fetch_add(size, Ordering::Relaxed);
        if self.queue.try_send(signal).is_err() {
            shared.waiting_bytes.fetch_sub(size, Ordering::Relaxed);
            shared.counts.dropped.add(1);
        }
    }

    fn follow(&self, room: RoomId) {
        let until = self.stopping.child_token();
        let mut rooms = self.rooms.lock();
        if let Some(before) = rooms.insert(room, until.clone()) {
            before.cancel();
        }
        let shared = Arc::clone(&self.shared);
        self.tasks.spawn(shared.listen(Some(room), until));
    }

    fn unfollow(&self, room: RoomId) {
        if let Some(until) = self.rooms.lock().remove(&room) {
            until.cancel();
        }
    }
}

impl Shared {
    /// Publishes signals, until the stop and everything before it.
    async fn publish(self: Arc<Self>, mut queue: mpsc::Receiver<Signal>, stop: CancellationToken) {
        loop {
            let signal = tokio::select! {
                biased;
                signal = queue.recv() => signal,
                () = stop.cancelled() => None,
            };
            let Some(signal) = signal else { break };
            self.publish_one(signal).await;
        }
        let rest = async {
            while let Ok(signal) = queue.try_recv() {
                self.publish_one(signal).await;
            }
            let _ = self.client.flush().await;
        };
        if self.link.is_up() {
            let _ = tokio::time::timeout(FAREWELL, rest).await;
        }
    }

    async fn publish_one(&self, signal: Signal) {
        let size = envelope::size_of(&signal);
        let room = envelope::room_of(&signal);
        let subject = self.subject(room);
        for envelope in envelope::encode(self.node, &signal) {
            let payload = self.seal.mark(room, &envelope);
            // Publishing something larger than NATS takes is an error.
            let published = tokio::select! {
                result = self.client.publish(subject.clone(), payload) => result.is_ok(),
                () = self.link.down() => false,
            };
            if published {
                self.counts.published.add(1);
            } else {
                self.counts.dropped.add(1);
            }
        }
        self.waiting_bytes.fetch_sub(size, Ordering::Relaxed);
    }

    /// Receives signals about a room, or for all nodes.
    async fn listen(self: Arc<Self>, room: Option<RoomId>, until: CancellationToken) {
        let subscribed = tokio::select! {
            subscribed = self.client.subscribe(self.subject(room)) => subscribed,
            () = until.cancelled() => return,
        };
        let mut messages = match subscribed {
            Ok(messages) => messages,
            Err(error) => {
                tracing::warn!(%error, "the relay can't subscribe");
                return;
            }
        };
        loop {
            tokio::select! {
                message = messages.next() => match message {
                    Some(message) => self.take(room, &message.payload),
                    None => return,
                },
                // Dropping them unsubscribes.
                () = until.cancelled() => return,
            }
        }
    }

    fn take(&self, room: Option<RoomId>, payload: &[u8]) {
        let opened = self.seal.open(room, payload).ok_or(Undecodable);
        match opened.and_then(|envelope| envelope::decode(room, envelope)) {
            // A node's own signals come back only from a relay that misbehaves.
            Ok((node, _)) if node == self.node => {}
            Ok((node, signal)) => {
                self.counts.received.add(1);
                if self
                    .incoming
                    .try_send(Incoming::Signal(node, signal))
                    .is_err()
                {
                    self.counts.dropped.add(1);
                }
            }
            Err(Undecodable) => self.counts.undecodable.add(1),
        }
    }

    fn subject(&self, room: Option<RoomId>) -> String {
        match room {
            Some(room) => format!("{}.room.{room}", self.subjects),
            None => format!("{}.all", self.subjects),
        }
    }
}

async fn connect(
    settings: &NatsSettings,
    node: NodeId,
    link: &Arc<Link>,
    incoming: &mpsc::Sender<Incoming>,
) -> Result<Client, async_nats::ConnectError> {
    let (link, incoming) = (Arc::clone(link), incoming.clone());
    let trying = Arc::clone(&link);
    let heed = move |event| {
        let (link, incoming) = (Arc::clone(&link), incoming.clone());
        async move {
            match event {
                Event::Connected => {
                    link.set_up();
                    // A stopped app doesn't receive any more.
                    let _ = incoming.send(Incoming::Connected).await;
                }
                Event::Disconnected | Event::Closed => link.set_down(),
                Event::ClientError(_) => link.failed_all().await,
                Event::ServerError(error) => link.refused(error.to_string()),
                Event::SlowConsumer(_) => link.lost(),
                _ => {}
            }
        }
    };
    let options = settings
        .options()
        .name("papo")
        .no_echo()
        .retry_on_initial_connect()
        .max_reconnects(None)
        .connection_timeout(HANDSHAKE)
        .ping_interval(PING)
        .subscription_capacity(SUBSCRIPTION)
        .client_capacity(COMMANDS)
        .event_callback(heed)
        .reconnect_delay_callback(move |attempt| link::delay(node, attempt))
        // NATS's client calls this before each round, to choose a server. It changes nothing of the
        // choice.
        .reconnect_to_server_callback(move |servers, _| {
            trying.tried(&servers);
            std::future::ready(None)
        });
    async_nats::connect_with_options(settings.addresses(), options).await
}

impl fmt::Debug for NatsRelay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsRelay")
            .field("node", &self.shared.node)
            .finish_non_exhaustive()
    }
}
