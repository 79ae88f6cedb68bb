//! A note of how far the history has come, outside of the database and its log.
//!
//! To SQLite, a log that ends early looks like one that was never longer. Somebody may have cut it
//! off or removed it, or put an older database in its place. So after each commit the writer notes
//! in a small file how many events there are and where the log ends. The commit is already on disk,
//! so the note never says more than there was. A process that opens the database and finds less
//! logs that, keeps the note, and gives the history another epoch.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::sleep;
use std::time::Duration;

use papo_domain::Epoch;
use rusqlite::Connection;

use super::aside::{self, beside};
use super::files::log_pages;
use super::{connection, files, instance, schema};
use crate::{StorageError, defects, owner};

/// The ending of the note's name, in place of the database's own.
const ENDING: &str = "reach";
/// The ending of a kept note's name, of a history that has lost something.
const LOST: &str = "-reach-lost";
const VERSION: &str = "papo reach 1";
/// A loss must be found this many times; otherwise it may be another process writing the log.
const LOOKS: usize = 3;
const BETWEEN: Duration = Duration::from_millis(50);
/// A note is shorter than this.
const MOST_BYTES: u64 = 256;

/// What a note says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reach {
    epoch: Epoch,
    /// The events of all rooms, at least.
    events: i64,
    /// The salts of the write-ahead log, and how many pages it had.
    salts: u64,
    pages: i32,
}

/// What a history has lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost(Loss);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    Events(i64),
    Pages(i32),
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Loss::Events(count) => write!(f, "{count} events that were stored aren't there"),
            Loss::Pages(count) => write!(
                f,
                "the last {count} pages of its write-ahead log, which were stored, aren't there"
            ),
        }
    }
}

/// The note of an open database.
pub(super) struct Note {
    file: Option<File>,
    epoch: Epoch,
    events: AtomicI64,
}

impl Note {
    /// Opens the note of a database, or makes it. Without a note, Papo works and doesn't notice a
    /// loss.
    pub(super) fn open(
        database: &Path,
        db: &Connection,
        epoch: Epoch,
    ) -> Result<Self, StorageError> {
        let path = path(database);
        let file = match open_file(&path) {
            Ok(file) => Some(file),
            Err(error) => {
                tracing::warn!(%error, "can't note in {} how far the history has come", path.display());
                None
            }
        };
        Ok(Self {
            file,
            epoch,
            events: AtomicI64::new(events(db)?),
        })
    }

    /// Notes that a commit is on disk, which added this many events and ends at this page of the
    /// log.
    pub(super) fn reached(&self, events: i64, salts: u64, pages: i32) {
        let events = self.events.fetch_add(events, Ordering::Relaxed) + events;
        let Some(file) = &self.file else {
            return;
        };
        let reach = Reach {
            epoch: self.epoch,
            events,
            salts,
            pages,
        };
        // A note that wasn't updated says less than there is, which is harmless.
        let _ = write_at_start(file, reach.to_string().as_bytes());
    }
}

impl fmt::Display for Reach {
    /// Always of the same length, so that a new note overwrites the old one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            epoch,
            events,
            salts,
            pages,
        } = self;
        writeln!(
            f,
            "{VERSION}\n{epoch} {events:020} {salts:016x} {pages:010}"
        )
    }
}

impl Reach {
    fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(VERSION)?.strip_prefix('\n')?;
        let mut fields = rest.strip_suffix('\n')?.split(' ');
        let reach = Self {
            epoch: fields.next()?.parse().ok()?,
            events: fields.next()?.parse().ok()?,
            salts: u64::from_str_radix(fields.next()?, 16).ok()?,
            pages: fields.next()?.parse().ok()?,
        };
        fields.next().is_none().then_some(reach)
    }
}

/// Reads the note of a database, if there is one. Read it before the database: another process may
/// go on meanwhile.
pub(super) fn read(database: &Path) -> Option<Reach> {
    let note = open_as_it_is(&path(database), false).ok()?;
    let mut text = String::new();
    note.take(MOST_BYTES).read_to_string(&mut text).ok()?;
    Reach::parse(&text)
}

/// What is missing of what a note says. `None` also for a note of another history.
pub(super) fn lost(
    reach: Option<Reach>,
    database: &Path,
    db: &Connection,
) -> Result<Option<Lost>, StorageError> {
    let Some(reach) = reach.filter(|_| !defects::has("short-log-unseen")) else {
        return Ok(None);
    };
    if instance::epoch(db)? != reach.epoch {
        return Ok(None);
    }
    let missing = reach.events - events(db)?;
    if missing > 0 {
        return Ok(Some(Lost(Loss::Events(missing))));
    }
    let before = log_salts(database);
    let pages = log_pages(db)?;
    let is_same = before == Some(reach.salts) && log_salts(database) == before;
    let missing = reach.pages - pages;
    // Negative while another process is making the log.
    Ok((is_same && pages >= 0 && missing > 0).then_some(Lost(Loss::Pages(missing))))
}

/// The loss, if this finds it repeatedly. Otherwise another process may be writing the log.
fn lost_for_good(database: &Path) -> Result<Option<Lost>, StorageError> {
    let mut found = None;
    for look in 0..LOOKS {
        if look > 0 {
            sleep(BETWEEN);
        }
        let reach = read(database);
        if reach.is_none() {
            return Ok(None);
        }
        let db = connection::open_beside(database)?;
        found = lost(reach, database, &db)?;
        if found.is_none() {
            return Ok(None);
        }
    }
    Ok(found)
}

/// Looks for a loss in a database that nobody has open, and changes nothing. Blocks.
pub fn lost_history(database: &Path) -> Result<Option<Lost>, StorageError> {
    lost_for_good(&aside::resolve(database))
}

/// The kept note of a history that has lost something, if there is one.
pub fn note_of_lost_history(database: &Path) -> Option<PathBuf> {
    aside::first(database, LOST)
}

/// Gives a history that has lost something another epoch, and logs that.
pub(super) fn mend(
    reach: Option<Reach>,
    database: &Path,
    db: &Connection,
) -> Result<(), StorageError> {
    if lost(reach, database, db)?.is_none() {
        return Ok(());
    }
    // Nobody can write now. What another process had begun is done, or was found too.
    db.execute_batch("BEGIN IMMEDIATE")?;
    let Some(lost) = lost_for_good(database)? else {
        return Ok(db.execute_batch("ROLLBACK")?);
    };
    schema::renew_epoch(db)?;
    db.execute_batch("COMMIT")?;
    if let Err(error) = aside::rename(&path(database), database, LOST) {
        tracing::warn!(%error, "can't keep the note of how far the history had come");
    }
    tracing::error!(
        "{}: {lost}; the history goes on from there as another, with an epoch of its own",
        database.display()
    );
    Ok(())
}

/// The note of a database that had events, if there is one.
pub fn note_of_events(database: &Path) -> Option<PathBuf> {
    let database = &aside::resolve(database);
    let reach = read(database)?;
    (reach.events > 0).then(|| path(database))
}

fn path(database: &Path) -> PathBuf {
    database.with_extension(ENDING)
}

/// Opens a note for writing, or makes it.
fn open_file(path: &Path) -> io::Result<File> {
    match owner::create_file(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => return made,
    }
    open_as_it_is(path, true)
}

/// Opens a regular file. It follows no link, and doesn't wait for a pipe.
fn open_as_it_is(path: &Path, to_write: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(!to_write).write(to_write);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let flags = i32::try_from(flags.bits()).unwrap_or_default();
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags);
    }
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    Ok(file)
}

fn log_salts(database: &Path) -> Option<u64> {
    files::log_salts(&File::open(beside(database, "-wal")).ok()?)
}

fn events(db: &Connection) -> Result<i64, StorageError> {
    let sum = "SELECT coalesce(sum(last_seq), 0) FROM room";
    Ok(db.query_row(sum, [], |row| row.get(0))?)
}

#[cfg(unix)]
fn write_at_start(file: &File, bytes: &[u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, 0)
}

#[cfg(not(unix))]
fn write_at_start(mut file: &File, bytes: &[u8]) -> io::Result<()> {
    use std::io::{Seek as _, SeekFrom, Write as _};
    file.seek(SeekFrom::Start(0))?;
    file.write_all(bytes)
}
