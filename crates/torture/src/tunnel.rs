//! Tunnels for bytes: a load balancer before nodes, and a way out of a network namespace.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// How often the balancer asks each node whether it is ready, and how long the node has to answer.
const ASK: Duration = Duration::from_millis(200);
const ANSWER: Duration = Duration::from_secs(2);

/// A load balancer. It asks the nodes' `/readyz`, and sends each connection to the ready node with
/// the fewest. If that one refuses it, it tries the next; if all do, the client has to retry. A
/// drop ends it.
pub(crate) struct Balancer {
    pub(crate) address: SocketAddr,
    _tasks: JoinSet<()>,
}

struct Node {
    address: SocketAddr,
    is_ready: AtomicBool,
    connections: AtomicUsize,
}

impl Balancer {
    pub(crate) async fn start(addresses: Vec<SocketAddr>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let nodes: Arc<[Node]> = addresses.into_iter().map(Node::new).collect();
        let mut tasks = JoinSet::new();
        for index in 0..nodes.len() {
            let nodes = Arc::clone(&nodes);
            tasks.spawn(async move { nodes[index].watch().await });
        }
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(balance(client, Arc::clone(&nodes)));
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self {
            address,
            _tasks: tasks,
        })
    }
}

async fn balance(mut client: TcpStream, nodes: Arc<[Node]>) {
    let mut order: Vec<_> = nodes
        .iter()
        .filter(|node| node.is_ready.load(Ordering::SeqCst))
        .collect();
    order.sort_by_key(|node| node.connections.load(Ordering::SeqCst));
    for node in order {
        node.connections.fetch_add(1, Ordering::SeqCst);
        let connected = TcpStream::connect(node.address).await;
        if let Ok(mut server) = connected {
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            // However it ends, it has ended.
            let _ = copy_bidirectional(&mut client, &mut server).await;
            node.connections.fetch_sub(1, Ordering::SeqCst);
            return;
        }
        node.connections.fetch_sub(1, Ordering::SeqCst);
        node.is_ready.store(false, Ordering::SeqCst);
    }
}

impl Node {
    fn new(address: SocketAddr) -> Self {
        Self {
            address,
            is_ready: AtomicBool::new(true),
            connections: AtomicUsize::new(0),
        }
    }

    async fn watch(&self) {
        loop {
            let is_ready = timeout(ANSWER, is_ready(self.address)).await;
            let is_ready = matches!(is_ready, Ok(Ok(true)));
            self.is_ready.store(is_ready, Ordering::SeqCst);
            sleep(ASK).await;
        }
    }
}

/// What `/readyz` says.
async fn is_ready(address: SocketAddr) -> Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer.starts_with(b"HTTP/1.1 200 "))
}

/// A socket in the file system, which all network namespaces share, and which leads to a server
/// outside. Dropping the result ends it.
pub(crate) fn way_out(socket: &Path, host: String, port: u16) -> Result<JoinSet<()>> {
    let listener = UnixListener::bind(socket)?;
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((mut inside, _)) = listener.accept().await {
            let host = host.clone();
            connections.spawn(async move {
                if let Ok(mut outside) = TcpStream::connect((host.as_str(), port)).await {
                    // However it ends, it has ended.
                    let _ = copy_bidirectional(&mut inside, &mut outside).await;
                }
            });
            while connections.try_join_next().is_some() {}
        }
    });
    Ok(tasks)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A node that always gives this answer.
    async fn node(answer: &'static str) -> (SocketAddr, JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                // To its end: closing a socket with unread bytes would reset it, and lose the
                // answer.
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n")
                    && stream
                        .read_buf(&mut request)
                        .await
                        .is_ok_and(|read| read > 0)
                {}
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        (address, tasks)
    }

    /// An address where nobody listens any more.
    async fn gone() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    }

    #[tokio::test]
    async fn a_balancer_follows_what_the_nodes_say() {
        let (ready, _ready) = node("HTTP/1.1 200 OK\r\n\r\n").await;
        let (stopping, _stopping) = node("HTTP/1.1 503 No\r\n\r\n").await;
        let gone = gone().await;
        let balancer = Balancer::start(vec![stopping, gone, ready]).await.unwrap();
        // The balancer has to learn of it first.
        let follows = async {
            let mut right = 0;
            while right < 20 {
                right = match is_ready(balancer.address).await {
                    Ok(true) => right + 1,
                    _ => 0,
                };
            }
        };
        let heard = timeout(papo_testing::PATIENCE, follows).await;
        assert!(heard.is_ok(), "connections go elsewhere");
    }
}
