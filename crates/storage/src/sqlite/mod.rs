//! SQLite, embedded: for one node, with nothing to install.
//!
//! One thread writes and a few read (`threads.rs`). Each theme is implemented in the file of its
//! name: a method runs a function of that file on one of the threads' connections. Several
//! processes may have the same file open. This file opens and closes the database.

mod account_changes;
mod accounts;
mod administrators;
mod aside;
mod audit;
mod authors;
mod backup;
mod bans;
mod check;
mod connection;
mod content;
mod cut;
mod departure;
mod devices;
mod directs;
mod effects;
mod errors;
mod facts;
mod files;
mod handle;
mod import;
mod inboxes;
mod instance;
mod intake;
mod invitations;
mod jobs;
mod journal;
mod log;
mod members;
mod memberships;
mod messages;
mod offers;
mod pages;
mod passwords;
mod people;
mod persons;
mod place;
mod queue;
mod reach;
mod read_positions;
mod revocations;
mod rooms;
mod rows;
mod schema;
mod served;
mod sessions;
mod setup;
mod setup_token;
mod tables;
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
    /// Opens the database in this file, or makes it, and migrates its tables. Blocks.
    pub fn open(path: &Path) -> Result<Self, StorageError> {
        connection::check_sqlite_version()?;
        Self::open_file(path).map_err(|error| named(path, error))
    }

    /// Begins the intake of an instance into this file, which it makes if it is missing.
    /// [`StorageError::Exists`] when the file holds an instance. Blocks.
    pub fn fill(path: &Path) -> Result<Box<dyn Filling>, StorageError> {
        connection::check_sqlite_version()?;
        let filling = SqliteIntake::begin(path).map_err(|error| named(path, error))?;
        Ok(Box::new(filling))
    }

    /// Everything, as of now, while others use the database. Blocks.
    pub fn pages(&self) -> Result<Box<dyn Pages>, StorageError> {
        let pages = SqlitePages::begin(connection::open_reader(&self.path)?)?;
        Ok(Box::new(pages))
    }

    /// Gives the history another epoch: clients forget what they have of it. No server may use the
    /// database; the data folder's lock keeps it away. It would announce the old epoch until it
    /// finds another history in its file, and ends.
    pub async fn renew_epoch(&self) -> Result<(), StorageError> {
        self.write(schema::renew_epoch).await
    }

    /// What is damaged and can be read only in part, as lines of text.
    pub async fn unreadable(&self) -> Result<Vec<String>, StorageError> {
        self.read(check::unreadable).await
    }

    /// Takes no more work, finishes what it has, and leaves the files in good order if the disk has
    /// room. A drop without this does the same, and blocks.
    pub async fn close(&self) -> Result<(), StorageError> {
        let threads = Arc::clone(&self.threads);
        let stopped = tokio::task::spawn_blocking(move || threads.stop());
        stopped
            .await
            .unwrap_or_else(|error| Err(StorageError::Other(error.to_string())))
    }

    /// Writes a copy of the database, as of now, into a new file, while others use the database.
    /// The copy has another epoch, since what follows a restored backup is another history. When
    /// this returns, the copy is checked and on disk.
    ///
    /// Returns what is damaged and can be read only in part, as lines of text; the copy has it as
    /// it is. [`StorageError::Exists`] when the file exists.
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
        let present = Present::of(served::get(&writer)?);
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

/// Adds the file's path to an error.
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
