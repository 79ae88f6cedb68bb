//! When it is told that the people of a room are others: soon, together, and less often the more
//! there are.

use std::time::Duration;

use tokio::time::Instant;

/// Changes are told at most this often in a small room.
pub(crate) const SHORTEST_PAUSE: Duration = Duration::from_secs(2);
/// A first change is told after this time, so that a page that reloads isn't seen to leave and
/// come.
pub(crate) const SETTLING: Duration = Duration::from_millis(300);
/// In a large room changes are told less often: one presence frame for each person costs at most
/// this many a second.
const FRAMES_PER_SECOND: f64 = 500.0;

/// When a change is told, after the one before it.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// When the change that hasn't been told yet is due.
    pub(crate) due: Option<Instant>,
    /// When something was told.
    pub(crate) last: Option<Instant>,
}

impl Pace {
    /// There is something to tell, of a room with so many people.
    pub(crate) fn changed(&mut self, now: Instant, people: usize) {
        let pause = SHORTEST_PAUSE.max(Duration::from_secs_f64(
            f64::from(u32::try_from(people).unwrap_or(u32::MAX)) / FRAMES_PER_SECOND,
        ));
        let soonest = now + SETTLING;
        let due = self.last.map_or(soonest, |last| soonest.max(last + pause));
        self.due = Some(self.due.map_or(due, |before| before.min(due)));
    }

    /// Whether it is time; asked once.
    pub(crate) fn is_due(&mut self, now: Instant) -> bool {
        let is_due = self.due.is_some_and(|due| now >= due);
        if is_due {
            self.due = None;
        }
        is_due
    }
}
