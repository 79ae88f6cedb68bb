//! SQLite, embedded: for one node, with nothing to install.
//!
//! One thread writes and a few read (`threads.rs`). Each theme is implemented in the file of its
//! name: a method runs a function of that file on one of the threads' connections. Several
//! processes may have the same file open. Here the database is opened and closed.

mod account_changes;
mod accounts;
mod aside;
mod backup;
mod check;
mod connection;
mod content;
mod cut;
mod departure;
mod effects;
mod errors;
mod facts;
mod files;
mod handle;
mod import;
mod instance;
mod intake;
mod log;
mod memberships;
mod messages;
mod pages;
mod persons;
mod queue;
mod reach;
mod revocations;
mod rooms;
mod rows;
mod schema;
mod sessions;
mod setup;
mod threads;
mod times;
mod wal;
mod writer;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;

pub use connection::sqlite_version;
pub use cut::{Cut, copy_of_cut_log, cut_log};
pub use departure::Departure;
pub use files::log_left;
pub use reach::{Lost, lost_history, note_of_events, note_of_lost_history};

use self::files::Files;
use self::intake::SqliteIntake;
use self::pages::SqlitePages;
use self::threads::Threads;
use self::writer::Writer;
use crate::times::Present;
use crate::transfer::{Filling, Pages};
use crate::{Storage, StorageError};

/// How many connections read.
const READERS: usize = 3;

/// A database in a file.
pub struct SqliteStorage {
    path: PathBuf,
    threads: Arc<Threads>,
    files: Arc<Files>,
    present: Present,
}

impl SqliteStorage {
    /// Opens the database in this file, makes it if there is none, and brings its tables up to
    /// date. Blocks.
    pub fn open(path: &Path) -> Result<Self, StorageError> {
        connection::check_sqlite_version()?;
        Self::open_file(path).map_err(|error| named(path, error))
    }

    /// Begins to take an instance in, which is to be the one in this file; makes the file if there
    /// is none. [`StorageError::Exists`] when there is an instance in it. Blocks.
    pub fn fill(path: &Path) -> Result<Box<dyn Filling>, StorageError> {
        connection::check_sqlite_version()?;
        let filling = SqliteIntake::begin(path).map_err(|error| named(path, error))?;
        Ok(Box::new(filling))
    }

    /// Everything, as of now and while it is used. Blocks.
    pub fn pages(&self) -> Result<Box<dyn Pages>, StorageError> {
        let pages = SqlitePages::begin(connection::open_reader(&self.path)?)?;
        Ok(Box::new(pages))
    }

    /// Gives the history another epoch: clients forget what they have of it. No server may be at
    /// work on it, which the data folder's lock keeps away: it would tell the old epoch until it
    /// finds another history in its file, and ends.
    pub async fn renew_epoch(&self) -> Result<(), StorageError> {
        self.write(schema::renew_epoch).await
    }

    /// What is damaged and can be read in part only, as lines of text.
    pub async fn unreadable(&self) -> Result<Vec<String>, StorageError> {
        self.read(check::unreadable).await
    }

    /// Takes no more work, finishes what was taken, and leaves the files in good order, if the disk
    /// has room for that. An error doesn't mean that it hadn't. Without it, dropping the storage
    /// does the same, and blocks meanwhile.
    pub async fn close(&self) -> Result<(), StorageError> {
        let threads = Arc::clone(&self.threads);
        let stopped = tokio::task::spawn_blocking(move || threads.stop());
        stopped
            .await
            .unwrap_or_else(|error| Err(StorageError::Other(error.to_string())))
    }

    /// Writes a copy of the database, as of now and while it is used, into a new file; with an
    /// epoch of its own, for what follows a restored backup is another history. The copy is
    /// checked, and on disk, when this returns. Returns what is damaged and can be read in part
    /// only, as lines of text: the copy has it as it is. [`StorageError::Exists`] when there is
    /// such a file.
    pub async fn backup(&self, to: &Path) -> Result<Vec<String>, StorageError> {
        let (from, to) = (self.path.clone(), to.to_owned());
        let copied = tokio::task::spawn_blocking(move || backup::backup(&from, &to));
        copied
            .await
            .unwrap_or_else(|error| Err(StorageError::Other(error.to_string())))
    }

    fn open_file(path: &Path) -> Result<Self, StorageError> {
        files::refuse_lost(path)?;
        connection::create_file(path)?;
        let path = &aside::resolve(path);
        cut::mend(path)?;
        let reach = reach::read(path);
        let mut writer = connection::open_writer(path)?;
        schema::migrate(&mut writer)?;
        departure::refuse_moved(&writer)?;
        reach::mend(reach, path, &writer)?;
        let present = Present::of(times::served(&writer)?);
        let readers = (0..READERS).map(|_| connection::open_reader(path));
        let readers = readers.collect::<Result<Vec<_>, _>>()?;
        let files = Arc::new(Files::note(path, &writer)?);
        let writer = Writer::new(writer, Arc::clone(&files))?;
        let threads = Threads::start(writer, readers)?;
        Ok(Self {
            path: path.to_owned(),
            threads: Arc::new(threads),
            files,
            present,
        })
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        self.threads.write(|writer| writer.transaction(work)).await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        self.threads.read(work).await
    }
}

impl Storage for SqliteStorage {}

/// Puts before an error of which file it is.
fn named(path: &Path, error: StorageError) -> StorageError {
    let named = |text| format!("{}: {text}", path.display());
    match error {
        StorageError::Unavailable(text) => StorageError::Unavailable(named(text)),
        StorageError::Full(text) => StorageError::Full(named(text)),
        StorageError::Broken(text) => StorageError::Broken(named(text)),
        StorageError::Damaged(text) => StorageError::Damaged(named(text)),
        StorageError::Other(text) => StorageError::Other(named(text)),
        other => other,
    }
}
