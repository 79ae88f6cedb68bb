//! Runs the `papo` binary and talks to it as people's browsers would: for tests, torture and
//! benchmarks.
//!
//! Everything is a black box here: processes, HTTP and WebSockets, the latter through a library
//! that isn't ours. Nothing waits longer than [`PATIENCE`], and nothing sleeps.

mod guest;
pub mod postgres;
mod server;
mod socket;

use std::time::Duration;

pub use guest::{Guest, Page};
pub use server::{Server, ServerBuilder};
pub use socket::{Closed, Socket};

/// How long anything may take before it counts as not happening.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A name for a message, different each time.
pub fn client_id() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    data_encoding::BASE64URL_NOPAD.encode(&bytes)
}
