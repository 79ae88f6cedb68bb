//! The shared state of a trial's robots: the order of what happens, counts, and the trial's phase.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::frames::Frames;
use crate::history::{Event, Kind, Moment};

/// The phase of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Writers write.
    Write,
    /// Robots write nothing new, and send what isn't acknowledged until it is.
    Read,
    /// Each robot ends at the ends of its rooms.
    Finish,
    /// Each robot ends.
    Stop,
}

/// The shared state of a trial's robots.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) frames: Frames,
    start: Instant,
    moments: AtomicU64,
    connections: AtomicU64,
    acks: AtomicUsize,
    waiting: AtomicUsize,
    subscriptions: AtomicUsize,
    listening: AtomicUsize,
    /// Where the rooms' logs end, once nothing more is written.
    ends: Mutex<BTreeMap<i64, i64>>,
    cuts: AtomicUsize,
    refusals: AtomicUsize,
    /// How many sockets were closed with which code.
    closes: Mutex<BTreeMap<u16, usize>>,
    /// How often all connections were cut at once.
    storms: watch::Sender<usize>,
    /// Whether robots may connect.
    is_open: watch::Sender<bool>,
    /// How long messages took from their sender to a reader, while somebody measures.
    latencies: Mutex<Option<Vec<Duration>>>,
    /// A message's text, and how many have seen it.
    mark: Mutex<Option<(String, usize)>>,
}

/// A robot waits for an answer, until this is dropped.
#[derive(Debug)]
pub(crate) struct Waiting(Arc<World>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A robot is subscribed, until this is dropped.
#[derive(Debug)]
pub(crate) struct Listening(Arc<World>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.listening.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Default for World {
    fn default() -> Self {
        Self {
            frames: Frames::default(),
            start: Instant::now(),
            moments: AtomicU64::new(1),
            connections: AtomicU64::new(1),
            acks: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            subscriptions: AtomicUsize::new(0),
            listening: AtomicUsize::new(0),
            ends: Mutex::default(),
            cuts: AtomicUsize::new(0),
            refusals: AtomicUsize::new(0),
            closes: Mutex::default(),
            storms: watch::Sender::new(0),
            is_open: watch::Sender::new(true),
            latencies: Mutex::new(None),
            mark: Mutex::new(None),
        }
    }
}

impl World {
    /// The present moment.
    pub(crate) fn moment(&self) -> Moment {
        self.moments.fetch_add(1, Ordering::SeqCst)
    }

    /// A number for a connection.
    pub(crate) fn connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed)
    }

    /// A message's text: its id, when it was written, and as much more as it takes.
    pub(crate) fn text(&self, client_id: &str, length: usize) -> String {
        let mut text = format!("{client_id} {}", self.start.elapsed().as_micros());
        if text.len() < length {
            text.push(' ');
            text.extend(std::iter::repeat_n('x', length - text.len()));
        }
        text
    }

    /// Notes with which code a socket was closed.
    pub(crate) fn note_close(&self, code: u16) {
        *self.closes.lock().entry(code).or_default() += 1;
    }

    /// The close codes so far, for the search for a cause.
    pub(crate) fn closes(&self) -> String {
        match &*self.closes.lock() {
            none if none.is_empty() => "no socket was closed".to_owned(),
            codes => format!("sockets closed so far, by code: {codes:?}"),
        }
    }

    /// Makes all robots cut their connections at once.
    pub(crate) fn storm(&self) {
        self.storms.send_modify(|storms| *storms += 1);
    }

    /// A receiver of storms from now on.
    pub(crate) fn storms(&self) -> watch::Receiver<usize> {
        self.storms.subscribe()
    }

    /// Sets the ends of the rooms' logs. Call it before [`Phase::Finish`].
    pub(crate) fn set_ends(&self, ends: BTreeMap<i64, i64>) {
        *self.ends.lock() = ends;
    }

    /// The end of a room's log, once it is set.
    pub(crate) fn end(&self, room: i64) -> i64 {
        self.ends.lock().get(&room).copied().unwrap_or(0)
    }

    /// Keeps robots from connecting until [`Self::open`]. Connected ones stay.
    pub(crate) fn hold(&self) {
        self.is_open.send_replace(false);
    }

    /// Lets robots connect again.
    pub(crate) fn open(&self) {
        self.is_open.send_replace(true);
    }

    /// Waits until a robot may connect.
    pub(crate) async fn opened(&self) {
        // The sender lives as long as this does.
        let _ = self.is_open.subscribe().wait_for(|is_open| *is_open).await;
    }

    /// Notes that a reader has an event, and whether it counts for the latencies.
    pub(crate) fn saw(&self, event: &Event, counts: bool) {
        let Kind::Posted {
            text: Some(text), ..
        } = &event.kind
        else {
            return;
        };
        if let Some((mark, seen)) = &mut *self.mark.lock()
            && mark == text
        {
            *seen += 1;
        }
        let mut latencies = self.latencies.lock();
        if counts
            && let Some(latencies) = &mut *latencies
            && let Some(micros) = text
                .split(' ')
                .nth(1)
                .and_then(|micros| micros.parse().ok())
        {
            latencies.push(
                self.start
                    .elapsed()
                    .saturating_sub(Duration::from_micros(micros)),
            );
        }
    }

    /// Counts the readers that see a message with this text, from now on.
    pub(crate) fn mark(&self, text: &str) {
        *self.mark.lock() = Some((text.to_owned(), 0));
    }

    /// How many have seen the marked message.
    pub(crate) fn marked(&self) -> usize {
        self.mark.lock().as_ref().map_or(0, |(_, seen)| *seen)
    }

    /// Measures latencies from now on.
    pub(crate) fn measure(&self) {
        *self.latencies.lock() = Some(Vec::new());
    }

    /// Stops measuring. Returns the latencies.
    pub(crate) fn measured(&self) -> Vec<Duration> {
        self.latencies.lock().take().unwrap_or_default()
    }

    /// Notes that a robot waits for an answer, as long as the result lives.
    pub(crate) fn wait(world: &Arc<Self>) -> Waiting {
        world.waiting.fetch_add(1, Ordering::SeqCst);
        Waiting(Arc::clone(world))
    }

    /// Notes that a robot is subscribed, as long as the result lives.
    pub(crate) fn listen(world: &Arc<Self>) -> Listening {
        world.listening.fetch_add(1, Ordering::SeqCst);
        Listening(Arc::clone(world))
    }

    pub(crate) fn answered(&self) {
        self.acks.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn subscribed(&self) {
        self.subscriptions.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn count_cut(&self) {
        self.cuts.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn refused(&self) {
        self.refusals.fetch_add(1, Ordering::SeqCst);
    }

    /// How many messages were acknowledged.
    pub(crate) fn acks(&self) -> usize {
        self.acks.load(Ordering::SeqCst)
    }

    /// How many answers are waited for.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    /// How many subscriptions were answered, ever.
    pub(crate) fn subscriptions(&self) -> usize {
        self.subscriptions.load(Ordering::SeqCst)
    }

    /// How many are subscribed now.
    pub(crate) fn listening(&self) -> usize {
        self.listening.load(Ordering::SeqCst)
    }

    /// How many connections the robots cut themselves.
    pub(crate) fn cuts(&self) -> usize {
        self.cuts.load(Ordering::SeqCst)
    }

    /// How many requests were refused for now.
    pub(crate) fn refusals(&self) -> usize {
        self.refusals.load(Ordering::SeqCst)
    }
}
