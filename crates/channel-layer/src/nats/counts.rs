//! The relay's counters.

use std::sync::atomic::{AtomicU64, Ordering};

use metrics::{Counter, Gauge, counter, describe_counter, describe_gauge, gauge};

/// The counts of a relay since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RelayCounts {
    /// Signals given to NATS.
    pub published: u64,
    /// Signals that came from other nodes.
    pub received: u64,
    /// Signals that were not sent or not received, because NATS was away or there were too many.
    pub dropped: u64,
    /// Messages without a mark of the database's key, or not understood.
    pub undecodable: u64,
}

/// A counter that the program reads and `/metrics` shows.
pub(super) struct Count {
    number: AtomicU64,
    shown: Counter,
}

pub(super) struct Counts {
    pub(super) published: Count,
    pub(super) received: Count,
    pub(super) dropped: Count,
    pub(super) undecodable: Count,
    pub(super) connected: Gauge,
}

impl Count {
    fn new(shown: Counter) -> Self {
        // So that `/metrics` shows it from the start.
        shown.increment(0);
        Self {
            number: AtomicU64::new(0),
            shown,
        }
    }

    pub(super) fn add(&self, number: u64) {
        self.number.fetch_add(number, Ordering::Relaxed);
        self.shown.increment(number);
    }
}

impl Counts {
    pub(super) fn new() -> Self {
        describe_gauge!(
            "papo_relay_connected",
            "Whether the relay to other nodes is connected"
        );
        describe_counter!("papo_relay_published_total", "Signals told to other nodes");
        describe_counter!("papo_relay_received_total", "Signals told by other nodes");
        describe_counter!(
            "papo_relay_dropped_total",
            "Signals not told or not heard, because the relay was away or there were too many"
        );
        describe_counter!(
            "papo_relay_undecodable_total",
            "Signals that weren't marked with the database's key or weren't understood"
        );
        let connected = gauge!("papo_relay_connected");
        connected.set(0);
        Self {
            published: Count::new(counter!("papo_relay_published_total")),
            received: Count::new(counter!("papo_relay_received_total")),
            dropped: Count::new(counter!("papo_relay_dropped_total")),
            undecodable: Count::new(counter!("papo_relay_undecodable_total")),
            connected,
        }
    }

    pub(super) fn read(&self) -> RelayCounts {
        let read = |count: &Count| count.number.load(Ordering::Relaxed);
        RelayCounts {
            published: read(&self.published),
            received: read(&self.received),
            dropped: read(&self.dropped),
            undecodable: read(&self.undecodable),
        }
    }
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    #[test]
    fn what_is_counted_is_shown_from_the_start() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let shown = recorder.handle();
        let counts = metrics::with_local_recorder(&recorder, Counts::new);
        counts.published.add(2);
        counts.connected.set(1);
        assert_eq!(counts.read().published, 2);
        let shown = shown.render();
        for line in [
            "papo_relay_connected 1",
            "papo_relay_published_total 2",
            "papo_relay_received_total 0",
            "papo_relay_dropped_total 0",
            "papo_relay_undecodable_total 0",
        ] {
            assert!(shown.lines().any(|shown| shown == line), "{line}: {shown}");
        }
    }
}
