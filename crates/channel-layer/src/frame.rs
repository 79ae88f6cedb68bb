//! What is written of an event.

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
    /// The message that its event edits or deletes.
    pub changes: Option<Seq>,
    /// What goes over the wire, WebSocket header included.
    pub bytes: Bytes,
}

impl Frame {
    /// Whether it is the next one after `end`.
    pub(crate) fn is_next_after(&self, end: Seq) -> bool {
        self.seq == end.next() || self.seq > end && defects::has("skip-gap")
    }
}
