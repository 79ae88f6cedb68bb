//! Nodes joined in memory by a bus that loses, doubles, reorders and delays, as a test says.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use papo_domain::RoomId;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::{Incoming, NodeId, Nodes, Relay, Signal, envelope};

/// How many signals can wait for a node. Further ones are lost.
const WAITING: usize = 4_096;

/// The bus's faults, each in percent of the signals.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// Never arrives.
    pub lose: u64,
    /// Arrives twice.
    pub double: u64,
    /// Arrives after the next.
    pub reorder: u64,
    /// Arrives up to [`Self::latest`] later.
    pub delay: u64,
    /// The longest delay.
    pub latest: Duration,
}

/// Joined nodes. The seed determines the faults.
#[derive(Debug, Clone)]
pub struct Bus {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    seed: u64,
    faults: Faults,
    /// For delays: a signal may come from a thread outside of every runtime.
    runtime: Option<Handle>,
    nodes: HashMap<NodeId, Node>,
}

#[derive(Debug)]
struct Node {
    incoming: mpsc::Sender<Incoming>,
    follows: HashSet<RoomId>,
    /// What arrives after the next.
    held: Option<(Option<RoomId>, Bytes)>,
}

#[derive(Debug)]
struct BusRelay {
    node: NodeId,
    state: Arc<Mutex<State>>,
}

impl Bus {
    /// A bus without faults. One with delays must be made in a runtime.
    pub fn new(seed: u64) -> Self {
        let state = State {
            seed,
            faults: Faults::default(),
            runtime: Handle::try_current().ok(),
            nodes: HashMap::new(),
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Sets the faults from now on.
    pub fn fail(&self, faults: Faults) {
        self.state.lock().faults = faults;
    }

    /// Tells every node that the bus is connected again.
    pub fn connected(&self) {
        for node in self.state.lock().nodes.values() {
            let _ = node.incoming.try_send(Incoming::Connected);
        }
    }

    /// Joins another node.
    pub fn join(&self) -> Nodes {
        let (sender, incoming) = mpsc::channel(WAITING);
        let mut state = self.state.lock();
        let node = NodeId(state.nodes.len() as u64 + 1);
        state.nodes.insert(
            node,
            Node {
                incoming: sender,
                follows: HashSet::new(),
                held: None,
            },
        );
        let relay = BusRelay {
            node,
            state: Arc::clone(&self.state),
        };
        Nodes {
            relay: Arc::new(relay),
            incoming,
        }
    }
}

impl Relay for BusRelay {
    fn tell(&self, signal: Signal) {
        let room = envelope::room_of(&signal);
        let mut state = self.state.lock();
        for bytes in envelope::encode(self.node, &signal) {
            let mut targets: Vec<_> = state.nodes.keys().copied().collect();
            targets.sort_unstable();
            for target in targets {
                if target != self.node {
                    state.send(target, room, &bytes);
                }
            }
        }
    }

    fn follow(&self, room: RoomId) {
        if let Some(node) = self.state.lock().nodes.get_mut(&self.node) {
            node.follows.insert(room);
        }
    }

    fn unfollow(&self, room: RoomId) {
        if let Some(node) = self.state.lock().nodes.get_mut(&self.node) {
            node.follows.remove(&room);
        }
    }
}

impl State {
    fn send(&mut self, target: NodeId, room: Option<RoomId>, bytes: &Bytes) {
        let Faults {
            lose,
            double,
            reorder,
            delay,
            latest,
        } = self.faults;
        if self.happens(lose) {
            return;
        }
        let copies = if self.happens(double) { 2 } else { 1 };
        for _ in 0..copies {
            let is_held = self.happens(reorder);
            let late = self.happens(delay).then(|| {
                let millis = u64::try_from(latest.as_millis()).unwrap_or(u64::MAX).max(1);
                Duration::from_millis(self.number() % millis)
            });
            let Some(node) = self.nodes.get_mut(&target) else {
                return;
            };
            if room.is_some_and(|room| !node.follows.contains(&room)) {
                return;
            }
            if is_held && node.held.is_none() {
                node.held = Some((room, bytes.clone()));
                continue;
            }
            let held = node.held.take();
            let sender = node.incoming.clone();
            for (room, bytes) in std::iter::once((room, bytes.clone())).chain(held) {
                let Ok((from, signal)) = envelope::decode(room, &bytes) else {
                    continue;
                };
                let (sender, incoming) = (sender.clone(), Incoming::Signal(from, signal));
                if let Some(late) = late {
                    let runtime = self.runtime.as_ref().expect("a runtime that delays");
                    runtime.spawn(async move {
                        tokio::time::sleep(late).await;
                        let _ = sender.try_send(incoming);
                    });
                } else {
                    let _ = sender.try_send(incoming);
                }
            }
        }
    }

    fn happens(&mut self, percent: u64) -> bool {
        self.number() % 100 < percent
    }

    /// The next number of `SplitMix64`.
    fn number(&mut self) -> u64 {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.seed;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
