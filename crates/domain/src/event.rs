//! The events of a room's log.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{
    ClientId, Emoji, Mark, MessageText, PersonId, RoomDescription, RoomId, RoomKind, RoomName, Seq,
    Timestamp, Username,
};

/// One change to what the people in a room share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The room whose log this is in.
    pub room: RoomId,
    /// Its place in that log.
    pub seq: Seq,
    /// When it was stored.
    pub timestamp: Timestamp,
    /// What changed.
    pub kind: EventKind,
}

/// What an event changed. The log stores which message an event changed, not each text it had. Read
/// again, an event shows its message's present text, and a deleted text is nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// A message was posted.
    Posted(Posted),
    /// A message has a new text.
    Edited {
        /// The event that posted it.
        target: Seq,
        /// Its text; `None` when it has been deleted since.
        text: Option<MessageText>,
    },
    /// A message was deleted.
    Deleted {
        /// The event that posted it.
        target: Seq,
    },
    /// The room's name, description or state changed.
    Room(RoomState),
    /// Somebody reacted to a message.
    Reacted(Reacted),
    /// An administrator has added themselves to the room.
    Entered {
        /// Who.
        sender: PersonId,
        /// The name they had then.
        username: Username,
    },
    /// The disk has damaged the event, and its change can't be read. It has its place in the log
    /// and changes nothing.
    Damaged,
}

/// The class of an event, for clients that know messages only, and for the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventClass {
    /// A message that can be read; plain clients get these and nothing else.
    Message,
    /// Another event.
    Change,
}

/// What a database stores of an event beside its place and time. For one that posted a message, the
/// message is stored instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// [`EventKind::code`].
    pub code: i16,
    /// [`EventKind::target`].
    pub target: Option<Seq>,
    /// The rest of its kind, as JSON.
    pub body: Option<String>,
}

/// Why a stored event can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoredEventError {
    /// No kind has this code.
    #[error("its kind is {0}, which isn't one")]
    Code(i16),
    /// The kind needs a target.
    #[error("it has no target")]
    Target,
    /// The kind needs another body.
    #[error("its body isn't one of its kind")]
    Body,
}

/// The codes of the kinds, as they are stored. A code is never given to another kind.
mod code {
    /// For an event that was damaged when it was read, and stored again elsewhere.
    pub(super) const DAMAGED: i16 = 0;
    pub(super) const POSTED: i16 = 1;
    pub(super) const EDITED: i16 = 2;
    pub(super) const DELETED: i16 = 3;
    pub(super) const ROOM: i16 = 4;
    pub(super) const REACTED: i16 = 5;
    pub(super) const ENTERED: i16 = 6;
}

/// The body of [`EventKind::Room`].
#[derive(Serialize, Deserialize)]
struct RoomBody {
    name: String,
    description: String,
    is_active: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    kind: i16,
    #[serde(default, skip_serializing_if = "is_default")]
    is_announcement: bool,
}

/// The body of [`EventKind::Entered`].
#[derive(Serialize, Deserialize)]
struct EnteredBody {
    sender: u64,
    username: String,
}

/// The body of [`EventKind::Reacted`].
#[derive(Serialize, Deserialize)]
struct ReactedBody {
    sender: u64,
    username: String,
    emoji: String,
    is_on: bool,
}

impl EventKind {
    /// The number by which the kind is stored.
    pub fn code(&self) -> i16 {
        match self {
            Self::Posted(_) => code::POSTED,
            Self::Edited { .. } => code::EDITED,
            Self::Deleted { .. } => code::DELETED,
            Self::Room(_) => code::ROOM,
            Self::Reacted(_) => code::REACTED,
            Self::Entered { .. } => code::ENTERED,
            Self::Damaged => code::DAMAGED,
        }
    }

    /// The message that the event is about, named by the event that posted it.
    pub fn target(&self) -> Option<Seq> {
        match self {
            Self::Edited { target, .. } | Self::Deleted { target } => Some(*target),
            Self::Reacted(reacted) => Some(reacted.target),
            Self::Posted(_) | Self::Room(_) | Self::Entered { .. } | Self::Damaged => None,
        }
    }

    /// The message whose text the event changes. What was encoded of it before is out of date.
    pub fn rewrites(&self) -> Option<Seq> {
        match self {
            Self::Edited { target, .. } | Self::Deleted { target } => Some(*target),
            _ => None,
        }
    }

    /// What the event means.
    pub fn class(&self) -> EventClass {
        match self {
            Self::Posted(posted) if posted.text.is_some() => EventClass::Message,
            _ => EventClass::Change,
        }
    }

    /// What a database stores of it. For an event that posted a message that is only its code.
    pub fn to_stored(&self) -> StoredEvent {
        let body = match self {
            Self::Posted(_) | Self::Edited { .. } | Self::Deleted { .. } | Self::Damaged => None,
            Self::Room(state) => Some(json(&RoomBody {
                name: state.name.as_str().to_owned(),
                description: state.description.as_str().to_owned(),
                is_active: state.is_active,
                kind: state.kind.code(),
                is_announcement: state.is_announcement,
            })),
            Self::Entered { sender, username } => Some(json(&EnteredBody {
                sender: sender.0,
                username: username.as_str().to_owned(),
            })),
            Self::Reacted(reacted) => Some(json(&ReactedBody {
                sender: reacted.sender.0,
                username: reacted.username.as_str().to_owned(),
                emoji: reacted.emoji.as_str().to_owned(),
                is_on: reacted.is_on,
            })),
        };
        StoredEvent {
            code: self.code(),
            target: self.target(),
            body,
        }
    }

    /// Reads what [`Self::to_stored`] gave, unless it posted a message. `text` is the target's
    /// present text.
    pub fn from_stored(
        stored: StoredEvent,
        text: Option<MessageText>,
    ) -> Result<Self, StoredEventError> {
        let target = stored.target.ok_or(StoredEventError::Target);
        match stored.code {
            code::EDITED => Ok(Self::Edited {
                target: target?,
                text,
            }),
            code::DELETED => Ok(Self::Deleted { target: target? }),
            code::ROOM => {
                let body: RoomBody = parse(stored.body)?;
                Ok(Self::Room(RoomState {
                    name: RoomName::from_stored(body.name),
                    description: RoomDescription::from_stored(body.description),
                    is_active: body.is_active,
                    kind: RoomKind::from_code(body.kind),
                    is_announcement: body.is_announcement,
                }))
            }
            code::ENTERED => {
                let body: EnteredBody = parse(stored.body)?;
                Ok(Self::Entered {
                    sender: PersonId(body.sender),
                    username: Username::from_stored(body.username),
                })
            }
            code::REACTED => {
                let body: ReactedBody = parse(stored.body)?;
                Ok(Self::Reacted(Reacted {
                    target: target?,
                    sender: PersonId(body.sender),
                    username: Username::from_stored(body.username),
                    emoji: Emoji::from_stored(body.emoji),
                    is_on: body.is_on,
                }))
            }
            code::DAMAGED => Ok(Self::Damaged),
            unknown => Err(StoredEventError::Code(unknown)),
        }
    }
}

/// A message, as its event in the log shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Who wrote it.
    pub sender: PersonId,
    /// The name they had then.
    pub username: Username,
    /// Their mark, if they have an account now.
    pub mark: Option<Mark>,
    /// Its present text; `None` when it has been deleted since.
    pub text: Option<MessageText>,
    /// The name that the sender's client gave it.
    pub client_id: Option<ClientId>,
    /// When its text last changed, if it did.
    pub edited: Option<Timestamp>,
}

/// A reaction to a message, given or taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reacted {
    /// The event that posted the message.
    pub target: Seq,
    /// Who reacted.
    pub sender: PersonId,
    /// The name they had then.
    pub username: Username,
    /// With what.
    pub emoji: Emoji,
    /// Whether the person has this reaction from now on.
    pub is_on: bool,
}

/// What people see of a room itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomState {
    /// Its name after the change.
    pub name: RoomName,
    /// Its description after the change.
    pub description: RoomDescription,
    /// Whether the room isn't archived after the change.
    pub is_active: bool,
    /// Its kind after the change.
    pub kind: RoomKind,
    /// Whether only moderators post in it after the change.
    pub is_announcement: bool,
}

impl RoomState {
    /// A public room that isn't archived.
    pub fn public(name: RoomName, description: RoomDescription) -> Self {
        Self {
            name,
            description,
            is_active: true,
            kind: RoomKind::Public,
            is_announcement: false,
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn json(body: &impl Serialize) -> String {
    serde_json::to_string(body).expect("texts, numbers and flags can be written")
}

fn parse<T: DeserializeOwned>(body: Option<String>) -> Result<T, StoredEventError> {
    let body = body.ok_or(StoredEventError::Body)?;
    serde_json::from_str(&body).map_err(|_| StoredEventError::Body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(name: &str) -> RoomState {
        RoomState {
            name: RoomName::parse(name).unwrap(),
            description: RoomDescription::parse("uma\n\"linha\"").unwrap(),
            is_active: false,
            kind: RoomKind::Private,
            is_announcement: true,
        }
    }

    #[test]
    fn what_is_stored_is_what_is_read() {
        let text = Some(MessageText::parse("olá").unwrap());
        for kind in [
            EventKind::Edited {
                target: Seq(3),
                text: text.clone(),
            },
            EventKind::Deleted { target: Seq(3) },
            EventKind::Room(state("Geral")),
            EventKind::Entered {
                sender: PersonId(u64::MAX),
                username: Username::parse("Chefe").unwrap(),
            },
            EventKind::Reacted(Reacted {
                target: Seq(3),
                sender: PersonId(u64::MAX),
                username: Username::parse("João").unwrap(),
                emoji: Emoji::parse("👍🏽").unwrap(),
                is_on: true,
            }),
            EventKind::Damaged,
        ] {
            let stored = kind.to_stored();
            assert_eq!(EventKind::from_stored(stored, text.clone()), Ok(kind));
        }
    }

    #[test]
    fn what_is_damaged_is_named() {
        let stored = |code, target, body: Option<&str>| StoredEvent {
            code,
            target,
            body: body.map(str::to_owned),
        };
        for (stored, error) in [
            (stored(9, None, None), StoredEventError::Code(9)),
            (stored(1, Some(Seq(1)), None), StoredEventError::Code(1)),
            (stored(2, None, None), StoredEventError::Target),
            (stored(4, None, None), StoredEventError::Body),
            (stored(4, None, Some("{}")), StoredEventError::Body),
            (stored(5, Some(Seq(1)), None), StoredEventError::Body),
        ] {
            assert_eq!(EventKind::from_stored(stored, None), Err(error));
        }
    }
}
