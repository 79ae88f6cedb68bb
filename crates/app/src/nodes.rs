//! What a node does with the signals of other nodes.
//!
//! They can make things faster and nothing wrong. A tail takes a frame from them only as its next,
//! and only while the lease on rights holds. A head takes an event from them only as its next. For
//! everything else the node asks the database.

use std::collections::BTreeMap;
use std::sync::Arc;

use papo_channel_layer::{Frame, Incoming, LiveRoom, NodeId, Signal};
use papo_domain::RoomId;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use crate::App;
use crate::fan_out::FanOut;

/// How many waiting signals are handled at once. A room's followers then get all their frames by
/// one write.
const TOGETHER: usize = 64;

/// Rooms whose tails have grown and whose followers haven't been written to.
type Grown = BTreeMap<RoomId, Arc<LiveRoom>>;

/// Make the polling tasks ask the database now.
#[derive(Debug, Default)]
pub(crate) struct Bells {
    /// Rings for the logs of all live and watched rooms.
    pub(crate) logs: Notify,
    /// Rings for the revocations.
    pub(crate) revocations: Notify,
    /// Rings for the inboxes.
    pub(crate) inboxes: Notify,
    /// Rings for the settings of the place.
    pub(crate) place: Notify,
}

impl App {
    /// Handles the signals of other nodes, until the app stops.
    pub(crate) async fn hear_nodes(self: Arc<Self>, mut incoming: mpsc::Receiver<Incoming>) {
        let mut told = Vec::with_capacity(TOGETHER);
        loop {
            let count = tokio::select! {
                count = incoming.recv_many(&mut told, TOGETHER) => count,
                () = self.stopping.cancelled() => return,
            };
            if count == 0 {
                return;
            }
            let mut grown = Grown::new();
            for told in told.drain(..) {
                match told {
                    Incoming::Connected => {
                        self.hub.tell_people_soon(Instant::now());
                        self.bells.logs.notify_one();
                        self.bells.revocations.notify_one();
                        self.bells.inboxes.notify_one();
                    }
                    Incoming::Signal(node, signal) => self.hear(node, signal, &mut grown),
                }
            }
            let mut budget = FanOut::budget();
            for live in grown.values() {
                self.tails.fan_out.deliver(live, &mut budget);
            }
        }
    }

    fn hear(&self, node: NodeId, signal: Signal, grown: &mut Grown) {
        self.others.hear(node, &signal, Instant::now());
        match signal {
            Signal::Frames(room, frames) => self.hear_frames(room, frames, grown),
            Signal::Typing(room, sender, frame) => {
                if let Some(live) = self.hub.room(room)
                    && self.tails.may_show()
                {
                    live.push_typing(sender, frame);
                }
            }
            Signal::People(room, people) => {
                self.hub.hear_people(node, room, people, Instant::now());
            }
            Signal::Heads(moves) => self.hub.hear_moves(&moves),
            Signal::Changed => self.bells.revocations.notify_one(),
            Signal::Inbox => self.bells.inboxes.notify_one(),
            Signal::Stopped => self.hub.stop_node(node, Instant::now()),
        }
    }

    fn hear_frames(&self, room: RoomId, frames: Vec<Frame>, grown: &mut Grown) {
        let Some(live) = self.hub.room(room) else {
            return;
        };
        for message in frames.iter().filter_map(|frame| frame.changes) {
            self.tails.pages.forget(room, message);
        }
        if !self.tails.may_show() {
            self.metrics.held_frames.increment(frames.len() as u64);
            return;
        }
        let is_missing = live.offer(frames);
        if is_missing {
            self.tails.look_soon(&live);
        }
        grown.insert(room, live);
    }
}
