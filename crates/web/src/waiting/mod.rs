//! Answers that wait to be taken: how much memory they hold, in all, for a network and for a
//! session.
//!
//! A connection bounds what it holds itself; this bounds what all connections hold together. The
//! bytes of an answer are counted from the moment that they exist until the kernel has taken the
//! last of them. The count travels with the bytes, so that nothing can forget to end it. Small
//! answers aren't counted: health checks and refusals must go out when nothing else does. Nor are
//! the client's files, which are in memory once, and the figures.
//!
//! What sockets take of a log is shared, and given back when the kernel takes no more of it: `ws/`
//! counts snapshots, and the event of which a part has been taken. `middleware/space.rs` counts the
//! answers of HTTP.
//!
//! What clients have begun to send and haven't finished is counted likewise ([`Unfinished`]).
//!
//! Which wraps which: `Counted` bytes keep their `Hold` in the `Ledger`, whose entry names the
//! `Taker`, whose `Outlet` can be cut.

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

/// Answers up to this size aren't counted.
const SMALL: usize = 4 * 1024;
/// A connection that takes nothing for so long may be cut when another's answer finds no space.
const PATIENCE: Duration = Duration::from_secs(3);
/// Clients that are refused for want of space may ask again after this time, or up to so many
/// seconds later: not all at once.
const RETRY: Duration = Duration::from_secs(3);
const RETRY_SPREAD: u64 = 3;

/// How many bytes may wait.
#[derive(Debug, Clone, Copy)]
struct Limits {
    all: usize,
    /// And more of those for which nothing waits, nor for their neighbours: so many others can't
    /// use all of it up.
    spare: usize,
    network: usize,
    session: usize,
    /// What a large answer takes that isn't made yet.
    large: usize,
}

/// With defaults the process is to stay within 256 MiB.
const LIMITS: Limits = Limits {
    all: 48 << 20,
    spare: 16 << 20,
    network: 16 << 20,
    session: 8 << 20,
    large: 1 << 20,
};

/// All answers that wait.
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

/// In an answer's extensions: its bytes are the program's own, and no memory is taken for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Uncounted;

/// Too much waits for another answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

/// Where the answers go that are to be given up for others.
type Slowest = Vec<Arc<Outlet>>;

/// Bytes that are counted for as long as they exist.
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

    /// Whether another large answer may wait. To be asked before it is made.
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

    /// Counts several frames that are written in this order.
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

    /// Counts bytes that wait already, until the hold is dropped; nothing when they are few. Others
    /// are refused for them when that is too much.
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

    /// When somebody may ask again for whom there is no space now.
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

    /// Whether so much more may wait. If not, the connections that have taken nothing for a while
    /// are to be cut, so that there is space soon: those that share the limit which is reached.
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
        // A single answer of a session that has none is let in whatever its size.
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

/// Not while the ledger is locked: a connection has locks of its own.
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
