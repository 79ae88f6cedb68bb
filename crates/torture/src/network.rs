//! A network of a trial: hosts in namespaces, joined by a bridge. Any host can be cut off from any
//! other, one way or both.
//!
//! It needs a process in namespaces of its own, and ends with it.

use std::fmt;
use std::net::SocketAddr;

use anyhow::{Context as _, Result};

use crate::process::command;
use crate::servers::Within;

/// Where the hosts are; the last part is a host's own.
const SUBNET: &str = "10.77.0";
const BRIDGE: &str = "papo";

/// A host on the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Host {
    /// The trial itself: robots, and the checker.
    Clients,
    Node(usize),
    Postgres,
    Nats,
}

impl Host {
    /// Its namespace, and its end of the bridge.
    fn name(self) -> String {
        match self {
            Self::Clients => "clients".into(),
            Self::Node(number) => format!("node{number}"),
            Self::Postgres => "postgres".into(),
            Self::Nats => "nats".into(),
        }
    }

    /// Where a server on it listens.
    pub(crate) fn address(self, port: u16) -> Result<SocketAddr> {
        let number = match self {
            Self::Node(number) => number + 1,
            Self::Postgres => 101,
            Self::Nats => 102,
            Self::Clients => 254,
        };
        let address = format!("{SUBNET}.{number}:{port}");
        address.parse().context("an address")
    }

    /// The prefix of a command that runs on it.
    pub(crate) fn within(self) -> Within {
        match self {
            Self::Clients => Vec::new(),
            host => [
                "nsenter",
                &format!("--net=/run/netns/{}", host.name()),
                "--",
            ]
            .map(Into::into)
            .into(),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clients => f.write_str("clients"),
            Self::Node(number) => write!(f, "node {number}"),
            Self::Postgres => f.write_str("PostgreSQL"),
            Self::Nats => f.write_str("NATS"),
        }
    }
}

/// Makes the network; this process is the clients.
pub(crate) fn make(hosts: &[Host]) -> Result<()> {
    // Nobody else's namespaces are there.
    command(&["mount", "-t", "tmpfs", "none", "/run"])?;
    run(&[], &format!("ip link add {BRIDGE} type bridge"))?;
    run(
        &[],
        &format!("ip address add {}/24 dev {BRIDGE}", ip(Host::Clients)?),
    )?;
    run(&[], &format!("ip link set {BRIDGE} up"))?;
    run(&[], "ip link set lo up")?;
    for &host in hosts {
        let name = host.name();
        run(&[], &format!("ip netns add {name}"))?;
        let pair = format!("ip link add {name} type veth peer name eth0 netns {name}");
        run(&[], &pair)?;
        run(&[], &format!("ip link set {name} master {BRIDGE} up"))?;
        let within = host.within();
        run(
            &within,
            &format!("ip address add {}/24 dev eth0", ip(host)?),
        )?;
        run(&within, "ip link set eth0 up")?;
        run(&within, "ip link set lo up")?;
    }
    Ok(())
}

/// Drops what one host sends to another from now on.
pub(crate) fn cut(from: Host, to: Host) -> Result<()> {
    rule("-A", from, to)
}

/// Ends the drop.
pub(crate) fn mend(from: Host, to: Host) -> Result<()> {
    rule("-D", from, to)
}

fn rule(what: &str, from: Host, to: Host) -> Result<()> {
    let rule = format!("iptables -w {what} INPUT -s {} -j DROP", ip(from)?);
    run(&to.within(), &rule)
}

fn ip(host: Host) -> Result<String> {
    Ok(host.address(0)?.ip().to_string())
}

fn run(within: &[String], line: &str) -> Result<()> {
    let within = within.iter().map(String::as_str);
    let words: Vec<_> = within.chain(line.split(' ')).collect();
    command(&words)
}
