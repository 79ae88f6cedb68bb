//! What a connection's task and the rest of the program share, under one lock.

use std::io::IoSlice;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use papo_domain::Mark;

use super::watching::Watching;
use super::{Notice, RoomSet, Wire, Written};

/// The most frames that a room writes to a resting connection in one call.
const SLICES: usize = 32;

/// The state that a connection shares with the rest of the program. It is bounded. There is one
/// answer for each request in flight, and each notice is kept once. A room adds nothing to what the
/// wire didn't take.
#[derive(Default)]
pub(super) struct Line {
    /// The rest of a room's frames, then answers in order.
    pub(super) waiting: Vec<Bytes>,
    pub(super) notices: Vec<Notice>,
    /// The rooms at which the task must look.
    pub(super) rooms: RoomSet,
    /// The wire on which rooms write while the task rests.
    pub(super) wire: Option<Arc<dyn Wire>>,
    pub(super) is_resting: bool,
    pub(super) mark: Option<Mark>,
    /// What the connection watches, if it watches anything.
    pub(super) watching: Option<Box<Watching>>,
}

impl Line {
    /// Lets rooms write, unless there is something that the task hasn't seen; then returns `false`.
    pub(super) fn rest(&mut self) -> bool {
        let is_done = self.waiting.is_empty()
            && self.notices.is_empty()
            && self.rooms.is_empty()
            && !self.has_heads();
        self.is_resting = is_done && self.wire.is_some();
        is_done
    }

    /// Whether heads wait, or were lost.
    pub(super) fn has_heads(&self) -> bool {
        self.watching
            .as_ref()
            .is_some_and(|watching| !watching.is_idle())
    }

    /// Writes the heads that wait, to a task that rests. Those that the wire doesn't take wait like
    /// other frames. If heads were lost, the task doesn't rest any more.
    pub(super) fn write_heads(&mut self) -> Written {
        let Some(watching) = &mut self.watching else {
            return Written::default();
        };
        if watching.has_lost() {
            self.is_resting = false;
            return Written::default();
        }
        let frames = watching.take().frames;
        let mut written = Written::default();
        for portion in frames.chunks(SLICES) {
            if self.is_resting {
                written += self.write(portion);
            } else {
                self.waiting.extend_from_slice(portion);
            }
        }
        written
    }

    /// Writes what waits and then `frames`. If the wire doesn't take everything, the task doesn't
    /// rest any more, and writes the remainder.
    pub(super) fn write(&mut self, frames: &[Bytes]) -> Written {
        let all = self.waiting.iter().chain(frames);
        if self.waiting.is_empty() && frames.is_empty() {
            return Written::default();
        }
        let mut slices = [IoSlice::new(&[]); SLICES];
        let (mut count, mut bytes) = (0, 0);
        for (slice, frame) in slices.iter_mut().zip(all.clone()) {
            *slice = IoSlice::new(frame);
            bytes += frame.len();
            count += 1;
        }
        let wire = self.wire.as_ref();
        // The task meets the error when it writes.
        let taken = wire.map_or(0, |wire| wire.write(&slices[..count]).unwrap_or(0));
        if taken == bytes && count == self.waiting.len() + frames.len() {
            let written = Written {
                frames: count as u64,
                bytes: bytes as u64,
            };
            self.waiting.clear();
            // An idle connection keeps no memory of an earlier burst.
            self.waiting.shrink_to(4);
            return written;
        }
        let mut written = Written {
            frames: 0,
            bytes: taken as u64,
        };
        let mut rest = taken;
        let mut left = Vec::new();
        for frame in all {
            if rest >= frame.len() {
                rest -= frame.len();
                written.frames += 1;
            } else {
                let mut frame = frame.clone();
                frame.advance(rest);
                rest = 0;
                left.push(frame);
            }
        }
        self.waiting = left;
        self.is_resting = false;
        written
    }
}
