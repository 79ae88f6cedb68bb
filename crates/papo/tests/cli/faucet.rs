//! A way to the PostgreSQL server that passes a number of bytes, and then holds everything back.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use papo_testing::PATIENCE;
use papo_testing::postgres::server;

/// More bytes than any test sends.
pub(crate) const PLENTY: i64 = 1 << 40;

/// The way. It ends when nobody is connected through it any more.
pub(crate) struct Faucet {
    port: u16,
    left: Arc<AtomicI64>,
    dry: Receiver<()>,
    clients: Arc<Mutex<Vec<TcpStream>>>,
}

impl Faucet {
    /// Passes this many bytes of clients.
    pub(crate) fn of(bytes: i64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let left = Arc::new(AtomicI64::new(bytes));
        let (sender, dry) = channel();
        let shared = Arc::clone(&left);
        let clients = Arc::new(Mutex::new(Vec::new()));
        let of_thread = Arc::clone(&clients);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                of_thread.lock().unwrap().push(client.try_clone().unwrap());
                let (left, dry) = (Arc::clone(&shared), sender.clone());
                thread::spawn(move || carry(&client, &left, &dry));
            }
        });
        Self {
            port,
            left,
            dry,
            clients,
        }
    }

    /// The server's address by this way.
    pub(crate) fn server(&self) -> String {
        let url = server().replacen(&address(), &format!("127.0.0.1:{}", self.port), 1);
        let join = if url.contains('?') { '&' } else { '?' };
        format!("{url}{join}sslmode=disable")
    }

    /// How many bytes have passed, of this many.
    pub(crate) fn used(&self, of: i64) -> i64 {
        of - self.left.load(Ordering::SeqCst)
    }

    /// Waits until nothing passes any more.
    pub(crate) fn wait_until_dry(&self) {
        let waited = self.dry.recv_timeout(PATIENCE);
        waited.expect("it lets less through than was asked for");
    }

    /// Ends all connections through it.
    pub(crate) fn end(&self) {
        for client in self.clients.lock().unwrap().drain(..) {
            // It may have ended by itself.
            let _ = client.shutdown(Shutdown::Both);
        }
    }

    /// Whether nothing passes any more.
    pub(crate) fn is_dry(&self) -> bool {
        self.dry.recv_timeout(Duration::ZERO).is_ok()
    }
}

fn carry(client: &TcpStream, left: &AtomicI64, dry: &Sender<()>) {
    let upstream = TcpStream::connect(address()).unwrap();
    let (mut to_client, mut from_server) =
        (client.try_clone().unwrap(), upstream.try_clone().unwrap());
    thread::spawn(move || {
        let _ = std::io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let mut bytes = [0; 4_096];
    let (mut from_client, mut to_server) = (client, &upstream);
    while let Ok(read @ 1..) = from_client.read(&mut bytes) {
        let before = left.fetch_sub(i64::try_from(read).unwrap(), Ordering::SeqCst);
        let through = usize::try_from(before.max(0)).unwrap().min(read);
        let _ = to_server.write_all(&bytes[..through]);
        if through < read {
            // Nobody may be waiting for it.
            let _ = dry.send(());
        }
    }
    // The client has ended. The server rolls back what it had begun.
    let _ = upstream.shutdown(Shutdown::Both);
}

/// Host and port of the tests' server.
fn address() -> String {
    let url = server();
    let rest = url.split_once("://").unwrap().1;
    let rest = rest.split_once('@').map_or(rest, |(_, rest)| rest);
    let place = rest.split(['/', '?']).next().unwrap();
    if place.contains(':') {
        place.to_owned()
    } else {
        format!("{place}:5432")
    }
}
