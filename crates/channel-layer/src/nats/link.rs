//! The connection to NATS: whether it is up, and when it is tried again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_nats::{Server, ServerAddr};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::timeout;

use super::counts::Counts;
use crate::NodeId;

/// How many reasons are logged until it is connected.
const REASONS: usize = 8;
/// The longest wait before NATS is tried again.
const LONGEST: Duration = Duration::from_secs(2);
/// How long looking up a server's name may take.
const LOOKING_UP: Duration = Duration::from_secs(2);

/// The state of the connection.
pub(super) struct Link {
    is_up: watch::Sender<bool>,
    /// The servers' addresses.
    addresses: Vec<ServerAddr>,
    /// Why and where connecting has failed so far, so that each reason is logged once.
    failures: Mutex<Vec<(String, String)>>,
    /// How often each server had failed at the last look.
    tries: Mutex<HashMap<String, usize>>,
    counts: Arc<Counts>,
}

impl Link {
    pub(super) fn new(addresses: Vec<ServerAddr>, counts: Arc<Counts>) -> Self {
        Self {
            is_up: watch::Sender::new(false),
            addresses,
            failures: Mutex::default(),
            tries: Mutex::default(),
            counts,
        }
    }

    pub(super) fn is_up(&self) -> bool {
        *self.is_up.borrow()
    }

    pub(super) fn set_up(&self) {
        self.is_up.send_replace(true);
        self.counts.connected.set(1);
        self.failures.lock().clear();
        tracing::info!("the relay to the other nodes is connected");
    }

    pub(super) fn set_down(&self) {
        self.counts.connected.set(0);
        if self.is_up.send_replace(false) {
            tracing::info!(
                "the relay to the other nodes is away; until it is back, their messages come by polling"
            );
        }
    }

    /// Ends the link.
    pub(super) fn end(&self) {
        self.is_up.send_replace(false);
        self.counts.connected.set(0);
    }

    /// Logs an error of a server, whichever it is.
    pub(super) fn refused(&self, why: String) {
        let addresses = self.addresses.iter().map(ServerAddr::as_url_str);
        self.failed(addresses.collect::<Vec<_>>().join(","), why);
    }

    /// All servers have failed. The next try knows why ([`Self::tried`]), except for names that
    /// can't be looked up.
    pub(super) async fn failed_all(&self) {
        for address in &self.addresses {
            let found = timeout(LOOKING_UP, address.socket_addrs()).await;
            let why = match found {
                Ok(Ok(_)) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(_) => "looking up its name takes too long".to_owned(),
            };
            self.failed(address.as_url_str().to_owned(), why);
        }
    }

    /// Logs why servers have failed, before another try.
    pub(super) fn tried(&self, servers: &[Server]) {
        let mut tries = self.tries.lock();
        for server in servers {
            let address = server.addr.as_url_str().to_owned();
            let before = tries.insert(address.clone(), server.failed_attempts);
            if let Some(why) = &server.last_error
                && before != Some(server.failed_attempts)
            {
                self.failed(address, why.clone());
            }
        }
    }

    fn failed(&self, nats: String, why: String) {
        let mut failures = self.failures.lock();
        let failure = (nats, why);
        if !failures.contains(&failure) && failures.len() < REASONS {
            let (nats, why) = &failure;
            tracing::warn!(
                nats,
                why,
                "can't reach the relay to the other nodes; trying again"
            );
            failures.push(failure);
        }
    }

    /// Counts a message that was lost because this node was too slow.
    pub(super) fn lost(&self) {
        self.counts.dropped.add(1);
    }

    /// Waits until NATS is away.
    pub(super) async fn down(&self) {
        let mut changes = self.is_up.subscribe();
        // This struct has the sender, so the channel doesn't close.
        let _ = changes.wait_for(|is_up| !is_up).await;
    }
}

/// The wait before this try. It doubles each time, and differs between nodes.
pub(super) fn delay(node: NodeId, attempt: usize) -> Duration {
    if attempt <= 1 {
        return Duration::ZERO;
    }
    let doublings = u32::try_from(attempt - 2).unwrap_or(u32::MAX).min(16);
    let most = LONGEST.min(Duration::from_millis(50) * 2_u32.pow(doublings));
    let attempt = u64::try_from(attempt).unwrap_or(u64::MAX);
    let mut mixed = node.0 ^ attempt.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^= mixed >> 31;
    let percent = u32::try_from(50 + mixed % 51).unwrap_or(100);
    most * percent / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_a_bound_and_differ_between_nodes() {
        let delays = |node| (1..40).map(move |attempt| delay(NodeId(node), attempt));
        assert_eq!(delay(NodeId(1), 1), Duration::ZERO);
        for delay in delays(1).skip(10) {
            assert!(delay <= LONGEST && delay >= LONGEST / 2, "{delay:?}");
        }
        assert_ne!(delays(1).collect::<Vec<_>>(), delays(2).collect::<Vec<_>>());
        assert!(delay(NodeId(1), usize::MAX) <= LONGEST);
    }
}
