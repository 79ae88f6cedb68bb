//! The addresses to open in a browser.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// The addresses of a listening server.
#[derive(Debug)]
pub(super) struct Addresses {
    local: String,
    network: Vec<String>,
}

impl Addresses {
    /// The addresses of a server that listens there.
    pub(super) fn of(listening: SocketAddr) -> Self {
        Self {
            local: local_url(listening),
            network: network_urls(listening),
        }
    }

    /// The address that most machines can open.
    pub(super) fn widest(&self) -> &str {
        self.network.first().unwrap_or(&self.local)
    }
}

impl fmt::Display for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Papo is listening on {}", self.local)?;
        for url in &self.network {
            write!(
                f,
                "\n  from a phone or another computer of this network: {url}"
            )?;
        }
        Ok(())
    }
}

/// The address to open on this machine.
pub(crate) fn local_url(listening: SocketAddr) -> String {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    url(ip, listening.port())
}

/// The addresses to open on another machine of the network, when the server listens on all of this
/// machine's.
fn network_urls(listening: SocketAddr) -> Vec<String> {
    if !listening.ip().is_unspecified() {
        return Vec::new();
    }
    // Addresses for documentation, which nobody has: the way to them is the default route.
    let beyond: &[IpAddr] = &[
        Ipv4Addr::new(192, 0, 2, 1).into(),
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
    ];
    let reachable = if listening.is_ipv4() {
        &beyond[..1]
    } else {
        beyond
    };
    let own = reachable.iter().filter_map(|&to| own_address(to));
    own.map(|ip| url(ip, listening.port())).collect()
}

/// This machine's address on the way to another: connecting a UDP socket chooses it, and sends
/// nothing.
fn own_address(to: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = match to {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((to, 9)).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_loopback() && !ip.is_unspecified()).then_some(ip)
}

fn url(ip: IpAddr, port: u16) -> String {
    let address = SocketAddr::new(ip, port);
    if port == 80 {
        let text = address.to_string();
        return format!("http://{}", text.strip_suffix(":80").unwrap_or(&text));
    }
    format!("http://{address}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_can_open_them() {
        for (listening, expected) in [
            ("127.0.0.1:8000", "http://127.0.0.1:8000"),
            ("0.0.0.0:8000", "http://127.0.0.1:8000"),
            ("[::]:8000", "http://[::1]:8000"),
            ("192.0.2.7:80", "http://192.0.2.7"),
            ("[::]:80", "http://[::1]"),
        ] {
            assert_eq!(local_url(listening.parse().unwrap()), expected);
        }
    }

    #[test]
    fn only_a_server_on_all_addresses_is_on_the_network() {
        assert!(network_urls("127.0.0.1:8000".parse().unwrap()).is_empty());
    }
}
