//! The logs' writer: one task with a connection of its own. It stores all waiting batches in one
//! transaction.
//!
//! When the connection breaks, the writer says that nothing was stored only after it has found that
//! out. Each transaction begins by writing its number into the node's row. After a commit without
//! an answer, the writer locks that row. Then the transaction has ended, and the row shows whether
//! its number is there.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use papo_domain::SESSION_LIFETIME;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::connection::{Connection, Connector};
use super::effects::{self, Ended};
use super::errors::Failure;
use super::facts::{Mark, StoredFacts};
use super::{pool, schema};
use crate::defects;
use crate::ledger::Ledger;
use crate::times::millis;
use crate::{Appended, Batch, NewEvent, Outcome, Refusal, StorageError};

/// A transaction with this many changes takes no more batches.
const CHANGES: usize = 1_024;
/// How long the database may take for each half of a transaction.
const ANSWER_LIMIT: Duration = Duration::from_secs(6);
/// How often, and for how long, a transaction is retried while nothing of it is stored.
const TRIES: u32 = 8;
const APPEND_LIMIT: Duration = Duration::from_secs(5);
/// How long the writer tries to find out what became of a commit.
const UNKNOWN_LIMIT: Duration = Duration::from_secs(15);
/// The pause between tries to reach the database.
const PAUSE: Duration = Duration::from_millis(100);

/// Makes a plan depend on the statement alone. The tables' statistics may be old, and age while a
/// connection lives.
const SETTINGS: &str = "SET plan_cache_mode = force_generic_plan; SET enable_hashjoin = off; SET enable_mergejoin = off";
/// Deletes the rows of nodes that stored nothing for as long as an unused session lives. They won't
/// ask any more.
const FORGET: &str = "DELETE FROM node WHERE at < (SELECT served FROM papo) - $1::bigint";
const ENTER: &str = "INSERT INTO node (id, batch, at) SELECT $1::bigint, 0, served FROM papo \
    ON CONFLICT (id) DO NOTHING";
const LEAVE: &str = "DELETE FROM node WHERE id = $1";
/// Ends the node's earlier connections, so that nobody waits for their transactions. It leaves one
/// that waits for a replica: ending it would make its commit visible to everybody, and leave it on
/// this server alone.
const END_OTHERS: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
    WHERE application_name = $1 AND pid <> pg_backend_pid() AND wait_event IS DISTINCT FROM 'SyncRep'";
const FIND_OUT: &str = "SELECT batch FROM node WHERE id = $1 FOR UPDATE";

type Answers = Vec<Result<Appended, Refusal>>;

/// The writer's handle.
pub(super) struct Writer {
    /// Unbounded, since each caller has only one batch on the way at a time.
    batches: Mutex<Option<UnboundedSender<Box<dyn Batch>>>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// How a try failed.
enum Attempt {
    /// Nothing is stored.
    Failed(Failure),
    /// It may be stored. If it is, these are its answers.
    Unknown(String, Answers),
}

/// The task's state.
struct Node {
    connector: Arc<Connector>,
    id: i64,
    connection: Option<Connection>,
}

impl Writer {
    /// Starts the task on the present runtime. It connects when it first has something to store.
    pub(super) fn start(connector: Arc<Connector>) -> Result<Self, StorageError> {
        let id = schema::random_number()?;
        let (batches, queue) = unbounded_channel();
        let task = tokio::spawn(run(connector, id, queue));
        Ok(Self {
            batches: Mutex::new(Some(batches)),
            task: Mutex::new(Some(task)),
        })
    }

    /// Queues a batch.
    pub(super) fn append(&self, batch: Box<dyn Batch>) {
        let batches = lock(&self.batches).clone();
        let refused = match batches {
            Some(batches) => batches.send(batch).err().map(|refused| refused.0),
            None => Some(batch),
        };
        if let Some(batch) = refused {
            batch.tell(Err(pool::closed()));
        }
    }

    /// Takes no more batches, and waits until all are stored.
    pub(super) async fn close(&self) {
        drop(lock(&self.batches).take());
        let task = lock(&self.task).take();
        if let Some(task) = task
            && task.await.is_err()
        {
            tracing::error!("the logs' writer panicked");
        }
    }
}

async fn run(connector: Arc<Connector>, id: i64, mut queue: UnboundedReceiver<Box<dyn Batch>>) {
    let mut node = Node {
        connector,
        id,
        connection: None,
    };
    while let Some(first) = queue.recv().await {
        // A panic ends these batches and not the writer.
        let storing = AssertUnwindSafe(node.store(first, &mut queue));
        if storing.catch_unwind().await.is_err() {
            tracing::error!("storing a batch panicked");
            node.connection = None;
        }
    }
    node.close().await;
}

impl Node {
    /// Stores a batch, and all that wait behind it.
    async fn store(
        &mut self,
        first: Box<dyn Batch>,
        queue: &mut UnboundedReceiver<Box<dyn Batch>>,
    ) {
        let connected = self.connect().await;
        // This lets batches that are about to be sent come along.
        tokio::task::yield_now().await;
        let (mut batches, mut sizes, mut changes) = (Vec::new(), Vec::new(), Vec::new());
        let mut next = Some(first);
        while let Some(mut batch) = next {
            if connected.is_ok() {
                let taken = batch.take();
                sizes.push(taken.len());
                changes.extend(taken);
            }
            batches.push(batch);
            next = if changes.len() < CHANGES {
                queue.try_recv().ok()
            } else {
                None
            };
        }
        let outcome = match connected {
            Ok(()) => self.append(&changes, &mut batches).await,
            Err(error) => Err(error),
        };
        match outcome {
            Ok(answers) => {
                let mut answers = answers.into_iter();
                for (batch, size) in batches.into_iter().zip(sizes) {
                    batch.tell(Ok(answers.by_ref().take(size).collect()));
                }
            }
            Err(error) => {
                for batch in batches {
                    batch.tell(Err(same(&error)));
                }
            }
        }
    }

    /// Stores changes in one transaction, with retries.
    async fn append(&mut self, changes: &[NewEvent], batches: &mut [Box<dyn Batch>]) -> Outcome {
        let (mut tries, until) = (1, Instant::now() + APPEND_LIMIT);
        loop {
            let mark = Mark {
                node: self.id,
                batch: schema::random_number()?,
            };
            self.connect().await?;
            let failure = match self.try_append(mark, changes).await {
                Ok(answers) => return Ok(answers),
                Err(Attempt::Failed(failure)) => failure,
                Err(Attempt::Unknown(_, answers)) if defects::has("ack-unknown") => {
                    self.connection = None;
                    return Ok(answers);
                }
                Err(Attempt::Unknown(text, answers)) => {
                    tracing::warn!(
                        error = text,
                        "a commit wasn't answered; finding out what became of it"
                    );
                    self.connection = None;
                    match self.find_out(mark, batches).await? {
                        Some(true) => return Ok(answers),
                        Some(false) => Failure::Lost(text),
                        None => return Err(StorageError::Unknown(text)),
                    }
                }
            };
            match &failure {
                Failure::Lost(_) => self.connection = None,
                Failure::Collided(_) | Failure::Final(_) => self.undo().await,
            }
            let is_final = matches!(failure, Failure::Final(_));
            if is_final || tries == TRIES || Instant::now() > until {
                return Err(failure.into_error());
            }
            tracing::debug!(?failure, "a batch is stored again");
            tries += 1;
        }
    }

    async fn try_append(&mut self, mark: Mark, changes: &[NewEvent]) -> Result<Answers, Attempt> {
        let lost = || Failure::Lost("the connection was lost".into());
        let db = self.connection.as_ref().ok_or_else(lost)?;
        let reading = timeout(ANSWER_LIMIT, StoredFacts::read(db, mark, changes)).await;
        let unanswered = || "the database doesn't answer".to_owned();
        let facts = reading.unwrap_or_else(|_| Err(Failure::Lost(unanswered())))?;
        let mut ledger = Ledger::new(facts);
        for change in changes {
            let Ok(()) = ledger.decide(change);
        }
        let effects = ledger.into_effects();
        if effects.is_empty() {
            // All changes were refused or stored before.
            let ended = timeout(ANSWER_LIMIT, db.batch("ROLLBACK")).await;
            ended.unwrap_or_else(|_| Err(Failure::Lost(unanswered())))?;
            return Ok(effects.into_answers());
        }
        if defects::has("ack-before-commit") {
            let db = self.connection.take();
            let answers = effects.clone().into_answers();
            tokio::spawn(async move {
                sleep(PAUSE).await;
                if let Some(db) = db {
                    let _ = effects::write(&db, &effects).await;
                }
            });
            return Ok(answers);
        }
        let flushing = timeout(ANSWER_LIMIT, effects::write(db, &effects)).await;
        match flushing.unwrap_or_else(|_| Err(Ended::Unknown(unanswered()))) {
            Ok(()) => Ok(effects.into_answers()),
            Err(Ended::Failed(failure)) => Err(Attempt::Failed(failure)),
            Err(Ended::Unknown(text)) => Err(Attempt::Unknown(text, effects.into_answers())),
        }
    }

    /// Makes sure that there is a connection, as far as is known.
    async fn connect(&mut self) -> Result<(), StorageError> {
        self.connector.check_home()?;
        if self.connection.as_ref().is_none_or(Connection::is_closed) {
            self.connection = None;
            self.connection = Some(self.enter().await?);
        }
        Ok(())
    }

    /// Opens a connection, and adds the node's row to the database.
    async fn enter(&self) -> Result<Connection, StorageError> {
        let name = self.name();
        let db = self.connector.connect(&name).await?;
        let name = self.connector.called(&name);
        let entering = async {
            // This comes first: they may hold the node's row.
            db.rows(END_OTHERS, &[&name]).await?;
            db.batch(SETTINGS).await?;
            db.execute(FORGET, &[&millis(SESSION_LIFETIME)]).await?;
            db.execute(ENTER, &[&self.id]).await
        };
        let entered = timeout(ANSWER_LIMIT, entering).await.unwrap_or_else(|_| {
            let text = "the database doesn't answer".to_owned();
            Err(Failure::Lost(text))
        });
        entered.map_err(Failure::into_error)?;
        Ok(db)
    }

    /// Whether a transaction was committed. `None` when that can't be found out in time, an error
    /// when it never can.
    async fn find_out(
        &mut self,
        mark: Mark,
        batches: &mut [Box<dyn Batch>],
    ) -> Result<Option<bool>, StorageError> {
        let until = Instant::now() + UNKNOWN_LIMIT;
        while Instant::now() < until {
            match self.ask(mark).await {
                Ok(is_stored) => return Ok(Some(is_stored)),
                Err(error @ StorageError::Broken(_)) => return Err(error),
                Err(error) => tracing::debug!(%error, "it can't be found out yet"),
            }
            for batch in batches.iter_mut() {
                batch.stall();
            }
            self.connection = None;
            sleep(PAUSE).await;
        }
        Ok(None)
    }

    async fn ask(&mut self, mark: Mark) -> Result<bool, StorageError> {
        self.connect().await?;
        let lost = || StorageError::Unavailable("the connection was lost".into());
        let db = self.connection.as_ref().ok_or_else(lost)?;
        let asking = async {
            let row = db.row(FIND_OUT, &[&mark.node]).await?;
            let row = row.map(|row| row.try_get::<_, i64>(0)).transpose()?;
            Ok(row == Some(mark.batch))
        };
        let asked = timeout(ANSWER_LIMIT, asking).await.map_err(|_| lost())?;
        asked.map_err(Failure::into_error)
    }

    /// Rolls the transaction back, so that the connection can be used again. Otherwise it drops the
    /// connection.
    async fn undo(&mut self) {
        if let Some(db) = &self.connection {
            let undone = timeout(ANSWER_LIMIT, db.batch("ROLLBACK")).await;
            if !matches!(undone, Ok(Ok(()))) {
                self.connection = None;
            }
        }
    }

    async fn close(self) {
        if let Some(db) = self.connection {
            // Without this, the node's row is deleted in time.
            let _ = timeout(ANSWER_LIMIT, db.execute(LEAVE, &[&self.id])).await;
            db.close().await;
        }
    }

    fn name(&self) -> String {
        format!("writer {:016x}", self.id)
    }
}

impl From<Failure> for Attempt {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// A copy of an error, for the next batch.
fn same(error: &StorageError) -> StorageError {
    match error {
        StorageError::Unavailable(text) => StorageError::Unavailable(text.clone()),
        StorageError::Full(text) => StorageError::Full(text.clone()),
        StorageError::Unknown(text) => StorageError::Unknown(text.clone()),
        StorageError::Broken(text) => StorageError::Broken(text.clone()),
        other => StorageError::Other(other.to_string()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
