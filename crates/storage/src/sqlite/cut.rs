//! A write-ahead log that breaks off before its end: damage took acknowledged changes.
//!
//! A process that opens the database first looks for such a break. It logs the break, keeps a copy
//! of the log, and gives the history another epoch, since its next seqs aren't those that people
//! have seen. Only a process that is alone can do this. `papo doctor` reports the break, and
//! changes nothing.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use super::aside::{self, beside};
use super::connection::{self, BUSY_TIMEOUT};
use super::schema;
use super::wal::{self, Break};
use crate::{StorageError, defects};

/// The ending of a copy's name.
const COPY: &str = "-wal-cut";

/// A running server may be in the middle of a frame. A break counts if this many looks find it.
const LOOKS: usize = 3;
const BETWEEN: Duration = Duration::from_millis(50);

/// A break in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut(Break);

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Break { frame, frames } = self.0;
        write!(
            f,
            "its write-ahead log is damaged in page {frame}: {frames} pages from there on, \
             which were stored, can't be read"
        )
    }
}

/// Looks for a break in a database's log, and changes nothing. Blocks.
pub fn cut_log(database: &Path) -> Result<Option<Cut>, StorageError> {
    let database = &aside::resolve(database);
    let mut found = look(database)?;
    for _ in 1..LOOKS {
        if found.is_none() {
            return Ok(None);
        }
        sleep(BETWEEN);
        let again = look(database)?;
        if again != found {
            found = None;
        }
    }
    Ok(found.map(Cut))
}

/// The copy of a broken log, if there is one.
pub fn copy_of_cut_log(database: &Path) -> Option<PathBuf> {
    aside::first(database, COPY)
}

/// Mends a broken log. Fails when another process has the database open and doesn't read beyond the
/// break: its writes would replace what is there.
pub(super) fn mend(database: &Path) -> Result<(), StorageError> {
    if defects::has("cut-log-unseen") {
        return Ok(());
    }
    let start = Instant::now();
    while let Some(cut) = cut_log(database)? {
        if mend_alone(database)? || is_read_beyond(database, cut)? {
            return Ok(());
        }
        if start.elapsed() > BUSY_TIMEOUT {
            return Err(StorageError::Unavailable(format!(
                "{cut}, and it can't be mended while another process has the database open: end that first"
            )));
        }
        sleep(BETWEEN);
    }
    Ok(())
}

/// Mends the log if no other process has the database open. Returns whether it could.
fn mend_alone(database: &Path) -> Result<bool, StorageError> {
    let db = connection::open_alone(database)?;
    match db.execute_batch("BEGIN IMMEDIATE") {
        Ok(()) => {}
        Err(error) if is_busy(&error) => return Ok(false),
        Err(error) => return Err(error.into()),
    }
    let Some(found) = look(database)? else {
        return Ok(true);
    };
    connection::refuse_foreign(&db)?;
    keep_copy(database)?;
    renew(&db)?;
    tracing::error!(
        "{}: {}; the history goes on from there as another, with an epoch of its own",
        database.display(),
        Cut(found)
    );
    connection::close(db);
    Ok(true)
}

/// Whether the processes that have the database open read beyond the break. A server does if it
/// opened the database before the damage. It will bring everything into the database.
fn is_read_beyond(database: &Path, cut: Cut) -> Result<bool, StorageError> {
    let db = connection::open_beside(database)?;
    let pages: i64 = db.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get(1))?;
    Ok(u64::try_from(pages).is_ok_and(|pages| pages >= cut.0.frame))
}

fn renew(db: &Connection) -> Result<(), StorageError> {
    schema::renew_epoch(db)?;
    db.execute_batch("COMMIT")?;
    // Otherwise a later look would find what lies behind the break.
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

/// Copies the damaged log. Without a copy nothing is mended: the mend empties the log.
fn keep_copy(database: &Path) -> Result<(), StorageError> {
    let log = beside(database, "-wal");
    let copied = aside::create(database, COPY).and_then(|(copy, path)| {
        let copied = copy_log(&log, copy);
        if copied.is_err() {
            // A part of the log would pass for the whole.
            let _ = fs::remove_file(&path);
        }
        copied.map(|()| path)
    });
    let path = copied.map_err(|error| {
        StorageError::Unavailable(format!(
            "its write-ahead log is damaged, and can't be copied before it is mended: {error}; \
             make room beside {}",
            log.display()
        ))
    })?;
    tracing::warn!("a copy of the damaged log is in {}", path.display());
    Ok(())
}

fn copy_log(log: &Path, mut copy: File) -> io::Result<()> {
    io::copy(&mut File::open(log)?, &mut copy)?;
    copy.sync_all()
}

fn look(database: &Path) -> Result<Option<Break>, StorageError> {
    let found = match File::open(beside(database, "-wal")) {
        Ok(log) => wal::find_break(BufReader::new(log)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    found.map_err(|error| StorageError::Damaged(format!("its write-ahead log: {error}")))
}

fn is_busy(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(
        code,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}
