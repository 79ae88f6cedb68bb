//! T1: the server is killed under load, again and again.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use papo_testing::Guest;
use tempfile::TempDir;
use tokio::time::sleep;

use super::{Context, blocking};
use crate::checker::check;
use crate::crowd::{Crowd, join};
use crate::database;
use crate::plan::Plan;
use crate::random::Random;
use crate::report::{Verdict, bound, milliseconds};

const WRITERS: usize = 50;
const READERS: usize = 200;
/// Acknowledgements before each kill, at least.
const ACKS: usize = 50;
const PAUSE: Duration = Duration::from_millis(250);
/// The robots come back sooner than people's browsers do, so that more of them are there at the next kill.
const BACKOFF: Duration = Duration::from_millis(100);
/// How late after enough acknowledgements the kill comes, at most.
const LATE: Duration = Duration::from_millis(100);
const READY: Duration = Duration::from_secs(1);

pub(super) async fn run(context: &Context) -> Result<Verdict> {
    let kills = context.size(100, 1_000);
    let folder = TempDir::new()?;
    let mut server = blocking(|| context.server().data(folder.path()).start())?;
    let address = server.address();
    let cookies = blocking(|| join(&server, 1, WRITERS + READERS))?;
    let mut crowd = Crowd::new(context.seed);
    for (number, cookie) in cookies.iter().enumerate() {
        let name = format!("robot {number}");
        let mut plan = Plan::reader(name, address, cookie);
        plan.pause = (number < WRITERS).then_some(PAUSE);
        plan.backoff = BACKOFF;
        crowd.add(plan);
    }
    crowd.wait_until_subscribed().await?;
    let mut verdict = Verdict::of(format!(
        "{kills} kills, {WRITERS} writers, {READERS} readers"
    ));
    let mut random = Random::new(context.seed);
    let mut slowest = Duration::ZERO;
    for kill in 0..kills {
        let before = crowd.world.acks();
        let enough = |world: &crate::world::World| world.acks() >= before + ACKS;
        let waited = crowd
            .wait_until("enough is acknowledged", Duration::from_mins(1), enough)
            .await;
        waited.with_context(|| format!("before kill {kill}"))?;
        sleep(random.up_to(LATE)).await;
        blocking(|| server.kill())?;
        let wrong = blocking(|| database::integrity(&database::file(folder.path())))?;
        verdict.faults.extend(wrong);
        let start = Instant::now();
        blocking(|| -> Result<()> {
            server.restart()?;
            let page = Guest::new(&server).get("/readyz")?;
            anyhow::ensure!(page.status == 200, "readyz: {}", page.status);
            Ok(())
        })?;
        slowest = slowest.max(start.elapsed());
    }
    let acks = crowd.world.acks();
    let outcome = crowd.finish(folder.path()).await?;
    blocking(|| server.kill())?;
    let faults = check(&outcome.history, &database::read(folder.path())?);
    verdict.checked(&faults);
    verdict.demand(slowest <= READY, || {
        format!("ready only after {}", milliseconds(slowest))
    });
    verdict.figure(format!(
        "0 of {acks} acknowledgements lost: with 95 % confidence fewer than 1 in {:.0}",
        bound(acks)
    ));
    verdict.figure(format!(
        "ready in at most {}; {} connections",
        milliseconds(slowest),
        outcome.connections
    ));
    if !faults.is_empty() {
        verdict.figures.remove(0);
    }
    Ok(verdict)
}
