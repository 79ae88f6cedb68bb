//! The trials, each in its own file.

mod backups;
mod clocks;
mod disconnects;
mod full_disk;
mod jobs;
mod kill;
mod order;
mod outages;
mod repeat;
mod restore;
mod restore_server;
mod revocation;
mod rolling;
mod servers_apart;
mod silence;
mod simulation;
mod slow;
mod snapshots;
mod starts;
mod storm;
mod sync_failure;
mod taken_away;
mod unread;
mod untaken;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;

use anyhow::Result;
use papo_testing::ServerBuilder;

use crate::instance::{Ground, Instance};
use crate::report::Verdict;

/// The context of a trial.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    /// What Papo works on.
    pub(crate) ground: Ground,
    /// The URL of NATS, if there may be several nodes.
    pub(crate) nats: String,
    /// The binary under test.
    pub(crate) papo: PathBuf,
    /// The folder of the client, if it takes part.
    pub(crate) client: Option<PathBuf>,
    /// The full size, or that of continuous integration.
    pub(crate) is_full: bool,
    /// A tenth of that of continuous integration.
    pub(crate) is_brief: bool,
    pub(crate) seed: u64,
    /// How many seeds to simulate, if not the usual number.
    pub(crate) seeds: Option<u64>,
}

type Running<'a> = Pin<Box<dyn Future<Output = Result<Verdict>> + 'a>>;

/// A trial.
pub(crate) struct Trial {
    /// Its number in the list of promises.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// Whether it mostly waits, and may run beside others.
    pub(crate) is_quiet: bool,
    /// The only ground on which it makes sense, and why.
    pub(crate) only: Option<(Ground, &'static str)>,
    pub(crate) run: for<'a> fn(&'a Context) -> Running<'a>,
}

macro_rules! trial {
    ($name:literal, $title:literal, $run:path, $is_quiet:literal, $only:expr) => {
        Trial {
            name: $name,
            title: $title,
            is_quiet: $is_quiet,
            only: $only,
            run: |context| Box::pin($run(context)),
        }
    };
}

/// All trials.
pub(crate) const ALL: [Trial; 22] = [
    trial!("T1", "kill -9 under load", kill::run, false, None),
    trial!(
        "T1c",
        "a sync fails",
        sync_failure::run,
        false,
        Some((
            Ground::Sqlite,
            "it is PostgreSQL that syncs, and that ends itself when it can't"
        ))
    ),
    trial!("T2", "sends repeated", repeat::run, false, None),
    trial!("T3", "one order", order::run, false, None),
    trial!("T4", "disconnects", disconnects::run, false, None),
    trial!("T5", "a backup restored", restore::run, true, None),
    trial!("T6", "snapshot joins stream", snapshots::run, false, None),
    trial!("T7", "slow readers", slow::run, false, None),
    trial!("T8", "silent peers", silence::run, true, None),
    trial!("T9", "reconnect storm", storm::run, false, None),
    trial!("T10", "rolling restarts", rolling::run, false, None),
    trial!(
        "T11",
        "servers away",
        outages::run,
        false,
        Some((Ground::Postgres, "there are no servers but Papo"))
    ),
    trial!("T13", "revocations", revocation::run, false, None),
    trial!(
        "T15",
        "backups under load",
        backups::run,
        false,
        Some((Ground::Sqlite, "the backups are pg_dump's"))
    ),
    trial!(
        "T16",
        "a full file system",
        full_disk::run,
        false,
        Some((Ground::Sqlite, "the files are PostgreSQL's"))
    ),
    trial!("T19", "clocks that are wrong", clocks::run, true, None),
    trial!(
        "starts",
        "nodes start together",
        starts::run,
        false,
        Some((Ground::Postgres, "there is one node"))
    ),
    trial!(
        "T18",
        "answers that nobody reads",
        untaken::run,
        false,
        Some((
            Ground::Sqlite,
            "what waits to be read doesn't depend on the database"
        ))
    ),
    trial!(
        "T20",
        "files taken away or damaged",
        taken_away::run,
        false,
        Some((Ground::Sqlite, "the files are PostgreSQL's"))
    ),
    trial!("jobs", "jobs of killed servers", jobs::run, false, None),
    trial!("unread", "unread over kills", unread::run, false, None),
    trial!(
        "simulation",
        "all of it at once",
        simulation::run,
        false,
        Some((Ground::Postgres, "there are no servers but Papo"))
    ),
];

impl Context {
    /// A server that isn't started.
    pub(crate) fn server(&self) -> ServerBuilder {
        ServerBuilder::new(&self.papo)
    }

    /// This many running nodes; with SQLite, one. Blocks.
    pub(crate) fn instance(&self, nodes: usize) -> Result<Instance> {
        Instance::start(self, nodes)
    }

    /// The choice for the present ground.
    pub(crate) fn choose<T>(&self, sqlite: T, postgres: T) -> T {
        match self.ground {
            Ground::Sqlite => sqlite,
            Ground::Postgres => postgres,
        }
    }

    /// One of two sizes.
    pub(crate) const fn size(&self, integration: usize, full: usize) -> usize {
        match (self.is_full, self.is_brief) {
            (true, _) => full,
            (false, true) => integration.div_ceil(10),
            (false, false) => integration,
        }
    }
}

/// Runs blocking work from a task.
fn blocking<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}
