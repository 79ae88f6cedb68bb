//! The threads that own the connections: one that writes, some that read. Work comes to them over bounded channels as
//! closures; once it is in a channel it runs to its end, whether or not anyone still waits for the answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::writer::Writer;
use crate::StorageError;

/// How much work waits for the writer, and for the readers together; who comes then waits with it in hand.
const QUEUE: usize = 256;

type Work<State> = Box<dyn FnOnce(&mut State) + Send>;

/// The threads' handle.
pub(super) struct Threads {
    queues: Mutex<Option<Queues>>,
    writer: Mutex<Option<JoinHandle<Result<(), StorageError>>>>,
}

#[derive(Clone)]
struct Queues {
    writer: mpsc::Sender<Work<Writer>>,
    readers: mpsc::Sender<Work<Connection>>,
}

impl Threads {
    /// Starts the threads.
    pub(super) fn start(writer: Writer, readers: Vec<Connection>) -> Result<Self, StorageError> {
        let (to_readers, work) = mpsc::channel(QUEUE);
        let work = Arc::new(Mutex::new(work));
        let mut reading = Vec::new();
        for reader in readers {
            let work = Arc::clone(&work);
            reading.push(spawn("sqlite-reader", move || read(reader, &work))?);
        }
        let (to_writer, work) = mpsc::channel(QUEUE);
        let writing = spawn("sqlite-writer", move || write(writer, work, reading))?;
        let queues = Queues {
            writer: to_writer,
            readers: to_readers,
        };
        Ok(Self {
            queues: Mutex::new(Some(queues)),
            writer: Mutex::new(Some(writing)),
        })
    }

    /// Has the writer do something.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Writer) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        ask(self.queues().map(|queues| queues.writer), work).await
    }

    /// Has one of the readers do something.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let work = |reader: &mut Connection| work(reader);
        ask(self.queues().map(|queues| queues.readers), work).await
    }

    /// Takes no more work, finishes what was taken, and closes the database. Blocks; the second call does nothing.
    pub(super) fn stop(&self) -> Result<(), StorageError> {
        drop(take(&self.queues));
        match take(&self.writer) {
            Some(writer) => writer.join().unwrap_or_else(|_| Err(panicked())),
            None => Ok(()),
        }
    }

    fn queues(&self) -> Option<Queues> {
        let queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        queues.clone()
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            tracing::warn!(%error, "the database didn't close well");
        }
    }
}

async fn ask<State: 'static, T: Send + 'static>(
    queue: Option<mpsc::Sender<Work<State>>>,
    work: impl FnOnce(&mut State) -> Result<T, StorageError> + Send + 'static,
) -> Result<T, StorageError> {
    let closed = || StorageError::Unavailable("it is closed".into());
    let (answer, answered) = oneshot::channel();
    let work = Box::new(move |state: &mut State| {
        // Nobody may be waiting any more; the work was to be done all the same.
        let _ = answer.send(work(state));
    });
    let queue = queue.ok_or_else(closed)?;
    queue.send(work).await.map_err(|_| closed())?;
    answered.await.unwrap_or_else(|_| Err(panicked()))
}

fn read(mut reader: Connection, queue: &Mutex<mpsc::Receiver<Work<Connection>>>) {
    let next = || {
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.blocking_recv()
    };
    while let Some(work) = next() {
        run(work, &mut reader);
    }
}

fn write(
    mut writer: Writer,
    mut queue: mpsc::Receiver<Work<Writer>>,
    readers: Vec<JoinHandle<()>>,
) -> Result<(), StorageError> {
    while let Some(work) = queue.blocking_recv() {
        run(work, &mut writer);
        writer.checkpoint_when_due();
    }
    // The last connection to close tidies the files up, so the readers close first.
    for reader in readers {
        reader.join().map_err(|_| panicked())?;
    }
    writer.close()
}

/// A panic ends the work and not the thread; an open transaction is rolled back as it unwinds.
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

fn take<T>(slot: &Mutex<Option<T>>) -> Option<T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn panicked() -> StorageError {
    StorageError::Other("the program panicked at it".into())
}
