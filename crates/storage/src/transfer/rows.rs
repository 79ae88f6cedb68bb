//! The rows without a description: the instance's own, and a room's log, which has two tables.

use papo_domain::{Posted, StoredEvent, Timestamp};
use serde::{Deserialize, Serialize};

use crate::TokenHash;

/// What an instance has once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceRow {
    /// The history's name, its 64 bits as they are.
    pub epoch: i64,
    /// The hash of the one-time token that makes the first administrator, until it is used.
    pub setup_token: Option<TokenHash>,
    /// The highest id that an account ever had; no other account gets it. The next four are the
    /// same for other tables.
    pub last_account: i64,
    /// Of rooms.
    pub last_room: i64,
    /// Of sessions.
    pub last_session: i64,
    /// Of revocations. The revocations themselves aren't moved: they are for running servers, and a
    /// new server reads present rights.
    pub last_revocation: i64,
    /// Of the entries of inboxes, which aren't moved either.
    pub last_inbox: i64,
    /// For how many milliseconds servers have run on the database.
    pub served: i64,
}

/// An event of a room's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRow {
    /// The room.
    pub room: i64,
    /// The place in its log.
    pub seq: i64,
    /// When.
    pub at: i64,
    /// What changed.
    pub change: ChangeRow,
}

/// What an event changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChangeRow {
    /// A message was posted.
    Posted(MessageRow),
    /// Anything else, as [`papo_domain::StoredEvent`] has it.
    Other {
        /// The kind's code.
        kind: i16,
        /// The event that posted the message which it changes.
        target: Option<i64>,
        /// What else there is of its kind, as JSON.
        body: Option<String>,
    },
}

/// A message as it stands now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRow {
    /// Who wrote it.
    pub sender: i64,
    /// The name they had.
    pub username: String,
    /// What it says; nothing once it is deleted.
    pub content: Option<String>,
    /// When its text last changed.
    pub edited: Option<i64>,
    /// The name that the sender's client gave it.
    pub client_id: Option<String>,
}

impl From<StoredEvent> for ChangeRow {
    fn from(stored: StoredEvent) -> Self {
        Self::Other {
            kind: stored.code,
            target: stored.target.map(|target| target.0),
            body: stored.body,
        }
    }
}

impl From<Posted> for MessageRow {
    fn from(posted: Posted) -> Self {
        Self {
            sender: posted.sender.0.cast_signed(),
            username: posted.username.as_str().to_owned(),
            content: posted.text.map(|text| text.as_str().to_owned()),
            edited: posted.edited.map(Timestamp::as_millis),
            client_id: posted.client_id.map(|id| id.as_str().to_owned()),
        }
    }
}
