//! The programs of a simulation, each on its host, and the faults of them and of the ways between
//! them.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Error, Result, ensure};
use papo_testing::Guest;
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::schedule::{NODES, Schedule, Wrong};
use crate::machine::Machine;
use crate::network::{self, Host};
use crate::servers::{Cluster, Nats};
use crate::trials::{Context, blocking};

/// How often programs that ended by themselves are restarted, as a service manager does.
const LOOK: Duration = Duration::from_millis(20);

/// The servers that all seeds share, and the network.
pub(super) struct Servers {
    pub(super) cluster: Cluster,
    nats: Nats,
}

/// Everything of one seed.
pub(super) struct Programs<'a> {
    servers: &'a mut Servers,
    nodes: Vec<Machine>,
    addresses: Vec<SocketAddr>,
    /// The programs that should be down now.
    down: BTreeSet<Host>,
    folder: TempDir,
}

impl Servers {
    /// Makes the network, and starts everything on it except the nodes. Blocks.
    pub(super) fn start() -> Result<Self> {
        let nodes = (0..NODES).map(Host::Node);
        let hosts: Vec<_> = nodes.chain([Host::Postgres, Host::Nats]).collect();
        network::make(&hosts)?;
        let (postgres, nats) = (Host::Postgres, Host::Nats);
        Ok(Self {
            cluster: Cluster::start(postgres.address(5432)?, postgres.within())?,
            nats: Nats::start(nats.address(4222)?, nats.within())?,
        })
    }
}

impl<'a> Programs<'a> {
    /// Starts nodes on this database, and waits until they are ready. Blocks.
    pub(super) fn start(context: &Context, servers: &'a mut Servers, url: &str) -> Result<Self> {
        let folder = TempDir::new()?;
        let (mut nodes, mut addresses) = (Vec::new(), Vec::new());
        for host in (0..NODES).map(Host::Node) {
            let address = host.address(8000)?;
            let data = folder.path().join(format!("{host}"));
            let (papo, url) = (context.papo.clone(), url.to_owned());
            let nats = format!("nats://{}", servers.nats.address);
            let command = move || {
                let within = host.within();
                let mut command = Command::new(&within[0]);
                command.args(&within[1..]).arg(&papo).arg("serve");
                command.args(["--listen", &address.to_string(), "--data-dir"]);
                command.arg(&data).env("PAPO_RATE_LIMITS", "off");
                command
                    .env("PAPO_DATABASE_URL", &url)
                    .env("PAPO_NATS_URL", &nats);
                command
            };
            let log = folder.path().join(format!("{host}.log"));
            let mut node = Machine::new(host.to_string(), log, Signal::KILL, command);
            node.start()?;
            nodes.push(node);
            addresses.push(address);
        }
        let mut programs = Self {
            servers,
            nodes,
            addresses,
            down: BTreeSet::new(),
            folder,
        };
        programs.wait_until_ready()?;
        Ok(programs)
    }

    /// The nodes' addresses, from that one on.
    pub(super) fn addresses(&self, number: usize) -> Vec<SocketAddr> {
        let all = (number..).take(NODES);
        all.map(|number| self.addresses[number % NODES]).collect()
    }

    /// Applies the schedule's faults.
    pub(super) async fn suffer(&mut self, schedule: &Schedule, start: Instant) -> Result<()> {
        let faults = schedule.faults.iter();
        let steps =
            faults.flat_map(|fault| [(fault.from, fault, true), (fault.until, fault, false)]);
        let mut steps: Vec<_> = steps.collect();
        steps.sort_by_key(|(at, ..)| *at);
        for (at, fault, begins) in steps {
            while start.elapsed() < at {
                self.look_after()?;
                sleep(LOOK.min(at.saturating_sub(start.elapsed()))).await;
            }
            let done = blocking(|| {
                if begins {
                    self.begin(fault.what)
                } else {
                    self.end(fault.what)
                }
            });
            done.with_context(|| fault.to_string())?;
        }
        Ok(())
    }

    /// Ends all faults. This takes as long as PostgreSQL's recovery if it has crashed. Blocks.
    pub(super) fn heal(&mut self) -> Result<()> {
        self.servers.nats.start_again()?;
        self.servers.cluster.start_again()
    }

    /// Restarts programs that end by themselves, until that fails.
    pub(super) async fn keep_up(&mut self) -> Error {
        loop {
            if let Err(error) = self.look_after() {
                return error;
            }
            sleep(LOOK).await;
        }
    }

    /// Keeps their output. Returns where.
    pub(super) fn keep(mut self) -> Result<String> {
        self.nodes.clear();
        let folder = std::mem::replace(&mut self.folder, TempDir::new()?).keep();
        Ok(format!("what the nodes said is in {}", folder.display()))
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let start = std::time::Instant::now();
        for (node, address) in self.nodes.iter_mut().zip(&self.addresses) {
            let mut guest = Guest::at(&address.to_string());
            while !guest.get("/readyz").is_ok_and(|page| page.status == 200) {
                ensure!(
                    start.elapsed() < papo_testing::PATIENCE && node.is_running(),
                    "a node isn't ready: {}",
                    node.said()
                );
                std::thread::sleep(LOOK);
            }
        }
        Ok(())
    }

    fn begin(&mut self, what: Wrong) -> Result<()> {
        match what {
            Wrong::Crash(host) => {
                self.down.insert(host);
                self.machine(host)?.crash()
            }
            Wrong::Restart(host) => self.machine(host)?.terminate(),
            Wrong::Pause(host) => self.machine(host)?.pause(),
            Wrong::OneWay(from, to) => network::cut(from, to),
            Wrong::Cut(one, other) => {
                network::cut(one, other)?;
                network::cut(other, one)
            }
        }
    }

    fn end(&mut self, what: Wrong) -> Result<()> {
        match what {
            Wrong::Crash(host) => {
                self.down.remove(&host);
                self.machine(host)?.start()
            }
            // It has been restarted already.
            Wrong::Restart(_) => Ok(()),
            Wrong::Pause(host) => self.machine(host)?.go_on(),
            Wrong::OneWay(from, to) => network::mend(from, to),
            Wrong::Cut(one, other) => {
                network::mend(one, other)?;
                network::mend(other, one)
            }
        }
    }

    fn look_after(&mut self) -> Result<()> {
        for (number, node) in self.nodes.iter_mut().enumerate() {
            if !self.down.contains(&Host::Node(number)) {
                node.start()?;
            }
        }
        Ok(())
    }

    fn machine(&mut self, host: Host) -> Result<&mut Machine> {
        match host {
            Host::Node(number) => self.nodes.get_mut(number).context("a node"),
            Host::Postgres => Ok(&mut self.servers.cluster.machine),
            Host::Nats => Ok(&mut self.servers.nats.machine),
            Host::Clients => Err(Error::msg("the clients are no program")),
        }
    }
}
