//! The wire format: the frames of `docs/protocol.md`, as types.
//!
//! `web` reads [`ClientFrame`]s and [`PlainFrame`]s and writes [`ServerFrame`]s. The room log
//! encodes its events once with [`event_frame`]. This crate checks no rules: strings become the
//! domain's types in the layer that acts on them.

mod client;
mod encode;
mod error;
mod server;

pub use client::{ClientFrame, PlainFrame, parse_client_frame, parse_plain_frame};
pub use encode::{encode, event_frame, has_timestamp, message_object, snapshot_frame};
pub use error::{Cause, ErrorCode};
pub use papo_domain::UNREAD_MESSAGES;
pub use server::{
    Level, Limits, Mark, MembershipObject, MessageObject, Person, Posted, ResetReason, Role,
    RoomKind, ServerFrame,
};

/// The subprotocol's name in `Sec-WebSocket-Protocol`.
pub const SUBPROTOCOL: &str = "papo.v1";
/// The longest frame, in bytes, unless longer messages are allowed.
const FRAME_BYTES: usize = 65_536;
/// Bytes of a frame beside the message: names and ids, however they are encoded.
const FRAME_REST_BYTES: usize = 16_384;
/// Bytes of the longest character in JSON: one beyond U+FFFF written as `\ud83d\ude00`.
const CHARACTER_BYTES: usize = 12;
/// The deepest nesting of a frame's JSON.
pub const JSON_DEPTH: usize = 32;
/// How many messages a snapshot holds at most.
pub const SNAPSHOT_MESSAGES: usize = 50;
/// How many senders a head names at most.
pub const HEAD_SENDERS: usize = 16;
/// How many people a presence frame names at most.
pub const PRESENCE_PEOPLE: usize = 50;

/// The longest frame, in bytes, for messages of at most this many characters: the longest message
/// fits, however it is encoded.
pub const fn frame_bytes(message_characters: usize) -> usize {
    let needed = CHARACTER_BYTES * message_characters + FRAME_REST_BYTES;
    if needed > FRAME_BYTES {
        needed
    } else {
        FRAME_BYTES
    }
}

/// Papo's own close codes.
pub mod close {
    /// The person has left the room.
    pub const LEFT: u16 = 4001;
    /// The session has ended.
    pub const ENDED: u16 = 4003;
    /// The client reads too slowly, or was silent too long.
    pub const SLOW: u16 = 4008;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_message_fits_into_a_frame_however_it_is_written() {
        assert_eq!(frame_bytes(1), 65_536);
        assert_eq!(frame_bytes(4_000), 65_536);
        for characters in [4_000, 16_000] {
            let message = r"\ud83d\ude00".repeat(characters);
            let username = r"\u0301".repeat(papo_domain::USERNAME_BYTES);
            let frame = format!(
                r#"{{"type":"send","ref":9007199254740991,"room":-9223372036854775808,"client_id":"{}","message":"{message}","username":"{username}"}}"#,
                "a".repeat(64),
            );
            assert!(frame.len() <= frame_bytes(characters), "{characters}");
            assert!(parse_client_frame(&frame).is_ok());
        }
    }
}
