//! Frames that came before their predecessors.
//!
//! When several nodes write into one room, each has its own frames at once, and the others' a
//! moment later. Its own frames wait here, so that the log needn't be read. Frames of other nodes
//! don't wait: a node may err, and a wrong frame would take the place of the true one.

use std::collections::BTreeMap;

use papo_domain::Seq;

use crate::Frame;

/// The waiting frames of a room.
#[derive(Debug, Default)]
pub(crate) struct Early {
    frames: BTreeMap<Seq, Frame>,
    bytes: usize,
}

impl Early {
    /// Bytes of all frames.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Keeps a frame.
    pub(crate) fn keep(&mut self, frame: Frame) {
        self.bytes += frame.bytes.len();
        if let Some(before) = self.frames.insert(frame.seq, frame) {
            self.bytes -= before.bytes.len();
        }
    }

    /// Drops the frames with the highest seqs until at most `frames` of at most `bytes` in all are
    /// left.
    pub(crate) fn trim(&mut self, frames: usize, bytes: usize) {
        while self.frames.len() > frames || self.bytes > bytes {
            let Some((_, last)) = self.frames.pop_last() else {
                break;
            };
            self.bytes -= last.bytes.len();
        }
    }

    /// Takes the frame after `end`, and drops those that aren't early any more.
    pub(crate) fn next(&mut self, end: Seq) -> Option<Frame> {
        while let Some(first) = self.frames.first_entry() {
            let is_next = first.get().is_next_after(end);
            if *first.key() > end && !is_next {
                break;
            }
            let frame = first.remove();
            self.bytes -= frame.bytes.len();
            if is_next {
                return Some(frame);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use papo_domain::EventClass;

    fn frame(seq: i64, bytes: usize) -> Frame {
        Frame {
            seq: Seq(seq),
            class: EventClass::Message,
            changes: None,
            bytes: Bytes::from(vec![b'x'; bytes]),
        }
    }

    #[test]
    fn frames_are_taken_in_their_turn() {
        let mut early = Early::default();
        for seq in [9, 7, 8, 4] {
            early.keep(frame(seq, 10));
        }
        assert_eq!(early.next(Seq(5)), None);
        assert_eq!(early.bytes(), 30, "4 is not early any more");
        assert_eq!(early.next(Seq(6)), Some(frame(7, 10)));
        assert_eq!(early.next(Seq(7)), Some(frame(8, 10)));
        assert_eq!(early.next(Seq(9)), None);
        assert_eq!(early.bytes(), 0);
    }

    #[test]
    fn the_last_give_way_when_there_are_too_many() {
        let mut early = Early::default();
        for seq in [9, 3, 7, 5] {
            early.keep(frame(seq, 10));
        }
        early.trim(3, 100);
        assert_eq!(early.bytes(), 30);
        early.trim(3, 29);
        assert_eq!(early.bytes(), 20);
        assert_eq!(early.next(Seq(2)), Some(frame(3, 10)));
        assert_eq!(early.next(Seq(4)), Some(frame(5, 10)));
        assert_eq!(early.next(Seq(6)), None);
    }
}
