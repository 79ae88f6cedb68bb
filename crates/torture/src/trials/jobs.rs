//! "jobs": servers are killed and paused while they run jobs. Each job is done, and its end is
//! stored once. No node takes a job whose lease another one holds. A key is done once, however
//! often servers start and add it again. A job that always fails stops nothing.
//!
//! The jobs are chores, the only kind there is. Triggers in the database note what happens to each
//! ([`diary`]), and make the report of an end slow. So most kills come between the lease and the
//! report, and leave a lease that must run out.

mod diary;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use papo_testing::Server;
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::sleep;

use super::{Context, blocking};
use crate::database::Place;
use crate::random::Random;
use crate::report::Verdict;

/// How long Papo leases a job.
const LEASE: Duration = Duration::from_secs(30);
/// The longest wait before each kill.
const BETWEEN: Duration = Duration::from_millis(1_500);
/// How long a node stands still: longer than a lease.
const STILL: Duration = Duration::from_secs(34);
/// Within this time after the last kill all jobs are done: a lease runs out meanwhile.
const DONE: Duration = Duration::from_mins(2);
/// Jobs for each kill and node: none of them runs out of work before the last kill.
const JOBS: usize = 5;
const LOOK: Duration = Duration::from_millis(200);
/// The fewest kills of which one must have met a running job.
const ENOUGH: usize = 5;

pub(super) async fn run(context: &Context) -> Result<Verdict> {
    let kills = context.size(12, 200);
    let mut instance = blocking(|| context.instance(3))?;
    let jobs = kills * JOBS * instance.len();
    let place = instance.place().clone();
    let pause = if context.is_brief { "" } else { ", a pause" };
    let mut verdict = Verdict::of(format!(
        "{jobs} jobs, {kills} kills{pause}{}",
        instance.spread()
    ));
    blocking(|| diary::begin(&place, jobs))?;
    let mut random = Random::new(context.seed);
    for kill in 0..kills {
        sleep(random.up_to(BETWEEN)).await;
        let victim = random.index(instance.len());
        let node = &mut instance.nodes()[victim];
        if kill + 1 == kills && !context.is_brief {
            signal(node, Signal::STOP)?;
            sleep(STILL).await;
            signal(node, Signal::CONT)?;
            sleep(random.up_to(BETWEEN)).await;
        }
        blocking(|| node.kill().and_then(|()| node.restart()))
            .with_context(|| format!("kill {kill}"))?;
    }
    let left = wait_until_done(&place).await?;
    verdict.demand(left.is_empty(), || {
        format!("not done after {} s: {}", DONE.as_secs(), left.join(", "))
    });
    let entries = blocking(|| diary::read(&place))?;
    verdict.faults.extend(diary::faults(&entries, LEASE));
    let again = diary::taken_over(&entries);
    verdict.demand(kills < ENOUGH || again > 0, || {
        "no kill met a running job".to_owned()
    });
    for fault in blocking(|| diary::last_faults(&place))? {
        verdict.faults.push(fault);
    }
    verdict.figure(format!("taken over from killed nodes: {again}"));
    Ok(verdict)
}

/// Waits until all jobs but the poisonous one are done. Returns those that aren't.
async fn wait_until_done(place: &Place) -> Result<Vec<String>> {
    let start = Instant::now();
    loop {
        let left = blocking(|| diary::left(place))?;
        if left.is_empty() || start.elapsed() > DONE {
            return Ok(left);
        }
        sleep(LOOK).await;
    }
}

fn signal(node: &Server, signal: Signal) -> Result<()> {
    let pid = i32::try_from(node.pid()).ok().and_then(Pid::from_raw);
    let pid = pid.context("a process id")?;
    ensure!(pid.as_raw_nonzero().get() > 1, "no process of this trial");
    Ok(kill_process(pid, signal)?)
}
