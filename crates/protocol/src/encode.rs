//! Turns what happened into frames, once for everybody.

use bytes::Bytes;
use papo_domain::{Epoch, Event, EventKind, Message, Room, Username};
use serde::Serialize;

use crate::{MessageObject, ServerFrame};

/// A frame as bytes, WebSocket header included, ready for every socket.
pub fn encode(frame: &ServerFrame) -> Bytes {
    papo_websocket::text_frame(&json(frame))
}

/// An event as bytes, WebSocket header included.
pub fn event_frame(event: &Event) -> Bytes {
    encode(&event_object(event))
}

/// The snapshot of a room for somebody who is `username` in it. The same object is in a room's page and on the wire.
pub fn snapshot_frame(
    reference: Option<u64>,
    epoch: Epoch,
    room: &Room,
    username: &Username,
    messages: &[Message],
    more: bool,
) -> ServerFrame {
    ServerFrame::Snapshot {
        r#ref: reference,
        room: room.id.0,
        epoch: epoch.to_string(),
        seq: room.last_seq.0,
        name: room.name.to_string(),
        description: room.description.to_string(),
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
        timestamp: message.timestamp.to_string(),
        client_id: message.client_id.as_ref().map(|id| id.as_str().to_owned()),
        edited: message.edited.map(|at| at.to_string()),
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
            timestamp,
            client_id: posted.client_id.as_ref().map(|id| id.as_str().to_owned()),
            edited: posted
                .edited
                .filter(|_| posted.text.is_some())
                .map(|at| at.to_string()),
            deleted: posted.text.is_none(),
        },
        EventKind::Edited { target, text } => ServerFrame::Edited {
            room,
            seq,
            target: target.0,
            message: text.as_ref().map_or_else(String::new, ToString::to_string),
            timestamp,
            deleted: text.is_none(),
        },
        EventKind::Deleted { target } => ServerFrame::Deleted {
            room,
            seq,
            target: target.0,
            timestamp,
        },
        EventKind::Room(state) => ServerFrame::Room {
            room,
            seq,
            name: state.name.to_string(),
            description: state.description.to_string(),
            active: state.is_active,
            timestamp,
        },
    }
}

fn json<T: Serialize>(frame: &T) -> String {
    serde_json::to_string(frame).expect("frames have string keys and no fallible parts")
}
