//! A NATS for the tests: the one that runs already, or a new one that ends with them.

use std::io::{ErrorKind, Read as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::requirements::program;

/// Where the tests look for it.
pub(crate) const VARIABLE: &str = "PAPO_TEST_NATS_URL";
const USUAL_PORT: u16 = 4222;
/// How long a server may take to answer.
const LIMIT: Duration = Duration::from_secs(10);

/// A running NATS.
pub(crate) struct Nats {
    pub(crate) url: String,
    own: Option<Own>,
}

/// A server of our own.
struct Own {
    process: Child,
    _folder: TempDir,
}

impl Nats {
    /// The NATS in `PAPO_TEST_NATS_URL`, or at the usual port of this machine, or a new one.
    /// Installs its program if it is missing: some tests start servers of their own.
    pub(crate) fn find_or_start() -> Result<Self> {
        let program = program("nats-server", "nats-server")?;
        if let Ok(url) = std::env::var(VARIABLE) {
            return Ok(Self { url, own: None });
        }
        if answers(USUAL_PORT) {
            return Ok(Self {
                url: url(USUAL_PORT),
                own: None,
            });
        }
        Self::start(&program)
    }

    /// A new NATS, even if one runs already.
    pub(crate) fn private() -> Result<Self> {
        Self::start(&program("nats-server", "nats-server")?)
    }

    /// Its process, if it was started here.
    pub(crate) fn process(&self) -> Result<u32> {
        let own = self.own.as_ref().context("it runs elsewhere")?;
        Ok(own.process.id())
    }

    fn start(program: &Path) -> Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let folder = tempfile::tempdir()?;
        let log = folder.path().join("nats.log");
        let process = Command::new(program)
            .args(["--addr", "127.0.0.1", "--port", &port.to_string(), "--log"])
            .arg(&log)
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("can't run {}", program.display()))?;
        let own = Own {
            process,
            _folder: folder,
        };
        let start = Instant::now();
        while !answers(port) {
            if start.elapsed() > LIMIT {
                let said = std::fs::read_to_string(log).unwrap_or_default();
                bail!("nats-server doesn't answer at port {port}: {said}");
            }
            sleep(Duration::from_millis(20));
        }
        println!("▶ nats-server for the tests at port {port}");
        Ok(Self {
            url: url(port),
            own: Some(own),
        })
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn url(port: u16) -> String {
    format!("nats://127.0.0.1:{port}")
}

/// Whether a NATS answers: it speaks first.
fn answers(port: u16) -> bool {
    let hear = || -> std::io::Result<bool> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        let mut greeting = [0; 5];
        match stream.read_exact(&mut greeting) {
            Ok(()) => Ok(&greeting == b"INFO "),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    };
    hear().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_of_our_own_answers_and_ends() {
        let program = program("nats-server", "nats-server").unwrap();
        let nats = Nats::start(&program).unwrap();
        let port = nats.url.rsplit(':').next().unwrap().parse().unwrap();
        assert!(answers(port));
        drop(nats);
        assert!(!answers(port));
    }
}
