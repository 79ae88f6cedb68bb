//! Jobs: work for later.

use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, Row, named_params, params};

use super::{SqliteStorage, rows, served};
use crate::jobs::{LEASE_RAN_OUT, NOTED, beginning, distinct, lease_end};
use crate::{
    DEAD_JOB_KEPT, DeadJob, JobId, JobLease, Jobs, NewJob, Queues, Served, StorageError, TakeJobs,
    TakenJob,
};

#[async_trait]
impl Jobs for SqliteStorage {
    async fn add_jobs(&self, jobs: Vec<NewJob>, now: Served) -> Result<u64, StorageError> {
        self.write(move |db| add(db, &distinct(jobs), now)).await
    }

    async fn queues(&self, queues: Vec<String>, now: Served) -> Result<Queues, StorageError> {
        self.read(move |db| at_hand(db, queues, now)).await
    }

    async fn take_jobs(
        &self,
        queue: String,
        take: TakeJobs,
        now: Served,
    ) -> Result<Vec<TakenJob>, StorageError> {
        self.write(move |db| self::take(db, &queue, take, now))
            .await
    }

    async fn extend_jobs(
        &self,
        leases: Vec<JobLease>,
        now: Served,
    ) -> Result<Vec<JobLease>, StorageError> {
        self.write(move |db| extend(db, leases, now)).await
    }

    async fn finish_job(
        &self,
        lease: JobLease,
        remembered: Duration,
        now: Served,
    ) -> Result<bool, StorageError> {
        self.write(move |db| finish(db, lease, remembered, now))
            .await
    }

    async fn fail_job(
        &self,
        lease: JobLease,
        error: String,
        again: Option<Duration>,
        now: Served,
    ) -> Result<bool, StorageError> {
        self.write(move |db| fail(db, lease, &beginning(error), again, now))
            .await
    }

    async fn dead_jobs(&self, limit: usize) -> Result<Vec<DeadJob>, StorageError> {
        self.read(move |db| dead(db, limit)).await
    }

    async fn retry_job(&self, job: JobId, now: Served) -> Result<bool, StorageError> {
        self.write(move |db| retry(db, job, now)).await
    }

    async fn remove_job(&self, job: JobId) -> Result<bool, StorageError> {
        self.write(move |db| remove(db, job)).await
    }

    async fn forget_jobs(&self, now: Served) -> Result<u64, StorageError> {
        self.write(move |db| forget(db, now)).await
    }
}

/// Adds jobs whose keys are new, or remembered no longer.
pub(super) fn add(db: &Connection, jobs: &[NewJob], now: Served) -> Result<u64, StorageError> {
    let now = present(db, now)?;
    let mut statement = db.prepare_cached(
        "INSERT INTO job (queue, key, payload, due_at) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (queue, key) DO UPDATE SET payload = excluded.payload, state = 0, \
         due_at = excluded.due_at, attempts = 0, last_error = NULL \
         WHERE state = 1 AND job.due_at <= ?5",
    )?;
    let mut added = 0;
    for job in jobs {
        let values = params![job.queue, job.key, job.payload, job.due.0, now.0];
        added += statement.execute(values)?;
    }
    Ok(count(added))
}

/// What there is to do in these queues.
pub(super) fn at_hand(
    db: &Connection,
    queues: Vec<String>,
    now: Served,
) -> Result<Queues, StorageError> {
    let now = present(db, now)?;
    let mut statement = db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM job WHERE state = 0 AND queue = ?1 AND due_at <= ?2)",
    )?;
    let mut due = Vec::new();
    for queue in queues {
        if statement.query_row(params![queue, now.0], |row| row.get(0))? {
            due.push(queue);
        }
    }
    let dead: i64 = db
        .prepare_cached("SELECT count(*) FROM job WHERE state = 2")?
        .query_row([], |row| row.get(0))?;
    Ok(Queues {
        due,
        dead: dead.unsigned_abs(),
    })
}

/// Leases due jobs of a queue.
pub(super) fn take(
    db: &Connection,
    queue: &str,
    take: TakeJobs,
    now: Served,
) -> Result<Vec<TakenJob>, StorageError> {
    let now = note(db, now)?;
    db.prepare_cached(
        "UPDATE job SET state = 2, due_at = :forgotten, \
         last_error = CASE WHEN lease IS NULL THEN last_error ELSE :ran_out END, lease = NULL \
         WHERE state = 0 AND queue = :queue AND due_at <= :now AND attempts >= :tries",
    )?
    .execute(named_params! {
        ":forgotten": now.after(DEAD_JOB_KEPT).0,
        ":ran_out": LEASE_RAN_OUT,
        ":queue": queue,
        ":now": now.0,
        ":tries": take.tries,
    })?;
    let mut statement = db.prepare_cached(
        "UPDATE job SET due_at = :until, attempts = attempts + 1, \
         last_error = CASE WHEN lease IS NULL THEN last_error ELSE :ran_out END, lease = :lease \
         WHERE id IN (SELECT id FROM job WHERE state = 0 AND queue = :queue AND due_at <= :now \
         ORDER BY due_at, id LIMIT :limit) RETURNING id, key, payload, attempts",
    )?;
    let values = named_params! {
        ":until": lease_end(now).0,
        ":ran_out": LEASE_RAN_OUT,
        ":lease": take.lease,
        ":queue": queue,
        ":now": now.0,
        ":limit": rows::count(take.limit),
    };
    let taken = statement.query_map(values, |row| {
        Ok(TakenJob {
            lease: JobLease {
                job: JobId(row.get(0)?),
                number: take.lease,
            },
            key: rows::text(row, 1)?,
            payload: rows::text(row, 2)?,
            attempts: attempts(row, 3)?,
        })
    })?;
    Ok(taken.collect::<Result<_, _>>()?)
}

/// Extends those leases that still hold, and returns them.
pub(super) fn extend(
    db: &Connection,
    leases: Vec<JobLease>,
    now: Served,
) -> Result<Vec<JobLease>, StorageError> {
    let until = lease_end(note(db, now)?);
    let mut statement =
        db.prepare_cached("UPDATE job SET due_at = ?3 WHERE id = ?1 AND lease = ?2 AND state = 0")?;
    let mut held = Vec::new();
    for lease in leases {
        if statement.execute([lease.job.0, lease.number, until.0])? > 0 {
            held.push(lease);
        }
    }
    Ok(held)
}

/// Notes the end of a job, if the lease still holds.
pub(super) fn finish(
    db: &Connection,
    lease: JobLease,
    remembered: Duration,
    now: Served,
) -> Result<bool, StorageError> {
    let held = "id = ?1 AND lease = ?2 AND state = 0";
    let changed = if remembered.is_zero() {
        let sql = format!("DELETE FROM job WHERE {held}");
        db.prepare_cached(&sql)?
            .execute([lease.job.0, lease.number])?
    } else {
        let until = present(db, now)?.after(remembered);
        // Only the key is needed from now on.
        let sql = format!(
            "UPDATE job SET state = 1, due_at = ?3, payload = 'null', last_error = NULL, \
             lease = NULL WHERE {held}"
        );
        db.prepare_cached(&sql)?
            .execute([lease.job.0, lease.number, until.0])?
    };
    Ok(changed > 0)
}

/// Notes a failure, if the lease still holds.
pub(super) fn fail(
    db: &Connection,
    lease: JobLease,
    error: &str,
    again: Option<Duration>,
    now: Served,
) -> Result<bool, StorageError> {
    let now = note(db, now)?;
    let (state, due) = match again {
        Some(delay) => (0, now.after(delay)),
        None => (2, now.after(DEAD_JOB_KEPT)),
    };
    let changed = db
        .prepare_cached(
            "UPDATE job SET state = ?3, due_at = ?4, last_error = ?5, lease = NULL \
             WHERE id = ?1 AND lease = ?2 AND state = 0",
        )?
        .execute(params![lease.job.0, lease.number, state, due.0, error])?;
    Ok(changed > 0)
}

/// The dead jobs.
pub(super) fn dead(db: &Connection, limit: usize) -> Result<Vec<DeadJob>, StorageError> {
    let mut statement = db.prepare_cached(
        "SELECT id, queue, key, attempts, last_error FROM job WHERE state = 2 \
         ORDER BY id LIMIT ?1",
    )?;
    let dead = statement.query_map([rows::count(limit)], |row| {
        Ok(DeadJob {
            id: JobId(row.get(0)?),
            queue: rows::text(row, 1)?,
            key: rows::text(row, 2)?,
            attempts: attempts(row, 3)?,
            error: rows::optional_text(row, 4)?.unwrap_or_default(),
        })
    })?;
    Ok(dead.collect::<Result<_, _>>()?)
}

/// Makes a dead job due.
pub(super) fn retry(db: &Connection, job: JobId, now: Served) -> Result<bool, StorageError> {
    let now = present(db, now)?;
    let changed = db
        .prepare_cached(
            "UPDATE job SET state = 0, due_at = ?2, attempts = 0 WHERE id = ?1 AND state = 2",
        )?
        .execute([job.0, now.0])?;
    Ok(changed > 0)
}

/// Deletes a dead job.
pub(super) fn remove(db: &Connection, job: JobId) -> Result<bool, StorageError> {
    let mut statement = db.prepare_cached("DELETE FROM job WHERE id = ?1 AND state = 2")?;
    Ok(statement.execute([job.0])? > 0)
}

/// Deletes what is out of date.
pub(super) fn forget(db: &Connection, now: Served) -> Result<u64, StorageError> {
    let now = present(db, now)?;
    let forgotten = db
        .prepare_cached("DELETE FROM job WHERE state IN (1, 2) AND due_at <= ?1")?
        .execute([now.0])?;
    Ok(count(forgotten))
}

/// Stores the moment at which a lease begins or ends, and returns it as [`present`] does.
fn note(db: &Connection, now: Served) -> Result<Served, StorageError> {
    let stored = served::get(db)?;
    if now >= stored.after(NOTED) {
        served::set(db, now)?;
    }
    Ok(stored.max(now))
}

/// The stored time of service, if that is later than the caller's.
fn present(db: &Connection, now: Served) -> Result<Served, StorageError> {
    Ok(served::get(db)?.max(now))
}

fn attempts(row: &Row<'_>, column: usize) -> rusqlite::Result<u32> {
    let attempts: i64 = row.get(column)?;
    Ok(u32::try_from(attempts).unwrap_or(u32::MAX))
}

fn count(changed: usize) -> u64 {
    u64::try_from(changed).unwrap_or(u64::MAX)
}
