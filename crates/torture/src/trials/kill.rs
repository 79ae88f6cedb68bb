//! T1: the server is killed under load, again and again.
//!
//! It must be ready within a second. That is measured from the start of its process until `/readyz` says so, while the robots wait
//! outside: a machine that is busy with their handshakes says nothing of the server's start. One that takes longer is
//! measured again, on a copy of the database as the kill left it.

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
use crate::measure::{ATTEMPTS, best};
use crate::plan::Plan;
use crate::random::Random;
use crate::report::{Verdict, bound, milliseconds, percentile};

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
    let (mut times, mut repeated) = (Vec::new(), 0);
    for kill in 0..kills {
        let before = crowd.world.acks();
        let enough = |world: &crate::world::World| world.acks() >= before + ACKS;
        let waited = crowd
            .wait_until("enough is acknowledged", Duration::from_mins(1), enough)
            .await;
        waited.with_context(|| format!("before kill {kill}"))?;
        sleep(random.up_to(LATE)).await;
        crowd.world.hold();
        blocking(|| server.kill())?;
        let kept = TempDir::new()?;
        blocking(|| keep(folder.path(), kept.path()))?;
        let wrong = blocking(|| Place::folder(folder.path()).integrity())?;
        verdict.faults.extend(wrong);
        let mut is_first = true;
        let ready = best(READY, async || {
            if std::mem::take(&mut is_first) {
                return blocking(|| time(|| server.restart().map(|()| server.address())));
            }
            let again = TempDir::new()?;
            blocking(|| {
                keep(kept.path(), again.path())?;
                let mut other = None;
                time(|| {
                    let other = other.insert(context.server().data(again.path()).start()?);
                    Ok(other.address())
                })
            })
        });
        let ready = ready.await?;
        crowd.world.open();
        times.push(ready.figure);
        repeated += ready.attempts - 1;
    }
    let acks = crowd.world.acks();
    let outcome = crowd.finish(folder.path()).await?;
    blocking(|| server.kill())?;
    let faults = check(&outcome.history, &Place::folder(folder.path()).read()?);
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

/// How long it takes from a process's start until it says that it is ready.
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
