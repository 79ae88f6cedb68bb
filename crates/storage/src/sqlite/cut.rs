//! A write-ahead log that breaks off before its end: damage took what was acknowledged.
//!
//! A process that opens the database looks for that first. It says so, keeps a copy of the log, and
//! gives the history another epoch, whose next seqs are not those that people have seen. Only a
//! process that is alone can do this; `doctor` tells of it as well, and changes nothing.

use std::fmt;
use std::fs::File;
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

/// How the name of a copy ends.
const COPY: &str = "-wal-cut";

/// A server at work may be in the middle of a frame; a break that stays is one.
const LOOKS: usize = 3;
const BETWEEN: Duration = Duration::from_millis(50);

/// How a log is cut.
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

/// Looks whether a database's log is cut, and changes nothing. Blocks.
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

/// The copy of a log that was cut, if there is one.
pub fn copy_of_cut_log(database: &Path) -> Option<PathBuf> {
    aside::first(database, COPY)
}

/// Mends a log that is cut. Fails when it is, and another process keeps the database open without
/// what is behind the break, so that what anybody writes would take its place.
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

/// Whether that was possible: nobody else may have the database open.
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
    keep_copy(database);
    renew(&db)?;
    tracing::error!(
        "{}: {}; the history goes on from there as another, with an epoch of its own",
        database.display(),
        Cut(found)
    );
    connection::close(db);
    Ok(true)
}

/// Whether the processes that have the database open read what is behind the break. They do when
/// they have had it open since before the damage, such as a server that runs, and will bring it all
/// into the database.
fn is_read_beyond(database: &Path, cut: Cut) -> Result<bool, StorageError> {
    let db = connection::open_beside(database)?;
    let pages: i64 = db.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get(1))?;
    Ok(u64::try_from(pages).is_ok_and(|pages| pages >= cut.0.frame))
}

fn renew(db: &Connection) -> Result<(), StorageError> {
    schema::renew_epoch(db)?;
    db.execute_batch("COMMIT")?;
    // Else what lies behind would be found again.
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

fn keep_copy(database: &Path) {
    let copied = aside::create(database, COPY).and_then(|(mut copy, path)| {
        let mut log = File::open(beside(database, "-wal"))?;
        io::copy(&mut log, &mut copy)?;
        copy.sync_all()?;
        Ok(path)
    });
    match copied {
        Ok(path) => tracing::warn!("a copy of the damaged log is in {}", path.display()),
        Err(error) => tracing::warn!(%error, "can't keep a copy of the damaged log"),
    }
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
