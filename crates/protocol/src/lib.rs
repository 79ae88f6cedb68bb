//! What goes over the wire: the frames of `docs/protocol.md`, as types.
//!
//! The edge reads [`ClientFrame`]s and [`PlainFrame`]s and writes [`ServerFrame`]s; the room log encodes its
//! events once with [`event_frame`]. No rules are checked here: strings become the domain's types in the layer that acts.

mod client;
mod encode;
mod error;
mod server;

pub use client::{ClientFrame, PlainFrame, parse_client_frame, parse_plain_frame};
pub use encode::{encode, event_frame, message_object, snapshot_frame};
pub use error::ErrorCode;
pub use server::{Limits, MessageObject, Person, ResetReason, ServerFrame};

/// The subprotocol's name in `Sec-WebSocket-Protocol`.
pub const SUBPROTOCOL: &str = "papo.v1";
/// The longest frame or message, in bytes.
pub const FRAME_BYTES: usize = 65_536;
/// The deepest nesting of a frame's JSON.
pub const JSON_DEPTH: usize = 32;
/// How many messages a snapshot holds at most.
pub const SNAPSHOT_MESSAGES: usize = 50;
/// How many people a presence frame names at most.
pub const PRESENCE_PEOPLE: usize = 50;

/// A closing code of Papo's own, beside the WebSocket's.
pub mod close {
    /// The session has left the room, or ended.
    pub const LEFT: u16 = 4001;
    /// The room was deactivated.
    pub const ROOM_CLOSED: u16 = 4004;
    /// The client reads too slowly, or was silent too long.
    pub const SLOW: u16 = 4008;
}
