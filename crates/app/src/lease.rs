//! A node's lease on rights: the time until which it knows which rights have ended. While it holds,
//! the node may show what is new.
//!
//! A node that can't ask the database, or that stood still, may still hear from other nodes. It
//! holds back what comes until it has asked the database. Then it reads the log, which has all of
//! it. `revocations.rs` asks; `live.rs` and `nodes.rs` hold back.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// How long the lease holds after the database was asked. Papo promises that a right ends
/// everywhere within a second. The node asks every half second, so a healthy node may be late by as
/// much before it holds anything back. A busy node shows what it held back as soon as it has asked.
const TRUST: Duration = Duration::from_secs(1);

/// A node's lease.
#[derive(Debug)]
pub(crate) struct RightsLease {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The node knows and has applied all rights that had ended by then.
    asked: Instant,
    /// Whether the node has held something back since.
    is_holding: bool,
}

impl RightsLease {
    /// The lease of a node that knows all rights that had ended by then.
    pub(crate) fn new(asked: Instant) -> Self {
        let state = State {
            asked,
            is_holding: false,
        };
        Self {
            state: Mutex::new(state),
        }
    }

    /// Whether the node may show what is new. If not, it notes that something was held back.
    pub(crate) fn holds(&self, now: Instant) -> bool {
        let mut state = self.state.lock();
        let holds = now.duration_since(state.asked) < TRUST;
        state.is_holding |= !holds;
        holds
    }

    /// Renews the lease: the node has applied all rights that had ended when it asked. Returns
    /// whether something was held back and must be read from the log.
    pub(crate) fn renew(&self, asked: Instant) -> bool {
        let mut state = self.state.lock();
        state.asked = asked;
        std::mem::take(&mut state.is_holding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_is_held_back_when_rights_were_asked_for_too_long_ago() {
        let start = Instant::now();
        let lease = RightsLease::new(start);
        assert!(lease.holds(start + TRUST - Duration::from_millis(1)));
        assert!(!lease.renew(start + TRUST / 2));
        assert!(lease.holds(start + TRUST));
        assert!(!lease.holds(start + TRUST * 3 / 2));
        assert!(lease.renew(start + TRUST));
        assert!(lease.holds(start + TRUST * 3 / 2));
        assert!(!lease.renew(start + TRUST));
    }
}
