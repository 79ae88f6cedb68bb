//! How long somebody had to wait, whenever that was long enough to be noticed.

use std::time::Duration;

use tokio::time::Instant;

/// Shorter pauses are of no interest.
const NOTICED: Duration = Duration::from_millis(50);

/// The pauses that somebody noticed, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pauses(Vec<Pause>);

#[derive(Debug, Clone, Copy)]
struct Pause {
    from: Instant,
    until: Instant,
}

impl Pauses {
    /// Notes a pause.
    pub(crate) fn note(&mut self, from: Instant, until: Instant) {
        if until.duration_since(from) >= NOTICED {
            self.0.push(Pause { from, until });
        }
    }

    /// The longest that was under way at some time between two moments.
    pub(crate) fn longest(&self, from: Instant, until: Instant) -> Duration {
        let there = self
            .0
            .iter()
            .filter(|pause| pause.from <= until && pause.until >= from);
        let lengths = there.map(|pause| pause.until.duration_since(pause.from));
        lengths.max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_pause_of_a_time_counts() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut pauses = Pauses::default();
        for (from, until) in [(1, 2), (5, 8), (20, 30)] {
            pauses.note(at(from), at(until));
        }
        assert_eq!(pauses.longest(at(0), at(10)), Duration::from_secs(3));
        assert_eq!(pauses.longest(at(6), at(7)), Duration::from_secs(3));
        assert_eq!(pauses.longest(at(9), at(19)), Duration::ZERO);
        assert_eq!(pauses.longest(at(7), at(21)), Duration::from_secs(10));
    }

    #[test]
    fn what_nobody_notices_is_none() {
        let start = Instant::now();
        let mut pauses = Pauses::default();
        pauses.note(start, start + NOTICED / 2);
        assert_eq!(pauses.longest(start, start + NOTICED), Duration::ZERO);
    }
}
