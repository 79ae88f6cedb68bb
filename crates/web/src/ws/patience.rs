//! How long a client may send nothing, or read nothing of what waits for it.

use std::time::Duration;

use tokio::time::Instant;

use super::outgoing::Written;

/// A client that was silent this long is gone: two pings went unanswered.
const SILENCE: Duration = Duration::from_secs(55);
/// A client that read nothing of what waits for it for this long is too slow.
const STALL: Duration = Duration::from_secs(20);

/// When the client was last heard, and whether it reads.
#[derive(Debug)]
pub(super) struct Patience {
    last_heard: Instant,
    /// Since when the socket has taken nothing of what waits.
    stalled: Option<Instant>,
}

impl Patience {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            last_heard: now,
            stalled: None,
        }
    }

    /// Notes that the client sent something, or may have while nobody read.
    pub(super) fn heard(&mut self, now: Instant) {
        self.last_heard = now;
    }

    /// Notes the result of a write. A client that reads is there; while frames wait it gets no
    /// pings that it could answer.
    pub(super) fn wrote(&mut self, written: Written, now: Instant) {
        if written != Written::Nothing && self.stalled.is_some() {
            self.last_heard = now;
        }
        self.stalled = match written {
            Written::All => None,
            Written::Some => Some(now),
            Written::Nothing => Some(self.stalled.unwrap_or(now)),
        };
    }

    /// Whether something waits that the socket doesn't take now.
    pub(super) fn is_stalled(&self) -> bool {
        self.stalled.is_some()
    }

    /// Why the client is gone or too slow, if it is.
    pub(super) fn end(&self, now: Instant) -> Option<&'static str> {
        if self.stalled.is_some_and(|since| now - since >= STALL) {
            Some("reads too slowly")
        } else if now - self.last_heard >= SILENCE {
            Some("silent too long")
        } else {
            None
        }
    }

    /// When to look again. Pings alone would notice a client's silence up to half a minute late.
    pub(super) fn next_look(&self, next_ping: Instant) -> Instant {
        self.stalled
            .map_or(next_ping, |since| since + STALL)
            .min(self.last_heard + SILENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn who_is_silent_or_takes_nothing_is_given_up() {
        let start = Instant::now();
        let mut patience = Patience::new(start);
        assert_eq!(patience.end(start + 54 * SECOND), None);
        assert_eq!(patience.end(start + SILENCE), Some("silent too long"));
        patience.heard(start + SECOND);
        assert_eq!(patience.end(start + SILENCE), None);
        patience.wrote(Written::Nothing, start + 2 * SECOND);
        patience.wrote(Written::Nothing, start + 9 * SECOND);
        assert_eq!(patience.next_look(start + SILENCE), start + 22 * SECOND);
        assert_eq!(patience.end(start + 22 * SECOND), Some("reads too slowly"));
        patience.wrote(Written::All, start + 23 * SECOND);
        assert_eq!(patience.end(start + 50 * SECOND), None);
        assert_eq!(patience.next_look(start + 99 * SECOND), start + 78 * SECOND);
    }

    #[test]
    fn who_takes_a_lot_slowly_is_not_silent() {
        let start = Instant::now();
        let mut patience = Patience::new(start);
        for passed in (10..=120).step_by(10) {
            let now = start + passed * SECOND;
            patience.wrote(Written::Some, now);
            assert_eq!(patience.end(now), None);
        }
        assert_eq!(patience.end(start + 140 * SECOND), Some("reads too slowly"));
    }

    #[test]
    fn who_takes_everything_at_once_has_to_say_something_all_the_same() {
        let start = Instant::now();
        let mut patience = Patience::new(start);
        for passed in (10..=50).step_by(10) {
            patience.wrote(Written::All, start + passed * SECOND);
        }
        assert_eq!(patience.end(start + SILENCE), Some("silent too long"));
    }
}
