//! The pace of lists of people: soon, together, and less often in larger rooms.

use std::time::Duration;

use tokio::time::Instant;

/// The pause between lists in a small room.
pub(crate) const SHORTEST_PAUSE: Duration = Duration::from_secs(2);
/// The delay of a first change, so that a reload of a page doesn't show.
pub(crate) const SETTLING: Duration = Duration::from_millis(300);
/// In a large room lists come less often: a list costs one frame for each person, and at most this
/// many frames a second.
const FRAMES_PER_SECOND: f64 = 500.0;

/// When a list is due, after the one before.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// When the waiting change is due.
    pub(crate) due: Option<Instant>,
    /// When the last list was sent.
    pub(crate) last: Option<Instant>,
}

impl Pace {
    /// Notes a change in a room of this many people.
    pub(crate) fn changed(&mut self, now: Instant, people: usize) {
        let pause = SHORTEST_PAUSE.max(Duration::from_secs_f64(
            f64::from(u32::try_from(people).unwrap_or(u32::MAX)) / FRAMES_PER_SECOND,
        ));
        let soonest = now + SETTLING;
        let due = self.last.map_or(soonest, |last| soonest.max(last + pause));
        self.due = Some(self.due.map_or(due, |before| before.min(due)));
    }

    /// Whether a list is due; `true` once.
    pub(crate) fn is_due(&mut self, now: Instant) -> bool {
        let is_due = self.due.is_some_and(|due| now >= due);
        if is_due {
            self.due = None;
        }
        is_due
    }
}
