//! The threads that own the connections: one writes, some read. Work comes to them as closures. A
//! queued write always runs to its end, even if its caller has gone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::log;
use super::queue::{Queue, Work};
use super::writer::Writer;
use crate::{Appended, Batch, Refusal, StorageError, defects};

/// How many pieces of work can wait for the writer, and how many for the readers. Further callers
/// wait for a place.
const PLACES: usize = 256;
/// When writes follow each other within this time, the writer stays awake as long for the next.
/// Waking it takes a third of the time of a write.
const WATCHFUL: Duration = Duration::from_micros(150);

/// The threads' handle.
pub(super) struct Threads {
    for_writer: Arc<Queue<Writer>>,
    for_readers: Arc<Queue<Connection>>,
    writing: Mutex<Option<JoinHandle<Result<(), StorageError>>>>,
}

impl Threads {
    /// Starts the threads.
    pub(super) fn start(writer: Writer, readers: Vec<Connection>) -> Result<Self, StorageError> {
        let threads = Self {
            for_writer: Arc::new(Queue::new(PLACES)),
            for_readers: Arc::new(Queue::new(PLACES)),
            writing: Mutex::new(None),
        };
        let mut reading = Vec::new();
        for reader in readers {
            let queue = Arc::clone(&threads.for_readers);
            reading.push(spawn("sqlite-reader", move || read(reader, &queue))?);
        }
        let queue = Arc::clone(&threads.for_writer);
        let writing = spawn("sqlite-writer", move || write(writer, &queue, reading))?;
        *lock(&threads.writing) = Some(writing);
        Ok(threads)
    }

    /// Queues a write, and waits for it. A queued write runs even if its caller has gone.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Writer) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let (answer, answered) = oneshot::channel();
        let work = Box::new(move |writer: &mut Writer| {
            let _ = answer.send(work(writer));
        });
        ask(&self.for_writer, work, answered).await
    }

    /// Queues a batch for the writer.
    pub(super) fn append(&self, batch: Box<dyn Batch>) {
        let work = |batch| -> Work<Writer> { Box::new(|writer| append(writer, batch)) };
        if let Err(batch) = self.for_writer.push_at_once(batch, work) {
            batch.tell(Err(closed()));
        }
    }

    /// Runs a read, unless its caller has gone before it starts.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let (answer, answered) = oneshot::channel();
        let work = Box::new(move |reader: &mut Connection| {
            if !answer.is_closed() {
                let _ = answer.send(work(reader));
            }
        });
        ask(&self.for_readers, work, answered).await
    }

    /// Takes no more work, finishes what it has, and closes the database. Blocks; a second call
    /// does nothing.
    pub(super) fn stop(&self) -> Result<(), StorageError> {
        self.for_readers.close();
        self.for_writer.close();
        let writing = lock(&self.writing).take();
        match writing {
            // The last owner of the storage may be its own thread, which then ends by itself.
            Some(writing) if writing.thread().id() == thread::current().id() => Ok(()),
            Some(writing) => writing.join().unwrap_or_else(|_| Err(panicked())),
            None => Ok(()),
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            tracing::warn!(%error, "the database didn't close well");
        }
    }
}

async fn ask<State, T>(
    queue: &Queue<State>,
    work: Work<State>,
    answered: oneshot::Receiver<Result<T, StorageError>>,
) -> Result<T, StorageError> {
    if !queue.push(work).await {
        return Err(closed());
    }
    answered.await.unwrap_or_else(|_| Err(panicked()))
}

fn append(writer: &mut Writer, mut batch: Box<dyn Batch>) {
    let changes = batch.take();
    let store = |db: &Connection| log::append(db, &changes);
    let outcome = if defects::has("ack-before-commit") {
        writer.answer_early(store)
    } else {
        writer.transaction_with_events(store, |answers| added(answers))
    };
    batch.tell(outcome);
}

/// How many events a batch added.
fn added(answers: &[Result<Appended, Refusal>]) -> i64 {
    let added = answers
        .iter()
        .flatten()
        .filter(|appended| !appended.duplicate);
    i64::try_from(added.count()).unwrap_or(i64::MAX)
}

fn read(mut reader: Connection, queue: &Queue<Connection>) {
    while let Some(work) = queue.next(Duration::ZERO) {
        run(work, &mut reader);
    }
}

fn write(
    mut writer: Writer,
    queue: &Queue<Writer>,
    readers: Vec<JoinHandle<()>>,
) -> Result<(), StorageError> {
    let mut watchful = Duration::ZERO;
    loop {
        let idle = Instant::now();
        let Some(work) = queue.next(watchful) else {
            break;
        };
        watchful = if idle.elapsed() < WATCHFUL {
            WATCHFUL
        } else {
            Duration::ZERO
        };
        run(work, &mut writer);
        writer.checkpoint_when_due();
    }
    // The last connection to close tidies up the files, so the readers close first.
    for reader in readers {
        reader.join().map_err(|_| panicked())?;
    }
    writer.close()
}

/// A panic ends the work and not the thread. Unwinding rolls back an open transaction.
fn run<State>(work: Work<State>, state: &mut State) {
    if catch_unwind(AssertUnwindSafe(|| work(state))).is_err() {
        tracing::error!("a piece of database work panicked");
    }
}

fn spawn<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, StorageError> {
    let thread = thread::Builder::new().name(name.into()).spawn(body);
    thread.map_err(|error| StorageError::Unavailable(format!("can't start a thread: {error}")))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn closed() -> StorageError {
    StorageError::Unavailable("it is closed".into())
}

fn panicked() -> StorageError {
    StorageError::Other("the program panicked at it".into())
}
