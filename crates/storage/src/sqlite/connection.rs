//! How the file is opened: the version of SQLite, its settings, and whether the database is Papo's.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use crate::fold::fold;
use crate::{StorageError, owner};

/// The first SQLite without the defect that could corrupt a database in WAL mode.
const OLDEST_SQLITE: i32 = 3_051_003;
/// "Papo" in ASCII, in the file's header. It identifies Papo's databases.
const APPLICATION_ID: i32 = 0x5061_706f;
/// How long to wait for another process that holds the lock.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How many prepared statements a connection keeps; about twice as many as this program has.
const STATEMENTS: usize = 128;
/// The most memory of the page caches of the writer and of each reader, in KiB.
const WRITER_CACHE: i32 = 4_096;
const READER_CACHE: i32 = 512;
/// Bytes of a page of a new database. A post changes a few rows far apart. Each costs a page in the
/// write-ahead log and again in the database, which limits many writers with SQLite's usual 4 KiB
/// (`docs/benchmarks.md`).
const PAGE_BYTES: i32 = 1_024;
/// SQLite cuts the write-ahead log's file to this many bytes when it starts over.
const WAL_KEPT: i32 = 8 * 1_024 * 1_024;

/// The version of the SQLite in this program, `3.x.y`.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}

/// Refuses an SQLite that can lose data.
pub(super) fn check_sqlite_version() -> Result<(), StorageError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        let found = sqlite_version();
        let text = format!("SQLite {found} can corrupt a database; 3.51.3 or newer is needed");
        return Err(StorageError::Other(text));
    }
    Ok(())
}

/// Makes an empty file that only its owner can read, unless it exists. SQLite gives its other files
/// the same rights.
pub(super) fn create_file(path: &Path) -> Result<(), StorageError> {
    match owner::create_file(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(StorageError::Unavailable(
            format!("can't create {}: {error}", path.display()),
        )),
        _ => Ok(()),
    }
}

/// Opens the connection that writes. The database is then known to be Papo's or new.
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
    // The writer's thread checkpoints between jobs, where it can handle a failure.
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

/// A connection to the database's file as it is on disk, without the write-ahead log and without
/// locks. During a checkpoint, or after an interrupted one, the file may look damaged.
pub(super) fn open_bare(path: &Path) -> rusqlite::Result<Connection> {
    let bytes = path.as_os_str().as_encoded_bytes();
    let name = percent_encoding::percent_encode(bytes, percent_encoding::NON_ALPHANUMERIC);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let uri = format!("file:{name}?immutable=1");
    Connection::open_with_flags(uri, flags)
}

/// A connection that must be the only one. It fails at once if it isn't, and leaves the write-ahead
/// log as it is when it is closed.
pub(super) fn open_alone(path: &Path) -> Result<Connection, StorageError> {
    let db = open(path)?;
    db.busy_timeout(Duration::ZERO)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "wal_autocheckpoint", 0)?;
    // The pragma works only when its answer is read.
    db.query_row("PRAGMA locking_mode = EXCLUSIVE", [], |_| Ok(()))?;
    Ok(db)
}

/// A connection beside those of other processes. It leaves the write-ahead log as it is when it is
/// closed, even as the last.
pub(super) fn open_beside(path: &Path) -> Result<Connection, StorageError> {
    let db = open_reader(path)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(db)
}

/// A connection to a copy that nobody else has open.
pub(super) fn open_copy(path: &Path) -> Result<Connection, StorageError> {
    let db = open(path)?;
    db.pragma_update(None, "synchronous", "FULL")?;
    Ok(db)
}

/// Closes a database after all work is done. A failure then affects nothing; the next process to
/// open the database repairs it.
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
    // Makes a plan depend on the statement alone. Otherwise SQLite plans again whenever a parameter
    // changes.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.pragma_update(None, "trusted_schema", false)?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_DIRECTONLY;
    db.create_scalar_function("fold", 1, flags, |context| {
        Ok(match context.get_raw(0) {
            ValueRef::Text(bytes) => Some(fold(&String::from_utf8_lossy(bytes)).into_owned()),
            _ => None,
        })
    })?;
    db.create_scalar_function("is_readable", 1, flags, |context| {
        Ok(match context.get_raw(0) {
            ValueRef::Text(bytes) => str::from_utf8(bytes).is_ok(),
            _ => true,
        })
    })?;
    Ok(db)
}

/// Refuses a database of another program before it changes anything.
pub(super) fn refuse_foreign(db: &Connection) -> Result<(), StorageError> {
    let application = application(db)?;
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application == APPLICATION_ID || (application == 0 && tables == 0) {
        return Ok(());
    }
    let text = "it is a database, but not one of Papo's".into();
    Err(StorageError::Other(text))
}

/// Whether a database bears Papo's mark.
pub(super) fn is_papos(db: &Connection) -> rusqlite::Result<bool> {
    Ok(application(db)? == APPLICATION_ID)
}

fn application(db: &Connection) -> rusqlite::Result<i32> {
    db.pragma_query_value(None, "application_id", |row| row.get(0))
}
