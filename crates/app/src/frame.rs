//! Events as frames, and as heads count them.

use papo_channel_layer::{Frame, Move};
use papo_domain::{Event, EventKind};

/// Encodes an event, once for everybody.
pub(crate) fn frame(event: &Event) -> Frame {
    Frame {
        seq: event.seq,
        class: event.kind.class(),
        changes: event.kind.rewrites(),
        bytes: papo_protocol::event_frame(event),
    }
}

/// How an event moves a count of unread messages.
pub(crate) fn step(event: &Event) -> Move {
    match &event.kind {
        EventKind::Posted(posted) => Move::Posted(posted.sender),
        EventKind::Edited { .. } | EventKind::Reacted(_) => Move::Edited,
        EventKind::Deleted { .. }
        | EventKind::Room(_)
        | EventKind::Entered { .. }
        | EventKind::Damaged => Move::Other,
    }
}
