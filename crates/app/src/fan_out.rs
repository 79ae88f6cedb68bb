//! Bringing what a tail took to those who follow the room.

use std::sync::Arc;

use papo_channel_layer::{LiveRoom, Written};
use tokio::runtime::Handle;

use crate::metrics::Metrics;

/// As many followers are written to by whoever stored the batch, before the next one; more is left to tasks. Writing to so many takes less
/// than a millisecond, about what it costs to hand it over, and meanwhile the next batch grows.
const AT_ONCE: usize = 128;

/// Writes to followers, and counts what was written.
pub(crate) struct FanOut {
    metrics: Arc<Metrics>,
    /// Where tasks run.
    pub(crate) runtime: Handle,
}

/// How many followers may still be written to at once.
pub(crate) struct Budget(usize);

impl FanOut {
    /// Runs tasks on the runtime that it is made on.
    pub(crate) fn new(metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self {
            metrics,
            runtime: Handle::current(),
        })
    }

    /// What one batch may write at once.
    pub(crate) const fn budget() -> Budget {
        Budget(AT_ONCE)
    }

    /// Has a room's followers written to, as far as the budget goes before this returns.
    pub(crate) fn deliver(self: &Arc<Self>, room: &Arc<LiveRoom>, Budget(left): &mut Budget) {
        for delivery in room.deliveries() {
            if let Some(after) = left.checked_sub(delivery.followers()) {
                *left = after;
                self.count(delivery.run());
            } else {
                let fan_out = Arc::clone(self);
                self.runtime
                    .spawn(async move { fan_out.count(delivery.run()) });
            }
        }
    }

    /// Counts what was written.
    pub(crate) fn count(&self, written: Written) {
        self.metrics.deliveries.increment(written.frames);
        self.metrics.delivered_bytes.increment(written.bytes);
    }
}
