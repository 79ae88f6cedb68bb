//! Jobs: work for later, which any node does.
//!
//! A job waits until it is due. A node then takes it under a lease, works on it without any lock,
//! and reports the end. A node that dies reports nothing, and its lease runs out: then another node
//! takes the job. So a job runs at least once, and may run more than once. A job that was done or
//! is dead keeps its key for a while, so that nobody adds it again.
//!
//! All moments are in the time of service. Nodes start with the stored time, which may be behind
//! that of other nodes. So a call judges by the stored time if that is later than the caller's. A
//! call that begins or ends a lease stores its moment, to a second.

use std::time::Duration;

use async_trait::async_trait;

use crate::{Served, StorageError, defects};

/// How long a job is leased, and how much later than now an extended lease ends. A node extends its
/// leases several times within this.
pub const JOB_LEASE: Duration = Duration::from_secs(30);
/// How long a dead job is kept for administrators.
pub const DEAD_JOB_KEPT: Duration = Duration::from_hours(30 * 24);
/// Bytes of the longest payload. A job names what it works on, and doesn't carry it.
pub const JOB_PAYLOAD_BYTES: usize = 8_192;
/// Bytes of the longest key.
pub const JOB_KEY_BYTES: usize = 512;
/// Bytes of an error that are stored.
pub(crate) const ERROR_BYTES: usize = 1_024;

/// A call that begins or ends a lease stores the time of service if that is so far ahead of the
/// stored one. It isn't done each time, since others wait for the row that holds the time.
pub(crate) const NOTED: Duration = Duration::from_secs(1);

/// The error of a job whose lease ran out.
pub(crate) const LEASE_RAN_OUT: &str = "the server that ran it ended, or lost the database";

/// The queues of jobs.
#[async_trait]
pub trait Jobs: Send + Sync {
    /// Adds jobs. Leaves out a job whose key its queue has already, done and dead ones included.
    /// Returns how many it added.
    async fn add_jobs(&self, jobs: Vec<NewJob>, now: Served) -> Result<u64, StorageError>;

    /// What there is to do in these queues.
    async fn queues(&self, queues: Vec<String>, now: Served) -> Result<Queues, StorageError>;

    /// Leases due jobs of a queue, at most `limit`, those first that were due first. All get the
    /// same number of a lease. A job that was taken `tries` times already becomes dead instead.
    async fn take_jobs(
        &self,
        queue: String,
        take: TakeJobs,
        now: Served,
    ) -> Result<Vec<TakenJob>, StorageError>;

    /// Extends leases by [`JOB_LEASE`] from now on. Returns those that still held.
    async fn extend_jobs(
        &self,
        leases: Vec<JobLease>,
        now: Served,
    ) -> Result<Vec<JobLease>, StorageError>;

    /// Notes that a job is done. Its key stays taken for as long as `remembered`; with zero, the
    /// job is deleted. Returns whether the lease still held; if not, nothing changes.
    async fn finish_job(
        &self,
        lease: JobLease,
        remembered: Duration,
        now: Served,
    ) -> Result<bool, StorageError>;

    /// Notes that a job failed, and why. It is due again after `again`; without that it is dead.
    /// Returns whether the lease still held; if not, nothing changes.
    async fn fail_job(
        &self,
        lease: JobLease,
        error: String,
        again: Option<Duration>,
        now: Served,
    ) -> Result<bool, StorageError>;

    /// The dead jobs by number, at most `limit`.
    async fn dead_jobs(&self, limit: usize) -> Result<Vec<DeadJob>, StorageError>;

    /// Makes a dead job due now, as if it had never been tried. Returns whether there was one.
    async fn retry_job(&self, job: JobId, now: Served) -> Result<bool, StorageError>;

    /// Deletes a dead job. Returns whether there was one.
    async fn remove_job(&self, job: JobId) -> Result<bool, StorageError>;

    /// Deletes jobs that were done and are remembered no longer, and jobs that have been dead for
    /// [`DEAD_JOB_KEPT`]. Returns how many.
    async fn forget_jobs(&self, now: Served) -> Result<u64, StorageError>;
}

/// A job's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub i64);

/// A job to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// Its queue, which has one kind of job.
    pub queue: String,
    /// What distinguishes it from the other jobs of its queue.
    pub key: String,
    /// What it works on, as JSON.
    pub payload: String,
    /// When it is due.
    pub due: Served,
}

/// What there is to do in some queues.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Queues {
    /// Those that have due jobs.
    pub due: Vec<String>,
    /// How many jobs of all queues are dead.
    pub dead: u64,
}

/// How jobs are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakeJobs {
    /// The most jobs.
    pub limit: usize,
    /// How often a job is tried.
    pub tries: u32,
    /// The number of the new leases, which no other lease has.
    pub lease: i64,
}

/// A lease of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobLease {
    /// The job.
    pub job: JobId,
    /// The lease's number, given when the job was taken.
    pub number: i64,
}

/// A job that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenJob {
    /// Its lease.
    pub lease: JobLease,
    /// Its key.
    pub key: String,
    /// What it works on, as JSON.
    pub payload: String,
    /// How often it was taken, this time included.
    pub attempts: u32,
}

/// A job that failed too often, or whose last server ended too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadJob {
    /// Its number.
    pub id: JobId,
    /// Its queue.
    pub queue: String,
    /// Its key.
    pub key: String,
    /// How often it was taken.
    pub attempts: u32,
    /// Why it failed last.
    pub error: String,
}

/// The end of a lease that begins now.
pub(crate) fn lease_end(now: Served) -> Served {
    if defects::has("no-lease") {
        return now;
    }
    now.after(JOB_LEASE)
}

/// The jobs in the order of their keys, each key of a queue once. So two nodes that add the same
/// jobs lock them in one order.
pub(crate) fn distinct(mut jobs: Vec<NewJob>) -> Vec<NewJob> {
    let is_same =
        |one: &NewJob, other: &NewJob| (&one.queue, &one.key) == (&other.queue, &other.key);
    jobs.sort_by(|one, other| (&one.queue, &one.key).cmp(&(&other.queue, &other.key)));
    jobs.dedup_by(|other, one| is_same(one, other));
    jobs
}

/// As much of an error as is stored.
pub(crate) fn beginning(mut error: String) -> String {
    error.truncate(error.floor_char_boundary(ERROR_BYTES));
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_error_is_cut_between_characters() {
        let error = beginning("ã".repeat(ERROR_BYTES));
        assert_eq!(error.len(), ERROR_BYTES);
        let error = beginning(format!("a{}", "ã".repeat(ERROR_BYTES)));
        assert_eq!(error.len(), ERROR_BYTES - 1);
    }
}
