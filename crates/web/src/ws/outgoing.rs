//! What waits to be written to a socket: shared frames, and how much of the first one is gone.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use bytes::{Buf, Bytes};
use tokio::net::TcpStream;

/// The most frames given to the kernel in one call.
const SLICES: usize = 64;

/// Frames in order. The frames themselves are shared; this holds references, and only as many as the
/// session has taken while less than its budget was waiting.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    frames: VecDeque<Bytes>,
    bytes: usize,
    /// Frames and bytes written since they were last asked for.
    written: (u64, u64),
}

/// What came of writing.
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
        self.bytes += frame.len();
        self.frames.push_back(frame);
    }

    /// Bytes that wait.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Frames and bytes written since the last time.
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
        // A burst's memory isn't kept by a connection that is idle afterwards.
        if self.frames.capacity() > SLICES {
            self.frames = VecDeque::new();
        }
        Ok(Written::All)
    }

    fn write_once(&self, stream: &TcpStream) -> io::Result<usize> {
        if let [frame] = self.frames.as_slices().0
            && self.frames.len() == 1
        {
            return stream.try_write(frame);
        }
        let mut slices = [IoSlice::new(&[]); SLICES];
        let mut count = 0;
        for (slice, frame) in slices.iter_mut().zip(&self.frames) {
            *slice = IoSlice::new(frame);
            count += 1;
        }
        stream.try_write_vectored(&slices[..count])
    }

    fn advance(&mut self, mut count: usize) {
        self.bytes -= count;
        self.written.1 += count as u64;
        while let Some(first) = self.frames.front_mut() {
            if count < first.len() {
                first.advance(count);
                return;
            }
            count -= first.len();
            self.frames.pop_front();
            self.written.0 += 1;
        }
    }
}
