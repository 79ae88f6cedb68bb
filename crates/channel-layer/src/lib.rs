//! The channel layer: all live state. It has the tail of each followed room's log, the connections
//! that follow it, and who is online and writing. Of watched rooms it knows only how far their logs
//! have moved.
//!
//! A room is a log and a connection is a cursor over it. Nothing here queues a message for anybody.
//! Frames are encoded once, before they come here, and shared. This crate knows neither storage nor
//! sockets. Everything in it may be lost at any time, at the cost of a moment's delay.

mod connection;
mod defects;
mod early;
mod elsewhere;
mod envelope;
mod frame;
mod heads;
mod hub;
mod live_room;
pub mod nats;
mod pace;
mod presence;
mod relay;
mod shard;
mod sync;
mod tail;
#[cfg(feature = "testing")]
pub mod testing;
mod typing;
mod watches;

pub use connection::{
    Connection, ConnectionId, Notice, Request, RoomSet, WaitingHeads, Wire, Written,
};
pub use frame::Frame;
pub use heads::{Head, Move, Moves};
pub use hub::{Follower, Hub};
pub use live_room::{LiveRoom, TailLimits};
pub use presence::{PresenceFrame, Present};
pub use relay::{Incoming, NodeId, Nodes, People, Relay, Signal};
pub use shard::{Delivery, Wants};
pub use tail::{Append, Lack, Read, Tail};
