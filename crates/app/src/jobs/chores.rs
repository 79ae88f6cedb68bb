//! Chores: jobs that the time adds, once in each period among all nodes.
//!
//! Each node adds the chores of a period when the period begins, and soon after its start. Their
//! keys name the period, so the database takes them once. Periods are of the time of service, which
//! is one time for all nodes.

use std::sync::Arc;
use std::time::Duration;

use papo_storage::Served;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::{Failure, Job};
use crate::{App, Error};

/// The length of a period.
const PERIOD: Duration = Duration::from_mins(10);
const PERIOD_MILLIS: i64 = 10 * 60 * 1_000;
/// How long after its start a node adds chores. Most short services are over by then, and some are
/// on a full disk, which takes no writes.
const SETTLED: Duration = Duration::from_secs(3);
/// The longest wait before the period is looked at again: the database may know a later time.
const LOOK: Duration = Duration::from_secs(10);

/// A task in one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Chore {
    task: Task,
    /// Its number since the service began.
    period: i64,
}

/// What is to be done in each period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Task {
    /// Ends sessions that were unused for too long.
    ExpireSessions,
    /// Deletes revocations that every node has seen.
    ForgetRevocations,
    /// Deletes entries of inboxes that every node has seen.
    ForgetInboxes,
    /// Deletes jobs that nobody asks for any more.
    ForgetJobs,
    /// Deletes entries of the audit that are kept no longer.
    ForgetAudit,
}

impl Task {
    const ALL: [Self; 5] = [
        Self::ExpireSessions,
        Self::ForgetRevocations,
        Self::ForgetInboxes,
        Self::ForgetJobs,
        Self::ForgetAudit,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::ExpireSessions => "expire-sessions",
            Self::ForgetRevocations => "forget-revocations",
            Self::ForgetInboxes => "forget-inboxes",
            Self::ForgetJobs => "forget-jobs",
            Self::ForgetAudit => "forget-audit",
        }
    }
}

impl Job for Chore {
    const QUEUE: &'static str = "chores";
    const AT_ONCE: usize = 1;
    /// Longer than the period lasts on any node.
    const REMEMBERED: Duration = Duration::from_hours(1);

    fn key(&self) -> String {
        format!("{}/{}", self.task.name(), self.period)
    }

    async fn run(self, app: Arc<App>) -> Result<(), Failure> {
        match self.task {
            Task::ExpireSessions => app.expire_sessions().await?,
            Task::ForgetRevocations => app.forget_revocations().await?,
            Task::ForgetInboxes => app.forget_inboxes().await?,
            Task::ForgetAudit => app.forget_audit().await?,
            Task::ForgetJobs => drop(app.storage.forget_jobs(app.served()).await?),
        }
        Ok(())
    }
}

impl App {
    /// Adds the chores of each period, until the app stops.
    pub(super) async fn schedule_chores(self: Arc<Self>) {
        let mut added = None;
        tokio::select! {
            () = sleep(SETTLED) => {}
            () = self.stopping.cancelled() => return,
        }
        loop {
            let now = self.served();
            let period = period_of(now);
            if added != Some(period) {
                match self.add_chores(period).await {
                    Ok(_) => added = Some(period),
                    Err(error) => tracing::warn!(%error, "can't add the chores of a period"),
                }
            }
            let wait = left_of_period(now).min(LOOK);
            tokio::select! {
                () = sleep(wait) => {}
                () = self.stopping.cancelled() => return,
            }
        }
    }

    /// Adds the chores of a period that nobody has added. Returns how many.
    pub(super) async fn add_chores(&self, period: i64) -> Result<u64, Error> {
        let chores = Task::ALL.map(|task| Chore { task, period });
        self.add_jobs(&chores, self.served()).await
    }
}

pub(super) const fn period_of(now: Served) -> i64 {
    now.0.div_euclid(PERIOD_MILLIS)
}

fn left_of_period(now: Served) -> Duration {
    let passed = now.0.rem_euclid(PERIOD_MILLIS).unsigned_abs();
    PERIOD.saturating_sub(Duration::from_millis(passed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_ends_where_the_next_begins() {
        let end = Served(PERIOD_MILLIS);
        assert_eq!(Served(0).after(PERIOD), end);
        for (now, period, left) in [
            (Served(0), 0, PERIOD),
            (Served(end.0 - 1), 0, Duration::from_millis(1)),
            (end, 1, PERIOD),
        ] {
            assert_eq!((period_of(now), left_of_period(now)), (period, left));
        }
    }

    #[test]
    fn a_chore_is_stored_under_its_name() {
        for task in Task::ALL {
            let chore = Chore { task, period: 7 };
            let stored = serde_json::to_string(&chore).unwrap();
            let expected = format!(r#"{{"task":"{}","period":7}}"#, task.name());
            assert_eq!(stored, expected);
            assert_eq!(serde_json::from_str::<Chore>(&stored).unwrap(), chore);
            assert_eq!(chore.key(), format!("{}/7", task.name()));
        }
    }
}
