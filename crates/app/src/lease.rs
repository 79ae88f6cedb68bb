//! A node's lease on rights: up to when it knows which have ended. It shows what is new only to
//! those whose right to it is known to hold.
//!
//! A node that can't ask the database, or that stood still, may go on to hear from the others.
//! Whatever comes to such a node is held back until it has asked; then the log is read, which has
//! all of it. `revocations.rs` asks, `live.rs` and `nodes.rs` hold back.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// What is new may be shown for this long after the database was asked: a right that ended has
/// ended everywhere within a second, as is promised. It is asked every half second, so that a
/// healthy node may be late by as much again before it holds anything back; and what a busy one
/// does hold back is shown as soon as it has asked.
const TRUST: Duration = Duration::from_secs(1);

/// What a node knows of the rights that end.
#[derive(Debug)]
pub(crate) struct RightsLease {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// All that had ended by then has been heeded.
    asked: Instant,
    /// Whether something has been held back since.
    is_holding: bool,
}

impl RightsLease {
    /// All that had ended by then is known.
    pub(crate) fn new(asked: Instant) -> Self {
        let state = State {
            asked,
            is_holding: false,
        };
        Self {
            state: Mutex::new(state),
        }
    }

    /// Whether what is new may be shown now. If not, it is held back.
    pub(crate) fn holds(&self, now: Instant) -> bool {
        let mut state = self.state.lock();
        let holds = now.duration_since(state.asked) < TRUST;
        state.is_holding |= !holds;
        holds
    }

    /// Notes that all that had ended when the database was asked has been heeded. Whether something
    /// was held back meanwhile, and is to be read from the log.
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
