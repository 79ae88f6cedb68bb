//! T8: the network drops everything. The server must find out, and let go; clients notice by the protocol's heartbeat.
//!
//! It runs in a network namespace of its own, in a process of its own: nothing else is dropped.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::time::{Instant, sleep, timeout};

use super::{Context, blocking};
use crate::crowd::join;
use crate::process;
use crate::random::Random;
use crate::report::Verdict;
use crate::wire::{Door, Received, Wire};

/// Tells the process that is in the namespace that it is.
const INSIDE: &str = "PAPO_TORTURE_INSIDE";
const CLIENTS: usize = 60;
/// The sockets are opened over this time, so that their clocks differ.
const SPREAD: Duration = Duration::from_secs(8);
/// Within this time the server has closed all.
const CLOSED: Duration = Duration::from_mins(1);
/// The heartbeat of `docs/protocol.md`: after so much silence a ping, after so much more the end.
const HEARTBEAT: Duration = Duration::from_secs(25);
const NOTICE: Duration = Duration::from_secs(20);

/// A network namespace, for as long as this lives.
struct Namespace(String);

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = process::command(&["ip", "netns", "del", &self.0]);
    }
}

pub(super) async fn run(context: &Context) -> Result<Verdict> {
    if std::env::var_os(INSIDE).is_some() {
        return inside(context).await;
    }
    process::demand_root("dropping packets in a network namespace")?;
    let namespace = Namespace(format!("papo-torture-{}", std::process::id()));
    let name = &namespace.0;
    process::command(&["ip", "netns", "add", name])?;
    process::command(&["ip", "-n", name, "link", "set", "lo", "up"])?;
    let output = tokio::process::Command::new("ip")
        .args(["netns", "exec", name])
        .arg(std::env::current_exe()?)
        .arg("--papo")
        .arg(&context.papo)
        .arg("T8")
        .env(INSIDE, "1")
        .kill_on_drop(true)
        .output()
        .await?;
    let text = String::from_utf8_lossy(&output.stdout);
    Verdict::from_lines(&text)
        .with_context(|| format!("{text}{}", String::from_utf8_lossy(&output.stderr)))
}

async fn inside(context: &Context) -> Result<Verdict> {
    let server = blocking(|| context.server().start())?;
    let cookies = blocking(|| join(&server, 1, CLIENTS))?;
    // Keep-alive connections of the joining are gone by then.
    let mut before = process::sockets(server.pid())?;
    let mut random = Random::new(context.seed);
    let mut clients = Vec::new();
    for cookie in cookies {
        let start = Instant::now() + random.up_to(SPREAD);
        clients.push(tokio::spawn(listen(server.address(), cookie, start)));
    }
    sleep(SPREAD + Duration::from_secs(3)).await;
    before = before.min(process::sockets(server.pid())?.saturating_sub(CLIENTS));
    let port = server.address().port().to_string();
    for side in ["--dport", "--sport"] {
        process::command(&[
            "iptables", "-A", "INPUT", "-p", "tcp", side, &port, "-j", "DROP",
        ])?;
    }
    let start = Instant::now();
    let mut verdict = Verdict::of(format!("{CLIENTS} sockets, all packets dropped"));
    while process::sockets(server.pid())? > before && start.elapsed() < 2 * CLOSED {
        sleep(Duration::from_millis(50)).await;
    }
    let (took, left) = (
        start.elapsed(),
        process::sockets(server.pid())?.saturating_sub(before),
    );
    verdict.demand(took <= CLOSED && left == 0, || {
        format!("{left} sockets are open after {:.1} s", took.as_secs_f64())
    });
    verdict.figure(format!(
        "all closed after {:.1} s, {left} descriptors left",
        took.as_secs_f64()
    ));
    let mut latest = Duration::ZERO;
    for client in clients {
        let noticed = client.await??;
        latest = latest.max(noticed.saturating_duration_since(start));
    }
    verdict.demand(latest <= HEARTBEAT + NOTICE, || {
        format!("a client noticed after {:.1} s", latest.as_secs_f64())
    });
    verdict.figure(format!(
        "clients noticed within {:.1} s",
        latest.as_secs_f64()
    ));
    Ok(verdict)
}

/// Listens as the real client does; when it takes the connection for dead.
async fn listen(address: SocketAddr, cookie: Arc<str>, start: Instant) -> Result<Instant> {
    tokio::time::sleep_until(start).await;
    let door = Door {
        address,
        path: "/ws/chat/1/",
        cookie: &cookie,
        receive_buffer: None,
    };
    let mut wire = Wire::open(&door).await?;
    wire.send("{\"type\":\"subscribe\"}").await?;
    loop {
        match timeout(HEARTBEAT, wire.receive()).await {
            Ok(Received::Text(_)) => continue,
            Ok(Received::Closed(code)) => bail!("closed with {code}"),
            Err(_) => {}
        }
        let _ = wire.send("{\"type\":\"ping\"}").await;
        if timeout(NOTICE, wire.receive()).await.is_err() {
            return Ok(Instant::now());
        }
    }
}
