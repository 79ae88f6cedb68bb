//! Delivers new frames of a tail to the room's followers.

use std::sync::Arc;

use papo_channel_layer::{LiveRoom, Request, Written};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use crate::metrics::Metrics;

/// The storing thread writes to at most this many connections itself before the next batch; tasks
/// write to the rest. That takes less than a millisecond, about as long as handing the work over,
/// and the next batch grows meanwhile.
const AT_ONCE: usize = 128;

/// Writes to followers, and counts what was written.
pub(crate) struct FanOut {
    metrics: Arc<Metrics>,
    runtime: Handle,
    tasks: TaskTracker,
}

/// How many connections the storing thread may still write to.
pub(crate) struct Budget(usize);

impl FanOut {
    /// Must be called on the runtime on which its tasks run. `tasks` tracks them.
    pub(crate) fn new(metrics: Arc<Metrics>, tasks: TaskTracker) -> Arc<Self> {
        Arc::new(Self {
            metrics,
            runtime: Handle::current(),
            tasks,
        })
    }

    /// The budget of a batch.
    pub(crate) const fn budget() -> Budget {
        Budget(AT_ONCE)
    }

    /// Runs work as a task of the app.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn_on(work, &self.runtime);
    }

    /// Writes to a room's followers: within the budget before this returns, otherwise by tasks.
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

    /// Ends answered requests, and writes the answers that no room's write has included.
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
    /// Takes from the budget; `false`, and takes nothing, when it is too small.
    fn take(&mut self, wanted: usize) -> bool {
        let after = self.0.checked_sub(wanted);
        self.0 = after.unwrap_or(self.0);
        after.is_some()
    }
}
