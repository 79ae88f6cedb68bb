//! Jobs: work for later, which any node does.
//!
//! A use case adds a job ([`App::add_jobs`]) and goes on. A server's runner (`runner.rs`) takes due
//! jobs from the storage and runs each (`run.rs`) as its kind says (`job.rs`). A job runs at least
//! once, and again if its server ends meanwhile. So a job checks what holds when it runs: rights,
//! deletions, what is done already.
//!
//! Chores (`chores.rs`) are jobs that the time adds. Commands add jobs and run none.

mod chores;
mod job;
mod run;
mod runner;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use papo_storage::{DeadJob, JOB_KEY_BYTES, JOB_PAYLOAD_BYTES, JobId, NewJob, Served};
use tokio::sync::Notify;

pub(crate) use job::{Failure, Job, Kind};

use self::chores::Chore;
use self::runner::{Pace, Runner};
use crate::departures::Departure;
use crate::{Administrator, App, Error};

/// How many dead jobs an administrator sees at once.
const DEAD_JOBS: usize = 1_000;

/// Rings when this process has added jobs, so that its runner doesn't wait for the next poll.
#[derive(Default)]
pub(crate) struct Bell(Notify);

impl Bell {
    fn ring(&self) {
        self.0.notify_one();
    }

    async fn heard(&self) {
        self.0.notified().await;
    }
}

impl App {
    /// Runs jobs until the app stops. Servers do so, and commands don't: they end soon.
    pub fn run_jobs(self: &Arc<Self>) {
        let kinds = vec![Kind::of::<Chore>(), Kind::of::<Departure>()];
        self.start_runner(kinds, Pace::default());
        self.tasks.spawn(Arc::clone(self).schedule_chores());
    }

    fn start_runner(self: &Arc<Self>, kinds: Vec<Kind>, pace: Pace) {
        let runner = Runner::new(Arc::clone(self), kinds, pace);
        self.tasks.spawn(runner.run());
    }

    /// Adds jobs that are due then. Leaves out those whose keys their queue has already. Returns
    /// how many it added.
    pub(crate) async fn add_jobs<J: Job>(&self, jobs: &[J], due: Served) -> Result<u64, Error> {
        let jobs = jobs.iter().map(|job| {
            let (key, payload) = (job.key(), serde_json::to_string(job));
            let payload = payload.ok().filter(|text| text.len() <= JOB_PAYLOAD_BYTES);
            let payload = payload.filter(|_| key.len() <= JOB_KEY_BYTES);
            let Some(payload) = payload else {
                tracing::error!(queue = J::QUEUE, key, "a job is too large to be added");
                return Err(Error::Internal);
            };
            Ok(NewJob {
                queue: J::QUEUE.to_owned(),
                key,
                payload,
                due,
            })
        });
        let jobs = jobs.collect::<Result<_, _>>()?;
        let added = self.storage.add_jobs(jobs, self.served()).await?;
        self.job_bell.ring();
        Ok(added)
    }

    /// The jobs that failed too often, by number.
    pub async fn dead_jobs(&self, _by: &Administrator) -> Result<Vec<DeadJob>, Error> {
        Ok(self.storage.dead_jobs(DEAD_JOBS).await?)
    }

    /// Makes a dead job due now, as if it had never been tried.
    pub async fn retry_job(&self, _by: &Administrator, job: JobId) -> Result<(), Error> {
        let retried = self.storage.retry_job(job, self.served()).await?;
        retried.then_some(()).ok_or(Error::NoJob)
    }

    /// Deletes a dead job.
    pub async fn remove_job(&self, _by: &Administrator, job: JobId) -> Result<(), Error> {
        let removed = self.storage.remove_job(job).await?;
        removed.then_some(()).ok_or(Error::NoJob)
    }
}
