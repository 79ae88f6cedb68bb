//! What the nodes of one Papo tell each other: a doorbell that usually brings along what is new.
//!
//! Whatever is told here may be lost, doubled, late or out of order, and costs a delay at most: the
//! log and the revocations are in the database, which every node asks. Of another node nothing is
//! believed but the next frame of a log.

use std::fmt::Debug;
use std::sync::Arc;

use bytes::Bytes;
use papo_domain::{PersonId, RoomId};
use tokio::sync::mpsc;

use crate::{Frame, Present};

/// Tells the processes that share a database apart; chosen at random at each start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u64);

/// Who is in a room on one node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People {
    /// Grows with each that a node tells, so that an older one that comes late is known to be old.
    pub version: u64,
    /// How many there are.
    pub online: usize,
    /// The first of them by name.
    pub people: Vec<Present>,
}

/// What a node tells the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// New frames of a room's log, in order.
    Frames(RoomId, Vec<Frame>),
    /// Somebody is writing in a room: their sign, encoded.
    Typing(RoomId, PersonId, Bytes),
    /// Who is in a room on the node that tells it; again and again, for a node that is silent is
    /// forgotten.
    People(RoomId, People),
    /// The rights of sessions have changed: the revocations are to be looked at.
    Changed,
    /// The node stops: nobody is there any more.
    Stopped,
}

/// What comes from a relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// The relay is connected, and may have lost whatever was told before.
    Connected,
    /// Another node tells something.
    Signal(NodeId, Signal),
}

/// The way to the other nodes. Without one there is a single node. Of what comes by it nothing is
/// believed but the next frame of a log, and who is there.
pub trait Relay: Debug + Send + Sync {
    /// Tells the other nodes. Doesn't wait, and may lose it.
    fn tell(&self, signal: Signal);

    /// From now on what is told about this room is wanted. Doesn't wait.
    fn follow(&self, room: RoomId);

    /// What is told about this room isn't wanted any more. Doesn't wait.
    fn unfollow(&self, room: RoomId);
}

/// The other nodes, as an application is given them.
#[derive(Debug)]
pub struct Nodes {
    /// The way to them.
    pub relay: Arc<dyn Relay>,
    /// What comes from them.
    pub incoming: mpsc::Receiver<Incoming>,
}
