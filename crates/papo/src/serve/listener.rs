//! The listening socket.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use anyhow::{Result, anyhow};
use tokio::net::{TcpListener, TcpSocket};

/// How many connections the system queues until they are accepted. After a restart everyone comes
/// back at once.
const BACKLOG: u32 = 4_096;

/// An address that this process has, and on which nobody can connect yet.
#[derive(Debug)]
pub(super) struct Bound {
    socket: TcpSocket,
    address: SocketAddr,
}

impl Bound {
    /// Takes the address. Fails if another program listens on it.
    pub(super) fn to(address: SocketAddr) -> Result<Self> {
        let socket = bind(address).map_err(|error| explained(&error, address))?;
        Ok(Self { socket, address })
    }

    /// Listens. Fails if another program has taken the same address and listens since.
    pub(super) fn listen(self) -> Result<TcpListener> {
        let listener = self.socket.listen(BACKLOG);
        listener.map_err(|error| explained(&error, self.address))
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // Without this a restart would wait until the system has forgotten the last run's connections.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

fn explained(error: &io::Error, address: SocketAddr) -> anyhow::Error {
    match error.kind() {
        ErrorKind::AddrInUse => anyhow!(
            "port {} is in use by another program; stop it, or choose another port with --listen",
            address.port()
        ),
        ErrorKind::PermissionDenied => anyhow!(
            "not allowed to listen on {address}; choose a port from 1024 up with --listen, \
             or give papo the capability CAP_NET_BIND_SERVICE"
        ),
        ErrorKind::AddrNotAvailable => anyhow!(
            "this machine doesn't have the address {}; choose another with --listen, such as 0.0.0.0:{}",
            address.ip(),
            address.port()
        ),
        _ => anyhow!("can't listen on {address}: {error}"),
    }
}
