//! `cargo xtask torture`: runs the trials of Papo's promises, on one node or, with `--on postgres`,
//! on several. With `--defects` it runs them against deliberate defects, and checks that the trials
//! notice.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use crate::nats::{self, Nats};
use crate::postgres::{self, Postgres};
use crate::requirements::{faketime, node_packages, program};
use crate::run::{PAPO, client, command, release_binary, root, step};

/// The trials' program.
const TORTURE: &str = "papo-torture";
/// The trials' name for a PostgreSQL.
const POSTGRES: &str = "postgres";

/// Each deliberate defect (in `src/defects.rs` of a crate), and the trial that must fail with it.
const DEFECTS: [(&str, &str); 26] = [
    ("ack-before-commit", "T1"),
    ("ack-after-failed-sync", "T1c"),
    ("no-dedupe", "T2"),
    ("skip-frame", "T3"),
    ("resume-off-by-one", "T4"),
    ("ignore-epoch", "T5"),
    ("snapshot-off-by-one", "T6"),
    ("patient", "T7"),
    ("patient", "T8"),
    ("resume-off-by-one", "T9"),
    ("no-farewell", "T10"),
    ("no-revocation", "T13"),
    ("backup-copies-the-file", "T15"),
    ("full-is-final", "T16"),
    ("boundless-answers", "T18"),
    ("clock-of-sessions", "T19"),
    ("frozen-log", "T19"),
    ("trust-the-files", "T20"),
    ("damage-passes", "T20"),
    ("strict-texts", "T20"),
    ("cut-log-unseen", "T20"),
    ("short-log-unseen", "T20"),
    ("no-lease", "jobs"),
    ("forget-keys", "jobs"),
    ("deaf-inbox", "unread"),
    ("sure-heads", "unread"),
];

/// The same on PostgreSQL with several nodes.
const DEFECTS_ON_POSTGRES: [(&str, &str); 28] = [
    ("ack-before-commit", "T1"),
    ("no-dedupe", "T2"),
    ("skip-frame", "T3"),
    ("no-heal", "T3"),
    ("resume-off-by-one", "T4"),
    ("ignore-epoch", "T5"),
    ("snapshot-off-by-one", "T6"),
    ("patient", "T7"),
    ("patient", "T8"),
    ("resume-off-by-one", "T9"),
    ("no-farewell", "T10"),
    ("skip-gap", "T11"),
    ("no-poll", "T11"),
    ("ack-unknown", "T11"),
    ("no-revocation", "T13"),
    ("no-remote-revocation", "T13"),
    ("clock-of-sessions", "T19"),
    ("frozen-log", "T19"),
    ("first-rooms-race", "starts"),
    ("no-lease", "jobs"),
    ("forget-keys", "jobs"),
    ("deaf-inbox", "unread"),
    ("sure-heads", "unread"),
    ("ack-before-commit", "simulation"),
    ("no-dedupe", "simulation"),
    ("no-heal", "simulation"),
    ("skip-gap", "simulation"),
    ("no-revocation", "simulation"),
];

/// The seed of reproducible runs. Options choose others.
const SEED: u64 = 1;

/// What Papo works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Ground {
    /// One node, its database in a file.
    Sqlite,
    /// Nodes that share a PostgreSQL database and are joined by NATS. Both servers are found or
    /// started.
    Postgres,
}

/// The trials to run, and their extent.
#[derive(Args)]
pub(crate) struct Options {
    /// The trials, all when none is named: T1, T1c, T2, …, simulation.
    trials: Vec<String>,
    /// What Papo works on.
    #[arg(long, value_enum, default_value_t = Ground::Sqlite)]
    on: Ground,
    /// Run each at its full size, which takes hours.
    #[arg(long)]
    full: bool,
    /// Repeat a run's random choices.
    #[arg(long)]
    seed: Option<u64>,
    /// Simulate so many seeds, from that one on.
    #[arg(long)]
    seeds: Option<u64>,
    /// Show that each trial can fail: run it against deliberate defects.
    #[arg(long, conflicts_with = "full")]
    defects: bool,
}

/// What the trials run with.
struct Trials<'a> {
    torture: PathBuf,
    papo: PathBuf,
    seed: Option<u64>,
    seeds: Option<u64>,
    servers: Option<&'a Servers>,
}

/// The servers that join several nodes.
struct Servers {
    postgres: Postgres,
    nats: Nats,
}

impl Servers {
    fn find_or_start() -> Result<Self> {
        for name in ["pg_dump", "pg_restore"] {
            program(name, "postgresql-client")?;
        }
        postgres::install_server()?;
        Ok(Self {
            postgres: Postgres::for_tests()?,
            nats: Nats::find_or_start()?,
        })
    }
}

/// Runs the trials.
pub(crate) fn run(options: &Options) -> Result<()> {
    find_tools()?;
    let listens = |name: &String| name.eq_ignore_ascii_case("T8");
    if options.trials.is_empty() || options.trials.iter().any(listens) {
        node_packages()?;
    }
    let servers = match options.on {
        Ground::Sqlite => None,
        Ground::Postgres => Some(Servers::find_or_start()?),
    };
    let mut trials = Trials {
        papo: release_binary(PAPO)?,
        torture: release_binary(TORTURE)?,
        seed: options.seed,
        seeds: options.seeds,
        servers: servers.as_ref(),
    };
    if options.defects {
        trials.papo = defective_binary()?;
        return show_defects(&trials, &options.trials);
    }
    let mut all = trials.command(&options.trials);
    if options.full {
        all.arg("--full");
    }
    step(&mut all)
}

/// Runs all trials at their usual size with fixed random choices, of one node and of several. The
/// client's packages must be installed.
pub(crate) fn run_all() -> Result<()> {
    find_tools()?;
    let servers = Servers::find_or_start()?;
    let mut trials = Trials {
        papo: release_binary(PAPO)?,
        torture: release_binary(TORTURE)?,
        seed: Some(SEED),
        seeds: None,
        servers: None,
    };
    step(&mut trials.command(&[]))?;
    trials.servers = Some(&servers);
    step(&mut trials.command(&[]))
}

/// What the trials need of the system.
fn find_tools() -> Result<()> {
    for (name, package) in [
        ("strace", "strace"),
        ("iptables", "iptables"),
        ("ip", "iproute2"),
        ("mount", "mount"),
        ("unshare", "util-linux"),
        ("nsenter", "util-linux"),
    ] {
        program(name, package)?;
    }
    faketime()?;
    if let Err(error) = program("mkfs.ext4", "e2fsprogs") {
        println!("T16 will fill a tmpfs, not an ext4: {error}");
    }
    Ok(())
}

impl Trials<'_> {
    /// The command that runs some trials, or all if none is named.
    fn command(&self, trials: &[String]) -> Command {
        let mut command = Command::new(&self.torture);
        command.arg("--papo").arg(&self.papo).args(trials);
        command.arg("--client").arg(client());
        if let Some(seed) = self.seed {
            command.args(["--seed", &seed.to_string()]);
        }
        if let Some(seeds) = self.seeds {
            command.args(["--seeds", &seeds.to_string()]);
        }
        if let Some(servers) = self.servers {
            command.args(["--on", POSTGRES]);
            servers.postgres.tell(&mut command);
            command.env(nats::VARIABLE, &servers.nats.url);
        }
        command
    }
}

/// Runs each trial against its defects, and fails when one passes.
fn show_defects(trials: &Trials<'_>, names: &[String]) -> Result<()> {
    let defects = match trials.servers {
        None => &DEFECTS[..],
        Some(_) => &DEFECTS_ON_POSTGRES,
    };
    let mut table = Vec::new();
    let mut blind = 0;
    for (defect, trial) in defects {
        let is_asked = |name: &String| name.eq_ignore_ascii_case(trial);
        if !names.is_empty() && !names.iter().any(is_asked) {
            continue;
        }
        println!("\n▶ {trial} against {defect}");
        let output = trials
            .command(&[(*trial).to_owned()])
            .arg("--brief")
            .env("PAPO_DEFECT", defect)
            .output()
            .with_context(|| format!("can't run {}", trials.torture.display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        // A trial that couldn't run shows nothing.
        let is_red = text.contains("FAILED") && !text.contains("not finished");
        let fault = text.lines().find(|line| line.contains('✗'));
        let shown = fault.unwrap_or("").trim();
        let result = if is_red { "red" } else { "NOT RED" };
        table.push(format!("{trial:<10} {defect:<24} {result:<8} {shown}"));
        if !is_red {
            blind += 1;
            println!("{text}{}", String::from_utf8_lossy(&output.stderr));
        }
    }
    println!("\n{}", table.join("\n"));
    if blind > 0 {
        bail!("{blind} trials don't notice their defect");
    }
    Ok(())
}

/// Builds the program with its deliberate defects, beside the one without.
fn defective_binary() -> Result<PathBuf> {
    let folder = root().join("target/defects");
    let build = [
        "build",
        "--release",
        "--locked",
        "--package",
        "papo",
        "--features",
        "defects",
    ];
    let mut build = command("cargo", &build);
    build.env("CARGO_TARGET_DIR", &folder);
    step(&mut build)?;
    Ok(folder.join("release/papo"))
}
