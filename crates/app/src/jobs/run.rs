//! One run of a job, from its lease to its report.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use papo_storage::{JOB_LEASE, StorageError, TakenJob};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Kind;
use crate::{App, Random, defects};

/// How often a run looks whether its lease has been lost.
const LOOK: Duration = Duration::from_millis(500);
/// How long to wait before a report that failed is tried again.
const REPORT_AGAIN: Duration = Duration::from_secs(1);
/// The longest wait after a first failure. It doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// The longest wait after any failure.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// Until when this node surely holds a lease.
pub(super) struct Hold(Mutex<Instant>);

impl Hold {
    /// The hold of a lease that was asked for at this moment.
    pub(super) fn since(asked: Instant) -> Self {
        Self(Mutex::new(asked + JOB_LEASE))
    }

    /// Holds as long from this moment on.
    pub(super) fn extend(&self, asked: Instant) {
        *self.0.lock() = asked + JOB_LEASE;
    }

    /// Another node has the job, or it has ended.
    pub(super) fn lose(&self) {
        *self.0.lock() = Instant::now();
    }

    /// Completes when the lease doesn't surely hold any more.
    async fn lost(&self) {
        loop {
            let until = *self.0.lock();
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            sleep(left.min(LOOK)).await;
        }
    }
}

/// A run.
pub(super) struct Run {
    pub(super) app: Arc<App>,
    pub(super) kind: Kind,
    pub(super) job: TakenJob,
    pub(super) hold: Arc<Hold>,
    /// Cuts it off at the stop.
    pub(super) cut: CancellationToken,
}

/// How a run ended.
enum End {
    Done,
    Failed(String),
    /// The server stops.
    Cut,
}

impl Run {
    /// Runs the job and reports the end.
    pub(super) async fn run(self) {
        let end = tokio::select! {
            end = self.attempt() => end,
            () = self.hold.lost() => return self.tell_lost(),
            () = self.cut.cancelled() => End::Cut,
        };
        match &end {
            End::Done => self.app.metrics.jobs_done.increment(1),
            End::Failed(error) => {
                self.app.metrics.job_failures.increment(1);
                self.tell_failure(error);
            }
            End::Cut => {}
        }
        self.keep_reporting(&end).await;
        // There may be more to take.
        self.app.job_bell.ring();
    }

    async fn attempt(&self) -> End {
        let running = (self.kind.run)(Arc::clone(&self.app), self.job.payload.clone());
        let running = AssertUnwindSafe(running).catch_unwind();
        match timeout(self.kind.limit, running).await {
            Ok(Ok(Ok(()))) => End::Done,
            Ok(Ok(Err(error))) => End::Failed(error.to_string()),
            Ok(Err(_)) => End::Failed("it panicked; the log says where".to_owned()),
            Err(_) => End::Failed(format!("it took longer than {:?}", self.kind.limit)),
        }
    }

    /// Reports until the database takes it, or the lease is lost. Then the job runs again.
    async fn keep_reporting(&self, end: &End) {
        loop {
            match self.report(end).await {
                Ok(true) => return,
                Ok(false) => return self.tell_lost(),
                Err(error) => {
                    self.app.note_failure(&error);
                    tracing::warn!(%error, queue = self.kind.queue, "can't report a job's end");
                }
            }
            tokio::select! {
                () = sleep(REPORT_AGAIN) => {}
                () = self.hold.lost() => return self.tell_lost(),
            }
        }
    }

    async fn report(&self, end: &End) -> Result<bool, StorageError> {
        let (app, lease) = (&self.app, self.job.lease);
        let (error, again) = match end {
            End::Done => {
                let remembered = if defects::has("forget-keys") {
                    Duration::ZERO
                } else {
                    self.kind.remembered
                };
                let finished = app.storage.finish_job(lease, remembered, app.served());
                return finished.await;
            }
            End::Failed(error) => {
                let wait = wait_after(self.job.attempts, &app.settings.random);
                let is_last = self.job.attempts >= self.kind.tries;
                (error.clone(), (!is_last).then_some(wait))
            }
            End::Cut => ("its server stopped".to_owned(), Some(Duration::ZERO)),
        };
        let failed = app.storage.fail_job(lease, error, again, app.served());
        failed.await
    }

    fn tell_failure(&self, error: &str) {
        let (queue, key, attempts) = (self.kind.queue, &self.job.key, self.job.attempts);
        if attempts >= self.kind.tries {
            tracing::error!(queue, key, attempts, error, "a job is dead");
        } else {
            tracing::warn!(queue, key, attempts, error, "a job failed");
        }
    }

    fn tell_lost(&self) {
        let (queue, key) = (self.kind.queue, &self.job.key);
        tracing::warn!(queue, key, "a job's lease is lost: another node may run it");
    }
}

/// How long to wait after so many attempts: a random part of a time that doubles. So jobs that
/// failed together aren't tried again together.
fn wait_after(attempts: u32, random: &Random) -> Duration {
    let doubled = 1_u32
        .checked_shl(attempts.saturating_sub(1))
        .unwrap_or(u32::MAX);
    let longest = FIRST_WAIT.saturating_mul(doubled).min(LONGEST_WAIT);
    let longest = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(random.number() % (longest + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound_and_spread_over_all_below() {
        let most = Random::new(|bytes| bytes.fill(0xff));
        let least = Random::new(|bytes| bytes.fill(0));
        for (attempts, seconds) in [
            (1, 2),
            (2, 4),
            (6, 64),
            (11, 2_048),
            (12, 3_600),
            (99, 3_600),
        ] {
            let longest = Duration::from_secs(seconds);
            assert_eq!(wait_after(attempts, &least), Duration::ZERO);
            assert!(wait_after(attempts, &most) <= longest);
            for part in 0..=10_u64 {
                let number = part * seconds * 100;
                let some = Random::new(move |bytes| bytes.copy_from_slice(&number.to_le_bytes()));
                assert_eq!(wait_after(attempts, &some), Duration::from_millis(number));
            }
        }
    }
}
