//! The memory of answers that clients haven't read yet: in all, for each network and for each
//! session.
//!
//! A connection bounds its own memory; this bounds that of all connections together. The bytes of
//! an answer count from the moment that they exist until the kernel has taken the last of them. The
//! count travels with the bytes, so nothing can forget to end it. Small answers don't count: health
//! checks and refusals must always go out. Nor do the client's files, which are in memory once, and
//! the metrics.
//!
//! Frames of a log are shared between sockets, and a socket returns those that the kernel doesn't
//! take. So `ws/` counts only snapshots, and an event of which a part was sent.
//! `middleware/space.rs` counts the answers of HTTP.
//!
//! What clients have begun to send and haven't finished counts too ([`Unfinished`]).
//!
//! The types wrap each other: `Counted` bytes keep their `Hold` in the `Ledger`, whose entry names
//! the `Taker`, whose `Outlet` can be cut.

mod ledger;
mod making;
mod taker;
mod unfinished;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use metrics::{Counter, Gauge, counter, describe_counter, describe_gauge, gauge};
use papo_app::Random;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use self::ledger::Ledger;
pub(crate) use self::making::{text_bytes, texts_bytes};
pub(crate) use self::taker::{Outlet, Taker};
pub(crate) use self::unfinished::Unfinished;
use crate::defects;

/// Answers up to this size don't count.
const SMALL: usize = 4 * 1024;
/// A connection that has read nothing for this long may be cut when another's answer finds no
/// space.
const PATIENCE: Duration = Duration::from_secs(3);
/// Clients that are refused for want of space may retry after this time, or up to this many seconds
/// later. So they don't come all at once.
const RETRY: Duration = Duration::from_secs(3);
const RETRY_SPREAD: u64 = 3;

/// How many bytes may wait.
#[derive(Debug, Clone, Copy)]
struct Limits {
    all: usize,
    /// Additional bytes for connections from sites for which nothing waits, so that others can't
    /// use up everything.
    spare: usize,
    network: usize,
    session: usize,
    /// The assumed size of a large answer before it is made.
    large: usize,
}

/// These keep the process within 256 MiB, with the defaults.
const LIMITS: Limits = Limits {
    all: 48 << 20,
    spare: 16 << 20,
    network: 16 << 20,
    session: 8 << 20,
    large: 1 << 20,
};

/// All waiting answers.
pub(crate) struct Waiting {
    ledger: Mutex<Ledger>,
    limits: Limits,
    /// Turns to make a large answer.
    turns: Semaphore,
    /// Held while one of the largest is made.
    making: Arc<tokio::sync::Mutex<()>>,
    bytes: Gauge,
    refused: Counter,
    cut: Counter,
}

/// In an answer's extensions: its bytes belong to the program, and take no memory of their own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Uncounted;

/// There is no space for another answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

/// The connections whose answers are given up for others.
type Slowest = Vec<Arc<Outlet>>;

/// Bytes that count for as long as they exist.
struct Counted {
    bytes: Bytes,
    _hold: Hold,
}

/// An answer's place in the ledger, until it is dropped.
pub(crate) struct Hold {
    waiting: Arc<Waiting>,
    number: u64,
    size: usize,
}

impl Waiting {
    pub(crate) fn new() -> Arc<Self> {
        Self::with_limits(LIMITS)
    }

    fn with_limits(limits: Limits) -> Arc<Self> {
        describe_gauge!(
            "papo_untaken_bytes",
            metrics::Unit::Bytes,
            "Memory of answers that clients haven't taken yet, and of what they haven't finished sending"
        );
        describe_counter!(
            "papo_untaken_refused_total",
            "Answers, forms and messages refused because too much else waits"
        );
        describe_counter!(
            "papo_untaken_cut_total",
            "Connections cut because they took nothing or finished nothing, and others needed the space"
        );
        Arc::new(Self {
            ledger: Mutex::default(),
            limits,
            turns: Semaphore::new(making::TURNS),
            making: Arc::default(),
            bytes: gauge!("papo_untaken_bytes"),
            refused: counter!("papo_untaken_refused_total"),
            cut: counter!("papo_untaken_cut_total"),
        })
    }

    /// Whether there is space for another large answer. Ask before it is made.
    fn has_space(&self, taker: &Taker) -> bool {
        let space = self.space(&mut self.ledger.lock(), taker, self.limits.large);
        space.map_err(|slowest| self.refuse(&slowest)).is_ok()
    }

    /// Counts an answer for as long as any of these bytes exist.
    pub(crate) fn count(self: &Arc<Self>, taker: &Taker, bytes: Bytes) -> Result<Bytes, Full> {
        if bytes.len() <= SMALL {
            return Ok(bytes);
        }
        let hold = self.hold(taker, bytes.len())?;
        Ok(Bytes::from_owner(Counted { bytes, _hold: hold }))
    }

    /// Counts several frames that are sent in this order.
    pub(crate) fn count_all(
        self: &Arc<Self>,
        taker: &Taker,
        frames: &mut [Bytes],
    ) -> Result<(), Full> {
        let size = frames.iter().map(Bytes::len).sum();
        if size <= SMALL {
            return Ok(());
        }
        let hold = self.hold(taker, size)?;
        if let Some(last) = frames.last_mut() {
            let bytes = std::mem::take(last);
            *last = Bytes::from_owner(Counted { bytes, _hold: hold });
        }
        Ok(())
    }

    /// Counts bytes that already wait, until the hold is dropped; `None` when they are few. When
    /// that exceeds a limit, other connections are cut for them.
    pub(crate) fn insist(self: &Arc<Self>, taker: &Taker, size: usize) -> Option<Hold> {
        if size <= SMALL {
            return None;
        }
        let mut ledger = self.ledger.lock();
        let space = self.space(&mut ledger, taker, size);
        let hold = self.enter(&mut ledger, taker, size);
        drop(ledger);
        if let Err(slowest) = space {
            cut(&slowest);
        }
        Some(hold)
    }

    /// When a client may retry if there is no space now.
    pub(crate) fn retry(random: &Random) -> Duration {
        RETRY + Duration::from_secs(random.number() % (RETRY_SPREAD + 1))
    }

    fn hold(self: &Arc<Self>, taker: &Taker, size: usize) -> Result<Hold, Full> {
        let mut ledger = self.ledger.lock();
        match self.space(&mut ledger, taker, size) {
            Ok(()) => Ok(self.enter(&mut ledger, taker, size)),
            Err(slowest) => {
                drop(ledger);
                self.refuse(&slowest);
                Err(Full)
            }
        }
    }

    fn enter(self: &Arc<Self>, ledger: &mut Ledger, taker: &Taker, size: usize) -> Hold {
        self.bytes.increment(figure(size));
        Hold {
            waiting: Arc::clone(self),
            number: ledger.enter(taker.clone(), size, Instant::now()),
            size,
        }
    }

    /// Whether there is space for this much more. Otherwise returns connections to cut, so that
    /// there is space soon: those that have read nothing for a while and share the exhausted limit.
    fn space(&self, ledger: &mut Ledger, taker: &Taker, size: usize) -> Result<(), Slowest> {
        if defects::has("boundless-answers") {
            return Ok(());
        }
        let Limits {
            all,
            spare,
            network,
            session,
            ..
        } = self.limits;
        let all = if ledger.of_site(taker) == 0 {
            all + spare
        } else {
            all
        };
        let fits = |has: usize, most: usize| has == 0 || has + size <= most;
        // A session's only answer is accepted whatever its size.
        let is_within_own =
            fits(ledger.of_network(taker), network) && fits(ledger.of_session(taker), session);
        if is_within_own && ledger.all() + size <= all {
            return Ok(());
        }
        let before = Instant::now() - PATIENCE;
        let shares_limit = |other: &Taker| is_within_own || taker.shares_with(other);
        Err(ledger.slowest(before, size, shares_limit))
    }

    fn refuse(&self, slowest: &Slowest) {
        self.refused.increment(1);
        cut(slowest);
    }

    /// Notes that a connection ends because others need the space.
    pub(crate) fn note_cut(&self) {
        self.cut.increment(1);
    }
}

/// The ledger must not be locked here: a connection has locks of its own.
fn cut(slowest: &Slowest) {
    for outlet in slowest {
        outlet.cut();
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.waiting.ledger.lock().leave(self.number);
        self.waiting.bytes.decrement(figure(self.size));
    }
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

fn figure(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests;
