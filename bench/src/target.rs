//! Which server is loaded, by how many connections.

use std::net::SocketAddr;

/// The server, and the crowd that connects to it.
#[derive(Debug, Clone, clap::Args)]
pub struct Target {
    /// Where the server listens.
    #[arg(long)]
    pub address: SocketAddr,
    /// The server's process, whose processor time and memory are measured.
    #[arg(long)]
    pub pid: u32,
    /// How many connections.
    #[arg(long, default_value_t = 1)]
    pub connections: usize,
    /// How many sessions share them; each has joined the rooms of its connections.
    #[arg(long, default_value_t = 1)]
    pub sessions: usize,
    /// How many rooms, numbered from 1; each connection is in one.
    #[arg(long, default_value_t = 1)]
    pub rooms: usize,
    /// Speak the seed's protocol, not `papo.v1`.
    #[arg(long)]
    pub plain: bool,
}

impl Target {
    /// The room of a connection.
    pub(crate) const fn room(&self, connection: usize) -> usize {
        1 + connection % self.rooms
    }

    /// The session of a connection.
    pub(crate) const fn session(&self, connection: usize) -> usize {
        connection % self.sessions
    }

    /// Under which name a session joins.
    pub(crate) fn username(session: usize) -> String {
        format!("guest-{session:05}")
    }
}
