//! The end of one room's log, as frames in memory.

use std::collections::VecDeque;

use papo_domain::Seq;

use crate::Frame;
use crate::early::Early;

/// The result of offering a frame to the tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Append {
    /// The frame is the new end.
    Appended,
    /// The tail had it already.
    Known,
    /// Frames before this one are missing. They may be on their way, or the log must be read.
    Gap,
}

/// What a tail lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// Nothing, as far as the tail knows.
    Nothing,
    /// Frames that are in the log, which must be read.
    Frames,
    /// Maybe frames that other nodes told of: ask the log where it ends.
    Perhaps,
}

/// What a read at a cursor found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// The end. All newer frames, if any, are in the output.
    End,
    /// Frames are in the output, and there are more.
    More,
    /// The next event is older than the tail: the log must be read.
    Behind,
}

/// The last consecutive frames of a log, and the log's end as far as is known.
#[derive(Debug, Default)]
pub struct Tail {
    frames: VecDeque<Frame>,
    /// The seq of the last frame; `None` until the log's end has been read.
    end: Option<Seq>,
    /// The highest seq that is known to be in the log.
    heard: Seq,
    /// The highest seq that other nodes have told of since the last [`Self::lack`]. They may err.
    rumour: Seq,
    /// Frames that came before their predecessors.
    early: Early,
    /// Bytes of the consecutive frames.
    bytes: usize,
}

impl Tail {
    /// Starts at the log's end: `frames` are the last ones, up to `end`.
    pub fn open(&mut self, end: Seq, frames: Vec<Frame>) {
        if self.end.is_some() {
            return;
        }
        self.bytes = frames.iter().map(|frame| frame.bytes.len()).sum();
        self.frames = frames.into();
        self.end = Some(end);
        self.heard = self.heard.max(end);
    }

    /// Starts again further on, and skips what lies between. Cursors before `frames` are then
    /// behind.
    pub fn jump(&mut self, end: Seq, frames: Vec<Frame>) {
        self.end = None;
        self.open(end, frames);
    }

    /// The tail's end; `None` before [`Self::open`].
    pub fn end(&self) -> Option<Seq> {
        self.end
    }

    /// The highest seq that is known to be in the log.
    pub fn heard(&self) -> Seq {
        self.heard
    }

    /// Bytes of all frames.
    pub fn bytes(&self) -> usize {
        self.bytes + self.early.bytes()
    }

    /// Notes that the log reaches `seq`. Returns whether the tail lacks something.
    pub fn hear(&mut self, seq: Seq) -> bool {
        self.heard = self.heard.max(seq);
        self.is_lacking()
    }

    /// Whether the log is known to be longer than the tail.
    pub fn is_lacking(&self) -> bool {
        self.end.is_some_and(|end| end < self.heard)
    }

    /// Takes a frame of the log if it is the next. Keeps it for later if others are missing before
    /// it.
    pub fn append(&mut self, frame: Frame) -> Append {
        self.heard = self.heard.max(frame.seq);
        if self.is_early(&frame) {
            self.early.keep(frame);
            return Append::Gap;
        }
        self.take(frame)
    }

    /// Takes a frame of another node if it is the next, and believes nothing of others.
    pub fn offer(&mut self, frame: Frame) -> Append {
        self.rumour = self.rumour.max(frame.seq);
        self.take(frame)
    }

    /// Takes the next frame, if it came early, to be appended.
    pub fn next_early(&mut self) -> Option<Frame> {
        self.early.next(self.end?)
    }

    /// Whether other nodes have told of more than the tail has, since the last [`Self::lack`].
    pub fn is_told_of_more(&self) -> bool {
        self.rumour > self.end.unwrap_or(Seq::START)
    }

    /// What the tail lacks. It reports other nodes' news once.
    pub fn lack(&mut self) -> Lack {
        if self.is_lacking() {
            Lack::Frames
        } else if self.is_told_of_more() {
            self.rumour = Seq::START;
            Lack::Perhaps
        } else {
            Lack::Nothing
        }
    }

    fn is_early(&self, frame: &Frame) -> bool {
        let is_early = |end| frame.seq > end && !frame.is_next_after(end);
        self.end.is_some_and(is_early)
    }

    fn take(&mut self, frame: Frame) -> Append {
        match self.end {
            Some(end) if frame.is_next_after(end) => {
                if let Some(message) = frame.changes {
                    self.forget(message);
                }
                self.end = Some(frame.seq);
                self.heard = self.heard.max(frame.seq);
                self.bytes += frame.bytes.len();
                self.frames.push_back(frame);
                Append::Appended
            }
            Some(end) if frame.seq <= end => Append::Known,
            Some(_) | None => Append::Gap,
        }
    }

    /// Drops a message that was edited or deleted, its earlier edits, and everything older. A
    /// connection that lacks them reads the log, where the old texts are gone.
    fn forget(&mut self, message: Seq) {
        let says_it = |frame: &Frame| frame.seq <= message || frame.changes == Some(message);
        let Some(last) = self.frames.iter().rposition(says_it) else {
            return;
        };
        for forgotten in self.frames.drain(..=last) {
            self.bytes -= forgotten.bytes.len();
        }
    }

    /// Drops the oldest frames until at most `frames` of at most `bytes` in all are left. Early
    /// frames get at most a quarter of that.
    pub fn trim(&mut self, frames: usize, bytes: usize) {
        self.early.trim((frames / 4).max(1), bytes / 4);
        while self.frames.len() > frames || self.bytes() > bytes {
            let Some(oldest) = self.frames.pop_front() else {
                break;
            };
            self.bytes -= oldest.bytes.len();
        }
    }

    /// Pushes the frames after `cursor` to `out`, about `budget` bytes of them and at least one.
    pub fn read(&self, cursor: Seq, budget: usize, out: &mut Vec<Frame>) -> Read {
        let Some(end) = self.end else {
            return Read::End;
        };
        if cursor >= end {
            return Read::End;
        }
        let first = self.frames.partition_point(|frame| frame.seq <= cursor);
        let is_whole = |oldest: &Frame| oldest.seq <= cursor.next();
        if !self.frames.front().is_some_and(is_whole) {
            return Read::Behind;
        }
        let mut taken = 0;
        for frame in self.frames.range(first..) {
            if taken >= budget {
                return Read::More;
            }
            taken += frame.bytes.len();
            out.push(frame.clone());
        }
        Read::End
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use papo_domain::EventClass;

    fn frame(seq: i64) -> Frame {
        Frame {
            seq: Seq(seq),
            class: EventClass::Message,
            changes: None,
            bytes: Bytes::from(vec![b'x'; 10]),
        }
    }

    fn seqs(frames: &[Frame]) -> Vec<i64> {
        frames.iter().map(|frame| frame.seq.0).collect()
    }

    /// Appends a frame and the early ones that follow it.
    fn append(tail: &mut Tail, seq: i64) -> Append {
        let appended = tail.append(frame(seq));
        while let Some(early) = tail.next_early() {
            assert_eq!(tail.append(early), Append::Appended);
        }
        appended
    }

    #[test]
    fn only_the_next_frame_is_taken_and_what_follows_waits_for_it() {
        let mut tail = Tail::default();
        assert_eq!(append(&mut tail, 6), Append::Gap);
        tail.open(Seq(5), vec![frame(4), frame(5)]);
        assert_eq!(tail.lack(), Lack::Frames);
        assert_eq!(append(&mut tail, 5), Append::Known);
        assert_eq!(append(&mut tail, 7), Append::Gap);
        assert_eq!(append(&mut tail, 8), Append::Gap);
        assert_eq!((tail.end(), tail.bytes()), (Some(Seq(5)), 40));
        assert_eq!(append(&mut tail, 6), Append::Appended);
        assert_eq!((tail.end(), tail.bytes()), (Some(Seq(8)), 50));
        assert_eq!(tail.lack(), Lack::Nothing);
    }

    #[test]
    fn what_others_tell_of_is_asked_for_and_not_believed() {
        let mut tail = Tail::default();
        assert_eq!(tail.offer(frame(6)), Append::Gap);
        assert_eq!(tail.lack(), Lack::Perhaps);
        tail.open(Seq(5), Vec::new());
        assert_eq!(tail.lack(), Lack::Nothing);
        assert_eq!(tail.offer(frame(7)), Append::Gap);
        assert_eq!((tail.lack(), tail.heard()), (Lack::Perhaps, Seq(5)));
        assert_eq!(tail.lack(), Lack::Nothing);
        assert_eq!(append(&mut tail, 6), Append::Appended);
        assert_eq!(tail.end(), Some(Seq(6)));
        assert_eq!(tail.offer(frame(7)), Append::Appended);
        assert_eq!(tail.lack(), Lack::Nothing);
    }

    #[test]
    fn what_comes_early_is_bounded() {
        let mut tail = Tail::default();
        tail.open(Seq(0), Vec::new());
        for seq in 2..100 {
            append(&mut tail, seq);
            tail.trim(40, 1_000);
        }
        assert_eq!(tail.bytes(), 100);
        append(&mut tail, 1);
        assert_eq!((tail.end(), tail.lack()), (Some(Seq(11)), Lack::Frames));
    }

    #[test]
    fn what_was_edited_or_deleted_is_had_from_the_log_only() {
        let mut tail = Tail::default();
        tail.open(Seq(0), Vec::new());
        for seq in 1..=5 {
            append(&mut tail, seq);
        }
        let change = |seq, message| Frame {
            changes: Some(Seq(message)),
            ..frame(seq)
        };
        assert_eq!(tail.append(change(6, 3)), Append::Appended);
        let mut out = Vec::new();
        for cursor in 0..3 {
            assert_eq!(tail.read(Seq(cursor), 100, &mut out), Read::Behind);
        }
        assert_eq!(tail.read(Seq(3), 100, &mut out), Read::End);
        assert_eq!((seqs(&out), tail.bytes()), (vec![4, 5, 6], 30));
        // The text of an earlier edit is gone too.
        append(&mut tail, 7);
        tail.append(change(8, 3));
        assert_eq!(tail.read(Seq(5), 100, &mut out), Read::Behind);
        assert_eq!(tail.bytes(), 20);
        // An unknown message leaves nothing to drop.
        tail.append(change(9, 1));
        assert_eq!((tail.bytes(), tail.end()), (30, Some(Seq(9))));
    }

    #[test]
    fn a_cursor_reads_on_or_is_told_that_it_is_behind() {
        let mut tail = Tail::default();
        let mut out = Vec::new();
        assert_eq!(tail.read(Seq(0), 100, &mut out), Read::End);
        tail.open(Seq(5), vec![frame(4), frame(5)]);
        assert_eq!(tail.read(Seq(2), 100, &mut out), Read::Behind);
        assert_eq!(tail.read(Seq(5), 100, &mut out), Read::End);
        assert_eq!(tail.read(Seq(9), 100, &mut out), Read::End);
        assert!(out.is_empty());
        assert_eq!(tail.read(Seq(3), 1, &mut out), Read::More);
        assert_eq!(seqs(&out), [4]);
    }

    proptest! {
        /// However frames are ordered, doubled, lost and trimmed, a cursor sees the log and nothing
        /// else.
        #[test]
        fn a_cursor_sees_consecutive_frames(
            offers in prop::collection::vec((1_i64..40, any::<bool>()), 0..200),
            keep in 1_usize..10,
        ) {
            let mut tail = Tail::default();
            tail.open(Seq(0), Vec::new());
            let (mut cursor, mut seen) = (Seq(0), Vec::new());
            for (seq, is_told) in offers {
                if is_told {
                    tail.offer(frame(seq));
                } else {
                    tail.append(frame(seq));
                }
                while let Some(early) = tail.next_early() {
                    tail.append(early);
                }
                tail.trim(keep, usize::MAX);
                let mut out = Vec::new();
                let read = tail.read(cursor, 25, &mut out);
                if read == Read::Behind {
                    cursor = tail.end().unwrap();
                } else if let (Some(first), Some(last)) = (out.first(), out.last()) {
                    prop_assert_eq!(first.seq, cursor.next());
                    cursor = last.seq;
                    seen.extend(seqs(&out));
                }
                if read == Read::End {
                    prop_assert_eq!(Some(cursor), tail.end());
                }
            }
            prop_assert!(seen.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}
