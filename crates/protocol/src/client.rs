//! What clients send.

use serde::{Deserialize, Serialize};

use crate::{JSON_DEPTH, Level};

/// JavaScript represents every whole number up to this exactly.
const LARGEST_REF: u64 = (1 << 53) - 1;

/// A frame that a `papo.v1` client sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ts_rs::TS, schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", ts(optional_fields))]
pub enum ClientFrame {
    /// Follow a room.
    Subscribe {
        /// Comes back in the answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        r#ref: Option<u64>,
        /// The room; may be left out on a room's own socket.
        #[serde(skip_serializing_if = "Option::is_none")]
        room: Option<i64>,
        /// The epoch of `after`.
        #[serde(skip_serializing_if = "Option::is_none")]
        epoch: Option<String>,
        /// The last seq that the client has.
        #[serde(skip_serializing_if = "Option::is_none")]
        after: Option<i64>,
        /// The timestamp of that event: the proof that it is this history's.
        #[serde(skip_serializing_if = "Option::is_none")]
        timestamp: Option<String>,
    },
    /// Stop following a room.
    Unsubscribe {
        /// Comes back in the answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        r#ref: Option<u64>,
        /// The room.
        #[serde(skip_serializing_if = "Option::is_none")]
        room: Option<i64>,
    },
    /// Post a message.
    Send {
        /// Comes back in the answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        r#ref: Option<u64>,
        /// The room.
        #[serde(skip_serializing_if = "Option::is_none")]
        room: Option<i64>,
        /// Names the message, not the attempt.
        client_id: String,
        /// What it says.
        message: String,
        /// One's own name, to be checked.
        #[serde(skip_serializing_if = "Option::is_none")]
        username: Option<String>,
    },
    /// Change a message of one's own.
    Edit {
        /// Comes back in the answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        r#ref: Option<u64>,
        /// The room.
        #[serde(skip_serializing_if = "Option::is_none")]
        room: Option<i64>,
        /// The event that posted it.
        seq: i64,
        /// The new text.
        message: String,
    },
    /// Delete a message of one's own.
    Delete {
        /// Comes back in the answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        r#ref: Option<u64>,
        /// The room.
        #[serde(skip_serializing_if = "Option::is_none")]
        room: Option<i64>,
        /// The event that posted it.
        seq: i64,
    },
    /// React to a message, or take the reaction back.
    React {
        /// Comes back in the answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        r#ref: Option<u64>,
        /// The room.
        #[serde(skip_serializing_if = "Option::is_none")]
        room: Option<i64>,
        /// The event that posted it.
        seq: i64,
        /// One emoji.
        emoji: String,
        /// Whether one has the reaction from now on.
        on: bool,
    },
    /// Say that one is writing.
    Typing {
        /// Accepted and ignored: there is no answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        r#ref: Option<u64>,
        /// The room.
        #[serde(skip_serializing_if = "Option::is_none")]
        room: Option<i64>,
    },
    /// Say how far one has read.
    Read {
        /// Comes back in the answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        r#ref: Option<u64>,
        /// The room.
        #[serde(skip_serializing_if = "Option::is_none")]
        room: Option<i64>,
        /// The last event that was read.
        seq: i64,
        /// The version of the read position that the client knows.
        version: i64,
    },
    /// Mark an event and all later ones as unread.
    Unread {
        /// Comes back in the answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        r#ref: Option<u64>,
        /// The room.
        #[serde(skip_serializing_if = "Option::is_none")]
        room: Option<i64>,
        /// The first event to be unread.
        seq: i64,
    },
    /// Say what one wants to be notified of in a room.
    Level {
        /// Comes back in the answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        r#ref: Option<u64>,
        /// The room.
        #[serde(skip_serializing_if = "Option::is_none")]
        room: Option<i64>,
        /// From now on.
        level: Level,
    },
    /// Ask for one's membership of a room as it is now.
    Refresh {
        /// Comes back in the answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        r#ref: Option<u64>,
        /// The room.
        #[serde(skip_serializing_if = "Option::is_none")]
        room: Option<i64>,
    },
    /// A heartbeat.
    Ping {
        /// Comes back in the answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        r#ref: Option<u64>,
    },
}

impl ClientFrame {
    /// The request's `ref`.
    pub const fn reference(&self) -> Option<u64> {
        match self {
            Self::Subscribe { r#ref, .. }
            | Self::Unsubscribe { r#ref, .. }
            | Self::Send { r#ref, .. }
            | Self::Edit { r#ref, .. }
            | Self::Delete { r#ref, .. }
            | Self::React { r#ref, .. }
            | Self::Typing { r#ref, .. }
            | Self::Read { r#ref, .. }
            | Self::Unread { r#ref, .. }
            | Self::Level { r#ref, .. }
            | Self::Refresh { r#ref, .. }
            | Self::Ping { r#ref } => *r#ref,
        }
    }
}

/// What a plain client sends, as the seed's page script does. Other fields are ignored, as the seed
/// ignored them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PlainFrame {
    /// What the message says.
    pub message: String,
    /// One's own name, to be checked.
    pub username: Option<String>,
}

/// Parses a `papo.v1` frame. The error says what is wrong.
pub fn parse_client_frame(text: &str) -> Result<ClientFrame, String> {
    let frame: ClientFrame = parse(text)?;
    if frame.reference() > Some(LARGEST_REF) {
        return Err(format!("`ref` is over {LARGEST_REF}"));
    }
    Ok(frame)
}

/// Parses a plain frame. The error says what is wrong.
pub fn parse_plain_frame(text: &str) -> Result<PlainFrame, String> {
    parse(text)
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    if is_too_deep(text) {
        return Err(format!("nested deeper than {JSON_DEPTH}"));
    }
    // serde also accepts a list for the fields of an object.
    if text.trim_start().starts_with('[') {
        return Err("not an object".into());
    }
    serde_json::from_str(text).map_err(|error| {
        if error.is_data() {
            error.to_string()
        } else {
            format!("not JSON: {error}")
        }
    })
}

/// Counts brackets outside strings. This is cheap, and comes before anything is built.
fn is_too_deep(text: &str) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                if depth > JSON_DEPTH {
                    return true;
                }
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_types_and_fields_are_refused() {
        for bad in [
            r#"{"type":"shout","room":1}"#,
            r#"{"type":"ping","ref":1,"extra":true}"#,
            r#"{"type":"send","client_id":"12345678"}"#,
            r#"{"type":"send","client_id":"12345678","message":7}"#,
            r#"{"type":"ping","ref":-1}"#,
            r#"{"type":"ping","ref":9007199254740992}"#,
            r#" ["ping",5]"#,
            "[]",
            "{",
            "",
        ] {
            assert!(parse_client_frame(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn depth_is_counted_outside_strings() {
        let deep = format!(
            "{}{}",
            "[".repeat(JSON_DEPTH + 1),
            "]".repeat(JSON_DEPTH + 1)
        );
        assert!(parse_client_frame(&deep).unwrap_err().contains("deeper"));
        let text = "[\\\"".repeat(40);
        let frame = format!(r#"{{"message":"{text}"}}"#);
        assert!(parse_plain_frame(&frame).is_ok());
    }

    #[test]
    fn the_seeds_frame_is_read() {
        let frame = parse_plain_frame(r#"{"message":"Olá!","username":"João","x":1}"#).unwrap();
        assert_eq!(frame.message, "Olá!");
        assert_eq!(frame.username.as_deref(), Some("João"));
        assert!(parse_plain_frame(r#"["Olá!","João"]"#).is_err());
    }
}
