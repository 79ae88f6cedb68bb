//! The two kinds of time: what a clock says, for people to read, and how long the database has been
//! served, for expiry.
//!
//! A clock may be wrong, jump ahead and come back, so nothing expires by it. The time of service
//! only grows: a running server measures it without a clock. While no server runs, nothing in the
//! database ages.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use papo_domain::{SESSION_LIFETIME, Timestamp};

use crate::{StorageError, defects};

/// The clocks of nodes differ by about this much. A log's time doesn't run backwards by so little.
const SKEW_MILLIS: i64 = 1_000;

/// The time of service, and what the clocks say.
#[async_trait]
pub trait Times: Send + Sync {
    /// Moves the stored time of service forward to at least this, and returns it. The storage
    /// judges sessions by the answer from then on.
    async fn serve(&self, at_least: Served) -> Result<Served, StorageError>;

    /// What the clocks say.
    async fn clocks(&self) -> Result<Clocks, StorageError>;
}

/// A moment in a database's service: for how many milliseconds servers have run on it until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Served(pub i64);

impl Served {
    /// So much later.
    #[must_use]
    pub fn after(self, time: Duration) -> Self {
        Self(self.0.saturating_add(millis(time)))
    }

    /// So much earlier, maybe before the service began.
    #[must_use]
    pub fn before(self, time: Duration) -> Self {
        Self(self.0.saturating_sub(millis(time)))
    }
}

/// What the clocks say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// The clock of the database's server; for a file, that of this machine.
    pub database: Timestamp,
    /// The latest time of anything in the database.
    pub latest: Option<Timestamp>,
}

/// The latest moment of service that a storage has seen. It judges sessions by it.
pub(crate) struct Present(AtomicI64);

impl Present {
    /// The moment that is stored.
    pub(crate) fn of(served: Served) -> Self {
        Self(AtomicI64::new(served.0))
    }

    /// Moves it forward to at least this.
    pub(crate) fn note(&self, served: Served) {
        self.0.fetch_max(served.0, Ordering::Relaxed);
    }

    /// Sessions that were last used before this have ended.
    pub(crate) fn used_since(&self) -> Served {
        Served(self.0.load(Ordering::Relaxed)).before(SESSION_LIFETIME)
    }
}

/// The time of a log's next event. Nodes' clocks differ a little, so the log's time doesn't go back
/// by that. A log's time that is well ahead came from a wrong clock, and the log takes the clock's
/// time.
pub(crate) fn next_in_log(clock: Timestamp, last: Timestamp) -> Timestamp {
    let ahead = last.as_millis().saturating_sub(clock.as_millis());
    if ahead <= SKEW_MILLIS || defects::has("frozen-log") {
        clock.max(last)
    } else {
        clock
    }
}

/// A duration in milliseconds.
pub(crate) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_waits_for_a_small_difference_only() {
        let at = Timestamp::from_millis;
        for (clock, last, expected) in [
            (60, 50, 60),
            (20, 50, 50),
            (50, 1_050, 1_050),
            (50, 1_051, 50),
            (0, i64::MAX, 0),
        ] {
            let next = next_in_log(at(clock), at(last));
            assert_eq!(next, at(expected), "{clock} after {last}");
        }
    }
}
