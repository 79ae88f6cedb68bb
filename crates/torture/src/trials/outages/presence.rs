//! People at a node that dies, and how long the other nodes still show them.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use papo_protocol::ServerFrame;
use papo_testing::{Guest, Server};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::site::Site;
use crate::trials::blocking;
use crate::wire::{Door, Received, Wire};

/// How long they may still be shown.
pub(super) const FORGOTTEN: Duration = Duration::from_secs(15);
/// How long everybody may take to see them, and until it is clear that they aren't forgotten.
const PATIENCE: Duration = Duration::from_secs(40);
const NAME: &str = "Ghost";

/// A person at a node that will die, and watchers at the others.
pub(super) struct Ghosts {
    node: Server,
    /// The connection that keeps the person there.
    ghost: Wire,
    /// Each watcher's result: when it doesn't see the person any more.
    watching: JoinSet<Result<Instant>>,
}

impl Ghosts {
    /// Makes a person join at the node, and waits until all others show them.
    pub(super) async fn haunt(site: &mut Site) -> Result<Self> {
        let node = site.mortal.take().context("a node that is to die")?;
        let (seen, mut sightings) = mpsc::channel(site.len());
        let mut watching = JoinSet::new();
        for number in 0..site.len() {
            let wire = enter(site.address(number), "Watcher").await?;
            watching.spawn(watch(wire, seen.clone()));
        }
        let ghost = enter(node.address(), NAME).await?;
        for _ in 0..site.len() {
            let sighting = timeout(PATIENCE, sightings.recv());
            sighting.await?.context("nobody watches any more")?;
        }
        Ok(Self {
            node,
            ghost,
            watching,
        })
    }

    /// Kills the node. Returns how long until nobody shows its people any more.
    pub(super) async fn die(mut self) -> Result<Duration> {
        blocking(|| self.node.kill())?;
        let (start, mut last) = (Instant::now(), Duration::ZERO);
        while let Some(gone) = timeout(PATIENCE, self.watching.join_next()).await? {
            last = last.max(gone??.saturating_duration_since(start));
        }
        drop(self.ghost);
        Ok(last)
    }
}

/// Joins at a node under this name, and follows the room there.
async fn enter(address: SocketAddr, name: &str) -> Result<Wire> {
    let mut guest = Guest::at(&address.to_string());
    blocking(|| guest.join(1, name))?;
    let cookie = guest.cookie.context("a cookie")?;
    let door = Door {
        address,
        path: "/ws/chat/1/",
        cookie: &cookie,
        receive_buffer: None,
    };
    let mut wire = Wire::open(&door).await?;
    wire.send("{\"type\":\"subscribe\"}").await?;
    Ok(wire)
}

/// Signals when the person is shown. Returns when they aren't any more.
async fn watch(mut wire: Wire, seen: mpsc::Sender<()>) -> Result<Instant> {
    let mut was_there = false;
    loop {
        let Received::Text(text) = wire.receive().await else {
            bail!("who watches was cut off");
        };
        let ServerFrame::Presence { people, .. } = serde_json::from_slice(&text)? else {
            continue;
        };
        let is_there = people.iter().any(|person| person.username == NAME);
        if was_there && !is_there {
            return Ok(Instant::now());
        }
        if is_there && !was_there {
            seen.send(()).await?;
        }
        was_there = is_there;
    }
}
