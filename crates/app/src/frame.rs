//! The frames of events.

use papo_channel_layer::Frame;
use papo_domain::Event;

/// Encodes an event, once for everybody.
pub(crate) fn frame(event: &Event) -> Frame {
    Frame {
        seq: event.seq,
        class: event.kind.class(),
        changes: event.kind.target(),
        bytes: papo_protocol::event_frame(event),
    }
}
