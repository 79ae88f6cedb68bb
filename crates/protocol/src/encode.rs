//! Encodes frames, each once for everybody.

use bytes::Bytes;
use papo_domain::{
    Epoch, Event, EventKind, MemberRole, Message, MessageText, Room, Timestamp, Username,
};
use serde::Serialize;

use crate::{Mark, MessageObject, Role, RoomKind, ServerFrame};

/// A frame as bytes, WebSocket header included, ready for every socket.
pub fn encode(frame: &ServerFrame) -> Bytes {
    papo_websocket::text_frame(&json(frame))
}

impl From<papo_domain::Mark> for Mark {
    fn from(mark: papo_domain::Mark) -> Self {
        match mark {
            papo_domain::Mark::Account => Self::Account,
            papo_domain::Mark::Administrator => Self::Administrator,
        }
    }
}

impl From<papo_domain::RoomKind> for RoomKind {
    fn from(kind: papo_domain::RoomKind) -> Self {
        match kind {
            papo_domain::RoomKind::Public => Self::Public,
            papo_domain::RoomKind::Members => Self::Members,
            papo_domain::RoomKind::Private => Self::Private,
            papo_domain::RoomKind::Direct => Self::Direct,
        }
    }
}

impl From<MemberRole> for Role {
    fn from(role: MemberRole) -> Self {
        match role {
            MemberRole::Member => Self::Member,
            MemberRole::Moderator => Self::Moderator,
        }
    }
}

/// An event as bytes, WebSocket header included.
pub fn event_frame(event: &Event) -> Bytes {
    encode(&event_object(event))
}

/// Whether the frame of an event has this timestamp. A message's text can't imitate it, since its
/// quotes are escaped.
pub fn has_timestamp(event_frame: &[u8], at: Timestamp) -> bool {
    let field = format!("\"timestamp\":\"{at}\"");
    event_frame
        .windows(field.len())
        .any(|bytes| bytes == field.as_bytes())
}

/// The snapshot of a room for a person who has this name and role in it. The room's page and the
/// wire use the same object.
pub fn snapshot_frame(
    reference: Option<u64>,
    epoch: Epoch,
    room: &Room,
    (username, role): (&Username, MemberRole),
    messages: &[Message],
    more: bool,
    at: Option<Timestamp>,
) -> ServerFrame {
    ServerFrame::Snapshot {
        r#ref: reference,
        room: room.id.0,
        epoch: epoch.to_string(),
        seq: room.last_seq.0,
        timestamp: at.map(|at| at.to_string()),
        name: room.name.to_string(),
        description: room.description.to_string(),
        kind: room.kind.into(),
        announcement: room.is_announcement,
        archived: !room.is_active,
        role: role.into(),
        username: username.to_string(),
        more,
        messages: messages.iter().map(message_object).collect(),
    }
}

/// A message for a snapshot or page.
pub fn message_object(message: &Message) -> MessageObject {
    MessageObject {
        seq: message.seq.0,
        message: message.text.to_string(),
        username: message.username.to_string(),
        sender: message.sender.to_string(),
        mark: message.mark.map(Mark::from),
        timestamp: message.timestamp.to_string(),
        client_id: message.client_id.as_ref().map(|id| id.as_str().to_owned()),
        edited: message.edited.map(|at| at.to_string()),
        damaged: message.text.is_damaged() || message.username.is_damaged(),
    }
}

fn event_object(event: &Event) -> ServerFrame {
    let (room, seq, timestamp) = (event.room.0, event.seq.0, event.timestamp.to_string());
    match &event.kind {
        EventKind::Posted(posted) => ServerFrame::Message {
            room,
            seq,
            message: posted
                .text
                .as_ref()
                .map_or_else(String::new, ToString::to_string),
            username: posted.username.to_string(),
            sender: posted.sender.to_string(),
            mark: posted.mark.map(Mark::from),
            timestamp,
            client_id: posted.client_id.as_ref().map(|id| id.as_str().to_owned()),
            edited: posted
                .edited
                .filter(|_| posted.text.is_some())
                .map(|at| at.to_string()),
            deleted: posted.text.is_none(),
            damaged: is_damaged(posted.text.as_ref()) || posted.username.is_damaged(),
        },
        EventKind::Edited { target, text } => ServerFrame::Edited {
            room,
            seq,
            target: target.0,
            message: text.as_ref().map_or_else(String::new, ToString::to_string),
            timestamp,
            deleted: text.is_none(),
            damaged: is_damaged(text.as_ref()),
        },
        EventKind::Deleted { target } => ServerFrame::Deleted {
            room,
            seq,
            target: target.0,
            timestamp,
        },
        // Clients see a change of nothing: the target is the event itself, which is no message.
        EventKind::Damaged => ServerFrame::Deleted {
            room,
            seq,
            target: seq,
            timestamp,
        },
        EventKind::Reacted(reacted) => ServerFrame::Reacted {
            room,
            seq,
            target: reacted.target.0,
            emoji: reacted.emoji.to_string(),
            on: reacted.is_on,
            username: reacted.username.to_string(),
            sender: reacted.sender.to_string(),
            timestamp,
        },
        EventKind::Room(state) => ServerFrame::Room {
            room,
            seq,
            name: state.name.to_string(),
            description: state.description.to_string(),
            active: state.is_active,
            kind: state.kind.into(),
            announcement: state.is_announcement,
            timestamp,
        },
        EventKind::Entered { sender, username } => ServerFrame::Entered {
            room,
            seq,
            sender: sender.to_string(),
            username: username.to_string(),
            timestamp,
        },
    }
}

fn is_damaged(text: Option<&MessageText>) -> bool {
    text.is_some_and(MessageText::is_damaged)
}

fn json<T: Serialize>(frame: &T) -> String {
    serde_json::to_string(frame).expect("frames have string keys and no fallible parts")
}
