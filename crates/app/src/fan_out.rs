//! Bringing what a tail took to those who follow the room.

use std::sync::Arc;

use papo_channel_layer::{LiveRoom, Request, Written};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use crate::metrics::Metrics;

/// As many connections are written to by whoever stored the batch, before the next one; more is
/// left to tasks. Writing to so many takes less than a millisecond, about what it costs to hand it
/// over, and meanwhile the next batch grows.
const AT_ONCE: usize = 128;

/// Writes to followers, and counts what was written.
pub(crate) struct FanOut {
    metrics: Arc<Metrics>,
    runtime: Handle,
    tasks: TaskTracker,
}

/// How many connections may still be written to at once.
pub(crate) struct Budget(usize);

impl FanOut {
    /// Runs tasks on the runtime that it is made on, as `tasks`.
    pub(crate) fn new(metrics: Arc<Metrics>, tasks: TaskTracker) -> Arc<Self> {
        Arc::new(Self {
            metrics,
            runtime: Handle::current(),
            tasks,
        })
    }

    /// What one batch may write at once.
    pub(crate) const fn budget() -> Budget {
        Budget(AT_ONCE)
    }

    /// Has a task of the app do something.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn_on(work, &self.runtime);
    }

    /// Has a room's followers written to, as far as the budget goes before this returns.
    pub(crate) fn deliver(self: &Arc<Self>, room: &Arc<LiveRoom>, budget: &mut Budget) {
        for mut delivery in room.deliveries() {
            if budget.take(delivery.followers()) {
                while let Some(written) = delivery.round() {
                    self.count(written);
                }
            } else {
                let fan_out = Arc::clone(self);
                self.spawn(async move {
                    while let Some(written) = delivery.round() {
                        fan_out.count(written);
                        tokio::task::yield_now().await;
                    }
                });
            }
        }
    }

    /// Ends requests whose answers have been given, and writes the answers that no room has taken
    /// along.
    pub(crate) fn finish(self: &Arc<Self>, mut requests: Vec<Request>, budget: &mut Budget) {
        if budget.take(requests.len()) {
            for request in requests {
                self.count(request.finish());
            }
            return;
        }
        let fan_out = Arc::clone(self);
        self.spawn(async move {
            while !requests.is_empty() {
                let first = requests.len().saturating_sub(AT_ONCE);
                for request in requests.drain(first..) {
                    fan_out.count(request.finish());
                }
                tokio::task::yield_now().await;
            }
        });
    }

    /// Counts what was written.
    pub(crate) fn count(&self, written: Written) {
        self.metrics.deliveries.increment(written.frames);
        self.metrics.delivered_bytes.increment(written.bytes);
    }
}

impl Budget {
    /// Whether there was enough.
    fn take(&mut self, wanted: usize) -> bool {
        let after = self.0.checked_sub(wanted);
        self.0 = after.unwrap_or(self.0);
        after.is_some()
    }
}
