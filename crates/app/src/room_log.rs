//! The one writer of the rooms' logs: group commit.
//!
//! All waiting changes are stored in one transaction with one flush to disk. There is no timer:
//! while one batch is being committed, the next one forms. Answers and events go out after the
//! commit, in its order, on the thread that made it: first the answers, then the events to the
//! rooms' followers.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use papo_channel_layer::{Connection, Frame, Hub, LiveRoom, Move, Request, Signal};
use papo_domain::{RoomId, Seq, Timestamp};
use papo_storage::{Appended, Batch, Change, NewEvent, Outcome, Refusal, Storage, StorageError};
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::broken::Broken;
use crate::fan_out::FanOut;
use crate::frame::{frame, step};
use crate::live::Tails;
use crate::metrics::Metrics;
use crate::{Clock, Error};

/// How many changes may wait for the writer. Further ones are refused with [`Error::Unavailable`].
const WAITING: usize = 8_192;
/// The most changes of a transaction.
const BATCH: usize = 1_024;
/// Bytes of the texts that may wait for the writer. Further changes are refused likewise.
const WAITING_BYTES: usize = 128 << 20;
/// A transaction takes no more changes after this many bytes of text.
const BATCH_BYTES: usize = 16 << 20;
const RETRY_OVERLOAD: Duration = Duration::from_secs(1);

/// A change that is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// Where it is. The same message may have been posted in another room before.
    pub(crate) room: RoomId,
    /// Its event's number.
    pub seq: Seq,
    /// Its event's time.
    pub timestamp: Timestamp,
}

impl Committed {
    /// Returns itself if it is in this room.
    pub(crate) fn in_room(self, room: RoomId) -> Result<Self, Error> {
        if self.room == room {
            Ok(self)
        } else {
            Err(Error::IdInOtherRoom)
        }
    }
}

/// Takes the answer to a connection's request, once, when the change is on disk or refused. It runs
/// on the thread that stored the change, so it must not block.
pub type Reply = Box<dyn FnOnce(&Connection, Result<Committed, Error>) + Send>;

/// Where the answer to a change goes.
pub(crate) enum Answer {
    /// To the task that waits for it.
    Awaited(oneshot::Sender<Result<Committed, Error>>),
    /// To a connection. Its request ends after the followers have been written to.
    Reply {
        /// The request.
        request: Request,
        /// The room that the connection named.
        room: RoomId,
        /// Takes the answer.
        reply: Reply,
    },
}

/// Submits changes to the writer.
#[derive(Clone)]
pub(crate) struct RoomLog {
    writer: Arc<Writer>,
}

struct Writer {
    storage: Arc<dyn Storage>,
    hub: Arc<Hub>,
    tails: Arc<Tails>,
    metrics: Arc<Metrics>,
    clock: Clock,
    /// Notes a failure after which the process must restart.
    broken: Broken,
    line: Mutex<Line>,
    /// Notified when nothing is being stored any more.
    idle: Notify,
}

#[derive(Default)]
struct Line {
    waiting: VecDeque<(RoomId, Change, Answer)>,
    /// Bytes of the waiting texts.
    bytes: usize,
    /// Whether a batch is with the storage.
    is_storing: bool,
    /// Whether the outcome of that batch is late. No changes are taken meanwhile.
    is_stalled: bool,
    /// Whether the writer has closed.
    is_closed: bool,
}

/// The batch that the storage has.
struct Group {
    writer: Arc<Writer>,
    answers: Vec<Answer>,
    started: Option<Instant>,
    is_told: bool,
}

/// What is new in a room.
struct News {
    live: Option<Arc<LiveRoom>>,
    frames: Vec<Frame>,
    /// For those who watch the room.
    moves: Vec<(Seq, Move)>,
}

impl RoomLog {
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        hub: Arc<Hub>,
        tails: Arc<Tails>,
        metrics: Arc<Metrics>,
        clock: Clock,
        broken: Broken,
    ) -> Self {
        let writer = Arc::new(Writer {
            storage,
            hub,
            tails,
            metrics,
            clock,
            broken,
            line: Mutex::default(),
            idle: Notify::new(),
        });
        Self { writer }
    }

    /// How many changes wait for the writer.
    pub(crate) fn waiting(&self) -> usize {
        self.writer.line.lock().waiting.len()
    }

    /// Queues a change. Changes are committed in the order of these calls.
    pub(crate) fn submit(&self, room: RoomId, change: Change, answer: Answer) {
        let mut line = self.writer.line.lock();
        let bytes = line.bytes + change.act.text_bytes();
        let is_full = line.waiting.len() >= WAITING || bytes > WAITING_BYTES;
        if line.is_closed || line.is_stalled || is_full {
            drop(line);
            self.writer
                .answer(answer, Err(Error::Unavailable(RETRY_OVERLOAD)));
            return;
        }
        line.bytes = bytes;
        line.waiting.push_back((room, change, answer));
        let is_storing = std::mem::replace(&mut line.is_storing, true);
        drop(line);
        if !is_storing {
            self.writer.store();
        }
    }

    /// Queues a change and waits for its outcome.
    pub(crate) async fn append(&self, room: RoomId, change: Change) -> Result<Committed, Error> {
        let (sender, receiver) = oneshot::channel();
        self.submit(room, change, Answer::Awaited(sender));
        receiver
            .await
            .unwrap_or(Err(Error::Unavailable(RETRY_OVERLOAD)))
    }

    /// Takes no more changes, and waits until all are stored.
    pub(crate) async fn close(&self) {
        let idle = self.writer.idle.notified();
        let is_storing = {
            let mut line = self.writer.line.lock();
            line.is_closed = true;
            line.is_storing
        };
        if is_storing {
            idle.await;
        }
    }
}

impl Writer {
    fn store(self: &Arc<Self>) {
        self.storage.append(Box::new(Group {
            writer: Arc::clone(self),
            answers: Vec::new(),
            started: None,
            is_told: false,
        }));
    }

    /// Stores the next batch, if there is one.
    fn go_on(self: &Arc<Self>) {
        let mut line = self.line.lock();
        line.is_stalled = false;
        if line.waiting.is_empty() {
            line.is_storing = false;
            drop(line);
            self.idle.notify_waiters();
        } else {
            drop(line);
            self.store();
        }
    }

    /// Refuses waiting and new changes until the present batch has its outcome.
    fn stall(&self) {
        let waiting = {
            let mut line = self.line.lock();
            line.is_stalled = true;
            line.bytes = 0;
            std::mem::take(&mut line.waiting)
        };
        for (_, _, answer) in waiting {
            self.answer(answer, Err(Error::Unavailable(RETRY_OVERLOAD)));
        }
    }

    /// Gives the answers for what is on disk, then the events to the rooms.
    fn tell(&self, results: Vec<Result<Appended, Refusal>>, answers: Vec<Answer>) {
        let mut answered = Vec::with_capacity(answers.len());
        let mut news: HashMap<RoomId, News> = HashMap::new();
        let is_relayed = self.hub.has_relay();
        let wants_moves = self.hub.wants_moves();
        // The count comes before anybody can know of the events.
        let is_new = |result: &&Result<Appended, Refusal>| {
            result.as_ref().is_ok_and(|appended| !appended.duplicate)
        };
        let stored = results.iter().filter(is_new).count();
        self.metrics.events.increment(stored as u64);
        for (result, answer) in results.into_iter().zip(answers) {
            let (event, duplicate) = match result {
                Ok(Appended { event, duplicate }) => (event, duplicate),
                Err(refusal) => {
                    answered.extend(self.give(answer, Err(refusal.into())));
                    continue;
                }
            };
            let committed = Committed {
                room: event.room,
                seq: event.seq,
                timestamp: event.timestamp,
            };
            answered.extend(self.give(answer, Ok(committed)));
            self.tails.heed(&event);
            if duplicate {
                continue;
            }
            let news = news.entry(event.room).or_insert_with(|| News {
                live: self.hub.room(event.room),
                frames: Vec::new(),
                moves: Vec::new(),
            });
            if wants_moves {
                news.moves.push((event.seq, step(&event)));
            }
            if news.live.is_some() || is_relayed {
                news.frames.push(frame(&event));
            }
        }
        let mut budget = FanOut::budget();
        for (room, news) in news {
            if is_relayed {
                self.hub.tell(Signal::Frames(room, news.frames.clone()));
            }
            if let Some(live) = news.live {
                self.tails.append(&live, news.frames, &mut budget);
            }
            if wants_moves {
                self.hub.note_moves(room, news.moves);
            }
        }
        self.tails.fan_out.finish(answered, &mut budget);
    }

    /// Gives an answer outside of a batch.
    fn answer(&self, answer: Answer, result: Result<Committed, Error>) {
        if let Some(request) = self.give(answer, result) {
            self.tails.fan_out.count(request.finish());
        }
    }

    /// Gives an answer. Returns the connection's request, if it was one. A panic in a reply affects
    /// no other answer and no room.
    fn give(&self, answer: Answer, result: Result<Committed, Error>) -> Option<Request> {
        let (request, room, reply) = match answer {
            Answer::Awaited(sender) => {
                // The caller may have gone. What is stored stays stored.
                let _ = sender.send(result);
                return None;
            }
            Answer::Reply {
                request,
                room,
                reply,
            } => (request, room, reply),
        };
        let result = result.and_then(|committed| committed.in_room(room));
        if result.is_err() {
            self.metrics.refusals.increment(1);
        }
        let replying = AssertUnwindSafe(|| reply(&request.connection, result));
        if catch_unwind(replying).is_err() {
            tracing::error!("a reply to a change panicked");
        }
        Some(request)
    }

    fn refuse(&self, error: StorageError, answers: Vec<Answer>) {
        self.broken.note(&error);
        self.metrics.commit_failures.increment(1);
        let error = Error::from(error);
        for answer in answers {
            self.answer(answer, Err(error.clone()));
        }
    }
}

impl Batch for Group {
    fn take(&mut self) -> Vec<NewEvent> {
        let at = self.writer.clock.now();
        let mut line = self.writer.line.lock();
        let (mut count, mut bytes) = (0, 0);
        for (_, change, _) in line.waiting.iter().take(BATCH) {
            if bytes >= BATCH_BYTES {
                break;
            }
            count += 1;
            bytes += change.act.text_bytes();
        }
        line.bytes -= bytes;
        let (changes, answers): (Vec<_>, Vec<_>) = line
            .waiting
            .drain(..count)
            .map(|(room, change, answer)| (NewEvent { room, at, change }, answer))
            .unzip();
        drop(line);
        self.answers = answers;
        let size = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        self.writer.metrics.batch_events.record(size);
        self.started = Some(Instant::now());
        changes
    }

    fn stall(&mut self) {
        self.writer.stall();
    }

    fn tell(mut self: Box<Self>, outcome: Outcome) {
        if let Some(started) = self.started {
            self.writer.metrics.commit_seconds.record(started.elapsed());
        } else {
            // The batch failed before its changes were taken.
            self.take();
        }
        self.is_told = true;
        let answers = std::mem::take(&mut self.answers);
        match outcome {
            Ok(results) => self.writer.tell(results, answers),
            Err(error) => self.writer.refuse(error, answers),
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.is_told {
            if self.started.is_none() {
                self.take();
            }
            let lost = StorageError::Other("the batch was lost".into());
            let answers = std::mem::take(&mut self.answers);
            self.writer.refuse(lost, answers);
        }
        self.writer.go_on();
    }
}
