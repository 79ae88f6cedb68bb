//! The runner: takes due jobs, keeps their leases, and gives them back at the stop.
//!
//! One task of each server. It holds no lock and no connection while jobs run; each job is a task
//! of its own (`run.rs`).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use papo_storage::{JOB_LEASE, JobLease, TakeJobs};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::Kind;
use super::run::{Hold, Run};
use crate::App;

/// How long jobs that run at the stop may go on.
const GRACE: Duration = Duration::from_millis(1_500);
/// How long they then have to report that they were cut off.
const FAREWELL: Duration = Duration::from_secs(1);

/// How often the runner looks around.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Between two questions for due jobs. Jobs that this process adds don't wait for it.
    pub(super) poll: Duration,
    /// Between two extensions of the leases: a third of their length, so that one may fail.
    pub(super) extension: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            poll: Duration::from_secs(1),
            extension: JOB_LEASE / 3,
        }
    }
}

/// Runs jobs of some kinds.
pub(super) struct Runner {
    app: Arc<App>,
    kinds: Vec<Kind>,
    pace: Pace,
    runs: JoinSet<()>,
    /// The jobs that run here, by their tasks.
    running: HashMap<Id, Running>,
    extended: Instant,
    /// Cuts off the jobs that still run at the stop.
    cut: CancellationToken,
}

struct Running {
    queue: &'static str,
    lease: JobLease,
    hold: Arc<Hold>,
}

impl Runner {
    pub(super) fn new(app: Arc<App>, kinds: Vec<Kind>, pace: Pace) -> Self {
        Self {
            app,
            kinds,
            pace,
            runs: JoinSet::new(),
            running: HashMap::new(),
            extended: Instant::now(),
            cut: CancellationToken::new(),
        }
    }

    /// Runs jobs until the app stops.
    pub(super) async fn run(mut self) {
        let mut tick = interval(self.pace.poll);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let app = Arc::clone(&self.app);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = app.job_bell.heard() => {}
                Some(ended) = self.runs.join_next_with_id() => {
                    self.forget(ended);
                }
                () = app.stopping.cancelled() => break,
            }
            while let Some(ended) = self.runs.try_join_next_with_id() {
                self.forget(ended);
            }
            self.keep_leases().await;
            self.take_due().await;
        }
        self.end().await;
    }

    fn forget(&mut self, ended: Result<(Id, ()), JoinError>) {
        let task = ended.map_or_else(|error| error.id(), |(id, ())| id);
        self.running.remove(&task);
    }

    /// Extends the leases when it is time. A job whose lease is lost is cut off.
    async fn keep_leases(&mut self) {
        if self.running.is_empty() || self.extended.elapsed() < self.pace.extension {
            return;
        }
        let asked = Instant::now();
        self.extended = asked;
        let leases = self.running.values().map(|running| running.lease).collect();
        let extended = self.app.storage.extend_jobs(leases, self.app.served());
        match extended.await {
            Ok(held) => {
                for running in self.running.values() {
                    if held.contains(&running.lease) {
                        running.hold.extend(asked);
                    } else {
                        // It may also have just ended.
                        running.hold.lose();
                    }
                }
            }
            // A lease that can't be extended for long enough ends by itself.
            Err(error) => {
                self.app.note_failure(&error);
                tracing::warn!(%error, "can't extend the leases of jobs");
            }
        }
    }

    /// Takes due jobs of each queue that has room, and starts them.
    async fn take_due(&mut self) {
        let queues = self
            .kinds
            .iter()
            .map(|kind| kind.queue.to_owned())
            .collect();
        let queues = match self.app.storage.queues(queues, self.app.served()).await {
            Ok(queues) => queues,
            Err(error) => {
                self.app.note_failure(&error);
                tracing::warn!(%error, "can't ask for due jobs");
                return;
            }
        };
        let dead = u32::try_from(queues.dead).unwrap_or(u32::MAX);
        self.app.metrics.dead_jobs.set(f64::from(dead));
        for kind in self.kinds.clone() {
            let busy = self.running.values().filter(|run| run.queue == kind.queue);
            let room = kind.at_once.saturating_sub(busy.count());
            if room > 0 && queues.due.iter().any(|queue| queue == kind.queue) {
                self.take(kind, room).await;
            }
        }
    }

    async fn take(&mut self, kind: Kind, room: usize) {
        let take = TakeJobs {
            limit: room,
            tries: kind.tries,
            lease: self.app.random().number().cast_signed(),
        };
        let asked = Instant::now();
        let taken = &self.app.storage;
        let taken = taken.take_jobs(kind.queue.to_owned(), take, self.app.served());
        let taken = match taken.await {
            Ok(taken) => taken,
            Err(error) => {
                self.app.note_failure(&error);
                tracing::warn!(%error, queue = kind.queue, "can't take jobs");
                return;
            }
        };
        for job in taken {
            let hold = Arc::new(Hold::since(asked));
            let (queue, lease) = (kind.queue, job.lease);
            let run = Run {
                app: Arc::clone(&self.app),
                kind,
                job,
                hold: Arc::clone(&hold),
                cut: self.cut.clone(),
            };
            let task = self.runs.spawn(run.run());
            let running = Running { queue, lease, hold };
            self.running.insert(task.id(), running);
        }
    }

    /// Waits for running jobs, and cuts off those that take too long. They are due again at once.
    async fn end(mut self) {
        let runs = &mut self.runs;
        let ended = async { while runs.join_next().await.is_some() {} };
        if timeout(GRACE, ended).await.is_ok() {
            return;
        }
        self.cut.cancel();
        let runs = &mut self.runs;
        let ended = async { while runs.join_next().await.is_some() {} };
        // Without a report the lease runs out.
        let _ = timeout(FAREWELL, ended).await;
        self.runs.shutdown().await;
    }
}
