//! Opening the file: which SQLite, which settings, and is it Papo's at all.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OpenFlags};

use crate::StorageError;
use crate::fold::fold;

/// The first SQLite without the defect that could corrupt a database in WAL mode.
const OLDEST_SQLITE: i32 = 3_051_003;
/// "Papo" in ASCII, in the file's header: tells Papo's databases from everyone else's.
const APPLICATION_ID: i32 = 0x5061_706f;
/// How long to wait for another process that holds the lock.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How many prepared statements a connection keeps; more than there are in this program.
const STATEMENTS: usize = 64;
/// Page cache of the writer and of each reader, in KiB, as far as they fill it.
const WRITER_CACHE: i32 = 4_096;
const READER_CACHE: i32 = 512;
/// Bytes of a page of a new database. A post changes a few rows far apart, and each costs a page in the write-ahead log and again in the
/// database: with SQLite's usual 4 KiB, that is what limits many writers (`docs/benchmarks.md`).
const PAGE_BYTES: i32 = 1_024;
/// The write-ahead log's file is cut to this many bytes when it starts over.
const WAL_KEPT: i32 = 8 * 1_024 * 1_024;

/// The version of the SQLite in this program, `3.x.y`.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}

/// Refuses to work with a SQLite that can lose data.
pub(super) fn check_sqlite_version() -> Result<(), StorageError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        let found = sqlite_version();
        let text = format!("SQLite {found} can corrupt a database; 3.51.3 or newer is needed");
        return Err(StorageError::Other(text));
    }
    Ok(())
}

/// Makes an empty file that only its owner can read, unless there is one. SQLite gives its other files the same rights.
pub(super) fn create_file(path: &Path) -> Result<(), StorageError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(StorageError::Unavailable(
            format!("can't create {}: {error}", path.display()),
        )),
        _ => Ok(()),
    }
}

/// The connection that writes; the database is known to be Papo's afterwards, or new.
pub(super) fn open_writer(path: &Path) -> Result<Connection, StorageError> {
    let db = open(path)?;
    refuse_foreign(&db)?;
    if db.is_readonly("main")? {
        return Err(StorageError::Unavailable("can't write to it".into()));
    }
    // Takes effect in an empty file only.
    db.pragma_update(None, "page_size", PAGE_BYTES)?;
    let mode: String = db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        let text = format!("its file system can't do write-ahead logging: journal mode {mode}");
        return Err(StorageError::Other(text));
    }
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "journal_size_limit", WAL_KEPT)?;
    db.pragma_update(None, "secure_delete", "ON")?;
    db.pragma_update(None, "cache_size", -WRITER_CACHE)?;
    // The writer's thread checkpoints between jobs, where it sees what fails.
    db.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(db)
}

/// A connection that only reads.
pub(super) fn open_reader(path: &Path) -> Result<Connection, StorageError> {
    let db = open(path)?;
    db.pragma_update(None, "query_only", true)?;
    db.pragma_update(None, "cache_size", -READER_CACHE)?;
    db.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(db)
}

/// A connection for reading everything once.
pub(super) fn open_source(path: &Path) -> Result<Connection, StorageError> {
    open(path)
}

/// A connection to a copy that nobody else has open.
pub(super) fn open_copy(path: &Path) -> Result<Connection, StorageError> {
    let db = open(path)?;
    db.pragma_update(None, "synchronous", "FULL")?;
    Ok(db)
}

/// Closes a database in which everything is done. What fails then has no part in that, and whoever opens it next makes up for it.
pub(super) fn close(db: Connection) {
    if let Err((_, error)) = db.close() {
        tracing::warn!(%error, "the database didn't close well");
    }
}

/// Writes Papo's mark into a new database.
pub(super) fn mark_as_papo(db: &Connection) -> Result<(), StorageError> {
    Ok(db.pragma_update(None, "application_id", APPLICATION_ID)?)
}

fn open(path: &Path) -> Result<Connection, StorageError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // A plan depends on the statement alone; else SQLite plans again whenever a parameter changes.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.pragma_update(None, "trusted_schema", false)?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_DIRECTONLY;
    db.create_scalar_function("fold", 1, flags, |context| {
        let text = context.get_raw(0).as_str_or_null()?;
        Ok(text.map(|text| fold(text).into_owned()))
    })?;
    Ok(db)
}

/// Refuses a database of another program before anything in it is touched.
fn refuse_foreign(db: &Connection) -> Result<(), StorageError> {
    let application: i32 = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application == APPLICATION_ID || (application == 0 && tables == 0) {
        return Ok(());
    }
    let text = "it is a database, but not one of Papo's".into();
    Err(StorageError::Other(text))
}
