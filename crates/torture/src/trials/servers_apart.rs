//! PostgreSQL and NATS for a trial in a network namespace of its own.

use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use papo_testing::postgres;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use super::{Context, blocking};
use crate::instance::Instance;
use crate::tunnel;

/// The variable that names the database for the process in the namespace.
pub(super) const DATABASE: &str = "PAPO_TORTURE_DATABASE_URL";

/// A way from a namespace to the PostgreSQL outside, which a drop ends, and its URL inside. Files
/// are the same in both, and so are sockets in the file system. The server may offer encryption,
/// which clients don't use on such a socket.
pub(super) fn way_to_postgres(folder: &Path) -> Result<(String, JoinSet<()>)> {
    let server: Config = postgres::server().parse()?;
    let Some(Host::Tcp(host)) = server.get_hosts().first() else {
        bail!("PAPO_TEST_DATABASE_URL must name a host");
    };
    let port = server.get_ports().first().copied().unwrap_or(5432);
    let socket = folder.join(format!(".s.PGSQL.{port}"));
    let way = tunnel::way_out(&socket, host.clone(), port)?;
    let url = format!(
        "postgres://{}:{}@{}:{port}/{}?sslmode=disable",
        encoded(server.get_user().unwrap_or("postgres").as_bytes()),
        encoded(server.get_password().unwrap_or_default()),
        encoded(folder.as_os_str().as_bytes()),
        encoded(server.get_dbname().unwrap_or("postgres").as_bytes()),
    );
    Ok((url, way))
}

/// Encoded for any part of a URL.
fn encoded(bytes: &[u8]) -> String {
    percent_encode(bytes, NON_ALPHANUMERIC).to_string()
}

/// One node, and NATS as well if there may be several.
pub(super) async fn instance(context: &Context) -> Result<(Instance, Option<Child>)> {
    let Ok(url) = std::env::var(DATABASE) else {
        return Ok((blocking(|| context.instance(1))?, None));
    };
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let nats = Command::new("nats-server")
        .args(["--addr", "127.0.0.1", "--port", &port.to_string()])
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("nats-server")?;
    let start = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        ensure!(start.elapsed() < papo_testing::PATIENCE, "no nats-server");
        sleep(Duration::from_millis(20)).await;
    }
    let context = Context {
        nats: format!("nats://127.0.0.1:{port}"),
        ..context.clone()
    };
    let instance = blocking(|| Instance::start_on(&context, 1, &url))?;
    Ok((instance, Some(nats)))
}
