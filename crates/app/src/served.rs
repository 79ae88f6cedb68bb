//! The time of service between the moments at which it is stored.
//!
//! Sessions are stamped and judged by it, and old rows are deleted by it. It comes from no clock: a
//! node adds the time that it measured since it last asked the database. The database takes the
//! latest time of all nodes, so they have one time.

use std::sync::Arc;
use std::time::Duration;

use papo_domain::Timestamp;
use papo_storage::{Served, StorageError};
use parking_lot::Mutex;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::{App, defects};

/// A shorter service isn't worth storing. Most commands are over by then, and some run on a full
/// disk.
const WORTH_STORING: Duration = Duration::from_mins(1);
/// How often a server stores the time.
const STORE: Duration = Duration::from_mins(10);
/// The same for two servers or more. Each starts with the stored time, and judges the leases of
/// jobs by its own: so their times must differ by much less than a lease.
const WORTH_SHARING: Duration = Duration::from_secs(2);
const SHARE: Duration = Duration::from_secs(5);

/// The database's answer, and when it came.
pub(crate) struct Service(Mutex<(Served, Instant)>);

impl Service {
    /// The service with this present moment.
    pub(crate) fn of(served: Served) -> Self {
        Self(Mutex::new((served, Instant::now())))
    }
}

impl App {
    /// The present moment of service.
    pub(crate) fn served(&self) -> Served {
        if defects::has("clock-of-sessions") {
            return Served(self.settings.clock.now().as_millis());
        }
        let (served, asked) = *self.service.0.lock();
        served.after(asked.elapsed())
    }

    /// About what the clock said at a moment of service, if servers have run ever since. Never
    /// later than now.
    pub fn by_the_clock(&self, moment: Served) -> Timestamp {
        // Another process may serve the database. Its moments are ahead of the stored ones.
        let ago = self.served().0.saturating_sub(moment.0).max(0);
        Timestamp::from_millis(self.settings.clock.now().as_millis().saturating_sub(ago))
    }

    /// A stored time to show as past. The clock that gave it may be ahead of this machine's.
    pub fn past(&self, at: Timestamp) -> Timestamp {
        at.min(self.settings.clock.now())
    }

    /// Stores the time of service again and again, until the app stops.
    pub(crate) async fn keep_time(self: Arc<Self>) {
        let period = if self.tails.is_shared { SHARE } else { STORE };
        let mut tick = interval(period);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = self.stopping.cancelled() => return,
            }
            if let Err(error) = self.serve_on().await {
                tracing::warn!(%error, "can't store for how long the database was served");
            }
        }
    }

    /// Stores the present moment if that is worth it, and takes over a later one from other nodes.
    pub(crate) async fn serve_on(&self) -> Result<Served, StorageError> {
        let (stored, since) = *self.service.0.lock();
        let worth_storing = if self.tails.is_shared {
            WORTH_SHARING
        } else {
            WORTH_STORING
        };
        let is_worth_storing = since.elapsed() > worth_storing || defects::has("clock-of-sessions");
        let (asked, now) = (Instant::now(), self.served());
        let served = self
            .storage
            .serve(if is_worth_storing { now } else { stored });
        let served = served.await?;
        if is_worth_storing || served > now {
            *self.service.0.lock() = (served, asked);
        }
        Ok(self.served())
    }

    /// Stores it at the end of the service.
    pub(crate) async fn end_service(&self) {
        if let Err(error) = self.serve_on().await {
            tracing::debug!(%error, "storing for how long the database was served");
        }
    }
}
