//! Jobs: work for later.
//!
//! To exclude deadlocks, a transaction changes jobs first, and the time of service last.

use std::time::Duration;

use async_trait::async_trait;
use tokio_postgres::Row;

use super::connection::{Connection, Value};
use super::errors::{Failure, damaged};
use super::{PostgresStorage, rows, served};
use crate::jobs::{LEASE_RAN_OUT, NOTED, beginning, distinct, lease_end};
use crate::{
    DEAD_JOB_KEPT, DeadJob, JobId, JobLease, Jobs, NewJob, Queues, Served, StorageError, TakeJobs,
    TakenJob,
};

#[async_trait]
impl Jobs for PostgresStorage {
    async fn add_jobs(&self, jobs: Vec<NewJob>, now: Served) -> Result<u64, StorageError> {
        self.write((distinct(jobs), now), |db, (jobs, now)| {
            Box::pin(add(db, jobs, *now))
        })
        .await
    }

    async fn queues(&self, queues: Vec<String>, now: Served) -> Result<Queues, StorageError> {
        self.read((queues, now), |db, (queues, now)| {
            Box::pin(at_hand(db, queues, *now))
        })
        .await
    }

    async fn take_jobs(
        &self,
        queue: String,
        take: TakeJobs,
        now: Served,
    ) -> Result<Vec<TakenJob>, StorageError> {
        self.write((queue, take, now), |db, (queue, take, now)| {
            Box::pin(self::take(db, queue, *take, *now))
        })
        .await
    }

    async fn extend_jobs(
        &self,
        leases: Vec<JobLease>,
        now: Served,
    ) -> Result<Vec<JobLease>, StorageError> {
        self.write((leases, now), |db, (leases, now)| {
            Box::pin(extend(db, leases, *now))
        })
        .await
    }

    async fn finish_job(
        &self,
        lease: JobLease,
        remembered: Duration,
        now: Served,
    ) -> Result<bool, StorageError> {
        self.write((lease, remembered, now), |db, &(lease, remembered, now)| {
            Box::pin(finish(db, lease, remembered, now))
        })
        .await
    }

    async fn fail_job(
        &self,
        lease: JobLease,
        error: String,
        again: Option<Duration>,
        now: Served,
    ) -> Result<bool, StorageError> {
        let with = (lease, beginning(error), again, now);
        self.write(with, |db, (lease, error, again, now)| {
            Box::pin(fail(db, *lease, error, *again, *now))
        })
        .await
    }

    async fn dead_jobs(&self, limit: usize) -> Result<Vec<DeadJob>, StorageError> {
        self.read(limit, |db, &limit| Box::pin(dead(db, limit)))
            .await
    }

    async fn retry_job(&self, job: JobId, now: Served) -> Result<bool, StorageError> {
        self.write((job, now), |db, &(job, now)| Box::pin(retry(db, job, now)))
            .await
    }

    async fn remove_job(&self, job: JobId) -> Result<bool, StorageError> {
        self.write(job, |db, &job| Box::pin(remove(db, job))).await
    }

    async fn forget_jobs(&self, now: Served) -> Result<u64, StorageError> {
        self.write(now, |db, &now| Box::pin(forget(db, now))).await
    }
}

/// Adds jobs whose keys are new, or remembered no longer.
pub(super) async fn add(db: &Connection, jobs: &[NewJob], now: Served) -> Result<u64, Failure> {
    let now = present(db, now).await?;
    let (mut queues, mut keys, mut payloads, mut dues) = (vec![], vec![], vec![], vec![]);
    for job in jobs {
        queues.push(job.queue.as_str());
        keys.push(job.key.as_str());
        payloads.push(job.payload.as_str());
        dues.push(job.due.0);
    }
    let sql = "INSERT INTO job (queue, key, payload, due_at) \
        SELECT queue, key, payload, due_at \
        FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) \
        AS new (queue, key, payload, due_at) ORDER BY queue COLLATE \"C\", key COLLATE \"C\" \
        ON CONFLICT (queue, key) DO UPDATE SET payload = excluded.payload, state = 0, \
        due_at = excluded.due_at, attempts = 0, last_error = NULL \
        WHERE job.state = 1 AND job.due_at <= $5";
    db.execute(sql, &[&queues, &keys, &payloads, &dues, &now.0])
        .await
}

/// What there is to do in these queues.
pub(super) async fn at_hand(
    db: &Connection,
    queues: &[String],
    now: Served,
) -> Result<Queues, Failure> {
    let sql = "SELECT (SELECT count(*) FROM job WHERE state = 2), ARRAY( \
        SELECT queue FROM unnest($1::text[]) AS asked (queue) WHERE EXISTS ( \
        SELECT 1 FROM job WHERE state = 0 AND job.queue = asked.queue COLLATE \"C\" \
        AND due_at <= greatest($2, (SELECT served FROM papo))))";
    let row = db.row(sql, &[&queues, &now.0]).await?;
    let row = row.ok_or_else(|| damaged("no answer"))?;
    Ok(Queues {
        dead: row.try_get::<_, i64>(0)?.unsigned_abs(),
        due: row.try_get(1)?,
    })
}

/// Leases due jobs of a queue. Two nodes that do so at once get different jobs, and don't wait.
pub(super) async fn take(
    db: &Connection,
    queue: &str,
    take: TakeJobs,
    now: Served,
) -> Result<Vec<TakenJob>, Failure> {
    let now = present(db, now).await?;
    let tries = i64::from(take.tries);
    let sql = "UPDATE job SET state = 2, due_at = $1, \
        last_error = CASE WHEN lease IS NULL THEN last_error ELSE $2 END, lease = NULL \
        WHERE id IN (SELECT id FROM job WHERE state = 0 AND queue = $3 AND due_at <= $4 \
        AND attempts >= $5 ORDER BY due_at, id FOR UPDATE SKIP LOCKED)";
    let forgotten = now.after(DEAD_JOB_KEPT).0;
    let values: [Value<'_>; 5] = [&forgotten, &LEASE_RAN_OUT, &queue, &now.0, &tries];
    db.execute(sql, &values).await?;
    let sql = "WITH due AS MATERIALIZED (SELECT id FROM job \
        WHERE state = 0 AND queue = $1 AND due_at <= $2 ORDER BY due_at, id LIMIT $3 \
        FOR UPDATE SKIP LOCKED) \
        UPDATE job SET due_at = $4, attempts = attempts + 1, \
        last_error = CASE WHEN lease IS NULL THEN last_error ELSE $5 END, lease = $6 \
        FROM due WHERE job.id = due.id RETURNING job.id, key, payload, attempts";
    let (limit, until) = (rows::count(take.limit), lease_end(now).0);
    let values: [Value<'_>; 6] = [&queue, &now.0, &limit, &until, &LEASE_RAN_OUT, &take.lease];
    let found = db.rows(sql, &values).await?;
    note(db, now).await?;
    let taken = found.iter().map(|row| {
        Ok(TakenJob {
            lease: JobLease {
                job: JobId(row.try_get(0)?),
                number: take.lease,
            },
            key: row.try_get(1)?,
            payload: row.try_get(2)?,
            attempts: attempts(row, 3)?,
        })
    });
    taken.collect()
}

/// Extends those leases that still hold, and returns them.
pub(super) async fn extend(
    db: &Connection,
    leases: &[JobLease],
    now: Served,
) -> Result<Vec<JobLease>, Failure> {
    let now = present(db, now).await?;
    let jobs: Vec<i64> = leases.iter().map(|lease| lease.job.0).collect();
    let numbers: Vec<i64> = leases.iter().map(|lease| lease.number).collect();
    let sql = "WITH held AS MATERIALIZED (SELECT id FROM job \
        JOIN unnest($1::bigint[], $2::bigint[]) AS asked (job_id, number) \
        ON id = job_id AND lease = number WHERE state = 0 ORDER BY id FOR UPDATE OF job) \
        UPDATE job SET due_at = $3 FROM held WHERE job.id = held.id RETURNING job.id, lease";
    let found = db.rows(sql, &[&jobs, &numbers, &lease_end(now).0]).await?;
    note(db, now).await?;
    let held = found.iter().map(|row| {
        Ok(JobLease {
            job: JobId(row.try_get(0)?),
            number: row.try_get(1)?,
        })
    });
    held.collect()
}

/// Notes the end of a job, if the lease still holds.
pub(super) async fn finish(
    db: &Connection,
    lease: JobLease,
    remembered: Duration,
    now: Served,
) -> Result<bool, Failure> {
    let held = "id = $1 AND lease = $2 AND state = 0";
    let changed = if remembered.is_zero() {
        let sql = format!("DELETE FROM job WHERE {held}");
        db.execute(&sql, &[&lease.job.0, &lease.number]).await?
    } else {
        let until = present(db, now).await?.after(remembered);
        // Only the key is needed from now on.
        let sql = format!(
            "UPDATE job SET state = 1, due_at = $3, payload = 'null', last_error = NULL, \
             lease = NULL WHERE {held}"
        );
        db.execute(&sql, &[&lease.job.0, &lease.number, &until.0])
            .await?
    };
    Ok(changed > 0)
}

/// Notes a failure, if the lease still holds.
pub(super) async fn fail(
    db: &Connection,
    lease: JobLease,
    error: &str,
    again: Option<Duration>,
    now: Served,
) -> Result<bool, Failure> {
    let now = present(db, now).await?;
    let (state, due) = match again {
        Some(delay) => (0_i16, now.after(delay)),
        None => (2, now.after(DEAD_JOB_KEPT)),
    };
    let sql = "UPDATE job SET state = $3, due_at = $4, last_error = $5, lease = NULL \
        WHERE id = $1 AND lease = $2 AND state = 0";
    let values: [Value<'_>; 5] = [&lease.job.0, &lease.number, &state, &due.0, &error];
    let changed = db.execute(sql, &values).await?;
    note(db, now).await?;
    Ok(changed > 0)
}

/// The dead jobs.
pub(super) async fn dead(db: &Connection, limit: usize) -> Result<Vec<DeadJob>, Failure> {
    let sql = "SELECT id, queue, key, attempts, last_error FROM job WHERE state = 2 \
        ORDER BY id LIMIT $1";
    let found = db.rows(sql, &[&rows::count(limit)]).await?;
    let dead = found.iter().map(|row| {
        Ok(DeadJob {
            id: JobId(row.try_get(0)?),
            queue: row.try_get(1)?,
            key: row.try_get(2)?,
            attempts: attempts(row, 3)?,
            error: row.try_get::<_, Option<String>>(4)?.unwrap_or_default(),
        })
    });
    dead.collect()
}

/// Makes a dead job due.
pub(super) async fn retry(db: &Connection, job: JobId, now: Served) -> Result<bool, Failure> {
    let now = present(db, now).await?;
    let sql = "UPDATE job SET state = 0, due_at = $2, attempts = 0 WHERE id = $1 AND state = 2";
    Ok(db.execute(sql, &[&job.0, &now.0]).await? > 0)
}

/// Deletes a dead job.
pub(super) async fn remove(db: &Connection, job: JobId) -> Result<bool, Failure> {
    let sql = "DELETE FROM job WHERE id = $1 AND state = 2";
    Ok(db.execute(sql, &[&job.0]).await? > 0)
}

/// Deletes what is out of date.
pub(super) async fn forget(db: &Connection, now: Served) -> Result<u64, Failure> {
    let now = present(db, now).await?;
    let sql = "DELETE FROM job WHERE state IN (1, 2) AND due_at <= $1";
    db.execute(sql, &[&now.0]).await
}

/// Stores the moment at which a lease begins or ends.
async fn note(db: &Connection, now: Served) -> Result<(), Failure> {
    let sql = "UPDATE papo SET served = $1 WHERE served <= $2";
    db.execute(sql, &[&now.0, &now.before(NOTED).0]).await?;
    Ok(())
}

/// The stored time of service, if that is later than the caller's.
async fn present(db: &Connection, now: Served) -> Result<Served, Failure> {
    Ok(served::get(db).await?.max(now))
}

fn attempts(row: &Row, column: usize) -> Result<u32, Failure> {
    let attempts: i64 = row.try_get(column)?;
    Ok(u32::try_from(attempts).unwrap_or(u32::MAX))
}
