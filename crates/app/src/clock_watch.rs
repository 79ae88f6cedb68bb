//! Logs when the clock is wrong. Nothing depends on this: messages bear the clock's time, and what
//! expires has a time of its own.

use std::time::Duration;

use papo_domain::Timestamp;
use papo_storage::StorageError;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::App;

/// How often the clock is compared with the time that passes.
const LOOK: Duration = Duration::from_secs(1);
/// Normal corrections move a clock by less than this.
const JUMP_MILLIS: i64 = 2_000;
/// Two correct clocks differ by less than this.
const TOLERANCE_MILLIS: i64 = 60_000;

impl App {
    /// Watches for jumps, for as long as the app runs.
    pub(crate) async fn watch_clock(self: std::sync::Arc<Self>) {
        let mut tick = interval(LOOK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut clock, mut since) = (self.settings.clock.now(), Instant::now());
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = self.stopping.cancelled() => return,
            }
            let (now, moment) = (self.settings.clock.now(), Instant::now());
            let passed = moment.duration_since(since);
            if let Some(jump) = jump(clock, now, passed) {
                tracing::warn!(
                    "the machine's clock jumped {}, to {now}; messages bear its time, and nobody's session ends by it",
                    distance(jump)
                );
            }
            (clock, since) = (now, moment);
        }
    }

    /// Compares the clock with the database's, and at the start with what is stored.
    pub(crate) async fn compare_clocks(&self, is_start: bool) -> Result<(), StorageError> {
        let now = self.settings.clock.now();
        let clocks = self.storage.clocks().await?;
        let off = now.as_millis() - clocks.database.as_millis();
        if off.abs() > TOLERANCE_MILLIS {
            tracing::warn!(
                "the machine's clock says {now}, {} from what the database's server says; set the wrong one",
                distance(off)
            );
        } else if let Some(latest) = clocks.latest
            && is_start
            && latest.as_millis() > now.as_millis() + TOLERANCE_MILLIS
        {
            tracing::warn!(
                "the machine's clock says {now}, and something in the database is of {latest}: the clock is or was wrong"
            );
        }
        Ok(())
    }
}

/// The difference in milliseconds between the clock's progress and the time that passed.
fn jump(before: Timestamp, now: Timestamp, passed: Duration) -> Option<i64> {
    let passed = i64::try_from(passed.as_millis()).unwrap_or(i64::MAX);
    let jump = now.as_millis() - before.as_millis() - passed;
    (jump.abs() > JUMP_MILLIS).then_some(jump)
}

fn distance(millis: i64) -> String {
    let way = if millis < 0 { "back" } else { "ahead" };
    format!("{} s {way}", (millis.abs() + 500) / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clock_that_leaves_the_passing_time_has_jumped() {
        let at = Timestamp::from_millis;
        let second = Duration::from_secs(1);
        assert_eq!(jump(at(0), at(1_000), second), None);
        assert_eq!(jump(at(0), at(3_000), second), None);
        assert_eq!(jump(at(0), at(3_001), second), Some(2_001));
        assert_eq!(jump(at(5_000), at(0), second), Some(-6_000));
        // A process that stood still.
        assert_eq!(jump(at(0), at(60_000), second * 60), None);
        assert_eq!(distance(-6_000), "6 s back");
    }
}
