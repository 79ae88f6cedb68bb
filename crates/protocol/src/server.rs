//! What the server sends.

use serde::{Deserialize, Serialize};

use crate::{Cause, ErrorCode};

/// What the server allows, told in `welcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ts_rs::TS, schemars::JsonSchema))]
pub struct Limits {
    /// The longest message, in Unicode code points.
    pub message_characters: usize,
    /// The longest frame, in bytes.
    pub frame_bytes: usize,
    /// The most rooms followed on one socket.
    pub rooms: usize,
    /// The most requests that wait for an answer on one socket; more are not read until some are
    /// answered.
    pub in_flight: usize,
    /// The most missed events that are sent one by one; who misses more is reset.
    pub resume_events: usize,
}

/// What tells somebody with an account from a guest, who has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ts_rs::TS, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Has an account.
    Account,
    /// Administers the chat.
    Administrator,
}

/// What a person is notified of in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ts_rs::TS, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Every message counts as news.
    Everything,
    /// Only messages that name the person are news.
    Mentions,
    /// Nothing is news.
    Nothing,
    /// Nothing is news, and the room isn't listed.
    Hidden,
}

impl From<papo_domain::Level> for Level {
    fn from(level: papo_domain::Level) -> Self {
        match level {
            papo_domain::Level::Everything => Self::Everything,
            papo_domain::Level::Mentions => Self::Mentions,
            papo_domain::Level::Nothing => Self::Nothing,
            papo_domain::Level::Hidden => Self::Hidden,
        }
    }
}

impl From<Level> for papo_domain::Level {
    fn from(level: Level) -> Self {
        match level {
            Level::Everything => Self::Everything,
            Level::Mentions => Self::Mentions,
            Level::Nothing => Self::Nothing,
            Level::Hidden => Self::Hidden,
        }
    }
}

/// Who sees a room, and how people come into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ts_rs::TS, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RoomKind {
    /// Everybody sees it and may join it.
    Public,
    /// Everybody with an account sees it and may join it.
    Members,
    /// Its members see it; people join it by invitation.
    Private,
    /// Two to ten people talk in it.
    Direct,
}

/// What a member of a room is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ts_rs::TS, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads and writes.
    Member,
    /// Looks after the room too.
    Moderator,
}

/// A message in a snapshot or page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(
    feature = "schema",
    ts(optional_fields, rename = "Message"),
    schemars(rename = "Message")
)]
pub struct MessageObject {
    /// The event that posted it.
    pub seq: i64,
    /// Its present text.
    pub message: String,
    /// The name its sender had.
    pub username: String,
    /// Who wrote it.
    pub sender: String,
    /// Their mark, if they have an account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
    /// When it was posted.
    pub timestamp: String,
    /// The name that the sender's client gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// When it was last edited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edited: Option<String>,
    /// Whether the disk has damaged it: bytes that can't be read are U+FFFD.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "schema", ts(as = "Option<bool>"))]
    pub damaged: bool,
}

/// Somebody in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(feature = "schema", ts(optional_fields))]
pub struct Person {
    /// Who.
    pub sender: String,
    /// Under which name.
    pub username: String,
    /// Their mark, if they have an account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
}

/// A person's membership of a room, for that person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(
    feature = "schema",
    ts(optional_fields, rename = "Membership"),
    schemars(rename = "Membership")
)]
pub struct MembershipObject {
    /// The room.
    pub room: i64,
    /// The room's name; of a direct room, the names of the others.
    pub name: String,
    /// Who sees the room, and how people come into it.
    pub kind: RoomKind,
    /// Whether only moderators post in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "schema", ts(as = "Option<bool>"))]
    pub announcement: bool,
    /// Whether it is archived, so that people only read in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "schema", ts(as = "Option<bool>"))]
    pub archived: bool,
    /// The person's role in it.
    pub role: Role,
    /// The person's own name in it.
    pub username: String,
    /// The end of its log, at which `unread` was counted.
    pub seq: i64,
    /// When the last message was posted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// The last event that the person has read.
    pub read: i64,
    /// The version of the read position. It grows when messages are marked as unread.
    pub version: i64,
    /// How many messages of others after `read` aren't deleted, 100 at most.
    pub unread: u32,
    /// What the person is notified of.
    pub level: Level,
}

/// How many messages somebody posted in a room since its last head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ts_rs::TS, schemars::JsonSchema))]
pub struct Posted {
    /// Who.
    pub sender: String,
    /// How many.
    pub messages: u32,
}

/// Why a client has to start over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ts_rs::TS, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ResetReason {
    /// Another history.
    Epoch,
    /// A seq that doesn't exist yet.
    Ahead,
    /// Too many events are missing.
    Behind,
}

/// A frame that the server sends. Fields are described in `docs/protocol.md`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ts_rs::TS, schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "schema", ts(optional_fields))]
#[expect(missing_docs, reason = "docs/protocol.md describes each field, once")]
pub enum ServerFrame {
    Welcome {
        epoch: String,
        sender: String,
        heartbeat: u64,
        limits: Limits,
        #[serde(skip_serializing_if = "Option::is_none")]
        inbox: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        rooms: Option<Vec<MembershipObject>>,
    },
    Snapshot {
        #[serde(skip_serializing_if = "Option::is_none")]
        r#ref: Option<u64>,
        room: i64,
        epoch: String,
        seq: i64,
        #[serde(skip_serializing_if = "Option::is_none")]
        timestamp: Option<String>,
        name: String,
        description: String,
        kind: RoomKind,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        #[cfg_attr(feature = "schema", ts(as = "Option<bool>"))]
        announcement: bool,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        #[cfg_attr(feature = "schema", ts(as = "Option<bool>"))]
        archived: bool,
        role: Role,
        username: String,
        more: bool,
        messages: Vec<MessageObject>,
    },
    Subscribed {
        #[serde(skip_serializing_if = "Option::is_none")]
        r#ref: Option<u64>,
        room: i64,
        after: i64,
        seq: i64,
        username: String,
    },
    Reset {
        #[serde(skip_serializing_if = "Option::is_none")]
        r#ref: Option<u64>,
        room: i64,
        reason: ResetReason,
    },
    Message {
        room: i64,
        seq: i64,
        message: String,
        username: String,
        sender: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        mark: Option<Mark>,
        timestamp: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        client_id: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        edited: Option<String>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        #[cfg_attr(feature = "schema", ts(as = "Option<bool>"))]
        deleted: bool,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        #[cfg_attr(feature = "schema", ts(as = "Option<bool>"))]
        damaged: bool,
    },
    Edited {
        room: i64,
        seq: i64,
        target: i64,
        message: String,
        timestamp: String,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        #[cfg_attr(feature = "schema", ts(as = "Option<bool>"))]
        deleted: bool,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        #[cfg_attr(feature = "schema", ts(as = "Option<bool>"))]
        damaged: bool,
    },
    Deleted {
        room: i64,
        seq: i64,
        target: i64,
        timestamp: String,
    },
    Reacted {
        room: i64,
        seq: i64,
        target: i64,
        emoji: String,
        on: bool,
        username: String,
        sender: String,
        timestamp: String,
    },
    Room {
        room: i64,
        seq: i64,
        name: String,
        description: String,
        active: bool,
        kind: RoomKind,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        #[cfg_attr(feature = "schema", ts(as = "Option<bool>"))]
        announcement: bool,
        timestamp: String,
    },
    Entered {
        room: i64,
        seq: i64,
        sender: String,
        username: String,
        timestamp: String,
    },
    Ack {
        #[serde(skip_serializing_if = "Option::is_none")]
        r#ref: Option<u64>,
        room: i64,
        #[serde(skip_serializing_if = "Option::is_none")]
        seq: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        timestamp: Option<String>,
    },
    Error {
        #[serde(skip_serializing_if = "Option::is_none")]
        r#ref: Option<u64>,
        code: ErrorCode,
        message: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        retry: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cause: Option<Cause>,
    },
    Presence {
        room: i64,
        online: usize,
        people: Vec<Person>,
    },
    Typing {
        room: i64,
        sender: String,
        username: String,
    },
    Membership {
        #[serde(skip_serializing_if = "Option::is_none")]
        r#ref: Option<u64>,
        #[serde(flatten)]
        membership: MembershipObject,
    },
    Head {
        room: i64,
        after: i64,
        seq: i64,
        #[serde(skip_serializing_if = "Option::is_none")]
        posted: Option<Vec<Posted>>,
    },
    Left {
        room: i64,
    },
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        r#ref: Option<u64>,
    },
    Reconnect {
        delay: u64,
    },
}
