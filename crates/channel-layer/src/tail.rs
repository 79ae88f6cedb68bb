//! The end of one room's log, as frames in memory.

use std::collections::VecDeque;

use bytes::Bytes;
use papo_domain::Seq;

use crate::defects;

/// What a frame means to a connection that writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameKind {
    /// A message; plain clients get these and nothing else.
    Message,
    /// Another event.
    Change,
    /// The room changed, and is inactive.
    Closing,
    /// The room changed, and is active.
    Opening,
}

/// An event, encoded once and shared by every connection that writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Its place in the log.
    pub seq: Seq,
    /// What it means.
    pub kind: FrameKind,
    /// What goes over the wire, WebSocket header included.
    pub bytes: Bytes,
}

/// What became of a frame that was offered to the tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Append {
    /// It is the new end.
    Appended,
    /// It was there already.
    Known,
    /// Frames between the end and this one are missing: the log must be read.
    Gap,
}

/// What a cursor finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// The end: all that is new, if anything, has been pushed to the output.
    End,
    /// Frames have been pushed to the output, and there are more.
    More,
    /// The next event is older than the tail: the log must be read.
    Behind,
}

/// The last frames of a log, consecutive, and where the log ends as far as is known.
#[derive(Debug, Default)]
pub struct Tail {
    frames: VecDeque<Frame>,
    /// The seq of the last frame; `None` until the log's end has been read.
    end: Option<Seq>,
    /// The highest seq that anybody has told of.
    heard: Seq,
    /// Bytes of all frames.
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

    /// Starts again further on, when what lies between isn't worth having: cursors before `frames` are behind.
    pub fn jump(&mut self, end: Seq, frames: Vec<Frame>) {
        self.end = None;
        self.open(end, frames);
    }

    /// Where the log ends here; `None` before [`Self::open`].
    pub fn end(&self) -> Option<Seq> {
        self.end
    }

    /// The highest seq that anybody has told of.
    pub fn heard(&self) -> Seq {
        self.heard
    }

    /// Bytes of all frames.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Notes that the log reaches `seq`. Whether the tail lacks something.
    pub fn hear(&mut self, seq: Seq) -> bool {
        self.heard = self.heard.max(seq);
        self.is_lacking()
    }

    /// Whether the log is known to be longer than the tail.
    pub fn is_lacking(&self) -> bool {
        self.end.is_some_and(|end| end < self.heard)
    }

    /// Takes a frame when it is the next one.
    pub fn append(&mut self, frame: Frame) -> Append {
        self.heard = self.heard.max(frame.seq);
        match self.end {
            Some(end) if is_next(end, frame.seq) => {
                self.end = Some(frame.seq);
                self.bytes += frame.bytes.len();
                self.frames.push_back(frame);
                Append::Appended
            }
            Some(end) if frame.seq <= end => Append::Known,
            Some(_) | None => Append::Gap,
        }
    }

    /// Forgets the oldest frames until at most `frames` of at most `bytes` in all are left.
    pub fn trim(&mut self, frames: usize, bytes: usize) {
        while self.frames.len() > frames || self.bytes > bytes {
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

/// Whether a frame is the next one of a tail that ends at `end`.
pub(crate) fn is_next(end: Seq, seq: Seq) -> bool {
    seq == end.next() || seq > end && defects::has("skip-gap")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(seq: i64) -> Frame {
        Frame {
            seq: Seq(seq),
            kind: FrameKind::Message,
            bytes: Bytes::from(vec![b'x'; 10]),
        }
    }

    fn seqs(frames: &[Frame]) -> Vec<i64> {
        frames.iter().map(|frame| frame.seq.0).collect()
    }

    #[test]
    fn only_the_next_frame_is_taken() {
        let mut tail = Tail::default();
        assert_eq!(tail.append(frame(6)), Append::Gap);
        tail.open(Seq(5), vec![frame(4), frame(5)]);
        assert!(tail.is_lacking());
        assert_eq!(tail.append(frame(5)), Append::Known);
        assert_eq!(tail.append(frame(7)), Append::Gap);
        assert_eq!(tail.append(frame(6)), Append::Appended);
        assert!(tail.is_lacking());
        assert_eq!(tail.append(frame(7)), Append::Appended);
        assert!(!tail.is_lacking());
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
        /// Whatever order frames come in, doubled or lost, and however much is trimmed, a cursor sees the log and nothing else.
        #[test]
        fn a_cursor_sees_consecutive_frames(
            offers in prop::collection::vec(1_i64..40, 0..200),
            keep in 1_usize..10,
        ) {
            let mut tail = Tail::default();
            tail.open(Seq(0), Vec::new());
            let (mut cursor, mut seen) = (Seq(0), Vec::new());
            for offer in offers {
                tail.append(frame(offer));
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
