//! The one writer of the rooms' logs: group commit.
//!
//! All changes that wait are stored in one transaction and one flush to disk. There is no timer: while one batch is being
//! committed, the next one forms. Only after the commit is anybody told, in the order of the commit: first those who asked,
//! then those who follow the room.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use papo_channel_layer::{Frame, FrameKind, Hub};
use papo_domain::{Event, EventKind, RoomId, Seq, Timestamp};
use papo_storage::{Appended, Change, NewEvent, Storage, StorageError};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;
use crate::pages::Pages;
use crate::{Clock, Error, live};

/// How many changes may wait for the writer; more are refused with [`Error::Unavailable`].
const WAITING: usize = 8_192;
/// How many changes go into one transaction at most.
const BATCH: usize = 1_024;
const RETRY_OVERLOAD: Duration = Duration::from_secs(1);

/// A change that is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// Its event's number.
    pub seq: Seq,
    /// Its event's time.
    pub timestamp: Timestamp,
}

/// Is called once, when the change is on disk or refused.
pub(crate) type OnCommit = Box<dyn FnOnce(Result<Committed, Error>) + Send>;

struct Waiting {
    room: RoomId,
    change: Change,
    on_commit: OnCommit,
}

/// Takes changes for the writer.
#[derive(Clone)]
pub(crate) struct RoomLog {
    waiting: mpsc::Sender<Waiting>,
}

/// The writer's task.
pub(crate) struct Writer {
    waiting: mpsc::Receiver<Waiting>,
    storage: Arc<dyn Storage>,
    hub: Arc<Hub>,
    pages: Arc<Pages>,
    metrics: Arc<Metrics>,
    clock: Clock,
    /// Cancelled when the disk can't be trusted any more: the process must restart.
    broken: CancellationToken,
}

impl RoomLog {
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        hub: Arc<Hub>,
        pages: Arc<Pages>,
        metrics: Arc<Metrics>,
        clock: Clock,
        broken: CancellationToken,
    ) -> (Self, Writer) {
        let (sender, waiting) = mpsc::channel(WAITING);
        (
            Self { waiting: sender },
            Writer {
                waiting,
                storage,
                hub,
                pages,
                metrics,
                clock,
                broken,
            },
        )
    }

    /// How many changes wait for the writer.
    pub(crate) fn waiting(&self) -> usize {
        WAITING - self.waiting.capacity()
    }

    /// Puts a change in line. Changes are committed in the order in which they are put here.
    pub(crate) fn submit(&self, room: RoomId, change: Change, on_commit: OnCommit) {
        if let Err(error) = self.waiting.try_send(Waiting {
            room,
            change,
            on_commit,
        }) {
            let waiting = error.into_inner();
            (waiting.on_commit)(Err(Error::Unavailable(RETRY_OVERLOAD)));
        }
    }

    /// Puts a change in line and waits for it.
    pub(crate) async fn append(&self, room: RoomId, change: Change) -> Result<Committed, Error> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let on_commit = Box::new(|result| drop(sender.send(result)));
        self.submit(room, change, on_commit);
        receiver
            .await
            .unwrap_or(Err(Error::Unavailable(RETRY_OVERLOAD)))
    }
}

impl Writer {
    /// Writes until `stopping` is cancelled; then takes nothing more, and finishes what waits.
    pub(crate) async fn run(mut self, stopping: CancellationToken) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                biased;
                count = self.waiting.recv_many(&mut batch, BATCH) => {
                    if count == 0 {
                        return;
                    }
                    self.commit(batch.drain(..)).await;
                }
                () = stopping.cancelled(), if !self.waiting.is_closed() => self.waiting.close(),
            }
        }
    }

    async fn commit(&self, batch: impl Iterator<Item = Waiting>) {
        let at = self.clock.now();
        let (events, callbacks): (Vec<_>, Vec<_>) = batch
            .map(
                |Waiting {
                     room,
                     change,
                     on_commit,
                 }| (NewEvent { room, at, change }, on_commit),
            )
            .unzip();
        self.metrics
            .batch_events
            .record(f64::from(u32::try_from(events.len()).unwrap_or(u32::MAX)));
        let start = Instant::now();
        let stored = self.storage.append(events).await;
        self.metrics.commit_seconds.record(start.elapsed());
        match stored {
            Ok(results) => self.tell(results, callbacks),
            Err(error) => {
                if matches!(error, StorageError::Broken(_)) {
                    self.broken.cancel();
                }
                self.metrics.commit_failures.increment(1);
                let error = Error::from(error);
                for on_commit in callbacks {
                    on_commit(Err(error.clone()));
                }
            }
        }
    }

    fn tell(
        &self,
        results: Vec<Result<Appended, papo_storage::Refusal>>,
        callbacks: Vec<OnCommit>,
    ) {
        let mut frames: HashMap<RoomId, Vec<Frame>> = HashMap::new();
        for (result, on_commit) in results.into_iter().zip(callbacks) {
            match result {
                Ok(Appended { event, duplicate }) => {
                    on_commit(Ok(Committed {
                        seq: event.seq,
                        timestamp: event.timestamp,
                    }));
                    self.metrics.events.increment(u64::from(!duplicate));
                    self.pages.heed(&event);
                    if !duplicate && self.hub.room(event.room).is_some() {
                        frames.entry(event.room).or_default().push(frame(&event));
                    }
                }
                Err(refusal) => on_commit(Err(refusal.into())),
            }
        }
        for (room, frames) in frames {
            if let Some(room) = self.hub.append(room, frames) {
                tokio::spawn(live::read_missing(
                    Arc::clone(&self.storage),
                    Arc::clone(&self.pages),
                    room,
                ));
            }
        }
    }
}

/// Encodes an event, once for everybody.
pub(crate) fn frame(event: &Event) -> Frame {
    let kind = match &event.kind {
        EventKind::Posted(posted) if posted.text.is_some() => FrameKind::Message,
        EventKind::Room(state) if state.is_active => FrameKind::Opening,
        EventKind::Room(_) => FrameKind::Closing,
        EventKind::Posted(_) | EventKind::Edited { .. } | EventKind::Deleted { .. } => {
            FrameKind::Change
        }
    };
    Frame {
        seq: event.seq,
        kind,
        bytes: papo_protocol::event_frame(event),
    }
}
