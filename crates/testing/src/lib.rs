//! Runs the `papo` binary and talks to it as browsers do, for tests, trials and benchmarks.
//!
//! Everything is a black box: processes, HTTP and WebSockets, the latter through another library
//! than Papo's. Nothing waits longer than [`PATIENCE`], and nothing sleeps.

mod guest;
pub mod postgres;
mod server;
mod socket;

use std::time::Duration;

pub use guest::{Guest, Page};
pub use server::{Server, ServerBuilder};
pub use socket::{Closed, Socket};

/// What takes longer than this counts as not happening.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A client id for a message, different each time.
pub fn client_id() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    data_encoding::BASE64URL_NOPAD.encode(&bytes)
}
