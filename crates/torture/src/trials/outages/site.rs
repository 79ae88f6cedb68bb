//! The site of T11: nodes, a NATS that each reaches by a way of its own, and a PostgreSQL.

use std::net::SocketAddr;
use std::slice::SliceIndex;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use papo_protocol::ServerFrame;
use papo_testing::{Guest, Server, Socket};

use crate::database::Place;
use crate::nats_way::{Mishaps, NatsWay, Way};
use crate::servers::{Cluster, Nats, free_address};
use crate::trials::{Context, blocking, slow};

/// The nodes with people.
const NODES: usize = 3;
/// The pause before a retry.
const AGAIN: Duration = Duration::from_millis(50);

/// The nodes and what is between them.
pub(super) struct Site {
    nodes: Vec<Server>,
    /// One more node, with a way of its own, which will die.
    pub(super) mortal: Option<Server>,
    ways: Vec<NatsWay>,
    pub(super) nats: Nats,
    pub(super) cluster: Cluster,
    /// A guest in the room, with open sockets at each node, on which nothing comes by itself.
    guest: Guest,
    quiet: Vec<Socket>,
    mishaps: Arc<Mishaps>,
}

impl Site {
    pub(super) async fn start(context: &Context) -> Result<Self> {
        let cluster = blocking(|| Cluster::start(free_address()?, Vec::new()))?;
        let nats = blocking(|| Nats::start(free_address()?, Vec::new()))?;
        let mishaps = Arc::new(Mishaps::default());
        let (mut nodes, mut ways) = (Vec::new(), Vec::new());
        for number in 0..=NODES {
            let seed = context.seed.wrapping_add(number as u64);
            let way = NatsWay::start(nats.address, seed, Arc::clone(&mishaps)).await?;
            let node = context
                .server()
                .env("PAPO_DATABASE_URL", &cluster.url)
                .env("PAPO_NATS_URL", format!("nats://{}", way.address));
            nodes.push(blocking(|| node.start())?);
            ways.push(way);
        }
        let mortal = nodes.pop();
        let guest = blocking(|| Guest::joined(&nodes[0], 1, "Somebody else"))?;
        let open = |node: &Server| {
            let host = node.address().to_string();
            Socket::open(&host, "/ws/", guest.cookie.as_deref(), true)
        };
        let quiet = blocking(|| nodes.iter().map(open).collect::<Result<_>>())?;
        Ok(Self {
            nodes,
            mortal,
            ways,
            nats,
            cluster,
            guest,
            quiet,
            mishaps,
        })
    }

    /// How many nodes have people.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The address of the node that has this number, counted round and round.
    pub(super) fn address(&self, number: usize) -> SocketAddr {
        self.nodes[number % self.nodes.len()].address()
    }

    /// The addresses of all of them, from that one on.
    pub(super) fn addresses(&self, number: usize) -> Vec<SocketAddr> {
        let all = number..number + self.len();
        all.map(|number| self.address(number)).collect()
    }

    pub(super) fn place(&self) -> Place {
        Place::Server(self.cluster.url.clone())
    }

    /// Sets the state of these nodes' ways to NATS.
    pub(super) fn set(&self, nodes: impl SliceIndex<[NatsWay], Output = [NatsWay]>, way: Way) {
        for of_node in &self.ways[nodes] {
            of_node.set(way);
        }
    }

    /// Waits until the first node accepts messages. Just after its database has come back it
    /// refuses them. Blocks.
    pub(super) fn take_again(&self, limit: Duration) -> Result<()> {
        let start = Instant::now();
        let try_once = || -> Result<i64> {
            let mut socket = self.guest.socket(1)?;
            socket.subscribe(1, None)?;
            let reference = socket.post(1, "Is it back?")?;
            socket.wait_for_ack(reference)
        };
        while let Err(error) = try_once() {
            ensure!(
                start.elapsed() <= limit,
                "it takes no message after {limit:?}: {error:#}"
            );
            sleep(AGAIN);
        }
        Ok(())
    }

    /// Posts a burst of long messages at the first node. Blocks.
    pub(super) fn fill(&self) -> Result<()> {
        let mut socket = self.guest.socket(1)?;
        socket.subscribe(1, None)?;
        slow::fill(&mut socket)
    }

    /// Checks that each node answers its connections within this time. Blocks.
    pub(super) fn answer(&mut self, limit: Duration) -> Result<()> {
        for (number, socket) in self.quiet.iter_mut().enumerate() {
            let start = Instant::now();
            socket.send_text("{\"type\":\"ping\"}")?;
            socket.receive_where(|frame| matches!(frame, ServerFrame::Pong { .. }))?;
            let took = start.elapsed();
            ensure!(took <= limit, "node {number} answers a ping after {took:?}");
        }
        Ok(())
    }

    /// The counts of NATS's faults.
    pub(super) fn mishaps(&self) -> String {
        let count = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        let Mishaps {
            lost,
            doubled,
            swapped,
        } = &*self.mishaps;
        format!(
            "{} of NATS's messages lost, {} doubled, {} swapped",
            count(lost),
            count(doubled),
            count(swapped)
        )
    }
}
