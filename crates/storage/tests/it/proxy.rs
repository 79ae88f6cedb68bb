//! A way to the server that can be cut at the moments that matter.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::database::server;

/// What the proxy does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Way {
    /// Lets everything through.
    Open,
    /// Ends connections as they come.
    Closed,
    /// Keeps connections and moves nothing.
    Silent,
    /// Ends the connection that commits next, before the server hears of it; then is open.
    CutBeforeCommit,
    /// Ends the client's half of the connection that commits next, and keeps the server's, which
    /// doesn't hear of it; then is open.
    StrandBeforeCommit,
    /// Ends the connection that commits next after the server has committed; then is open.
    CutAfterCommit,
    /// The same; then is closed.
    CutAfterCommitAndClose,
}

/// The proxy, until it is dropped.
pub(crate) struct Proxy {
    way: Arc<AtomicU8>,
    port: u16,
    listening: JoinHandle<()>,
    moving: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Proxy {
    pub(crate) async fn start() -> Self {
        let config: tokio_postgres::Config = server().parse().unwrap();
        let tokio_postgres::config::Host::Tcp(host) = &config.get_hosts()[0] else {
            panic!("these tests need a server that listens on TCP");
        };
        let to = (
            host.clone(),
            config.get_ports().first().copied().unwrap_or(5432),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let way = Arc::new(AtomicU8::new(Way::Open as u8));
        let moving = Arc::new(Mutex::new(Vec::new()));
        let (of_listener, tasks) = (Arc::clone(&way), Arc::clone(&moving));
        let listening = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                if of_listener.load(Ordering::SeqCst) == Way::Closed as u8 {
                    continue;
                }
                let server = TcpStream::connect(to.clone()).await.unwrap();
                let carrying = carry(client, server, Arc::clone(&of_listener));
                tasks.lock().unwrap().push(tokio::spawn(carrying));
            }
        });
        Self {
            way,
            port,
            listening,
            moving,
        }
    }

    /// The server's URL by this way, in plain text so that the proxy understands it.
    pub(crate) fn base(&self) -> String {
        let config: tokio_postgres::Config = server().parse().unwrap();
        let user = config.get_user().unwrap_or("postgres");
        let password = config.get_password().unwrap_or_default();
        let password = String::from_utf8_lossy(password);
        let database = config.get_dbname().unwrap_or("postgres");
        let port = self.port;
        format!("postgres://{user}:{password}@127.0.0.1:{port}/{database}?sslmode=disable")
    }

    /// Does something else from now on. Closing ends what is there.
    pub(crate) fn set(&self, way: Way) {
        self.way.store(way as u8, Ordering::SeqCst);
        if way == Way::Closed {
            self.end();
        }
    }

    fn end(&self) {
        for task in self.moving.lock().unwrap().drain(..) {
            task.abort();
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
        self.end();
    }
}

async fn carry(mut client: TcpStream, mut server: TcpStream, way: Arc<AtomicU8>) {
    let (mut from_client, mut from_server) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        let (bytes, to_server) = tokio::select! {
            read = client.read(&mut from_client) => (read.unwrap_or(0), true),
            read = server.read(&mut from_server) => (read.unwrap_or(0), false),
        };
        if bytes == 0 {
            return;
        }
        let now = way.load(Ordering::SeqCst);
        if now == Way::Silent as u8 {
            std::future::pending::<()>().await;
        }
        if !to_server {
            let _ = client.write_all(&from_server[..bytes]).await;
            continue;
        }
        let sent = &from_client[..bytes];
        let is_commit = sent.windows(6).any(|bytes| bytes == b"COMMIT");
        let next = match now {
            _ if !is_commit => None,
            now if [
                Way::CutBeforeCommit as u8,
                Way::StrandBeforeCommit as u8,
                Way::CutAfterCommit as u8,
            ]
            .contains(&now) =>
            {
                Some(Way::Open)
            }
            now if now == Way::CutAfterCommitAndClose as u8 => Some(Way::Closed),
            _ => None,
        };
        if let Some(next) = next {
            way.store(next as u8, Ordering::SeqCst);
        }
        if next.is_some() && now == Way::CutBeforeCommit as u8 {
            return;
        }
        if next.is_some() && now == Way::StrandBeforeCommit as u8 {
            drop(client);
            return std::future::pending().await;
        }
        let _ = server.write_all(sent).await;
        if next.is_some() {
            // The server's last word: what was asked is committed.
            let mut heard = Vec::new();
            while !heard.windows(7).any(|bytes| bytes == b"COMMIT\0") {
                let bytes = server.read(&mut from_server).await.unwrap();
                assert!(bytes > 0, "the server went away");
                heard.extend_from_slice(&from_server[..bytes]);
            }
            return;
        }
    }
}
