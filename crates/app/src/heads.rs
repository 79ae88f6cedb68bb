//! Heads: what people learn of rooms that they are in and don't have open.
//!
//! A connection that watches a room costs no tail and no presence. The writer notes what it stores
//! (`room_log.rs`), other nodes tell what they store (`nodes.rs`), and the poll finds the rest
//! (`live.rs`). Twice a second this makes heads of it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use papo_channel_layer::{Connection, Follower, Head};
use papo_domain::{PersonId, RoomId};
use papo_protocol::{HEAD_SENDERS, Posted, ServerFrame, encode};
use tokio::time::{MissedTickBehavior, interval};

use crate::App;

/// How often heads are made.
const TICK: Duration = Duration::from_millis(500);
/// Connections that are written to before other tasks have their turn: less than a millisecond.
const AT_ONCE: usize = 128;

impl App {
    /// Makes heads and writes them, until the app stops.
    pub(crate) async fn tell_heads(self: Arc<Self>) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let now = tokio::select! {
                now = tick.tick() => now,
                () = self.stopping.cancelled() => return,
            };
            self.hub.tell_moves();
            // What may not be shown yet stays for a later head.
            if !self.hub.wants_moves() || !self.tails.may_show() {
                continue;
            }
            let connections = self.hub.make_heads(now, HEAD_SENDERS, head_frame);
            for some in connections.chunks(AT_ONCE) {
                for connection in some {
                    self.tails.fan_out.count(connection.write_heads());
                }
                tokio::task::yield_now().await;
            }
        }
    }

    /// Makes a connection watch a room that it has followed. Returns a head if the log has moved
    /// beyond the cursor.
    pub fn watch_after(&self, connection: &Arc<Connection>, follower: &Follower) -> Option<Bytes> {
        let (room, cursor) = (follower.room.id, follower.cursor());
        self.hub.watch(connection, &[room]);
        // The task that makes heads may not know of what the log got before.
        let end = follower.room.end();
        self.hub.begin_heads(room, end);
        let seq = self.hub.told(room).map_or(end, |told| told.max(end));
        let head = Head {
            room,
            after: cursor,
            seq,
            posted: None,
        };
        (seq > cursor).then(|| head_frame(&head))
    }

    /// Ends the watching of a room.
    pub fn unwatch(&self, connection: &Connection, room: RoomId) {
        self.hub.unwatch(connection, room);
    }
}

fn head_frame(head: &Head) -> Bytes {
    let posted = |(sender, messages): &(PersonId, u32)| Posted {
        sender: sender.to_string(),
        messages: *messages,
    };
    encode(&ServerFrame::Head {
        room: head.room.0,
        after: head.after.0,
        seq: head.seq.0,
        posted: head
            .posted
            .as_ref()
            .map(|counts| counts.iter().map(posted).collect()),
    })
}
