//! The pace at which a node reads on in the journals of the database: revocations and inboxes.

use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// How often the node asks the database: half of the second within which a right must end.
const POLL: Duration = Duration::from_millis(500);
/// How many entries are read at once.
pub(crate) const PORTION: usize = 1_000;

/// The times at which to ask for new entries.
pub(crate) struct AskingTimes(Interval);

impl AskingTimes {
    /// From now on.
    pub(crate) fn new() -> Self {
        let mut tick = interval(POLL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self(tick)
    }

    /// Waits for the next time, or for the bell. `false` at the stop.
    pub(crate) async fn next(&mut self, bell: &Notify, stop: &CancellationToken) -> bool {
        tokio::select! {
            _ = self.0.tick() => true,
            () = bell.notified() => true,
            () = stop.cancelled() => false,
        }
    }
}
