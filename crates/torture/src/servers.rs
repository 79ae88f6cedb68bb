//! A PostgreSQL and a NATS of a trial's own, to be ended, paused and started again.

use std::fs::File;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Signal, geteuid};
use tempfile::TempDir;

use crate::database::postgres;
use crate::machine::Machine;
use crate::process;

/// The prefix of a command, which says where it runs.
pub(crate) type Within = Vec<String>;

/// PostgreSQL refuses to run as root or without a user's name. Here it runs as user 1, which every
/// system has.
const SOMEBODY: [&str; 5] = ["unshare", "--user", "--map-user=1", "--map-group=1", "--"];
/// How long a server may take to answer.
const START: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(10);

/// A PostgreSQL with a cluster of its own, which flushes its disk as usual.
pub(crate) struct Cluster {
    pub(crate) machine: Machine,
    /// Its URL, as Papo takes it.
    pub(crate) url: String,
    _folder: TempDir,
}

/// A NATS.
pub(crate) struct Nats {
    pub(crate) machine: Machine,
    pub(crate) address: SocketAddr,
    _folder: TempDir,
}

impl Cluster {
    /// Makes the cluster, whose server is to listen there, and starts it. Blocks.
    pub(crate) fn start(address: SocketAddr, within: Within) -> Result<Self> {
        let folder = TempDir::new()?;
        let programs = papo_testing::postgres::programs()
            .context("PostgreSQL 13 or newer is needed, its server too (on Debian: apt-get install postgresql)")?;
        let data = folder.path().join("data").to_string_lossy().into_owned();
        let make = programs.join("initdb").to_string_lossy().into_owned();
        let mut words = somebody();
        words.extend([&*make, "--pgdata", &data, "--username=postgres"]);
        words.extend(["--auth=trust", "--encoding=UTF8", "--locale=C"]);
        process::command(&words)?;
        let mut rules = File::options()
            .append(true)
            .open(folder.path().join("data/pg_hba.conf"))?;
        // Only the trial uses it.
        writeln!(rules, "host all all all trust")?;
        let server = programs.join("postgres").to_string_lossy().into_owned();
        let command = move || {
            let mut words: Vec<_> = within.iter().map(String::as_str).collect();
            words.extend(somebody());
            words.extend([&*server, "-D", &data, "-k", "", "-p"]);
            let mut command = command(&words);
            command.arg(address.port().to_string());
            command.arg("-c");
            command.arg(format!("listen_addresses={}", address.ip()));
            // A recovery begins with a flush of the file system, in place of one of each file.
            command.args(["-c", "recovery_init_sync_method=syncfs"]);
            command
        };
        // Its immediate stop, for which its processes need no time. A recovery follows.
        let machine = Machine::new("PostgreSQL", log(&folder), Signal::QUIT, command);
        let mut cluster = Self {
            machine,
            url: format!("postgres://postgres@{address}/postgres?sslmode=disable"),
            _folder: folder,
        };
        cluster.start_again()?;
        Ok(cluster)
    }

    /// Starts it, and waits until it answers. Blocks.
    pub(crate) fn start_again(&mut self) -> Result<()> {
        self.machine.start()?;
        let url = &self.url;
        answers(&mut self.machine, || postgres::run(url, "SELECT 1").is_ok())
    }
}

impl Nats {
    /// Starts one that listens there. Blocks.
    pub(crate) fn start(address: SocketAddr, within: Within) -> Result<Self> {
        let folder = TempDir::new()?;
        let command = move || {
            let mut words: Vec<_> = within.iter().map(String::as_str).collect();
            words.push("nats-server");
            let mut command = command(&words);
            command.args(["--addr", &address.ip().to_string()]);
            command.args(["--port", &address.port().to_string()]);
            command
        };
        let mut nats = Self {
            machine: Machine::new("nats-server", log(&folder), Signal::KILL, command),
            address,
            _folder: folder,
        };
        nats.start_again()?;
        Ok(nats)
    }

    /// Starts it, and waits until it answers. Blocks.
    pub(crate) fn start_again(&mut self) -> Result<()> {
        self.machine.start()?;
        let address = self.address;
        answers(&mut self.machine, || {
            std::net::TcpStream::connect_timeout(&address, START).is_ok()
        })
    }
}

/// A free address of this machine. If another program takes it meanwhile, the start fails with a
/// message.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn answers(machine: &mut Machine, answers: impl Fn() -> bool) -> Result<()> {
    let start = Instant::now();
    while !answers() {
        if start.elapsed() > START || !machine.is_running() {
            bail!("a server doesn't answer: {}", machine.said());
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}

fn somebody() -> Vec<&'static str> {
    if geteuid().is_root() {
        SOMEBODY.to_vec()
    } else {
        Vec::new()
    }
}

fn command(words: &[&str]) -> Command {
    let (program, arguments) = words.split_first().unwrap_or((&"", &[]));
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

fn log(folder: &TempDir) -> PathBuf {
    folder.path().join("log")
}
