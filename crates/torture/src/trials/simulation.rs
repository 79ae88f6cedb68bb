//! A simulation of everything: nodes, PostgreSQL and NATS, each on its own host, with faults
//! between them by a seed's schedule. Meanwhile people write, edit, delete, read, come back and
//! leave. After the faults everybody has the log within five seconds.
//!
//! The hosts are namespaces in a process of its own. A few such processes share the seeds, since a
//! simulation mostly waits. PostgreSQL and NATS serve all seeds of a process, each seed with its
//! own tables and epoch; nodes are new each time. A seed determines the faults, their times and
//! places, and the robots' choices. How far each robot has come by then depends on the machine.

mod programs;
mod schedule;

use std::time::Duration;

use anyhow::{Context as _, Result};
use papo_testing::postgres::Schema;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use self::programs::{Programs, Servers};
use self::schedule::Schedule;
use super::revocation::{Leaver, Turn};
use super::{Context, blocking};
use crate::apart;
use crate::checker::check;
use crate::crowd::{Crowd, join};
use crate::database::Place;
use crate::plan::Plan;
use crate::report::{Verdict, milliseconds, percentile};

/// How many processes share the seeds.
const LANES: u64 = 3;
const WRITERS: usize = 6;
const READERS: usize = 4;
const LEAVERS: usize = 2;
const PAUSE: Duration = Duration::from_millis(60);
/// The time between two cuts of a robot's own.
const CUTS: Duration = Duration::from_secs(2);
/// The robots wait less than browsers do, so that more of them are there.
const BACKOFF: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_millis(300);
const HEARTBEAT: Duration = Duration::from_millis(600);
/// Within this time after the faults everybody has the whole log.
const HEALED: Duration = Duration::from_secs(5);
/// The fewest acknowledgements of a seed; with fewer it tested nothing. Usually there are over a
/// hundred.
const ACKS: usize = 10;
/// How long leavers may take to notice the end.
const LEFT: Duration = Duration::from_secs(3);

/// Namespaces whose processes end with the first one.
const KINDS: [&str; 6] = [
    "--net",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
];

/// The results of all seeds.
#[derive(Default)]
struct Results {
    wrongs: usize,
    acks: usize,
    leavings: usize,
    healed: Vec<Duration>,
}

pub(super) async fn run(context: &Context) -> Result<Verdict> {
    let seeds = context
        .seeds
        .unwrap_or_else(|| context.size(20, 1_000) as u64);
    if !apart::is_inside() {
        return run_lanes(context, seeds).await;
    }
    let mut servers = blocking(Servers::start)?;
    let mut verdict = Verdict::of(format!("{seeds} seeds from {}", context.seed));
    let mut results = Results::default();
    for seed in (context.seed..).take(usize::try_from(seeds)?) {
        let schedule = Schedule::of(seed);
        let simulated = simulate(context, seed, &schedule, &mut servers, &mut results).await;
        let faults = simulated.with_context(|| format!("seed {seed}: {schedule}"))?;
        if !faults.is_empty() {
            verdict.faults.push(format!(
                "seed {seed}, which `cargo xtask torture simulation --on postgres --seeds 1 --seed {seed}` repeats: {schedule}"
            ));
            verdict.faults.extend(faults);
            break;
        }
    }
    verdict.demand(results.acks >= ACKS * results.healed.len(), || {
        format!("only {} acknowledgements", results.acks)
    });
    verdict.figure(format!(
        "{} things went wrong; {} acknowledgements; {} leavings",
        results.wrongs, results.acks, results.leavings
    ));
    verdict.figure(format!(
        "everybody had the log {} (p50) and {} at most after all was well",
        milliseconds(percentile(&results.healed, 50)),
        milliseconds(percentile(&results.healed, 100))
    ));
    Ok(verdict)
}

/// Runs processes that simulate this many seeds, each its share.
async fn run_lanes(context: &Context, seeds: u64) -> Result<Verdict> {
    let mut lanes = JoinSet::new();
    let share = seeds.div_ceil(LANES).max(1);
    for first in (0..seeds).step_by(usize::try_from(share)?) {
        let context = Context {
            seed: context.seed + first,
            seeds: Some(share.min(seeds - first)),
            ..context.clone()
        };
        lanes.spawn(async move { apart::run(&context, "simulation", &KINDS, &[]).await });
    }
    let mut verdict = Verdict::of(format!("{seeds} seeds from {}", context.seed));
    while let Some(lane) = lanes.join_next().await {
        let lane = lane??;
        verdict.figure(format!("{}: {}", lane.size, lane.figures.join("; ")));
        verdict.faults.extend(lane.faults);
    }
    Ok(verdict)
}

/// Simulates one seed. Returns the broken promises.
async fn simulate(
    context: &Context,
    seed: u64,
    schedule: &Schedule,
    servers: &mut Servers,
    results: &mut Results,
) -> Result<Vec<String>> {
    let schema = blocking(|| Schema::on(servers.cluster.url.clone()));
    let place = Place::Server(schema.url());
    let mut programs = blocking(|| Programs::start(context, servers, &schema.url()))?;
    let cookies = blocking(|| join(programs.addresses(0)[0], 1, WRITERS + READERS))?;
    let mut crowd = Crowd::new(seed);
    for (number, cookie) in cookies.iter().enumerate() {
        let addresses = programs.addresses(number);
        let mut plan = Plan::reader(format!("robot {number}"), addresses, cookie);
        plan.pause = (number < WRITERS).then_some(PAUSE);
        plan.changes = true;
        plan.cuts = (number % 2 == 0).then_some(CUTS);
        plan.backoff = BACKOFF;
        plan.patience = PATIENCE;
        plan.heartbeat = Some(HEARTBEAT);
        plan.misses_refusals = true;
        crowd.add(plan);
    }
    crowd.wait_until_subscribed().await?;
    let start = Instant::now();
    let mut leavers = JoinSet::new();
    for number in 0..LEAVERS {
        let mut addresses = programs.addresses(number);
        addresses.truncate(2);
        let leaver = Leaver::new(&crowd.world, addresses);
        leavers.spawn(come_and_go(leaver, number, start + schedule.end));
    }
    programs.suffer(schedule, start).await?;
    blocking(|| programs.heal())?;
    let mut faults = Vec::new();
    let converged = tokio::select! {
        converged = crowd.converge(&place, HEALED) => converged,
        // It doesn't end by itself.
        error = programs.keep_up() => Err(error),
    };
    match converged {
        Ok(took) => results.healed.push(took),
        Err(error) => faults.push(format!("{error:#}")),
    }
    let mut turns = Turn::default();
    // A leaver that is connected to a crashed host isn't waited for.
    while let Ok(Some(turn)) = timeout(LEFT, leavers.join_next()).await {
        turns.add(turn?);
    }
    results.wrongs += schedule.faults.len();
    results.acks += crowd.world.acks();
    results.leavings += turns.leavings;
    let mut outcome = crowd.finish(&place).await?;
    if turns.opened > 0 {
        faults.push(format!(
            "{} sockets were opened after a leaving",
            turns.opened
        ));
    }
    outcome.history.views.append(&mut turns.views);
    let found = check(&outcome.history, &blocking(|| place.read())?);
    faults.extend(found.iter().map(ToString::to_string));
    faults.extend(blocking(|| place.integrity())?);
    if !faults.is_empty() {
        faults.push(programs.keep()?);
    }
    Ok(faults)
}

/// Joins, listens and leaves until then, and retries what fails.
async fn come_and_go(mut leaver: Leaver, number: usize, until: Instant) -> Turn {
    let mut turns = Turn::default();
    for turn in 0.. {
        if Instant::now() >= until {
            break;
        }
        match leaver.turn(&format!("Leaver {number}"), turn).await {
            Ok(turn) => turns.add(turn),
            Err(_) => sleep_until(Instant::now() + BACKOFF).await,
        }
    }
    turns
}
