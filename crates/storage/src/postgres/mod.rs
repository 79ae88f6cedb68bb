//! PostgreSQL, 13 or newer: for many nodes on one database.
//!
//! A task of its own stores what goes into the rooms' logs (`writer.rs`); everything else runs on a few connections (`pool.rs`), each
//! method of the trait as a function in the file of its theme. Rights that end are asked for on a connection of their own, and on the
//! runtime of whoever asks: that must not wait for what else there is to do. What two nodes must not do at once is decided by
//! locks in the database: a room's row for its log, names for accounts and joins.

mod accounts;
mod arrival;
mod batch;
mod check;
mod connection;
mod errors;
mod flush;
mod import;
mod intake;
mod known;
mod log;
mod messages;
mod pages;
mod pool;
mod records;
mod revocations;
mod rooms;
mod rows;
mod schema;
mod sessions;
mod survey;
mod tls;
mod url;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use papo_domain::{
    Account, AccountId, AccountName, Epoch, Event, RelayKey, Room, RoomId, RoomOverview, RoomState,
    Seq, SessionId, Timestamp, Username,
};

pub use arrival::{Arrival, Arrived};
pub use survey::Survey;
pub use url::{DatabaseUrl, DatabaseUrlError};

use self::connection::Connector;
use self::errors::Failure;
use self::intake::PostgresIntake;
use self::pages::PostgresPages;
use self::pool::{CONNECTIONS, Kind, Pool, Work};
use self::writer::Writer;
use crate::latest::Latest;
use crate::transfer::{Filling, Pages};
use crate::{
    Batch, ImportReport, ImportedRoom, JoinRefusal, Joined, MessageFilter, MessagePage, NewAccount,
    NewSession, Revocation, RevocationId, RoomFilter, Session, Snapshot, Storage, StorageError,
    StoredPassword, TokenHash,
};

/// A database on a server.
pub struct PostgresStorage {
    connector: Arc<Connector>,
    pool: Arc<Pool>,
    /// Of one connection, for rights that end.
    rights: Arc<Pool>,
    writer: Writer,
    latest: Latest,
}

impl PostgresStorage {
    /// Connects, and brings the tables up to date; several may do so at once. The storage's tasks run on the runtime that this is
    /// called on.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, StorageError> {
        let connector = Arc::new(Connector::new(url.clone())?);
        let pool = Pool::new(Arc::clone(&connector), "pool", CONNECTIONS);
        let (db, _place) = pool.take().await?;
        let opened = async {
            let home = schema::migrate(&db).await?;
            Ok::<_, Failure>((home, sessions::latest(&db).await?))
        };
        let latest = match opened.await {
            Ok((home, latest)) => {
                connector.stay_at(home);
                latest
            }
            Err(failure) => {
                // Its transaction ends with it, and nobody waits for what that holds.
                db.close().await;
                return Err(connector.named(failure.into_error()));
            }
        };
        pool.put(db);
        Ok(Self {
            writer: Writer::start(Arc::clone(&connector))?,
            rights: Pool::new(Arc::clone(&connector), "rights", 1),
            connector,
            pool,
            latest: Latest::of(latest),
        })
    }

    /// What there is to say about a database before it is opened. Changes nothing.
    pub async fn survey(url: &DatabaseUrl) -> Result<Survey, StorageError> {
        survey::survey(url).await
    }

    /// Begins to take an instance in, which is to be the one in this database. [`StorageError::Exists`] when there is one in it.
    pub async fn fill(url: &DatabaseUrl) -> Result<Box<dyn Filling>, StorageError> {
        Ok(Box::new(PostgresIntake::begin(url).await?))
    }

    /// Everything, as of now and while it is used.
    pub async fn pages(&self) -> Result<Box<dyn Pages>, StorageError> {
        Ok(Box::new(PostgresPages::begin(&self.connector).await?))
    }

    /// Takes no more work, finishes what was taken, and says good-bye to the server.
    pub async fn close(&self) -> Result<(), StorageError> {
        self.writer.close().await;
        self.rights.close().await;
        self.pool.close().await;
        Ok(())
    }

    async fn read<A: Send + Sync + 'static, T: Send + 'static>(
        &self,
        with: A,
        work: Work<A, T>,
    ) -> Result<T, StorageError> {
        self.pool.run(Kind::Read, with, work).await
    }

    async fn write<A: Send + Sync + 'static, T: Send + 'static>(
        &self,
        with: A,
        work: Work<A, T>,
    ) -> Result<T, StorageError> {
        self.pool.run(Kind::Write, with, work).await
    }
}

#[async_trait]
impl Storage for PostgresStorage {
    async fn epoch(&self) -> Result<Epoch, StorageError> {
        self.read((), |db, ()| Box::pin(accounts::epoch(db))).await
    }

    async fn relay_key(&self) -> Result<RelayKey, StorageError> {
        self.read((), |db, ()| Box::pin(accounts::relay_key(db)))
            .await
    }

    fn append_batch(&self, batch: Box<dyn Batch>) {
        self.writer.append(batch);
    }

    async fn events_after(
        &self,
        room: RoomId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Event>, StorageError> {
        self.read((room, after, limit), |db, &(room, after, limit)| {
            Box::pin(log::events_after(db, room, after, limit))
        })
        .await
    }

    async fn last_seqs(&self, rooms: Vec<RoomId>) -> Result<Vec<(RoomId, Seq)>, StorageError> {
        self.read(rooms, |db, rooms| Box::pin(rooms::last_seqs(db, rooms)))
            .await
    }

    async fn snapshot(&self, room: RoomId, limit: usize) -> Result<Option<Snapshot>, StorageError> {
        self.read((room, limit), |db, &(room, limit)| {
            Box::pin(messages::snapshot(db, room, limit))
        })
        .await
    }

    async fn messages_before(
        &self,
        room: RoomId,
        before: Seq,
        limit: usize,
    ) -> Result<MessagePage, StorageError> {
        self.read((room, before, limit), |db, &(room, before, limit)| {
            Box::pin(messages::before(db, room, before, limit))
        })
        .await
    }

    async fn find_messages(&self, filter: MessageFilter) -> Result<MessagePage, StorageError> {
        self.pool
            .run(Kind::Search, filter, |db, filter| {
                Box::pin(messages::find(db, filter))
            })
            .await
    }

    async fn room(&self, room: RoomId) -> Result<Option<Room>, StorageError> {
        self.read(room, |db, &room| Box::pin(rooms::room(db, room)))
            .await
    }

    async fn rooms(&self, filter: RoomFilter) -> Result<Vec<RoomOverview>, StorageError> {
        self.read(filter, |db, filter| Box::pin(rooms::rooms(db, filter)))
            .await
    }

    async fn create_room(&self, state: RoomState, at: Timestamp) -> Result<Room, StorageError> {
        self.write((state, at), |db, (state, at)| {
            Box::pin(rooms::create(db, state, *at))
        })
        .await
    }

    async fn session(
        &self,
        token: TokenHash,
        room: Option<RoomId>,
    ) -> Result<Option<Session>, StorageError> {
        let with = (token, room, self.latest.used_since());
        self.read(with, |db, &(token, room, used_since)| {
            Box::pin(sessions::session(db, token, room, used_since))
        })
        .await
    }

    async fn create_session(&self, session: NewSession) -> Result<SessionId, StorageError> {
        self.latest.note(session.at);
        self.write(session, |db, session| {
            Box::pin(sessions::create(db, session))
        })
        .await
    }

    async fn touch_session(&self, session: SessionId, at: Timestamp) -> Result<(), StorageError> {
        self.latest.note(at);
        self.write((session, at), |db, &(session, at)| {
            Box::pin(sessions::touch(db, session, at))
        })
        .await
    }

    async fn end_session(&self, session: SessionId) -> Result<(), StorageError> {
        self.write(session, |db, &session| Box::pin(sessions::end(db, session)))
            .await
    }

    async fn expire_sessions(&self, unused_since: Timestamp) -> Result<u64, StorageError> {
        self.write(unused_since, |db, &since| {
            Box::pin(sessions::expire(db, since))
        })
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
        let with = (session, room, username, at);
        self.write(with, |db, (session, room, username, at)| {
            Box::pin(sessions::join(db, *session, *room, username, *at))
        })
        .await
    }

    async fn leave(
        &self,
        session: SessionId,
        room: Option<RoomId>,
    ) -> Result<Vec<RoomId>, StorageError> {
        self.write((session, room), |db, &(session, room)| {
            Box::pin(sessions::leave(db, session, room))
        })
        .await
    }

    async fn memberships(
        &self,
        session: SessionId,
    ) -> Result<Vec<(RoomId, Username)>, StorageError> {
        self.read(session, |db, &session| {
            Box::pin(sessions::memberships(db, session))
        })
        .await
    }

    async fn revocations_after(
        &self,
        after: RevocationId,
        limit: usize,
    ) -> Result<Vec<Revocation>, StorageError> {
        let work: Work<_, _> = |db, &(after, limit)| Box::pin(revocations::after(db, after, limit));
        self.rights.read_here((after, limit), work).await
    }

    async fn last_revocation(&self) -> Result<RevocationId, StorageError> {
        self.read((), |db, ()| Box::pin(revocations::last(db)))
            .await
    }

    async fn forget_revocations(&self, age: Duration) -> Result<u64, StorageError> {
        self.write(age, |db, &age| Box::pin(revocations::forget(db, age)))
            .await
    }

    async fn create_account(&self, account: NewAccount) -> Result<Account, StorageError> {
        self.write(account, |db, account| {
            Box::pin(accounts::create(db, account))
        })
        .await
    }

    async fn accounts(&self) -> Result<Vec<Account>, StorageError> {
        self.read((), |db, ()| Box::pin(accounts::accounts(db)))
            .await
    }

    async fn account(&self, account: AccountId) -> Result<Option<Account>, StorageError> {
        self.read(account, |db, &account| {
            Box::pin(accounts::account(db, account))
        })
        .await
    }

    async fn account_password(
        &self,
        name: AccountName,
    ) -> Result<Option<(Account, StoredPassword)>, StorageError> {
        self.read(name, |db, name| Box::pin(accounts::password(db, name)))
            .await
    }

    async fn set_setup_token(&self, token: TokenHash) -> Result<(), StorageError> {
        self.write(token, |db, &token| {
            Box::pin(accounts::set_setup_token(db, token))
        })
        .await
    }

    async fn is_setup_token(&self, token: TokenHash) -> Result<bool, StorageError> {
        self.read(token, |db, &token| {
            Box::pin(accounts::is_setup_token(db, token))
        })
        .await
    }

    async fn claim_setup(
        &self,
        token: TokenHash,
        account: NewAccount,
    ) -> Result<Option<Account>, StorageError> {
        self.write((token, account), |db, (token, account)| {
            Box::pin(accounts::claim_setup(db, *token, account))
        })
        .await
    }

    async fn import(
        &self,
        rooms: Box<dyn Iterator<Item = Result<ImportedRoom, String>> + Send>,
        _at: Timestamp,
    ) -> Result<ImportReport, StorageError> {
        let (db, place) = self.pool.take().await?;
        let runtime = tokio::runtime::Handle::current();
        // Asking for the next message may block.
        let importing = tokio::task::spawn_blocking(move || {
            let imported = runtime.block_on(import::import(&db, rooms));
            (db, place, imported)
        });
        let (db, _place, imported) = importing.await.map_err(|error| {
            let text = format!("the program failed at it: {error}");
            StorageError::Other(text)
        })?;
        // What fails takes its connection along, and the transaction with it.
        let report = imported.map_err(Failure::into_error)?;
        match db.batch("COMMIT").await {
            Ok(()) => {
                self.pool.put(db);
                Ok(report)
            }
            Err(Failure::Lost(text)) => Err(StorageError::Unknown(text)),
            Err(failure) => Err(failure.into_error()),
        }
    }

    async fn check(&self) -> Result<Vec<String>, StorageError> {
        self.pool
            .run(Kind::LongRead, (), |db, ()| Box::pin(check::check(db)))
            .await
    }
}
