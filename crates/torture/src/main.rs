//! The trials of Papo's promises: they break what is around Papo, and check. `cargo xtask torture`
//! runs them.
//!
//! Robots ([`robot`]) behave like the real client, and record what they sent, what was acknowledged
//! and what they saw ([`history`]). [`database`] reads what is on disk, and [`checker`] compares.
//! Each trial decides what is broken meanwhile, and its size ([`trials`]).

mod apart;
mod checker;
#[cfg(test)]
mod checker_tests;
mod confined;
mod crowd;
mod database;
mod frames;
mod history;
mod instance;
mod machine;
mod measure;
mod nats_way;
mod network;
mod pauses;
mod plan;
mod process;
mod random;
mod report;
mod robot;
mod servers;
mod trials;
mod tunnel;
mod view_checker;
mod wire;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::scope;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Parser;

use crate::instance::{Ground, NATS, USUAL_NATS};
use crate::report::{Verdict, left_out_line, line};
use crate::trials::{ALL, Context, Trial};

/// The longest that a trial may take: several times what it does.
const LIMIT: Duration = Duration::from_mins(10);
/// The same at its full size.
const FULL_LIMIT: Duration = Duration::from_hours(3);

#[derive(Parser)]
#[command(
    name = "papo-torture",
    about = "Breaks what can break around Papo, and checks what was promised"
)]
struct Arguments {
    /// The trials to run, all when none is named: T1, T1c, …
    trials: Vec<String>,
    /// The binary under test.
    #[arg(long)]
    papo: PathBuf,
    /// What Papo works on.
    #[arg(long, value_enum, default_value_t = Ground::Sqlite)]
    on: Ground,
    /// Run each at its full size, which takes hours.
    #[arg(long)]
    full: bool,
    /// Run each at a tenth of its size: enough to see a defect.
    #[arg(long, conflicts_with = "full")]
    brief: bool,
    /// Repeat a run's random choices.
    #[arg(long)]
    seed: Option<u64>,
    /// Simulate so many seeds, from that one on.
    #[arg(long)]
    seeds: Option<u64>,
    /// The folder of the client, with its packages: T8 then listens with it as well.
    #[arg(long)]
    client: Option<PathBuf>,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    raise_limit()?;
    let seed = match arguments.seed {
        Some(seed) => seed,
        None => random_seed()?,
    };
    let context = Context {
        ground: arguments.on,
        nats: std::env::var(NATS).unwrap_or_else(|_| USUAL_NATS.to_owned()),
        papo: arguments
            .papo
            .canonicalize()
            .context("the binary under test")?,
        client: arguments.client,
        is_full: arguments.full,
        is_brief: arguments.brief,
        seed,
        seeds: arguments.seeds,
    };
    let (chosen, left_out) = choose(&arguments.trials, arguments.on)?;
    if apart::is_inside() {
        // For the process that asked.
        for trial in chosen {
            print!("{}", run(trial, &context).0.to_lines());
        }
        return Ok(ExitCode::SUCCESS);
    }
    println!("seed {seed}");
    let start = Instant::now();
    let results = run_all(&chosen, &context);
    println!("\n{}", "─".repeat(100));
    let mut failed = 0;
    ensure!(results.len() == chosen.len(), "a trial has no result");
    for (trial, (verdict, took)) in chosen.iter().zip(&results) {
        println!("{}", line(trial.name, trial.title, verdict, *took));
        failed += usize::from(!verdict.faults.is_empty());
    }
    for trial in left_out {
        if let Some((ground, why)) = trial.only {
            println!("{}", left_out_line(trial.name, trial.title, ground, why));
        }
    }
    println!(
        "{} of {} passed in {:.0} s (seed {seed})",
        chosen.len() - failed,
        chosen.len(),
        start.elapsed().as_secs_f64()
    );
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Runs the trials one after the other, and the quiet ones beside them.
fn run_all(chosen: &[&'static Trial], context: &Context) -> Vec<(Verdict, Duration)> {
    let run_one = |trial: &'static Trial| {
        let running = scope(|scope| scope.spawn(|| run(trial, context)).join());
        let result = running.unwrap_or_else(|_| (unfinished("it panicked"), Duration::ZERO));
        println!("{}", line(trial.name, trial.title, &result.0, result.1));
        result
    };
    let run_those = |are_quiet: bool| -> Vec<_> {
        let trials = chosen.iter().enumerate();
        let those = trials.filter(|(_, trial)| trial.is_quiet == are_quiet);
        those
            .map(|(place, trial)| (place, run_one(trial)))
            .collect()
    };
    let mut results = scope(|scope| {
        let quiet = scope.spawn(|| run_those(true));
        let mut results = run_those(false);
        results.extend(quiet.join().unwrap_or_default());
        results
    });
    results.sort_by_key(|(place, _)| *place);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Runs a trial. One that couldn't run has failed.
fn run(trial: &Trial, context: &Context) -> (Verdict, Duration) {
    let start = Instant::now();
    let ran = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("a runtime")
        .and_then(|runtime| {
            let limit = if context.is_full { FULL_LIMIT } else { LIMIT };
            runtime.block_on(async {
                let ran = tokio::time::timeout(limit, (trial.run)(context)).await;
                ran.with_context(|| format!("took longer than {limit:?}"))?
            })
        });
    let verdict = ran.unwrap_or_else(|error| unfinished(format!("{error:#}")));
    (verdict, start.elapsed())
}

/// The verdict of a trial that couldn't run.
fn unfinished(fault: impl Into<String>) -> Verdict {
    Verdict {
        size: "not finished".into(),
        faults: vec![fault.into()],
        ..Verdict::default()
    }
}

/// The trials with these names, or all; and of them those that have no meaning on this ground.
fn choose(names: &[String], ground: Ground) -> Result<(Vec<&'static Trial>, Vec<&'static Trial>)> {
    let find = |name: &String| {
        let found = ALL
            .iter()
            .find(|trial| trial.name.eq_ignore_ascii_case(name));
        found.with_context(|| {
            let known: Vec<_> = ALL.iter().map(|trial| trial.name).collect();
            format!("no trial {name}; there are {}", known.join(", "))
        })
    };
    let asked: Vec<_> = if names.is_empty() {
        ALL.iter().collect()
    } else {
        names.iter().map(find).collect::<Result<_>>()?
    };
    let has_meaning = |trial: &&Trial| trial.only.is_none_or(|(only, _)| only == ground);
    Ok(asked.into_iter().partition(has_meaning))
}

fn random_seed() -> Result<u64> {
    let mut bytes = [0; 8];
    if getrandom::fill(&mut bytes).is_err() {
        bail!("no random bytes");
    }
    Ok(u64::from_ne_bytes(bytes) >> 16)
}

/// Thousands of sockets need thousands of descriptors.
fn raise_limit() -> Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).context("the limit of open files")
}
