//! `papo-floor`: the least that a chat server can do. One thread, one epoll; each message is
//! answered with one `write` for each connection, and nothing else is done: nothing is checked,
//! nothing stored, no rooms.
//!
//! It sends the frames that Papo would send, so that one generator drives both and the difference
//! is Papo's own work.

mod client;
mod frame;
mod request;
mod server;

use anyhow::Result;
use clap::Parser;

#[derive(Debug, Clone, Copy, Parser)]
#[command(about = "The least that a chat server can do")]
struct Options {
    /// Acknowledge each message to its sender, in a write of its own.
    #[arg(long)]
    ack: bool,
    /// Write what the messages of one round bring to a connection in one write, not in one for
    /// each.
    #[arg(long)]
    join: bool,
}

fn main() -> Result<()> {
    papo_bench::process::raise_open_files()?;
    let mut server = server::Server::new(Options::parse())?;
    println!("listening on http://{}", server.address()?);
    server.run()
}
