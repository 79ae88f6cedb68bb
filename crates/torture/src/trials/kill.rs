//! T1: the server is killed under load, again and again.
//!
//! It must be ready within a second. The trial measures that from the start of its process until
//! `/readyz` says so, while the robots wait outside: their handshakes would load the machine. A
//! slower start is measured again, on a copy of the database as the kill left it.
//!
//! With several nodes one is killed, and its robots go on at the others at once. What they send
//! again meets what the dead node still had on its way. A slower start is measured again with one
//! more node.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use papo_testing::Guest;
use tempfile::TempDir;
use tokio::time::sleep;

use super::{Context, blocking};
use crate::checker::check;
use crate::crowd::{Crowd, join};
use crate::database::{self, Place};
use crate::instance::Instance;
use crate::measure::{ATTEMPTS, Best, best};
use crate::plan::Plan;
use crate::random::Random;
use crate::report::{Verdict, bound, milliseconds, percentile};

const WRITERS: usize = 50;
const READERS: usize = 200;
/// The fewest acknowledgements before each kill.
const ACKS: usize = 50;
const PAUSE: Duration = Duration::from_millis(250);
/// The robots reconnect sooner than browsers do, so that more of them are there at the next kill.
const BACKOFF: Duration = Duration::from_millis(100);
/// The longest delay of the kill after enough acknowledgements.
const LATE: Duration = Duration::from_millis(100);
const READY: Duration = Duration::from_secs(1);

pub(super) async fn run(context: &Context) -> Result<Verdict> {
    let kills = context.size(context.choose(100, 10), 1_000);
    let mut instance = blocking(|| context.instance(3))?;
    let cookies = blocking(|| join(instance.address(0), 1, WRITERS + READERS))?;
    let mut crowd = Crowd::new(context.seed);
    for (number, cookie) in cookies.iter().enumerate() {
        let name = format!("robot {number}");
        let mut plan = Plan::reader(name, instance.addresses(number), cookie);
        plan.pause = (number < WRITERS).then_some(PAUSE);
        plan.backoff = BACKOFF;
        crowd.add(plan);
    }
    crowd.wait_until_subscribed().await?;
    let mut verdict = Verdict::of(format!(
        "{kills} kills, {WRITERS} writers, {READERS} readers{}",
        instance.spread()
    ));
    let mut random = Random::new(context.seed);
    let (mut times, mut repeated) = (Vec::new(), 0);
    for kill in 0..kills {
        let before = crowd.world.acks();
        let enough = |world: &crate::world::World| world.acks() >= before + ACKS;
        let waited = crowd
            .wait_until("enough is acknowledged", Duration::from_mins(1), enough)
            .await;
        waited.with_context(|| format!("before kill {kill}"))?;
        sleep(random.up_to(LATE)).await;
        let victim = random.index(instance.len());
        if instance.len() == 1 {
            crowd.world.hold();
        }
        blocking(|| instance.nodes()[victim].kill())?;
        let ready = ready_again(context, &mut instance, victim).await?;
        verdict
            .faults
            .extend(blocking(|| instance.place().integrity())?);
        crowd.world.open();
        times.push(ready.figure);
        repeated += ready.attempts - 1;
    }
    let acks = crowd.world.acks();
    let outcome = crowd.finish(instance.place()).await?;
    let faults = check(&outcome.history, &blocking(|| instance.place().read())?);
    verdict.checked(&faults);
    let slowest = percentile(&times, 100);
    verdict.demand(slowest <= READY, || {
        format!("ready only after {}", milliseconds(slowest))
    });
    if faults.is_empty() {
        verdict.figure(format!(
            "0 of {acks} acknowledgements lost: with 95 % confidence fewer than 1 in {:.0}",
            bound(acks)
        ));
    }
    verdict.figure(format!(
        "ready after {} (p50), {} at most; {} connections",
        milliseconds(percentile(&times, 50)),
        milliseconds(slowest),
        outcome.connections
    ));
    if repeated > 0 {
        verdict.figure(format!(
            "{repeated} starts measured again, of each the best of at most {ATTEMPTS}"
        ));
    }
    Ok(verdict)
}

/// Restarts a killed node. Returns how long it takes to be ready.
async fn ready_again(
    context: &Context,
    instance: &mut Instance,
    victim: usize,
) -> Result<Best<Duration>> {
    let kept = TempDir::new()?;
    let is_file = matches!(instance.place(), Place::File(_));
    if is_file {
        blocking(|| keep(instance.first().data(), kept.path()))?;
    }
    let mut is_first = true;
    let ready = best(READY, async || {
        if std::mem::take(&mut is_first) {
            let node = &mut instance.nodes()[victim];
            return blocking(|| time(|| node.restart().map(|()| node.address())));
        }
        let again = TempDir::new()?;
        blocking(|| {
            let builder = if is_file {
                keep(kept.path(), again.path())?;
                context.server().data(again.path())
            } else {
                instance.another()
            };
            let mut other = None;
            time(|| Ok(other.insert(builder.start()?).address()))
        })
    });
    ready.await
}

/// Measures the time from a process's start until it is ready.
fn time(start: impl FnOnce() -> Result<SocketAddr>) -> Result<Duration> {
    let began = Instant::now();
    let address = start()?;
    let page = Guest::at(&address.to_string()).get("/readyz")?;
    anyhow::ensure!(page.status == 200, "readyz: {}", page.status);
    Ok(began.elapsed())
}

/// Copies a database that nobody has open.
fn keep(from: &Path, to: &Path) -> Result<()> {
    for suffix in ["", "-wal"] {
        let mut file = database::file(from);
        file.as_mut_os_string().push(suffix);
        let mut copy = database::file(to);
        copy.as_mut_os_string().push(suffix);
        if fs::exists(&file)? {
            fs::copy(file, copy)?;
        }
    }
    Ok(())
}
