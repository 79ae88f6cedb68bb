//! The connections of everything but the logs' writer. Each piece of work runs in a task of its own
//! to its end, even if its caller has gone.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::connection::{Connection, Connector};
use super::errors::Failure;
use crate::StorageError;

/// The most connections of the main pool.
pub(super) const CONNECTIONS: usize = 8;
/// The most connections of long reads. Joins, pages and polls always find another.
const LONG_READS: usize = 2;
/// How long a piece of work waits for a connection.
const WAIT_LIMIT: Duration = Duration::from_secs(5);
/// How long a piece of work may take on a connection. It is more than the server gives to a
/// statement.
const WORK_LIMIT: Duration = Duration::from_secs(6);
/// How long a statement of a search may take, and the search in all.
const SEARCH_STATEMENT_LIMIT: Duration = Duration::from_secs(30);
const SEARCH_LIMIT: Duration = Duration::from_secs(32);
/// How long work that reads everything may take.
const LONG_WORK_LIMIT: Duration = Duration::from_hours(1);
/// How often a piece of work is tried when its connection ends or another transaction collides with
/// it.
const TRIES: u32 = 6;

/// A piece of work on a connection, with its arguments. It may run again after a failure.
pub(super) type Work<A, T> = for<'a> fn(&'a Connection, &'a A) -> BoxFuture<'a, Result<T, Failure>>;

/// How a piece of work uses the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Reads, in one statement or in a transaction that it begins itself.
    Read,
    /// Reads, maybe much, while somebody waits for it.
    Search,
    /// Reads everything.
    LongRead,
    /// Writes, in a transaction.
    Write,
}

/// Idle connections, and the permits for more.
pub(super) struct Pool {
    connector: Arc<Connector>,
    /// The name of its connections.
    name: &'static str,
    size: usize,
    runtime: Handle,
    places: Arc<Semaphore>,
    /// The places of long reads, among all.
    long_places: Arc<Semaphore>,
    resting: Mutex<Vec<Connection>>,
    is_closed: AtomicBool,
}

/// The result of one try.
enum Tried<T> {
    Done(T),
    /// The work may be tried again.
    Failed(Failure),
    Given(StorageError),
}

impl Pool {
    /// An empty pool of at most this many connections. Its work runs on the runtime of this call.
    pub(super) fn new(connector: Arc<Connector>, name: &'static str, size: usize) -> Arc<Self> {
        Arc::new(Self {
            connector,
            name,
            size,
            runtime: Handle::current(),
            places: Arc::new(Semaphore::new(size)),
            long_places: Arc::new(Semaphore::new(LONG_READS)),
            resting: Mutex::default(),
            is_closed: AtomicBool::new(false),
        })
    }

    /// Runs a piece of work, with retries.
    pub(super) async fn run<A, T>(
        self: &Arc<Self>,
        kind: Kind,
        with: A,
        work: Work<A, T>,
    ) -> Result<T, StorageError>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        let pool = Arc::clone(self);
        let running = self
            .runtime
            .spawn(async move { pool.keep_trying(kind, &with, work).await });
        running.await.unwrap_or_else(|error| {
            let text = format!("the program failed at it: {error}");
            Err(StorageError::Other(text))
        })
    }

    /// Runs a read with retries, on the caller's task and runtime. Dropping it drops the
    /// connection.
    pub(super) async fn read_here<A, T>(
        &self,
        with: A,
        work: Work<A, T>,
    ) -> Result<T, StorageError> {
        self.keep_trying(Kind::Read, &with, work).await
    }

    /// A connection and its permit, for work that runs by itself.
    pub(super) async fn take(&self) -> Result<(Connection, OwnedSemaphorePermit), StorageError> {
        self.connector.check_home()?;
        let busy = "all connections to the database are busy";
        let place = place(&self.places, busy).await?;
        while let Some(connection) = self.pop() {
            if !connection.is_closed() {
                return Ok((connection, place));
            }
        }
        Ok((self.connector.connect(self.name).await?, place))
    }

    /// Returns a connection that is in no transaction.
    pub(super) fn put(&self, connection: Connection) {
        if !self.is_closed.load(Ordering::Acquire) {
            self.resting().push(connection);
        }
    }

    /// Takes no more work, waits for running work, and closes the connections.
    pub(super) async fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        let all = u32::try_from(self.size).unwrap_or(u32::MAX);
        let _ = timeout(WORK_LIMIT, self.places.acquire_many(all)).await;
        self.places.close();
        while let Some(connection) = self.pop() {
            connection.close().await;
        }
    }

    async fn keep_trying<A, T>(
        &self,
        kind: Kind,
        with: &A,
        work: Work<A, T>,
    ) -> Result<T, StorageError> {
        let mut tries = 1;
        loop {
            match self.try_once(kind, with, work).await {
                Tried::Done(done) => return Ok(done),
                Tried::Given(error) => return Err(error),
                Tried::Failed(failure) => {
                    if let Failure::Lost(_) = failure {
                        // The other connections have probably ended too.
                        self.resting().clear();
                    }
                    if tries == TRIES {
                        return Err(failure.into_error());
                    }
                }
            }
            tries += 1;
        }
    }

    async fn try_once<A, T>(&self, kind: Kind, with: &A, work: Work<A, T>) -> Tried<T> {
        let taking = async {
            let turn = match kind {
                Kind::Read | Kind::Write => None,
                Kind::Search | Kind::LongRead => {
                    let busy = "others are searching the database";
                    Some(place(&self.long_places, busy).await?)
                }
            };
            Ok((self.take().await?, turn))
        };
        let ((connection, _place), _turn) = match taking.await {
            Ok(taken) => taken,
            Err(error) => return Tried::Given(error),
        };
        let limit = match kind {
            Kind::Read | Kind::Write => WORK_LIMIT,
            Kind::Search => SEARCH_LIMIT,
            Kind::LongRead => LONG_WORK_LIMIT,
        };
        let doing = async {
            if kind != Kind::Read {
                connection.batch(&begin(kind)).await?;
            }
            work(&connection, with).await
        };
        let done = timeout(limit, doing).await.unwrap_or_else(|_| {
            let text = "the database doesn't answer".to_owned();
            Err(Failure::Final(StorageError::Unavailable(text)))
        });
        match done {
            Ok(done) if kind == Kind::Read => {
                self.put(connection);
                Tried::Done(done)
            }
            Ok(done) => match timeout(WORK_LIMIT, connection.batch("COMMIT")).await {
                Ok(Ok(())) => {
                    self.put(connection);
                    Tried::Done(done)
                }
                Ok(Err(Failure::Lost(text))) if kind == Kind::Write => {
                    Tried::Given(StorageError::Unknown(text))
                }
                Ok(Err(failure)) => self.undo(connection, failure).await,
                Err(_) => Tried::Given(StorageError::Unknown("the commit wasn't answered".into())),
            },
            Err(failure) => self.undo(connection, failure).await,
        }
    }

    /// Rolls the transaction back, so that the connection can be used again. Otherwise it drops the
    /// connection.
    async fn undo<T>(&self, connection: Connection, failure: Failure) -> Tried<T> {
        if !matches!(failure, Failure::Lost(_)) {
            let undone = timeout(WAIT_LIMIT, connection.batch("ROLLBACK")).await;
            if let Ok(Ok(())) = undone {
                self.put(connection);
            }
        }
        match failure {
            Failure::Final(error) => Tried::Given(error),
            failure => Tried::Failed(failure),
        }
    }

    fn pop(&self) -> Option<Connection> {
        self.resting().pop()
    }

    fn resting(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The error of a closed storage.
pub(super) fn closed() -> StorageError {
    StorageError::Unavailable("it is closed".into())
}

/// Waits for a place, up to the limit.
async fn place(places: &Arc<Semaphore>, busy: &str) -> Result<OwnedSemaphorePermit, StorageError> {
    let place = timeout(WAIT_LIMIT, Arc::clone(places).acquire_owned()).await;
    let place = place.map_err(|_| StorageError::Unavailable(busy.to_owned()))?;
    place.map_err(|_| closed())
}

fn begin(kind: Kind) -> String {
    let limit = match kind {
        Kind::Write | Kind::Read => return "BEGIN".into(),
        Kind::Search => SEARCH_STATEMENT_LIMIT,
        Kind::LongRead => Duration::ZERO,
    };
    format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
         SET LOCAL statement_timeout = {}; SET LOCAL enable_seqscan = on; \
         SET LOCAL enable_bitmapscan = on",
        limit.as_millis()
    )
}
