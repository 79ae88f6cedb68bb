//! The connection that writes: its transactions, its checkpoints, and its reaction to a failing
//! disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::connection::{self, BUSY_TIMEOUT};
use super::files::Files;
use super::{departure, errors};
use crate::{StorageError, defects};

/// From this many pages (of 1 KiB) on, the writer checkpoints the write-ahead log after a
/// transaction.
const CHECKPOINT_AT: i32 = 4_000;
/// Each time the log has grown by this many pages, the writer waits a moment for readers to finish,
/// so that the log can start over.
const INSIST_AT: i32 = 16 * CHECKPOINT_AT;
/// The length of that moment. Nobody can write meanwhile.
const MOMENT: Duration = Duration::from_millis(100);

/// The connection that writes.
pub(super) struct Writer {
    db: Connection,
    files: Arc<Files>,
    /// How many pages the write-ahead log has, as of the last commit.
    log_pages: Arc<AtomicI32>,
    /// How many pages the log must have for the writer to wait for readers.
    insist_at: i32,
    /// Why the writer gave up.
    broken: Option<String>,
}

impl Writer {
    /// Takes over the connection.
    pub(super) fn new(mut db: Connection, files: Arc<Files>) -> Result<Self, StorageError> {
        let log_pages = Arc::new(AtomicI32::new(0));
        let noted = Arc::clone(&log_pages);
        db.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
            noted.store(pages, Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(Self {
            db,
            files,
            log_pages,
            insist_at: INSIST_AT,
            broken: None,
        })
    }

    /// Runs work in a transaction and flushes it to disk. After an error nothing was changed, or
    /// nobody knows ([`StorageError::Broken`]).
    pub(super) fn transaction<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        self.transaction_with_events(work, |_| 0)
    }

    /// The same, for work that returns how many events it added.
    pub(super) fn transaction_with_events<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, StorageError>,
        events: impl FnOnce(&T) -> i64,
    ) -> Result<T, StorageError> {
        if let Some(why) = &self.broken {
            return Err(StorageError::Broken(why.clone()));
        }
        self.commit_late()?;
        let result = self.in_place(work, events).map_err(errors::in_writer);
        if result.is_err() && !self.db.is_autocommit() {
            // The rollback failed too. Nothing can be written while the transaction is open.
            self.note(&StorageError::Broken("a transaction stays open".into()));
        }
        if let Err(error) = &result {
            self.note(error);
        }
        result
    }

    /// Runs a transaction, and checks afterwards that the files are still in their places.
    fn in_place<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StorageError>,
        events: impl FnOnce(&T) -> i64,
    ) -> Result<T, StorageError> {
        let done = transaction(&self.db, work)?;
        let pages = self.log_pages.load(Ordering::Relaxed);
        let checked = self.files.check_commit(&self.db, pages);
        checked.map_err(errors::after_commit)?;
        self.files.note_commit(events(&done), pages);
        Ok(done)
    }

    /// The defect `ack-before-commit`: the writer answers, and commits only before the next
    /// transaction.
    pub(super) fn answer_early<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        self.commit_late()?;
        self.db.execute_batch("BEGIN IMMEDIATE")?;
        work(&self.db)
    }

    fn commit_late(&self) -> Result<(), StorageError> {
        if defects::has("ack-before-commit") && !self.db.is_autocommit() {
            self.db.execute_batch("COMMIT")?;
        }
        Ok(())
    }

    /// Checkpoints the write-ahead log when it has become long. Only a failed sync does harm: what
    /// was committed stays in the log.
    pub(super) fn checkpoint_when_due(&mut self) {
        let pages = self.log_pages.swap(0, Ordering::Relaxed);
        if pages < CHECKPOINT_AT || self.broken.is_some() {
            return;
        }
        if pages < INSIST_AT {
            self.insist_at = INSIST_AT;
        }
        let checkpointed = if pages < self.insist_at {
            self.checkpoint("PASSIVE")
        } else {
            self.insist_at = pages.saturating_add(INSIST_AT);
            self.insist()
        };
        if let Err(error) = checkpointed.map_err(errors::in_writer) {
            tracing::warn!(%error, "the checkpoint failed");
            self.note(&error);
        }
    }

    /// Leaves the database in good order, if the disk has room. Otherwise what was committed stays
    /// in the write-ahead log, and the next process to open the database checkpoints it. That is no
    /// error; a failed sync is one.
    pub(super) fn close(mut self) -> Result<(), StorageError> {
        let tidied = self.tidy_up();
        if let Err(error) = &tidied {
            self.note(error);
        }
        if self.broken.is_some() {
            // The next start reads what did reach the disk.
            self.db
                .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        }
        if self.files.has_lost_database(&self.db) {
            self.files.set_log_aside();
        }
        connection::close(self.db);
        match tidied {
            Err(error @ (StorageError::Unavailable(_) | StorageError::Full(_))) => {
                tracing::warn!(%error, "the write-ahead log isn't in the database yet, and stays until it is");
                Ok(())
            }
            tidied => tidied,
        }
    }

    /// The connection, for work outside of a transaction.
    #[cfg(test)]
    pub(super) fn connection(&self) -> &Connection {
        &self.db
    }

    fn tidy_up(&self) -> Result<(), StorageError> {
        if self.broken.is_some() {
            return Ok(());
        }
        self.files.check(&self.db)?;
        let optimized = self.db.execute_batch("PRAGMA optimize");
        optimized.map_err(errors::in_tidying)?;
        self.checkpoint("TRUNCATE")
    }

    fn insist(&self) -> Result<(), StorageError> {
        self.db.busy_timeout(MOMENT)?;
        let checkpointed = self.checkpoint("RESTART");
        self.db.busy_timeout(BUSY_TIMEOUT)?;
        checkpointed
    }

    fn checkpoint(&self, mode: &str) -> Result<(), StorageError> {
        let sql = format!("PRAGMA wal_checkpoint({mode})");
        self.files.change(|| {
            let checkpointed = self.db.query_row(&sql, [], |_| Ok(()));
            checkpointed.map_err(errors::in_tidying)
        })
    }

    fn note(&mut self, error: &StorageError) {
        if let StorageError::Broken(why) = error
            && self.broken.is_none()
        {
            tracing::error!(%why, "nothing more is written until a restart");
            self.files.give_up(why);
            self.broken = Some(why.clone());
        }
    }
}

fn transaction<T>(
    db: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StorageError>,
) -> Result<T, StorageError> {
    let transaction = Transaction::begin(db)?;
    // The database may have been moved while this waited.
    departure::refuse_moved(db)?;
    let done = work(db)?;
    let committed = transaction.commit().map_err(errors::at_commit);
    if !defects::has("ack-after-failed-sync") {
        committed?;
    }
    Ok(done)
}

/// A transaction whose statements are prepared once. (rusqlite's own parses them each time.) A drop
/// without a commit rolls it back.
struct Transaction<'a>(&'a Connection);

impl<'a> Transaction<'a> {
    fn begin(db: &'a Connection) -> Result<Self, rusqlite::Error> {
        db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        Ok(Self(db))
    }

    fn commit(self) -> Result<(), rusqlite::Error> {
        self.0.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.0.is_autocommit()
            && let Err(error) = self.0.execute_batch("ROLLBACK")
        {
            tracing::warn!(%error, "a transaction couldn't be rolled back");
        }
    }
}
