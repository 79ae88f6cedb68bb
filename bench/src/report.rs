//! The reports of the scenarios: each prints one line of JSON, and `cargo xtask bench` reads it.

use serde::{Deserialize, Serialize};

/// How long something took, over all the times it was done.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Times {
    /// Half took no longer than this many milliseconds.
    pub p50: f64,
    /// 99 % took no longer than this many milliseconds.
    pub p99: f64,
    /// The longest, in milliseconds.
    pub max: f64,
}

/// Posts to everybody in one room.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fanout {
    /// Posts sent during the measured time.
    pub posts: usize,
    /// Frames that arrived during the measured time.
    pub deliveries: usize,
    /// How long the measured time was, in seconds.
    pub seconds: f64,
    /// The server's processor time, user and system, for one delivery, in microseconds.
    pub cpu_per_delivery: f64,
    /// The same of each process beside it.
    pub beside: Vec<f64>,
    /// How much of one processor the generator itself used. Near 1 it is the limit.
    pub generator: f64,
    /// From a post to its arrival at one connection.
    pub delivered: Times,
    /// From a post to its arrival at the last connection.
    pub everybody: Times,
    /// Posts of the measured time that didn't reach everybody.
    pub incomplete: usize,
}

/// Posts that wait for their acknowledgement.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Post {
    /// Acknowledged posts.
    pub posts: usize,
    /// Acknowledged posts a second.
    pub rate: f64,
    /// From a post to its acknowledgement.
    pub acknowledged: Times,
    /// The server's processor time, user and system, for one post, in microseconds.
    pub cpu_per_post: f64,
    /// The same of each process beside it.
    pub beside: Vec<f64>,
    /// How much of one processor the generator itself used.
    pub generator: f64,
}

/// Bare writes to a file, each followed by `fdatasync`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sync {
    /// One write and its `fdatasync`.
    pub synced: Times,
}

/// Clients that return and have missed something.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Resume {
    /// Clients.
    pub clients: usize,
    /// Events that each of them missed.
    pub events: usize,
    /// From the first connection attempt to the last one open, in seconds.
    pub connected: f64,
    /// From the first connection attempt until the last client had all events, in seconds.
    pub whole: f64,
    /// From a client's `subscribe` until it had all events.
    pub caught_up: Times,
    /// How much of one processor the generator itself used.
    pub generator: f64,
}

/// Memory by number of connections that do nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Idle {
    /// Connections, and the server's resident memory in KiB.
    pub steps: Vec<(usize, f64)>,
}

/// A crowd whose sockets watch the rooms that they don't follow, or don't.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sidebar {
    /// What the server's memory grew for each connection, in KiB.
    pub memory: f64,
    /// Posts sent during the measured time.
    pub posts: usize,
    /// Heads that arrived during the measured time.
    pub heads: usize,
    /// The server's processor time for a second of the measured time, in seconds.
    pub processor: f64,
    /// From a post to the head that tells of it, at one connection.
    pub told: Times,
    /// How much of one processor the generator itself used. Near 1 it is the limit.
    pub generator: f64,
}

/// The first frame of a person in many rooms.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Welcome {
    /// Rooms.
    pub rooms: usize,
    /// From the handshake's request to the whole frame.
    pub welcomed: Times,
}

/// A page asked for again and again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Page {
    /// Answers a second.
    pub rate: f64,
    /// Bytes of one answer's body.
    pub bytes: usize,
    /// From a request to its whole answer.
    pub answered: Times,
    /// The server's processor time for one answer, in microseconds.
    pub cpu_per_answer: f64,
}
