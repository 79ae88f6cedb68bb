//! Reads the server's frames. A thousand readers get the same bytes, so an event is parsed once and
//! shared.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use bytes::Bytes;
use papo_protocol::{ErrorCode, ServerFrame};
use parking_lot::Mutex;

use crate::history::{Event, Kind, Seen, Snapshot};

/// What a frame means to a robot.
#[derive(Debug, Clone)]
pub(crate) enum Heard {
    /// The server's history.
    Welcome(Arc<str>),
    /// An event or snapshot of a room; a snapshot with its epoch.
    Seen(i64, Seen, Option<Arc<str>>),
    Ack {
        reference: Option<u64>,
        seq: Option<i64>,
    },
    Refused {
        reference: Option<u64>,
        code: ErrorCode,
        /// When to retry, in seconds, if the server says so.
        retry: Option<u64>,
    },
    /// Connect again after this many milliseconds.
    Reconnect(u64),
    /// The session has left the room.
    Left,
    /// Presence, typing, pongs.
    Passing,
}

/// The events and snapshots that have been parsed.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    events: Mutex<HashMap<Bytes, (i64, Arc<Event>)>>,
    snapshots: Mutex<HashMap<i64, Arc<Snapshot>>>,
}

impl Frames {
    /// Reads a frame.
    pub(crate) fn read(&self, text: &Bytes) -> Result<Heard> {
        if text.starts_with(b"{\"type\":\"presence\"") {
            return Ok(Heard::Passing);
        }
        let is_event = text.starts_with(b"{\"type\":\"message\"");
        if is_event && let Some((room, event)) = self.events.lock().get(text) {
            return Ok(Heard::Seen(*room, Seen::Event(Arc::clone(event)), None));
        }
        let frame = serde_json::from_slice(text)
            .with_context(|| format!("in {}", String::from_utf8_lossy(text)))?;
        let heard = self.understand(frame);
        if is_event && let Heard::Seen(room, Seen::Event(event), _) = &heard {
            // A copy: the bytes are a part of a larger buffer.
            let key = Bytes::copy_from_slice(text);
            self.events.lock().insert(key, (*room, Arc::clone(event)));
        }
        Ok(heard)
    }

    fn understand(&self, frame: ServerFrame) -> Heard {
        let event = |room, seq, kind| {
            let event = Arc::new(Event { seq, kind });
            Heard::Seen(room, Seen::Event(event), None)
        };
        match frame {
            ServerFrame::Welcome { epoch, .. } => Heard::Welcome(epoch.into()),
            ServerFrame::Snapshot {
                room,
                seq,
                epoch,
                messages,
                more,
                ..
            } => {
                let messages = messages
                    .into_iter()
                    .map(|message| (message.seq, message.message));
                let snapshot = Snapshot {
                    seq,
                    messages: messages.collect(),
                    more,
                };
                let seen = Seen::Snapshot(self.share(snapshot));
                Heard::Seen(room, seen, Some(epoch.into()))
            }
            ServerFrame::Subscribed { room, after, .. } => {
                Heard::Seen(room, Seen::Resumed(after), None)
            }
            ServerFrame::Reset { room, .. } => Heard::Seen(room, Seen::Reset, None),
            ServerFrame::Message {
                room,
                seq,
                message,
                sender,
                client_id,
                deleted,
                ..
            } => event(
                room,
                seq,
                Kind::Posted {
                    sender,
                    client_id,
                    text: (!deleted).then_some(message),
                },
            ),
            ServerFrame::Edited {
                room,
                seq,
                target,
                message,
                deleted,
                ..
            } => {
                let text = (!deleted).then_some(message);
                event(room, seq, Kind::Edited { target, text })
            }
            ServerFrame::Deleted {
                room, seq, target, ..
            } => event(room, seq, Kind::Deleted { target }),
            ServerFrame::Room { room, seq, .. } => event(room, seq, Kind::Room),
            ServerFrame::Ack { r#ref, seq, .. } => Heard::Ack {
                reference: r#ref,
                seq,
            },
            ServerFrame::Error {
                r#ref, code, retry, ..
            } => Heard::Refused {
                reference: r#ref,
                code,
                retry,
            },
            ServerFrame::Reconnect { delay } => Heard::Reconnect(delay),
            ServerFrame::Left { .. } => Heard::Left,
            _ => Heard::Passing,
        }
    }

    fn share(&self, snapshot: Snapshot) -> Arc<Snapshot> {
        let mut snapshots = self.snapshots.lock();
        if let Some(known) = snapshots.get(&snapshot.seq)
            && **known == snapshot
        {
            return Arc::clone(known);
        }
        let shared = Arc::new(snapshot);
        snapshots.insert(shared.seq, Arc::clone(&shared));
        shared
    }
}
