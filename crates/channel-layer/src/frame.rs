//! Frames: events as they are written to sockets.

use bytes::Bytes;
use papo_domain::{EventClass, Seq};

use crate::defects;

/// An event, encoded once and shared by every connection that writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Its place in the log.
    pub seq: Seq,
    /// The class of its event.
    pub class: EventClass,
    /// The message that its event changes.
    pub changes: Option<Seq>,
    /// The bytes for the wire, WebSocket header included.
    pub bytes: Bytes,
}

impl Frame {
    /// Whether it is the next one after `end`.
    pub(crate) fn is_next_after(&self, end: Seq) -> bool {
        self.seq == end.next() || self.seq > end && defects::has("skip-gap")
    }
}
