//! Checks that the database's files are still the ones that were opened, under their names, and
//! whole.
//!
//! What Papo writes into a removed, replaced, cut or overwritten file is lost with the process. So
//! the writer looks after each commit, before it answers. Three short system calls suffice. They
//! ask whether a name in the folder has changed, somebody has written into the database's file, and
//! the commit is still at the end of the write-ahead log. If one of them finds something, and twice
//! a second in any case, a full look follows, by name. Nothing here opens the database's file for
//! reading: closing it would drop SQLite's locks.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::thread::sleep;

use papo_domain::Epoch;
use rusqlite::Connection;

use super::aside::{self, beside};
use super::content::{BETWEEN, Content, LOOKS};
use super::handle::{FileId, Handle, Stamp, id};
use super::instance;
use super::reach::{self, Note};
use crate::{StorageError, defects};

/// Bytes before the first frame of the write-ahead log, and before the page of each.
const LOG_HEADER: u64 = 32;
const FRAME_HEADER: u64 = 24;
/// Where the salts are in each. They change when the log starts over.
const HEADER_SALTS: u64 = 16;
const FRAME_SALTS: u64 = 8;
const NO_SALTS: u64 = 0;
/// The first bytes of a log.
const LOG_MAGIC: [u8; 3] = [0x37, 0x7f, 0x06];
/// The ending of a log's name whose database was taken away.
const LEFT: &str = "-wal-left";

/// The files of an open database.
pub(super) struct Files {
    database: PathBuf,
    /// The database, its write-ahead log, and the memory that processes share.
    names: [(PathBuf, FileId); 3],
    folder: Handle,
    file: Handle,
    /// SQLite has no locks on it that closing it could drop.
    log: File,
    page_bytes: u64,
    epoch: Epoch,
    note: Note,
    seen: Mutex<Seen>,
    /// How many pages the write-ahead log had after the writer's last commit.
    log_pages: AtomicI32,
    /// The salts that the log's pages had when the writer last looked.
    log_salts: AtomicU64,
    /// Why the writer gave up.
    given_up: OnceLock<String>,
}

/// What the last look found.
struct Seen {
    folder: Stamp,
    content: Content,
}

impl Files {
    /// Notes the files of an open database. The path has no links in it.
    pub(super) fn note(database: &Path, db: &Connection) -> Result<Self, StorageError> {
        // All three files exist after the first read.
        let epoch = instance::epoch(db)?;
        let page_bytes: i64 = db.pragma_query_value(None, "page_size", |row| row.get(0))?;
        // This may add a name to the folder, so it comes before the look at the folder.
        let note = Note::open(database, db, epoch)?;
        let folder_path = database.parent().unwrap_or(Path::new("/"));
        let folder = Handle::open(folder_path).map_err(|error| taken(folder_path, &error))?;
        let file = Handle::open(database).map_err(|error| taken(database, &error))?;
        // This comes before the names, so that it misses no change of one.
        let folder_stamp = folder.stamp().map_err(|error| taken(folder_path, &error))?;
        let look = |end| {
            let path = beside(database, end);
            let found = fs::metadata(&path).map_err(|error| taken(&path, &error))?;
            Ok::<_, StorageError>((path, id(&found)))
        };
        let names = [look("")?, look("-wal")?, look("-shm")?];
        let log = File::open(&names[1].0).map_err(|error| taken(&names[1].0, &error))?;
        let noted = || Content::of(database, &file).map_err(|error| taken(database, &error));
        let mut content = noted()?;
        if content.is_unread() {
            // All of a new database is in its log, and another may have an unfinished checkpoint.
            let _ = db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
            content = noted()?;
        }
        Ok(Self {
            database: database.to_owned(),
            names,
            folder,
            file,
            log,
            page_bytes: page_bytes.cast_unsigned(),
            epoch,
            note,
            seen: Mutex::new(Seen {
                folder: folder_stamp,
                content,
            }),
            log_pages: AtomicI32::new(log_pages(db)?),
            log_salts: AtomicU64::new(NO_SALTS),
            given_up: OnceLock::new(),
        })
    }

    /// Notes that the writer gave up, so that every look learns of it. The writer's own caller may
    /// only know that one call failed.
    pub(super) fn give_up(&self, why: &str) {
        let _ = self.given_up.set(why.to_owned());
    }

    /// Looks at everything. Fails with [`StorageError::Broken`] when the writer has given up, or a
    /// file isn't in its place any more, is cut off, or holds something else. The connection is one
    /// to this database.
    pub(super) fn check(&self, db: &Connection) -> Result<(), StorageError> {
        if let Some(why) = self.given_up.get() {
            return Err(StorageError::Broken(why.clone()));
        }
        if defects::has("trust-the-files") {
            return Ok(());
        }
        self.check_names()?;
        self.check_log(db, i32::MAX)?;
        match self.seen.try_lock() {
            Ok(mut seen) => self.check_content(&mut seen),
            Err(TryLockError::Poisoned(seen)) => self.check_content(&mut seen.into_inner()),
            // The writer is looking already.
            Err(TryLockError::WouldBlock) => Ok(()),
        }
    }

    /// Looks after a commit at what may have changed. The log now has `pages` pages; 0 means that
    /// the commit wrote none.
    pub(super) fn check_commit(&self, db: &Connection, pages: i32) -> Result<(), StorageError> {
        if defects::has("trust-the-files") {
            return Ok(());
        }
        let mut seen = self.seen();
        let has_names = self.folder.stamp().is_ok_and(|found| found == seen.folder);
        let has_content = self.file.stamp();
        let has_content = has_content.is_ok_and(|found| seen.content.has_stamp(found));
        if !has_names || !has_content {
            self.look_at_names(&mut seen)?;
            self.check_content(&mut seen)?;
        }
        drop(seen);
        let before = self.log_pages.load(Ordering::Relaxed);
        if pages > 0 {
            self.log_pages.store(pages, Ordering::Relaxed);
        }
        // If the log was cut off before or during this write, there is a hole before it. Only a log
        // that has started over has nothing there.
        let has_before = pages == 0 || (1..pages).contains(&before);
        let page = if has_before { before } else { pages };
        if page < 1 || self.frame_salts(page) == Some(self.log_salts.load(Ordering::Relaxed)) {
            return Ok(());
        }
        let salts = self.check_log(db, page)?;
        if let Some(salts) = salts {
            self.log_salts.store(salts, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Notes that the commit checked last is on disk and added this many events. The log now has
    /// `pages` pages; 0 means that the commit wrote none.
    pub(super) fn note_commit(&self, events: i64, pages: i32) {
        if pages > 0 {
            let salts = self.log_salts.load(Ordering::Relaxed);
            // Another process may have started the log over since.
            let is_there = self.frame_salts(pages) == Some(salts);
            let pages = if is_there { pages } else { 0 };
            self.note.reached(events, salts, pages);
        }
    }

    /// Runs a change of the database's file, and keeps others from looking at its content
    /// meanwhile.
    pub(super) fn change<T>(
        &self,
        work: impl FnOnce() -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let mut seen = self.seen();
        self.check_content(&mut seen)?;
        let done = work();
        // Even a failed change may have written something.
        let (database, file) = (&self.database, &self.file);
        seen.content.note_own(database, file, self.epoch);
        done
    }

    /// Whether the database is gone from its name, or its file holds another. Then its write-ahead
    /// log belongs to no database. The connection is the writer's.
    pub(super) fn has_lost_database(&self, db: &Connection) -> bool {
        let (path, noted) = &self.names[0];
        let found = fs::metadata(path);
        let is_gone = match &found {
            Ok(found) => id(found) != *noted,
            Err(error) => error.kind() == ErrorKind::NotFound,
        };
        if is_gone {
            return true;
        }
        // The writer may have given up because of what it read, before anybody looked at the file.
        let mut seen = self.seen();
        if self.check_content(&mut seen).is_ok() {
            return false;
        }
        // Somebody may have written another history through SQLite. Then it is in the log too.
        let is_empty = found.is_ok_and(|found| found.len() == 0);
        is_empty || instance::epoch(db).is_ok_and(|epoch| epoch == self.epoch)
    }

    /// Renames the write-ahead log of a database that was taken away, so that SQLite doesn't apply
    /// it to another one.
    pub(super) fn set_log_aside(&self) {
        let (log, noted) = &self.names[1];
        if !fs::metadata(log).is_ok_and(|found| id(&found) == *noted) {
            return;
        }
        match aside::rename(log, &self.database, LEFT) {
            Ok(aside) => tracing::warn!(
                "the write-ahead log of the database that was taken away is now {}",
                aside.display()
            ),
            Err(error) => tracing::warn!(%error, "can't rename {}", log.display()),
        }
    }

    fn check_content(&self, seen: &mut Seen) -> Result<(), StorageError> {
        let why = (seen.content).look(&self.database, &self.file, self.epoch);
        why.map_or(Ok(()), |why| Err(taken(&self.database, &why)))
    }

    fn look_at_names(&self, seen: &mut Seen) -> Result<(), StorageError> {
        let folder = self.folder.stamp();
        self.check_names()?;
        if let Ok(folder) = folder {
            seen.folder = folder;
        }
        Ok(())
    }

    fn check_names(&self) -> Result<(), StorageError> {
        self.names.iter().try_for_each(|(path, noted)| {
            let mut looks = 1..LOOKS;
            loop {
                match fs::metadata(path) {
                    Ok(found) if id(&found) == *noted => return Ok(()),
                    Ok(_) => return Err(taken(path, &"another file has its name")),
                    // There may be no memory right now.
                    Err(error) if error.kind() != ErrorKind::NotFound && looks.next().is_some() => {
                        sleep(BETWEEN);
                    }
                    Err(error) => return Err(taken(path, &error)),
                }
            }
        })
    }

    /// Fails unless the log has this page, or its last one. Returns the salts of the log, unless it
    /// is empty.
    fn check_log(&self, db: &Connection, page: i32) -> Result<Option<u64>, StorageError> {
        for _ in 0..LOOKS {
            // Another process may just have checkpointed the log and emptied it.
            let page = page.min(log_pages(db)?);
            if page < 1 {
                return Ok(None);
            }
            let salts = self.log_salts();
            if salts.is_some() && self.frame_salts(page) == salts && self.has_end_of(page) {
                return Ok(salts);
            }
            sleep(BETWEEN);
        }
        Err(taken(&self.names[1].0, &"its end was cut off"))
    }

    /// The salts in the log's header, if that is a log's.
    fn log_salts(&self) -> Option<u64> {
        log_salts(&self.log)
    }

    /// The salts of a page of the log. A hole has none.
    fn frame_salts(&self, page: i32) -> Option<u64> {
        let salts = self.log_bytes(self.frame_offset(page)? + FRAME_SALTS)?;
        Some(u64::from_be_bytes(salts)).filter(|salts| *salts != NO_SALTS)
    }

    fn has_end_of(&self, page: i32) -> bool {
        let frame = self.frame_offset(page);
        let last = frame.map(|frame| frame + FRAME_HEADER + self.page_bytes - 1);
        last.is_some_and(|last| self.log_bytes::<1>(last).is_some())
    }

    fn frame_offset(&self, page: i32) -> Option<u64> {
        let before = u64::try_from(page).ok()?.checked_sub(1)?;
        Some(LOG_HEADER + before * (FRAME_HEADER + self.page_bytes))
    }

    fn log_bytes<const COUNT: usize>(&self, at: u64) -> Option<[u8; COUNT]> {
        bytes_at(&self.log, at)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The write-ahead log that was kept of a database that was taken away, if there is one.
pub fn log_left(database: &Path) -> Option<PathBuf> {
    aside::first(database, LEFT)
}

/// Refuses to make a new database where one was taken away, maybe by mistake.
pub(super) fn refuse_lost(database: &Path) -> Result<(), StorageError> {
    if fs::metadata(database).is_ok_and(|found| found.len() > 0) {
        return Ok(());
    }
    let left = log_left(database).into_iter();
    let left = left.chain(reach::note_of_events(database));
    let left: Vec<_> = left.map(|path| path.display().to_string()).collect();
    if left.is_empty() {
        return Ok(());
    }
    Err(StorageError::Other(format!(
        "it was taken away, and this is left of it: {}; put it or a backup in its place, or \
         remove what is left to begin anew",
        left.join(", ")
    )))
}

/// How many pages the write-ahead log has; negative while another process is making it.
pub(super) fn log_pages(db: &Connection) -> Result<i32, StorageError> {
    Ok(db.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get(1))?)
}

/// The salts in a log's header, if that is a log's.
pub(super) fn log_salts(log: &File) -> Option<u64> {
    let magic: [u8; 3] = bytes_at(log, 0)?;
    let salts = bytes_at(log, HEADER_SALTS)?;
    (magic == LOG_MAGIC).then_some(u64::from_be_bytes(salts))
}

fn bytes_at<const COUNT: usize>(file: &File, at: u64) -> Option<[u8; COUNT]> {
    let mut bytes = [0; COUNT];
    read_at(file, &mut bytes, at).ok()?;
    Some(bytes)
}

fn taken(path: &Path, why: &dyn Display) -> StorageError {
    let path = path.display();
    StorageError::Broken(format!(
        "{path} was taken away from under the server: {why}"
    ))
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(not(unix))]
fn read_at(mut file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(bytes)
}
