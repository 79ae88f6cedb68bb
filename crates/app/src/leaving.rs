//! The stop of a node: it tells clients to come back, soon and not all at once.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use papo_channel_layer::{NodeId, Notice, Signal};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::App;

/// Clients come back within this time, if another node can serve them or there are few.
const SOON: Duration = Duration::from_secs(1);
/// Clients come back within this time at the latest, however many there are.
const LATE: Duration = Duration::from_secs(4);
/// Each client adds this much, if the node is alone and has to start meanwhile.
const EACH: Duration = Duration::from_micros(800);
/// A node that is silent for this long has gone. It is three times the pause between its signals
/// while somebody is on it.
const SILENCE: Duration = Duration::from_secs(15);

/// The other nodes, and when each was last heard.
#[derive(Debug, Default)]
pub(crate) struct Others(Mutex<HashMap<NodeId, Instant>>);

impl Others {
    /// Notes a signal of a node.
    pub(crate) fn hear(&self, node: NodeId, signal: &Signal, now: Instant) {
        let mut heard = self.0.lock();
        heard.retain(|_, at| now.duration_since(*at) < SILENCE);
        if matches!(signal, Signal::Stopped) {
            heard.remove(&node);
        } else {
            heard.insert(node, now);
        }
    }

    fn are_there(&self, now: Instant) -> bool {
        let heard = self.0.lock();
        let is_there = |at: &Instant| now.duration_since(*at) < SILENCE;
        heard.values().any(is_there)
    }
}

impl App {
    /// Gives every connection a notice that the server stops, and refuses new ones.
    pub fn announce_stop(&self) {
        self.is_leaving.store(true, Ordering::SeqCst);
        let others = self.others.are_there(Instant::now());
        let within = return_time(self.hub.connection_count(), others);
        self.hub.notice_all(&Notice::Stopping(within));
    }
}

/// The time within which clients are to come back.
fn return_time(connections: usize, has_others: bool) -> Duration {
    if has_others {
        return SOON;
    }
    let connections = u32::try_from(connections).unwrap_or(u32::MAX);
    EACH.saturating_mul(connections).clamp(SOON, LATE)
}

#[cfg(test)]
mod tests {
    use papo_domain::RoomId;

    use super::*;

    #[test]
    fn people_come_back_sooner_to_other_nodes_or_when_they_are_few() {
        assert_eq!(return_time(0, false), SOON);
        assert_eq!(return_time(2_500, false), Duration::from_secs(2));
        assert_eq!(return_time(100_000, false), LATE);
        assert_eq!(return_time(100_000, true), SOON);
    }

    #[test]
    fn a_node_is_there_until_it_stops_or_falls_silent() {
        let (others, now) = (Others::default(), Instant::now());
        let people = Signal::People(RoomId(1), papo_channel_layer::People::default());
        assert!(!others.are_there(now));
        others.hear(NodeId(1), &people, now);
        assert!(others.are_there(now));
        assert!(!others.are_there(now + SILENCE));
        others.hear(NodeId(2), &Signal::Changed, now);
        others.hear(NodeId(1), &Signal::Stopped, now);
        assert!(others.are_there(now));
        others.hear(NodeId(2), &Signal::Stopped, now);
        assert!(!others.are_there(now));
    }
}
