//! Heads: how far the log of a watched room has moved, and who posted meanwhile.
//!
//! A head tells of events that nobody has been told of. It is exact if all of them are known here;
//! otherwise it says only where the log ends. Heads of a room come at most once a second, so that
//! many events cost one frame.

use std::collections::HashMap;
use std::time::Duration;

use papo_domain::{PersonId, RoomId, Seq};
use tokio::time::Instant;

use crate::defects;

/// The pause between the heads of a room.
const PAUSE: Duration = Duration::from_secs(1);
/// The most moves of a room that wait for its next head. Those beyond are missing, and the head
/// isn't exact.
const MOST_MOVES: usize = 4_096;
/// The most events that wait to be told to other nodes.
const MOST_STORED: usize = 32_768;

/// What an event means for those who count unread messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// Somebody posted a message.
    Posted(PersonId),
    /// A message has another text, which changes no count.
    Edited,
    /// Anything else, after which one must count again.
    Other,
}

/// A step of a room's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The room.
    pub room: RoomId,
    /// The last event that the head before told of.
    pub after: Seq,
    /// The last event that this one tells of.
    pub seq: Seq,
    /// How many messages each sender posted in between. `None` when one must count again.
    pub posted: Option<Vec<(PersonId, u32)>>,
}

/// Events of some rooms, as heads count them.
pub type Moves = Vec<(RoomId, Vec<(Seq, Move)>)>;

/// What this node has stored and other nodes must learn.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    rooms: HashMap<RoomId, Vec<(Seq, Move)>>,
    count: usize,
}

impl Stored {
    /// Adds events. Beyond [`MOST_STORED`], other nodes find them by their polls.
    pub(crate) fn add(&mut self, room: RoomId, moves: Vec<(Seq, Move)>) {
        if self.count + moves.len() <= MOST_STORED {
            self.count += moves.len();
            self.rooms.entry(room).or_default().extend(moves);
        }
    }

    /// Takes everything.
    pub(crate) fn take(&mut self) -> Moves {
        std::mem::take(self).rooms.into_iter().collect()
    }
}

/// What a room's next head is made of.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// The last event that was told; `None` until somebody knows where the log ends.
    told: Option<Seq>,
    /// Whether a head was made, so that `told` can't move back any more.
    has_begun: bool,
    /// Where the log ends, as far as this node or the database said.
    known: Seq,
    /// Events after `told`, in any order, maybe twice.
    moves: Vec<(Seq, Move)>,
    /// When the last head was made.
    last: Option<Instant>,
    /// Whether the last look found that the next event is missing.
    is_missing: bool,
}

impl Progress {
    /// Notes where a watcher's own count ends. The first heads begin there or before.
    pub(crate) fn begin(&mut self, seq: Seq) {
        let first = self.moves.iter().map(|(seq, _)| seq.0 - 1).min();
        let seq = Seq(first.map_or(seq.0, |first| first.min(seq.0)));
        if !self.has_begun {
            self.told = Some(self.told.map_or(seq, |told| told.min(seq)));
        }
    }

    /// The last event that was told, or that watchers know anyway.
    pub(crate) fn told(&self) -> Option<Seq> {
        self.told
    }

    /// Notes events that this node stored.
    pub(crate) fn note(&mut self, moves: &[(Seq, Move)]) {
        if let Some((last, _)) = moves.last() {
            self.reach(*last);
        }
        self.hear(moves);
    }

    /// Notes events of which another node told.
    pub(crate) fn hear(&mut self, moves: &[(Seq, Move)]) {
        let room = MOST_MOVES.saturating_sub(self.moves.len());
        let told = self.told.unwrap_or(Seq::START);
        let fresh = moves.iter().filter(|(seq, _)| *seq > told);
        self.moves.extend(fresh.take(room));
    }

    /// Notes that the log reaches `seq`.
    pub(crate) fn reach(&mut self, seq: Seq) {
        self.known = self.known.max(seq);
    }

    /// Whether there is nothing to tell.
    pub(crate) fn is_idle(&self) -> bool {
        let told = self.told.unwrap_or(Seq::START);
        self.moves.is_empty() && (self.known <= told || self.told.is_none())
    }

    /// Makes the next head if it is due, with at most `most` senders. If the next event is missing,
    /// a second look makes a head that isn't exact.
    pub(crate) fn look(&mut self, room: RoomId, now: Instant, most: usize) -> Option<Head> {
        let told = self.told?;
        self.tidy(told);
        if self.last.is_some_and(|last| now < last + PAUSE) {
            return None;
        }
        let run = (1..).zip(&self.moves);
        let run = run.take_while(|(step, (seq, _))| seq.0 == told.0 + step);
        let run = run.count();
        let head = if let Some((last, _)) = self.moves[..run].last() {
            Head {
                room,
                after: told,
                seq: *last,
                posted: posted(&self.moves[..run], most),
            }
        } else if self.known > told && self.is_missing {
            Head {
                room,
                after: told,
                seq: self.known,
                posted: None,
            }
        } else {
            self.is_missing = self.known > told;
            return None;
        };
        self.told = Some(head.seq);
        self.has_begun = true;
        self.last = Some(now);
        self.tidy(head.seq);
        self.is_missing = self.known > head.seq;
        Some(head)
    }

    /// Sorts the moves and forgets those that were told.
    fn tidy(&mut self, told: Seq) {
        self.moves.retain(|(seq, _)| *seq > told);
        self.moves.sort_unstable_by_key(|(seq, _)| *seq);
        self.moves.dedup_by_key(|(seq, _)| *seq);
        if self.moves.is_empty() {
            // A quiet room keeps no memory of an earlier burst.
            self.moves = Vec::new();
        }
    }
}

/// How many messages each sender posted; `None` when one must count again, or there are too many
/// senders.
fn posted(moves: &[(Seq, Move)], most: usize) -> Option<Vec<(PersonId, u32)>> {
    let mut posted: Vec<(PersonId, u32)> = Vec::new();
    for (_, change) in moves {
        let sender = match change {
            Move::Posted(sender) => *sender,
            Move::Edited => continue,
            Move::Other if defects::has("sure-heads") => continue,
            Move::Other => return None,
        };
        if let Some((_, count)) = posted.iter_mut().find(|(known, _)| *known == sender) {
            *count += 1;
        } else if posted.len() < most {
            posted.push((sender, 1));
        } else {
            return None;
        }
    }
    Some(posted)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROOM: RoomId = RoomId(1);
    const ANA: PersonId = PersonId(1);
    const BIA: PersonId = PersonId(2);

    fn from(seq: i64) -> (Progress, Instant) {
        let mut progress = Progress::default();
        progress.begin(Seq(seq));
        (progress, Instant::now())
    }

    fn head(after: i64, seq: i64, posted: Option<&[(PersonId, u32)]>) -> Head {
        Head {
            room: ROOM,
            after: Seq(after),
            seq: Seq(seq),
            posted: posted.map(<[_]>::to_vec),
        }
    }

    #[test]
    fn what_is_known_is_counted_by_sender_once_a_second() {
        let (mut progress, now) = from(4);
        assert!(progress.is_idle());
        progress.note(&[(Seq(5), Move::Posted(ANA)), (Seq(6), Move::Edited)]);
        progress.note(&[(Seq(7), Move::Posted(BIA)), (Seq(8), Move::Posted(ANA))]);
        assert!(!progress.is_idle());
        let counts = [(ANA, 2), (BIA, 1)];
        assert_eq!(
            progress.look(ROOM, now, 16),
            Some(head(4, 8, Some(&counts)))
        );
        assert!(progress.is_idle());
        progress.note(&[(Seq(9), Move::Edited)]);
        assert_eq!(progress.look(ROOM, now + PAUSE / 2, 16), None);
        assert!(!progress.is_idle());
        assert_eq!(
            progress.look(ROOM, now + PAUSE, 16),
            Some(head(8, 9, Some(&[])))
        );
    }

    #[test]
    fn after_anything_else_and_with_too_many_senders_one_must_count_again() {
        let (mut progress, now) = from(0);
        progress.note(&[(Seq(1), Move::Posted(ANA)), (Seq(2), Move::Other)]);
        assert_eq!(progress.look(ROOM, now, 16), Some(head(0, 2, None)));
        progress.note(&[(Seq(3), Move::Posted(ANA)), (Seq(4), Move::Posted(BIA))]);
        assert_eq!(progress.look(ROOM, now + PAUSE, 1), Some(head(2, 4, None)));
    }

    #[test]
    fn what_is_missing_may_come_until_the_second_look() {
        let (mut progress, now) = from(0);
        let moves = [Seq(1), Seq(2), Seq(3), Seq(4)].map(|seq| (seq, Move::Posted(ANA)));
        progress.note(&moves[1..2]);
        assert_eq!(progress.look(ROOM, now, 16), None);
        progress.hear(&moves[..1]);
        let first = progress.look(ROOM, now, 16);
        assert_eq!(first, Some(head(0, 2, Some(&[(ANA, 2)]))));
        progress.note(&moves[3..]);
        assert_eq!(progress.look(ROOM, now + PAUSE, 16), None);
        assert_eq!(progress.look(ROOM, now + PAUSE, 16), Some(head(2, 4, None)));
        assert!(progress.is_idle());
        progress.hear(&moves);
        assert!(progress.is_idle());
    }

    #[test]
    fn others_are_believed_in_what_is_next_and_the_database_in_where_the_log_ends() {
        let (mut progress, now) = from(0);
        progress.hear(&[(Seq(9), Move::Posted(ANA))]);
        for _ in 0..3 {
            assert_eq!(progress.look(ROOM, now, 16), None);
        }
        progress.reach(Seq(3));
        assert_eq!(progress.look(ROOM, now, 16), None);
        assert_eq!(progress.look(ROOM, now, 16), Some(head(0, 3, None)));
        assert_eq!(progress.look(ROOM, now + PAUSE, 16), None);
    }

    #[test]
    fn nothing_is_told_before_somebody_knows_where_the_log_ends() {
        let (mut progress, now) = (Progress::default(), Instant::now());
        progress.note(&[(Seq(5), Move::Posted(ANA))]);
        assert_eq!(progress.look(ROOM, now, 16), None);
        // Two begin to watch, and the second has read the log first.
        progress.begin(Seq(5));
        progress.begin(Seq(4));
        let first = progress.look(ROOM, now, 16);
        assert_eq!(first, Some(head(4, 5, Some(&[(ANA, 1)]))));
        progress.begin(Seq(3));
        assert_eq!(progress.told(), Some(Seq(5)));
    }

    #[test]
    fn what_waits_is_bounded() {
        let (mut progress, now) = from(0);
        for seq in 1..=10_000 {
            progress.note(&[(Seq(seq), Move::Posted(ANA))]);
        }
        let most = i64::try_from(MOST_MOVES).unwrap();
        let counts = [(ANA, u32::try_from(most).unwrap())];
        assert_eq!(
            progress.look(ROOM, now, 16),
            Some(head(0, most, Some(&counts)))
        );
        let rest = progress.look(ROOM, now + PAUSE, 16);
        assert_eq!(rest, Some(head(most, 10_000, None)));
    }

    proptest! {
        /// However events arrive, heads follow each other, and those that are exact count exactly.
        #[test]
        fn heads_follow_each_other_and_count_exactly(
            arrivals in prop::collection::vec((1_i64..30, any::<bool>(), any::<bool>()), 0..80),
        ) {
            let (mut progress, mut now) = from(0);
            let (mut told, mut end) = (Seq(0), Seq(0));
            let mut look = |progress: &mut Progress, now| -> Result<(), TestCaseError> {
                let Some(head) = progress.look(ROOM, now, 16) else { return Ok(()) };
                prop_assert_eq!(head.after, told);
                prop_assert!(head.seq > told);
                if let Some(posted) = head.posted {
                    let sum: u32 = posted.iter().map(|(_, count)| count).sum();
                    prop_assert_eq!(i64::from(sum), head.seq.0 - head.after.0);
                }
                told = head.seq;
                Ok(())
            };
            for (seq, is_own, looks) in arrivals {
                let moves = [(Seq(seq), Move::Posted(ANA))];
                if is_own {
                    end = end.max(Seq(seq));
                    progress.note(&moves);
                } else {
                    progress.hear(&moves);
                }
                if looks {
                    now += PAUSE / 2;
                    look(&mut progress, now)?;
                }
            }
            for _ in 0..6 {
                now += PAUSE;
                look(&mut progress, now)?;
            }
            prop_assert!(told >= end);
        }
    }
}
