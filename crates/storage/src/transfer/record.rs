//! The records of an instance: its rows, the same from every database.
//!
//! They leave out what only serves one database (folded texts, skeletons, the time of a log's end).
//! The intake computes it. Their encoding by `postcard` is canonical: checksums cover it, and
//! archives consist of it. So fields are never reordered, and changing them needs a new version of
//! archives.

use papo_domain::{Event, EventKind, Posted, StoredEvent, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{StorageError, StoredPassword, TokenHash};

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// The one instance; it comes first.
    Instance(InstanceRow),
    /// By id.
    Person(PersonRow),
    /// By id.
    Account(AccountRow),
    /// By id.
    Room(RoomRow),
    /// By id.
    Session(SessionRow),
    /// By person and room.
    Membership(MembershipRow),
    /// By room and seq.
    Event(EventRow),
}

/// What an instance has once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceRow {
    /// The history's name, its 64 bits as they are.
    pub epoch: i64,
    /// The hash of the one-time token that makes the first administrator, until it is used.
    pub setup_token: Option<TokenHash>,
    /// The highest id that an account ever had; no other account gets it. The next three are the
    /// same for other tables.
    pub last_account: i64,
    /// Of rooms.
    pub last_room: i64,
    /// Of sessions.
    pub last_session: i64,
    /// Of revocations. The revocations themselves aren't moved: they are for running servers, and a
    /// new server reads present rights.
    pub last_revocation: i64,
    /// For how many milliseconds servers have run on the database.
    pub served: i64,
}

/// Somebody who has a session or an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRow {
    /// Their number, its 64 bits as they are.
    pub id: i64,
    /// The name last used.
    pub last_username: Option<String>,
    /// When they came.
    pub created_at: i64,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRow {
    /// Its number.
    pub id: i64,
    /// Its person.
    pub person: i64,
    /// The name to sign in with.
    pub name: String,
    /// The password's hash.
    pub password: StoredPassword,
    /// May open `/admin/`.
    pub is_admin: bool,
    /// Can't sign in.
    pub is_suspended: bool,
    /// Milliseconds since 1970, as all times here.
    pub created_at: i64,
}

/// A room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomRow {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// People see and may enter it.
    pub is_active: bool,
    /// When it was made.
    pub created_at: i64,
    /// The end of its log.
    pub last_seq: i64,
    /// When its last message was posted.
    pub last_activity: Option<i64>,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRow {
    /// Its number.
    pub id: i64,
    /// The hash of what the cookie carries.
    pub token: TokenHash,
    /// Whose.
    pub person: i64,
    /// When it was last used, in the time of service.
    pub last_used: i64,
    /// When it was made.
    pub created_at: i64,
}

/// That a person is in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembershipRow {
    /// Who.
    pub person: i64,
    /// Which room.
    pub room: i64,
    /// Under which name.
    pub username: String,
    /// Since when.
    pub joined_at: i64,
    /// 0 a member, 1 a moderator.
    pub role: i16,
    /// The last event that was read.
    pub read_seq: i64,
    /// What the person is notified of; 0 is the room's usual.
    pub level: i16,
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

impl Record {
    /// Bytes of the message's text, the only large part of a record.
    pub(crate) fn text_bytes(&self) -> usize {
        match self {
            Self::Event(EventRow {
                change: ChangeRow::Posted(message),
                ..
            }) => message.content.as_deref().map_or(0, str::len),
            _ => 0,
        }
    }

    /// Appends the canonical encoding.
    pub(crate) fn encode(&self, bytes: Vec<u8>) -> Result<Vec<u8>, StorageError> {
        let encoded = postcard::to_extend(self, bytes);
        encoded.map_err(|error| StorageError::Other(format!("a record can't be encoded: {error}")))
    }
}

impl From<Event> for Record {
    fn from(event: Event) -> Self {
        let change = match event.kind {
            EventKind::Posted(posted) => ChangeRow::Posted(posted.into()),
            other => other.to_stored().into(),
        };
        Self::Event(EventRow {
            room: event.room.0,
            seq: event.seq.0,
            at: event.timestamp.as_millis(),
            change,
        })
    }
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
