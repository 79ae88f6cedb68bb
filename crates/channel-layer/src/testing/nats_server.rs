//! NATS servers for tests: one that already runs, and a test's own.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

const HOW: &str = "these tests need NATS: `cargo xtask test` starts one; else install nats-server \
                   (on Debian: apt-get install nats-server), start it, and name it in PAPO_TEST_NATS_URL \
                   unless it is at nats://127.0.0.1:4222";
/// How long a server may take to listen.
const START: Duration = Duration::from_secs(10);

/// The address of NATS for tests: `PAPO_TEST_NATS_URL`, otherwise the standard port of this
/// machine.
///
/// # Panics
///
/// Panics, and says how to get a server, when there is none.
pub fn nats_url() -> String {
    if let Ok(url) = std::env::var("PAPO_TEST_NATS_URL") {
        return url;
    }
    let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, 4222));
    assert!(
        TcpStream::connect_timeout(&usual, Duration::from_secs(2)).is_ok(),
        "{HOW}"
    );
    "nats://127.0.0.1:4222".to_owned()
}

/// A server of a test's own, which can be killed and started again at the same port. It ends with
/// this.
#[derive(Debug)]
pub struct NatsServer {
    folder: TempDir,
    port: u16,
    process: Option<Child>,
}

impl NatsServer {
    /// Starts one with these lines in its configuration.
    pub fn start(configuration: &str) -> Self {
        let mut server = Self::stopped(configuration);
        server.start_again();
        server
    }

    /// A server to start later by [`Self::start_again`].
    pub fn stopped(configuration: &str) -> Self {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = free.local_addr().expect("an address").port();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let text = format!("host: 127.0.0.1\nport: {port}\n{configuration}\n");
        fs::write(folder.path().join("nats.conf"), text).expect("its configuration is written");
        Self {
            folder,
            port,
            process: None,
        }
    }

    /// Its port on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Kills it, as a crash does.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Starts it after [`Self::kill`].
    pub fn start_again(&mut self) {
        let log = fs::File::create(self.folder.path().join("nats.log")).expect("a log");
        let process = Command::new(program())
            .arg("--config")
            .arg(self.folder.path().join("nats.conf"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect(HOW);
        self.process = Some(process);
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            let log = self.folder.path().join("nats.log");
            assert!(
                start.elapsed() < START,
                "nats-server doesn't listen: {}",
                fs::read_to_string(log).unwrap_or_default()
            );
            sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")])
        .map(|folder| folder.join("nats-server"))
        .find(|program| program.is_file())
        .expect(HOW)
}
