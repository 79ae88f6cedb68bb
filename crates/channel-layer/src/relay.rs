//! The signals between the nodes of one Papo: a doorbell that usually brings the frame along.
//!
//! A signal may be lost, doubled, late or out of order, at the cost of a delay. The log and the
//! revocations are in the database, which every node asks. A node believes another only in the next
//! event of a log, and in who is online and writing.

use std::fmt::Debug;
use std::sync::Arc;

use bytes::Bytes;
use papo_domain::{PersonId, RoomId};
use tokio::sync::mpsc;

use crate::{Frame, Moves, Present};

/// Identifies a process among those that share a database. Chosen at random at each start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u64);

/// The people in a room on one node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People {
    /// Grows with each list of the node, so that a late, older list is recognised.
    pub version: u64,
    /// How many people there are.
    pub online: usize,
    /// The first of them by name.
    pub people: Vec<Present>,
}

/// A signal to the other nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// New frames of a room's log, in order.
    Frames(RoomId, Vec<Frame>),
    /// Somebody is writing in a room: their sign, encoded.
    Typing(RoomId, PersonId, Bytes),
    /// The people in a room on the sending node. It repeats this, since a silent node is forgotten.
    People(RoomId, People),
    /// Events that the sending node has stored lately, as heads count them.
    Heads(Moves),
    /// Rights have changed: read the revocations.
    Changed,
    /// Something has changed for a person: read the inboxes.
    Inbox,
    /// The node stops: nobody is there any more.
    Stopped,
}

/// What comes from a relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// The relay is connected, and may have lost earlier signals.
    Connected,
    /// A signal of another node.
    Signal(NodeId, Signal),
}

/// The way to the other nodes. A single node has none.
pub trait Relay: Debug + Send + Sync {
    /// Sends a signal to the other nodes. Doesn't wait, and may lose it.
    fn tell(&self, signal: Signal);

    /// Subscribes to signals about this room. Doesn't wait.
    fn follow(&self, room: RoomId);

    /// Ends the subscription to this room. Doesn't wait.
    fn unfollow(&self, room: RoomId);
}

/// The two ends of a relay, for an application.
#[derive(Debug)]
pub struct Nodes {
    /// The way to other nodes.
    pub relay: Arc<dyn Relay>,
    /// What comes from other nodes.
    pub incoming: mpsc::Receiver<Incoming>,
}
