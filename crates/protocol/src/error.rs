//! The codes of error frames, and causes.

use serde::{Deserialize, Serialize};

/// Why a request was refused; `docs/protocol.md` says when each comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ts_rs::TS, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Not JSON, an unknown type or field, a field missing or mistyped.
    BadFrame,
    /// A text that can't be a message.
    BadMessage,
    /// A client id of the wrong form.
    BadClientId,
    /// The name isn't the one joined with.
    WrongUsername,
    /// The session isn't in that room.
    NotJoined,
    /// No such room, or none that the person may know of.
    NoRoom,
    /// No such message, or deleted.
    NoMessage,
    /// Somebody else's message.
    NotYours,
    /// The room is archived, or only moderators post in it.
    ReadOnly,
    /// The room isn't followed on this socket.
    NotSubscribed,
    /// More rooms than allowed on one socket.
    TooMany,
    /// Too many of these; the frame says when to try again.
    RateLimited,
    /// The server can't write now; the frame says when to try again.
    Unavailable,
}

/// Why the server can't write, as administrators are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ts_rs::TS, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The disk is full.
    Disk,
    /// The database is away, locked, or takes nothing.
    Database,
}
