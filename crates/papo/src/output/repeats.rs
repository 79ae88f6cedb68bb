//! Repeated warnings: written once a minute, with a count.
//!
//! A cause is a place in the code. Its texts may differ, such as in the number of a room. A limited
//! number of texts are counted separately, and all others together. So the code alone bounds what a
//! server logs in a minute, whatever people send.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// A text of a cause is written once in this time.
const EVERY: Duration = Duration::from_mins(1);
/// How many texts of one cause are counted separately.
const TEXTS: usize = 10;

/// What was written within the last minute.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    causes: HashMap<&'static str, Cause>,
}

#[derive(Debug)]
struct Cause {
    /// When the counts are due.
    due: Instant,
    /// Each text that was written, and how often it came again.
    texts: Vec<(String, u64)>,
    /// The last of the other texts, and how many there were.
    others: (String, u64),
}

impl Repeats {
    /// Whether to write a line now. Otherwise it is counted.
    pub(crate) fn admit(&mut self, cause: Option<&'static str>, text: &str, now: Instant) -> bool {
        let Some(cause) = cause else { return true };
        let cause = self.causes.entry(cause).or_insert_with(|| Cause {
            due: now + EVERY,
            texts: Vec::new(),
            others: (String::new(), 0),
        });
        if let Some((_, again)) = cause.texts.iter_mut().find(|(known, _)| known == text) {
            *again += 1;
            return false;
        }
        if cause.texts.len() < TEXTS {
            cause.texts.push((text.to_owned(), 0));
            return true;
        }
        text.clone_into(&mut cause.others.0);
        cause.others.1 += 1;
        false
    }

    /// How long until something is due.
    pub(crate) fn pause(&self, now: Instant) -> Duration {
        let next = self.causes.values().map(|cause| cause.due).min();
        next.map_or(EVERY, |due| due.saturating_duration_since(now))
    }

    /// Lines about what was held back for a minute. What still repeats is held back for another
    /// one.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<String> {
        let mut lines = Vec::new();
        self.causes.retain(|_, cause| {
            if cause.due > now {
                return true;
            }
            cause.due = now + EVERY;
            cause.texts.retain_mut(|(text, again)| {
                lines.extend(summary(text, *again, "times more"));
                std::mem::take(again) > 0
            });
            let (text, count) = std::mem::take(&mut cause.others);
            lines.extend(summary(&text, count, "like it"));
            !cause.texts.is_empty() || count > 0
        });
        lines
    }

    /// Lines about everything held back, at the end.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        for cause in self.causes.values_mut() {
            cause.due -= EVERY;
        }
        let all = self.causes.values().map(|cause| cause.due).max();
        all.map_or_else(Vec::new, |last| self.due(last))
    }
}

fn summary(text: &str, count: u64, what: &str) -> Option<String> {
    (count > 0).then(|| format!("{} ({count} {what})\n", text.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_again_is_counted_and_told_once_a_minute() {
        let (mut repeats, begin) = (Repeats::default(), Instant::now());
        assert!(repeats.admit(Some("a"), "disk full\n", begin));
        for _ in 0..299 {
            assert!(!repeats.admit(Some("a"), "disk full\n", begin));
        }
        assert!(repeats.admit(Some("b"), "disk full\n", begin));
        assert!(repeats.due(begin + EVERY / 2).is_empty());
        assert_eq!(repeats.pause(begin + EVERY / 2), EVERY / 2);
        assert_eq!(repeats.due(begin + EVERY), ["disk full (299 times more)\n"]);
        // It still repeats: one line a minute.
        assert!(!repeats.admit(Some("a"), "disk full\n", begin + EVERY));
        assert_eq!(
            repeats.due(begin + EVERY * 2),
            ["disk full (1 times more)\n"]
        );
        assert!(repeats.due(begin + EVERY * 3).is_empty());
        assert!(repeats.admit(Some("a"), "disk full\n", begin + EVERY * 3));
    }

    #[test]
    fn a_cause_with_many_texts_is_bounded() {
        let (mut repeats, now) = (Repeats::default(), Instant::now());
        let text = |room: usize| format!("room={room} no answer\n");
        let written = (0..1_000).filter(|&room| repeats.admit(Some("a"), &text(room), now));
        assert_eq!(written.count(), TEXTS);
        assert_eq!(repeats.rest(), ["room=999 no answer (990 like it)\n"]);
        assert!(repeats.rest().is_empty());
    }

    #[test]
    fn what_has_no_cause_is_always_written() {
        let (mut repeats, now) = (Repeats::default(), Instant::now());
        assert!(repeats.admit(None, "stopped\n", now));
        assert!(repeats.admit(None, "stopped\n", now));
        assert_eq!(repeats.pause(now), EVERY);
    }
}
