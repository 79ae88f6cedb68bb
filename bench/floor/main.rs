//! `papo-floor`: the least that a chat server can do, with one thread and one epoll. It answers
//! each message with one `write` for each connection. It checks nothing, stores nothing, and has no
//! rooms.
//!
//! It sends Papo's frames, so that one generator drives both, and the difference is Papo's own
//! work.

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
    /// Write all messages of one round to a connection in one write.
    #[arg(long)]
    join: bool,
}

fn main() -> Result<()> {
    papo_bench::process::raise_open_files()?;
    let mut server = server::Server::new(Options::parse())?;
    println!("listening on http://{}", server.address()?);
    server.run()
}
