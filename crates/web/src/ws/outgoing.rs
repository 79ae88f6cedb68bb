//! The frames that wait to be written to a socket, and how much of the first one is written.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use bytes::{Buf, Bytes};
use papo_domain::{RoomId, Seq};
use tokio::net::TcpStream;

/// The most frames given to the kernel in one call.
const SLICES: usize = 64;

/// Frames in order. The bytes are shared; this holds references, and only as many as the session
/// took within its budget.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    frames: VecDeque<Item>,
    bytes: usize,
    /// Frames and bytes written since the last call of [`Self::take_written`].
    written: (u64, u64),
}

/// A waiting frame.
#[derive(Debug)]
struct Item {
    bytes: Bytes,
    /// The event that it shows, if the log can give it again.
    event: Option<(RoomId, Seq)>,
}

/// The result of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// Everything.
    All,
    /// Something, and the socket takes no more now.
    Some,
    /// Nothing: the socket takes no more now.
    Nothing,
}

impl Outgoing {
    pub(super) fn push(&mut self, frame: Bytes) {
        self.put(frame, None);
    }

    /// Queues an event's frame, which [`Self::give_back`] may remove again.
    pub(super) fn push_event(&mut self, room: RoomId, seq: Seq, frame: Bytes) {
        self.put(frame, Some((room, seq)));
    }

    fn put(&mut self, bytes: Bytes, event: Option<(RoomId, Seq)>) {
        self.bytes += bytes.len();
        self.frames.push_back(Item { bytes, event });
    }

    /// Removes the events' frames behind the first frame, which may be partly written. They are in
    /// the log, and a client that reads nothing needs no copies of them. Returns the first removed
    /// event of each room.
    pub(super) fn give_back(&mut self) -> Vec<(RoomId, Seq)> {
        let mut rooms: Vec<(RoomId, Seq)> = Vec::new();
        let (mut is_first, mut bytes) = (true, 0);
        self.frames.retain(|frame| {
            let given_back = frame.event.filter(|_| !is_first);
            is_first = false;
            let Some((room, seq)) = given_back else {
                bytes += frame.bytes.len();
                return true;
            };
            if !rooms.iter().any(|(known, _)| *known == room) {
                rooms.push((room, seq));
            }
            false
        });
        self.bytes = bytes;
        rooms
    }

    /// Keeps a room's waiting events: the socket doesn't follow the room any more.
    pub(super) fn keep(&mut self, room: RoomId) {
        let of_room = |item: &&mut Item| item.event.is_some_and(|(known, _)| known == room);
        for item in self.frames.iter_mut().filter(of_room) {
            item.event = None;
        }
    }

    /// Bytes of the first frame, if it shows an event.
    pub(super) fn first_event_bytes(&self) -> usize {
        let first = self.frames.front();
        let event = first.filter(|frame| frame.event.is_some());
        event.map_or(0, |frame| frame.bytes.len())
    }

    /// Bytes that wait.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Frames and bytes written since the last call.
    pub(super) fn take_written(&mut self) -> (u64, u64) {
        std::mem::take(&mut self.written)
    }

    /// Writes as much as the socket takes without waiting, many frames a call.
    pub(super) fn write(&mut self, stream: &TcpStream) -> io::Result<Written> {
        let mut written = Written::Nothing;
        while !self.frames.is_empty() {
            match self.write_once(stream) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.advance(count);
                    written = Written::Some;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(written),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        // An idle connection keeps no memory of an earlier burst.
        if self.frames.capacity() > SLICES {
            self.frames = VecDeque::new();
        }
        Ok(Written::All)
    }

    fn write_once(&self, stream: &TcpStream) -> io::Result<usize> {
        if let [frame] = self.frames.as_slices().0
            && self.frames.len() == 1
        {
            return stream.try_write(&frame.bytes);
        }
        let mut slices = [IoSlice::new(&[]); SLICES];
        let mut count = 0;
        for (slice, frame) in slices.iter_mut().zip(&self.frames) {
            *slice = IoSlice::new(&frame.bytes);
            count += 1;
        }
        stream.try_write_vectored(&slices[..count])
    }

    fn advance(&mut self, mut count: usize) {
        self.bytes -= count;
        self.written.1 += count as u64;
        while let Some(first) = self.frames.front_mut() {
            if count < first.bytes.len() {
                first.bytes.advance(count);
                return;
            }
            count -= first.bytes.len();
            self.frames.pop_front();
            self.written.0 += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(outgoing: &Outgoing) -> Vec<&[u8]> {
        outgoing
            .frames
            .iter()
            .map(|frame| &frame.bytes[..])
            .collect()
    }

    #[test]
    fn events_that_have_not_begun_are_given_back_and_all_else_stays() {
        let (one, two, gone) = (RoomId(1), RoomId(2), RoomId(3));
        let mut outgoing = Outgoing::default();
        for (room, seq, frame) in [(one, 7, "one 7"), (two, 1, "two 1"), (one, 8, "one 8")] {
            outgoing.push_event(room, Seq(seq), frame.into());
        }
        outgoing.push("answer".into());
        for (room, seq, frame) in [(gone, 3, "gone 3"), (two, 2, "two 2"), (one, 9, "one 9")] {
            outgoing.push_event(room, Seq(seq), frame.into());
        }
        outgoing.keep(gone);
        outgoing.advance(2);
        let given_back = outgoing.give_back();
        assert_eq!(given_back, [(two, Seq(1)), (one, Seq(8))]);
        assert_eq!(texts(&outgoing), [&b"e 7"[..], b"answer", b"gone 3"]);
        assert_eq!(outgoing.bytes(), 3 + 6 + 6);
        assert_eq!(outgoing.first_event_bytes(), 3);
        // The first frame stays, written in part or not: the socket must have something to wait
        // for.
        outgoing.advance(9);
        outgoing.push_event(one, Seq(8), "one 8".into());
        outgoing.advance(6);
        assert_eq!(outgoing.give_back(), []);
        assert_eq!(texts(&outgoing), [b"one 8"]);
        assert_eq!(outgoing.first_event_bytes(), 5);
    }
}
