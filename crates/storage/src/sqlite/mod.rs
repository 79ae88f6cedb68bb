//! SQLite, embedded: for one node, with nothing to install.
//!
//! One thread writes and a few read (`threads.rs`); each method of the trait is a function on a connection in the file
//! of its theme, and runs on one of them. Several processes may have the same file open.

mod accounts;
mod backup;
mod batch;
mod check;
mod connection;
mod departure;
mod errors;
mod import;
mod intake;
mod known;
mod log;
mod messages;
mod pages;
mod queue;
mod revocations;
mod rooms;
mod rows;
mod schema;
mod sessions;
mod threads;
mod writer;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use papo_domain::{
    Account, AccountId, AccountName, Epoch, Event, RelayKey, Room, RoomId, RoomOverview, RoomState,
    Seq, SessionId, Timestamp, Username,
};
use rusqlite::Connection;

pub use connection::sqlite_version;
pub use departure::Departure;

use self::intake::SqliteIntake;
use self::pages::SqlitePages;
use self::threads::Threads;
use self::writer::Writer;
use crate::latest::Latest;
use crate::transfer::{Filling, Pages};
use crate::{
    Batch, ImportReport, ImportedRoom, JoinRefusal, Joined, MessageFilter, MessagePage, NewAccount,
    NewSession, Revocation, RevocationId, RoomFilter, Session, Snapshot, Storage, StorageError,
    StoredPassword, TokenHash,
};

/// How many connections read.
const READERS: usize = 3;

/// A database in a file.
pub struct SqliteStorage {
    path: PathBuf,
    threads: Arc<Threads>,
    latest: Latest,
}

impl SqliteStorage {
    /// Opens the database in this file, makes it if there is none, and brings its tables up to date. Blocks.
    pub fn open(path: &Path) -> Result<Self, StorageError> {
        connection::check_sqlite_version()?;
        Self::open_file(path).map_err(|error| named(path, error))
    }

    /// Begins to take an instance in, which is to be the one in this file; makes the file if there is none.
    /// [`StorageError::Exists`] when there is an instance in it. Blocks.
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

    /// Takes no more work, finishes what was taken, and leaves the files in good order, if the disk has room for that. An error
    /// doesn't mean that it hadn't. Without it, dropping the storage does the same, and blocks meanwhile.
    pub async fn close(&self) -> Result<(), StorageError> {
        let threads = Arc::clone(&self.threads);
        let stopped = tokio::task::spawn_blocking(move || threads.stop());
        stopped
            .await
            .unwrap_or_else(|error| Err(StorageError::Other(error.to_string())))
    }

    /// Writes a copy of the database, as of now and while it is used, into a new file; with an epoch of its own, for
    /// what follows a restored backup is another history. The copy is checked, and on disk, when this returns.
    /// [`StorageError::Exists`] when there is such a file.
    pub async fn backup(&self, to: &Path) -> Result<(), StorageError> {
        let (from, to) = (self.path.clone(), to.to_owned());
        let copied = tokio::task::spawn_blocking(move || backup::backup(&from, &to));
        copied
            .await
            .unwrap_or_else(|error| Err(StorageError::Other(error.to_string())))
    }

    fn open_file(path: &Path) -> Result<Self, StorageError> {
        connection::create_file(path)?;
        let mut writer = connection::open_writer(path)?;
        schema::migrate(&mut writer)?;
        departure::refuse_moved(&writer)?;
        let latest = Latest::of(sessions::latest(&writer)?);
        let readers = (0..READERS).map(|_| connection::open_reader(path));
        let readers = readers.collect::<Result<Vec<_>, _>>()?;
        let threads = Threads::start(Writer::new(writer)?, readers)?;
        Ok(Self {
            path: path.to_owned(),
            threads: Arc::new(threads),
            latest,
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

#[async_trait]
impl Storage for SqliteStorage {
    async fn epoch(&self) -> Result<Epoch, StorageError> {
        self.read(accounts::epoch).await
    }

    async fn relay_key(&self) -> Result<RelayKey, StorageError> {
        self.read(accounts::relay_key).await
    }

    fn append_batch(&self, batch: Box<dyn Batch>) {
        self.threads.append(batch);
    }

    async fn events_after(
        &self,
        room: RoomId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Event>, StorageError> {
        self.read(move |db| log::events_after(db, room, after, limit))
            .await
    }

    async fn last_seqs(&self, rooms: Vec<RoomId>) -> Result<Vec<(RoomId, Seq)>, StorageError> {
        self.read(move |db| log::last_seqs(db, &rooms)).await
    }

    async fn snapshot(&self, room: RoomId, limit: usize) -> Result<Option<Snapshot>, StorageError> {
        self.read(move |db| messages::snapshot(db, room, limit))
            .await
    }

    async fn messages_before(
        &self,
        room: RoomId,
        before: Seq,
        limit: usize,
    ) -> Result<MessagePage, StorageError> {
        self.read(move |db| messages::before(db, room, before, limit))
            .await
    }

    async fn find_messages(&self, filter: MessageFilter) -> Result<MessagePage, StorageError> {
        self.read(move |db| messages::find(db, &filter)).await
    }

    async fn room(&self, room: RoomId) -> Result<Option<Room>, StorageError> {
        self.read(move |db| rooms::room(db, room)).await
    }

    async fn rooms(&self, filter: RoomFilter) -> Result<Vec<RoomOverview>, StorageError> {
        self.read(move |db| rooms::rooms(db, &filter)).await
    }

    async fn create_room(&self, state: RoomState, at: Timestamp) -> Result<Room, StorageError> {
        self.write(move |db| rooms::create(db, state, at)).await
    }

    async fn session(
        &self,
        token: TokenHash,
        room: Option<RoomId>,
    ) -> Result<Option<Session>, StorageError> {
        let used_since = self.latest.used_since();
        self.read(move |db| sessions::session(db, token, room, used_since))
            .await
    }

    async fn create_session(&self, session: NewSession) -> Result<SessionId, StorageError> {
        self.latest.note(session.at);
        self.write(move |db| sessions::create(db, &session)).await
    }

    async fn touch_session(&self, session: SessionId, at: Timestamp) -> Result<(), StorageError> {
        self.latest.note(at);
        self.write(move |db| sessions::touch(db, session, at)).await
    }

    async fn end_session(&self, session: SessionId) -> Result<(), StorageError> {
        self.write(move |db| sessions::end(db, session)).await
    }

    async fn expire_sessions(&self, unused_since: Timestamp) -> Result<u64, StorageError> {
        self.write(move |db| sessions::expire(db, unused_since))
            .await
    }

    async fn join(
        &self,
        session: SessionId,
        room: RoomId,
        username: Username,
        at: Timestamp,
    ) -> Result<Result<Joined, JoinRefusal>, StorageError> {
        self.latest.note(at);
        self.write(move |db| sessions::join(db, session, room, &username, at))
            .await
    }

    async fn leave(
        &self,
        session: SessionId,
        room: Option<RoomId>,
    ) -> Result<Vec<RoomId>, StorageError> {
        self.write(move |db| sessions::leave(db, session, room))
            .await
    }

    async fn memberships(
        &self,
        session: SessionId,
    ) -> Result<Vec<(RoomId, Username)>, StorageError> {
        self.read(move |db| sessions::memberships(db, session))
            .await
    }

    async fn revocations_after(
        &self,
        after: RevocationId,
        limit: usize,
    ) -> Result<Vec<Revocation>, StorageError> {
        self.read(move |db| revocations::after(db, after, limit))
            .await
    }

    async fn last_revocation(&self) -> Result<RevocationId, StorageError> {
        self.read(revocations::last).await
    }

    async fn forget_revocations(&self, age: Duration) -> Result<u64, StorageError> {
        self.write(move |db| revocations::forget(db, age)).await
    }

    async fn create_account(&self, account: NewAccount) -> Result<Account, StorageError> {
        self.write(|db| accounts::create(db, account)).await
    }

    async fn accounts(&self) -> Result<Vec<Account>, StorageError> {
        self.read(accounts::accounts).await
    }

    async fn account(&self, account: AccountId) -> Result<Option<Account>, StorageError> {
        self.read(move |db| accounts::account(db, account)).await
    }

    async fn account_password(
        &self,
        name: AccountName,
    ) -> Result<Option<(Account, StoredPassword)>, StorageError> {
        self.read(move |db| accounts::password(db, &name)).await
    }

    async fn set_setup_token(&self, token: TokenHash) -> Result<(), StorageError> {
        self.write(move |db| accounts::set_setup_token(db, token))
            .await
    }

    async fn is_setup_token(&self, token: TokenHash) -> Result<bool, StorageError> {
        self.read(move |db| accounts::is_setup_token(db, token))
            .await
    }

    async fn claim_setup(
        &self,
        token: TokenHash,
        account: NewAccount,
    ) -> Result<Option<Account>, StorageError> {
        self.write(move |db| accounts::claim_setup(db, token, account))
            .await
    }

    async fn import(
        &self,
        rooms: Box<dyn Iterator<Item = Result<ImportedRoom, String>> + Send>,
        _at: Timestamp,
    ) -> Result<ImportReport, StorageError> {
        self.write(move |db| import::import(db, rooms)).await
    }

    async fn check(&self) -> Result<Vec<String>, StorageError> {
        self.read(check::check).await
    }
}

/// Puts before an error of which file it is.
fn named(path: &Path, error: StorageError) -> StorageError {
    let named = |text| format!("{}: {text}", path.display());
    match error {
        StorageError::Unavailable(text) => StorageError::Unavailable(named(text)),
        StorageError::Broken(text) => StorageError::Broken(named(text)),
        StorageError::Other(text) => StorageError::Other(named(text)),
        other => other,
    }
}
