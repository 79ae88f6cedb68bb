//! T8: the network drops everything. The server must notice, and close its sockets; clients notice
//! by the protocol's heartbeat.
//!
//! It runs in a process and a network namespace of its own, so nothing else is dropped. Most
//! clients are robots; one is the browser's library under Node (`client/test-support/listen.mjs`).
//! PostgreSQL is reached by a socket in the file system. NATS is another one, in the namespace.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use papo_testing::postgres::Schema;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::{Context, blocking, servers_apart};
use crate::apart;
use crate::crowd::join;
use crate::instance::Ground;
use crate::process;
use crate::random::Random;
use crate::report::Verdict;
use crate::wire::{Door, Received, Wire};

const CLIENTS: usize = 60;
/// The sockets open over this time, so that their clocks differ.
const SPREAD: Duration = Duration::from_secs(8);
/// Within this time the server has closed all sockets.
const CLOSED: Duration = Duration::from_mins(1);
/// The heartbeat of `docs/protocol.md`: after this much silence a ping, after as much more as it
/// says there the end.
const HEARTBEAT: Duration = Duration::from_secs(25);
const NOTICE: Duration = Duration::from_secs(20);

pub(super) async fn run(context: &Context) -> Result<Verdict> {
    if apart::is_inside() {
        process::command(&["ip", "link", "set", "lo", "up"])?;
        return inside(context).await;
    }
    if context.ground == Ground::Sqlite {
        return apart::run(context, "T8", &["--net"], &[]).await;
    }
    let schema = blocking(Schema::new);
    let folder = TempDir::new()?;
    let (server, _way) = servers_apart::way_to_postgres(folder.path())?;
    let url = schema.url_at(&server);
    let environment = [(servers_apart::DATABASE, url.as_str())];
    apart::run(context, "T8", &["--net"], &environment).await
}

async fn inside(context: &Context) -> Result<Verdict> {
    let (instance, _nats) = servers_apart::instance(context).await?;
    let server = instance.first();
    let mut cookies = blocking(|| join(server.address(), 1, CLIENTS + 1))?;
    // Keep-alive connections of the joining are gone by then.
    let mut before = process::sockets(server.pid())?;
    let mut random = Random::new(context.seed);
    let mut real = None;
    if let (Some(cookie), Some(folder)) = (cookies.pop(), &context.client) {
        let listener = Listener::start(folder, server.address(), &cookie).await;
        real = Some(listener.context("the client under Node")?);
    }
    let sockets = CLIENTS + usize::from(real.is_some());
    let listening = Arc::new(AtomicUsize::new(0));
    let mut clients = Vec::new();
    for cookie in cookies {
        let start = Instant::now() + random.up_to(SPREAD);
        let listening = Arc::clone(&listening);
        let client = listen(server.address(), cookie, start, listening);
        clients.push(tokio::spawn(client));
    }
    let all_listen = async {
        while listening.load(Ordering::Relaxed) < CLIENTS {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(SPREAD + papo_testing::PATIENCE, all_listen)
        .await
        .context("not everybody could connect")?;
    // By then the presence frames of their joining have passed.
    sleep(Duration::from_secs(3)).await;
    before = before.min(process::sockets(server.pid())?.saturating_sub(sockets));
    let port = server.address().port().to_string();
    for side in ["--dport", "--sport"] {
        process::command(&[
            "iptables", "-A", "INPUT", "-p", "tcp", side, &port, "-j", "DROP",
        ])?;
    }
    let start = Instant::now();
    let mut verdict = Verdict::of(format!("{sockets} sockets, all packets dropped"));
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
        "robots noticed within {:.1} s",
        latest.as_secs_f64()
    ));
    let Some(listener) = real else {
        verdict.figure("the browser's library wasn't asked: no --client");
        return Ok(verdict);
    };
    let noticed = listener.offline().await?;
    let noticed = noticed.saturating_duration_since(start);
    verdict.demand(noticed <= HEARTBEAT + NOTICE, || {
        format!(
            "the browser's library noticed after {:.1} s",
            noticed.as_secs_f64()
        )
    });
    verdict.figure(format!(
        "the browser's library after {:.1} s",
        noticed.as_secs_f64()
    ));
    Ok(verdict)
}

/// The browser's library under Node.
struct Listener {
    /// A drop ends it.
    _node: Child,
    noticed: JoinHandle<Result<Instant>>,
}

impl Listener {
    /// Starts it, and waits until it follows the room.
    async fn start(folder: &Path, address: SocketAddr, cookie: &str) -> Result<Self> {
        let mut node = Command::new("node")
            .arg("test-support/listen.mjs")
            .arg(format!("ws://{address}/ws/chat/1/"))
            .arg(cookie)
            .current_dir(folder)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = node.stdout.take().context("its output")?;
        let mut lines = BufReader::new(output).lines();
        let online = wait_for("online", &mut lines);
        timeout(papo_testing::PATIENCE, online).await??;
        let noticed = tokio::spawn(async move { wait_for("offline", &mut lines).await });
        Ok(Self {
            _node: node,
            noticed,
        })
    }

    /// When it took the connection for dead.
    async fn offline(self) -> Result<Instant> {
        timeout(CLOSED, self.noticed).await??
    }
}

/// Waits for a line. Returns when it came.
async fn wait_for(status: &str, lines: &mut Lines<BufReader<ChildStdout>>) -> Result<Instant> {
    while let Some(line) = lines.next_line().await? {
        if line == status {
            return Ok(Instant::now());
        }
    }
    bail!("it ended without being {status}")
}

/// Listens like the real client. Returns when it takes the connection for dead.
async fn listen(
    address: SocketAddr,
    cookie: Arc<str>,
    start: Instant,
    listening: Arc<AtomicUsize>,
) -> Result<Instant> {
    tokio::time::sleep_until(start).await;
    let door = Door {
        address,
        path: "/ws/chat/1/",
        cookie: &cookie,
        receive_buffer: None,
    };
    let mut wire = Wire::open(&door).await?;
    wire.send("{\"type\":\"subscribe\"}").await?;
    listening.fetch_add(1, Ordering::Relaxed);
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
