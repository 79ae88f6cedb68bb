//! T1c: the disk fails to keep what was written. strace makes the system calls fail.
//!
//! Acknowledgements that were on their way when the call failed don't count. How long they take
//! depends on the machine, so they are over when none has come for a while. A server that goes on
//! acknowledging is never silent for so long.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use papo_testing::Server;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::time::sleep;

use super::{Context, blocking};
use crate::checker::check;
use crate::crowd::{Crowd, join};
use crate::database::Place;
use crate::plan::Plan;
use crate::process;
use crate::random::Random;
use crate::report::Verdict;
use crate::world::World;

const WRITERS: usize = 20;
const READERS: usize = 10;
const PAUSE: Duration = Duration::from_millis(50);
/// Acknowledgements that were on their way when the call failed are over when none has come between
/// this many looks. It takes several, since the machine may have stood still during one.
const LOOKS: usize = 10;
const BETWEEN: Duration = Duration::from_millis(100);
/// They are over after this time in any case.
const ON_THEIR_WAY: Duration = Duration::from_secs(10);
/// How long the process may take to end.
const ENDING: Duration = Duration::from_secs(30);

pub(super) async fn run(context: &Context) -> Result<Verdict> {
    let rounds = context.size(3, 20);
    let mut verdict = Verdict::of(format!("{rounds} failing syncs"));
    let mut random = Random::new(context.seed);
    let mut acks = 0;
    for _ in 0..rounds {
        // Counted in each thread; the one that writes gets that far, having made the robots'
        // sessions.
        let when = 100 + random.below(200);
        acks += fail_once(context, when, &mut verdict)
            .await
            .with_context(|| format!("sync {when}"))?;
    }
    verdict.figure(format!("{acks} acknowledgements before, 0 after"));
    Ok(verdict)
}

async fn fail_once(context: &Context, when: u64, verdict: &mut Verdict) -> Result<usize> {
    let folder = TempDir::new()?;
    let (data, trace) = (folder.path().join("data"), folder.path().join("trace"));
    let inject = format!("inject=fsync,fdatasync:error=EIO:when={when}");
    let trace_file = trace.to_string_lossy().into_owned();
    let strace = [
        "strace",
        "-f",
        "-qq",
        "-o",
        &trace_file,
        "-e",
        "trace=fsync,fdatasync",
        "-e",
        &inject,
    ];
    let builder = context.server().data(&data);
    let mut server = blocking(|| builder.clone().wrapper(strace).start())
        .context("strace is needed, and must be allowed to trace")?;
    let papo = process::child(server.pid())?;
    let address = server.address();
    let cookies = blocking(|| join(address, 1, WRITERS + READERS))?;
    let mut crowd = Crowd::new(when);
    for (number, cookie) in cookies.iter().enumerate() {
        let name = format!("robot {number}");
        let mut plan = Plan::reader(name, vec![address], cookie);
        plan.pause = (number < WRITERS).then_some(PAUSE);
        crowd.add(plan);
    }
    let has_failed =
        |_: &World| fs::read_to_string(&trace).is_ok_and(|trace| trace.contains("(INJECTED)"));
    let failed = crowd
        .wait_until("a sync fails", Duration::from_mins(1), has_failed)
        .await;
    if let Err(error) = failed {
        end(&mut server, papo);
        return Err(error);
    }
    let acks = settled_acks(&crowd.world).await;
    let ended = crowd
        .wait_until("the process ends by itself", ENDING, |_| {
            !process::is_running(papo)
        })
        .await;
    let after = crowd.world.acks() - acks;
    verdict.demand(after == 0, || {
        format!("{after} acknowledgements after the sync that failed")
    });
    if let Err(error) = ended {
        verdict.faults.push(format!("{error:#}"));
    }
    end(&mut server, papo);
    let mut server = blocking(|| builder.listen(address.to_string()).start())?;
    let outcome = crowd.finish(&Place::folder(&data)).await?;
    blocking(|| server.kill())?;
    verdict.checked(&check(&outcome.history, &Place::folder(&data).read()?));
    Ok(acks)
}

/// How many acknowledgements there are once none is on its way any more.
async fn settled_acks(world: &World) -> usize {
    let start = Instant::now();
    let (mut acks, mut silent) = (world.acks(), 0);
    while silent < LOOKS && start.elapsed() < ON_THEIR_WAY {
        sleep(BETWEEN).await;
        let later = world.acks();
        silent = if later == acks { silent + 1 } else { 0 };
        acks = later;
    }
    acks
}

/// Ends strace, and papo, which would outlive it.
fn end(server: &mut Server, papo: u32) {
    if process::is_running(papo)
        && let Some(pid) = i32::try_from(papo).ok().and_then(Pid::from_raw)
    {
        let _ = kill_process(pid, Signal::KILL);
    }
    let _ = blocking(|| server.kill());
}
