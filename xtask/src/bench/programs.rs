//! The programs: Papo, the floor, and the generator that loads them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use papo_testing::{Server, ServerBuilder};
use serde::de::DeserializeOwned;

use crate::run::{PAPO, output, release_binary, step};

/// Papo starts with rooms 1, 2 and 3.
pub(crate) const ROOMS_AT_FIRST: usize = 3;

/// Where the programs are, built as people run them.
pub(crate) struct Programs {
    pub(crate) papo: PathBuf,
    floor: PathBuf,
    generator: PathBuf,
}

impl Programs {
    /// Builds them.
    pub(crate) fn build() -> Result<Self> {
        let papo = release_binary(PAPO)?;
        let generator = release_binary("papo-bench")?;
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        println!("load of this machine before: {}", load.trim());
        Ok(Self {
            floor: papo.with_file_name("papo-floor"),
            generator,
            papo,
        })
    }

    /// A new Papo in a new folder.
    pub(crate) fn start_papo(&self) -> Result<Server> {
        ServerBuilder::new(&self.papo).start()
    }

    /// A new floor.
    pub(crate) fn start_floor(&self) -> Result<Floor> {
        let mut child = Command::new(&self.floor).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take();
        // From here on it is killed in any case.
        let mut floor = Floor {
            child,
            address: ([127, 0, 0, 1], 0).into(),
        };
        let mut line = String::new();
        BufReader::new(stdout.context("its output")?).read_line(&mut line)?;
        let (_, address) = line.trim().rsplit_once('/').context("an address")?;
        floor.address = address.parse()?;
        Ok(floor)
    }

    /// Loads a server. Returns the report.
    pub(crate) fn load<Report: DeserializeOwned>(
        &self,
        scenario: &str,
        subject: &Subject,
        options: &[(&str, &str)],
    ) -> Result<Report> {
        let (addresses, processes) = (list(&subject.addresses), list(&subject.processes));
        let beside = list(&subject.beside);
        let mut all = vec![("--address", addresses.as_str()), ("--pid", &processes)];
        if !beside.is_empty() {
            all.push(("--beside", &beside));
        }
        all.extend(options);
        self.generate(scenario, &all)
    }

    /// Runs the generator without a server.
    pub(crate) fn generate<Report: DeserializeOwned>(
        &self,
        scenario: &str,
        options: &[(&str, &str)],
    ) -> Result<Report> {
        let line = output(&mut self.generator(scenario, options))?;
        println!("{scenario}: {}", line.trim());
        serde_json::from_str(&line).with_context(|| format!("in {line}"))
    }

    /// Makes a database of the seed with these rooms, and imports it into a new folder.
    pub(crate) fn import(&self, data: &Path, rooms: &[&str]) -> Result<()> {
        let file = data.join("seed.sqlite3");
        let file = file.to_str().context("a path that is text")?;
        let mut options = vec![("--file", file)];
        options.extend(rooms.iter().map(|room| ("--room", *room)));
        step(&mut self.generator("history", &options))?;
        step(
            Command::new(&self.papo)
                .args(["import", "django", file, "--data-dir"])
                .arg(data),
        )?;
        Ok(fs::remove_file(file)?)
    }

    fn generator(&self, scenario: &str, options: &[(&str, &str)]) -> Command {
        let mut command = Command::new(&self.generator);
        command.arg(scenario);
        for (name, value) in options {
            command.args([name, value]);
        }
        command
    }
}

/// A running server, or several nodes of one, as the generator sees it.
pub(crate) struct Subject {
    addresses: Vec<SocketAddr>,
    processes: Vec<u32>,
    /// Processes that work for it, each measured by itself.
    beside: Vec<u32>,
}

impl Subject {
    /// These nodes, and the processes that they share.
    pub(crate) fn of_nodes(nodes: &[Server], beside: Vec<u32>) -> Self {
        Self {
            addresses: nodes.iter().map(Server::address).collect(),
            processes: nodes.iter().map(Server::pid).collect(),
            beside,
        }
    }
}

impl From<&Server> for Subject {
    fn from(server: &Server) -> Self {
        Self::of_nodes(std::slice::from_ref(server), Vec::new())
    }
}

impl From<&Floor> for Subject {
    fn from(floor: &Floor) -> Self {
        Self {
            addresses: vec![floor.address],
            processes: vec![floor.child.id()],
            beside: Vec::new(),
        }
    }
}

/// A running floor. A drop kills it.
pub(crate) struct Floor {
    child: Child,
    address: SocketAddr,
}

impl Drop for Floor {
    fn drop(&mut self) {
        // It stores nothing, and nobody cares how it ends.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// With commas between.
fn list<T: ToString>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    items.join(",")
}

/// The length of the write-ahead log in a data folder.
pub(crate) fn log_length(data: &Path) -> Result<u64> {
    for entry in fs::read_dir(data)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().ends_with("-wal") {
            return Ok(entry.metadata()?.len());
        }
    }
    bail!("no write-ahead log in {}", data.display())
}
