//! The server under load, and its number of connections. It may be several nodes of one instance,
//! over which the connections are spread.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};

/// The server, and the crowd that connects to it.
#[derive(Debug, Clone, clap::Args)]
pub struct Target {
    /// Where the server listens; or each of its nodes, with commas between.
    #[arg(long = "address", required = true, value_delimiter = ',')]
    pub addresses: Vec<SocketAddr>,
    /// The server's processes, whose processor time and memory are measured.
    #[arg(long = "pid", required = true, value_delimiter = ',')]
    pub processes: Vec<u32>,
    /// Processes that work for it, such as its database's, each measured with its children.
    #[arg(long = "beside", value_delimiter = ',')]
    pub beside: Vec<u32>,
    /// How many connections.
    #[arg(long, default_value_t = 1)]
    pub connections: usize,
    /// How many sessions share them; each has joined the rooms of its connections.
    #[arg(long, default_value_t = 1)]
    pub sessions: usize,
    /// How many rooms, numbered from 1; each connection is in one.
    #[arg(long, default_value_t = 1)]
    pub rooms: usize,
    /// How many rooms each session has joined, from that of its connection on. Without it, only the
    /// rooms of its connections.
    #[arg(long, default_value_t = 1)]
    pub joined: usize,
    /// The server's SQLite file. The generator then writes the further memberships itself, which
    /// is faster than half a million requests.
    #[arg(long)]
    pub file: Option<PathBuf>,
    /// Speak the Django chat's protocol, not `papo.v1`.
    #[arg(long)]
    pub plain: bool,
    /// Use the socket for many rooms.
    #[arg(long, action = clap::ArgAction::Set, default_value_t = false)]
    pub many: bool,
}

impl Target {
    /// Where a connection goes, or a session is made.
    pub(crate) fn address(&self, connection: usize) -> Result<SocketAddr> {
        let count = self.addresses.len();
        let node = connection.checked_rem(count).context("no address")?;
        Ok(self.addresses[node])
    }

    /// The room of a connection.
    pub(crate) const fn room(&self, connection: usize) -> usize {
        1 + connection % self.rooms
    }

    /// The rooms that a connection's session has joined for it.
    pub(crate) fn rooms_of(&self, connection: usize) -> impl Iterator<Item = usize> {
        (connection..connection + self.joined).map(|place| self.room(place))
    }

    /// Those of them that the session joins as people do.
    pub(crate) fn requested_rooms_of(&self, connection: usize) -> impl Iterator<Item = usize> {
        let count = if self.file.is_some() { 1 } else { self.joined };
        self.rooms_of(connection).take(count)
    }

    /// The path of a connection's socket.
    pub(crate) fn path(&self, connection: usize) -> String {
        if self.many {
            "/ws/".to_owned()
        } else {
            format!("/ws/chat/{}/", self.room(connection))
        }
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
