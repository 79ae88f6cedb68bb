//! PostgreSQL, 13 or newer: for many nodes on one database.
//!
//! A task of its own stores what goes into the rooms' logs (`writer.rs`). Everything else runs on a
//! few connections (`pool.rs`). Each theme is implemented in the file of its name: a method runs a
//! function of that file on one of the connections. Revocations are read on a connection of their
//! own and on the caller's runtime, since they must not wait for other work. Locks in the database
//! keep nodes apart: a room's row for its log, the lock on names for accounts and joins. This file
//! opens and closes the database.

mod account_changes;
mod accounts;
mod administrators;
mod arrival;
mod audit;
mod authors;
mod bans;
mod check;
mod connection;
mod devices;
mod directs;
mod effects;
mod errors;
mod facts;
mod import;
mod inboxes;
mod instance;
mod intake;
mod invitations;
mod jobs;
mod journal;
mod locks;
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
mod pool;
mod read_positions;
mod records;
mod revocations;
mod rooms;
mod rows;
mod schema;
mod served;
mod sessions;
mod setup;
mod setup_token;
mod survey;
mod tables;
mod times;
mod tls;
mod url;
mod writer;

use std::sync::Arc;

pub use arrival::{Arrival, Arrived};
pub use survey::Survey;
pub use url::{DatabaseUrl, DatabaseUrlError};

use self::connection::Connector;
use self::errors::Failure;
use self::intake::PostgresIntake;
use self::pages::PostgresPages;
use self::pool::{CONNECTIONS, Kind, Pool, Work};
use self::writer::Writer;
use crate::times::Present;
use crate::transfer::{Filling, Pages};
use crate::{Storage, StorageError};

/// A database on a server.
pub struct PostgresStorage {
    connector: Arc<Connector>,
    pool: Arc<Pool>,
    /// The one connection for rights that end.
    rights: Arc<Pool>,
    writer: Writer,
    present: Present,
}

impl PostgresStorage {
    /// Connects, and migrates the tables; several nodes may do so at once. The storage's tasks run
    /// on the runtime of this call.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, StorageError> {
        let connector = Arc::new(Connector::new(url.clone())?);
        let pool = Pool::new(Arc::clone(&connector), "pool", CONNECTIONS);
        let (db, _place) = pool.take().await?;
        let opened = async {
            let home = schema::migrate(&db).await?;
            Ok::<_, Failure>((home, served::get(&db).await?))
        };
        let served = match opened.await {
            Ok((home, served)) => {
                connector.stay_at(home);
                served
            }
            Err(failure) => {
                // This ends its transaction too, so nobody waits for its locks.
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
            present: Present::of(served),
        })
    }

    /// What can be said about a database before it is opened. Changes nothing.
    pub async fn survey(url: &DatabaseUrl) -> Result<Survey, StorageError> {
        survey::survey(url).await
    }

    /// Begins the intake of an instance into this database. [`StorageError::Exists`] when it holds
    /// one.
    pub async fn fill(url: &DatabaseUrl) -> Result<Box<dyn Filling>, StorageError> {
        Ok(Box::new(PostgresIntake::begin(url).await?))
    }

    /// Everything, as of now, while others use the database.
    pub async fn pages(&self) -> Result<Box<dyn Pages>, StorageError> {
        Ok(Box::new(PostgresPages::begin(&self.connector).await?))
    }

    /// Gives the history another epoch: clients forget what they have of it. Running nodes don't
    /// notice.
    pub async fn renew_epoch(&self) -> Result<(), StorageError> {
        self.write((), |db, ()| Box::pin(schema::renew_epoch(db)))
            .await
    }

    /// Takes no more work, finishes what it has, and closes the connections.
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

impl Storage for PostgresStorage {}
