//! T9: thousands of sockets are cut at once and come back: all at the same moment, and spread as the server asks.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use papo_testing::Server;
use tempfile::TempDir;
use tokio::time::sleep;

use super::{Context, blocking};
use crate::checker::check;
use crate::crowd::{Crowd, join};
use crate::database;
use crate::plan::Plan;
use crate::process;
use crate::report::Verdict;
use crate::world::World;

const SESSIONS: usize = 250;
const WRITERS: usize = 4;
const PAUSE: Duration = Duration::from_millis(500);
/// All must be back within this time.
const BACK: Duration = Duration::from_secs(30);
/// How much more memory it may take than the crowd at rest.
const MEMORY: f64 = 1.5;
const SETTLING: Duration = Duration::from_secs(3);

/// How all connections break.
#[derive(Debug, Clone, Copy)]
enum Storm {
    /// The network does it; all come back at the same moment.
    Cut,
    /// With the server; all come back as soon as it is there.
    Killed,
    /// The server asks each to come back after a time of its own.
    Stopped,
}

pub(super) async fn run(context: &Context) -> Result<Verdict> {
    let sockets = context.size(5_000, 5_000);
    let rounds = context.size(1, 5);
    let folder = TempDir::new()?;
    let mut server = blocking(|| context.server().data(folder.path()).start())?;
    let address = server.address();
    let cookies = blocking(|| join(&server, 1, SESSIONS))?;
    let mut crowd = Crowd::new(context.seed);
    for number in 0..sockets {
        crowd.add(plan(number, address, &cookies[number % SESSIONS]));
    }
    crowd.wait_until_subscribed().await?;
    sleep(SETTLING).await;
    let mut verdict = Verdict::of(format!("{sockets} sockets, {rounds} × three storms"));
    for _ in 0..rounds {
        for storm in [Storm::Cut, Storm::Killed, Storm::Stopped] {
            survive(storm, &mut server, &crowd, &mut verdict).await?;
            sleep(SETTLING).await;
        }
    }
    let outcome = crowd.finish(folder.path()).await?;
    verdict.checked(&check(&outcome.history, &database::read(folder.path())?));
    Ok(verdict)
}

/// Breaks all connections, and waits until all are back.
async fn survive(
    storm: Storm,
    server: &mut Server,
    crowd: &Crowd,
    verdict: &mut Verdict,
) -> Result<()> {
    let rest = process::resident(server.pid())?;
    let all = crowd.world.subscriptions() + crowd.len();
    let start = Instant::now();
    blocking(|| -> Result<()> {
        match storm {
            Storm::Cut => {
                process::forget_peak(server.pid())?;
                crowd.world.storm();
                return Ok(());
            }
            Storm::Killed => server.kill()?,
            Storm::Stopped => ensure!(server.stop()?.success(), "the server didn't stop well"),
        }
        server.restart()
    })?;
    let are_back = |world: &World| world.subscriptions() >= all;
    let back = crowd.wait_until("all are back", BACK, are_back).await;
    let took = start.elapsed();
    if let Err(error) = back {
        let missing = all - crowd.world.subscriptions();
        verdict
            .faults
            .push(format!("{storm:?}: {error:#}: {missing} are missing"));
    }
    verdict.demand(took <= BACK, || {
        format!("{storm:?}: back after {:.1} s", took.as_secs_f64())
    });
    let peak = process::peak(server.pid())?;
    verdict.demand(peak <= MEMORY * rest, || {
        format!("{storm:?}: {peak:.0} MiB, {rest:.0} MiB at rest")
    });
    verdict.figure(format!(
        "{storm:?}: back in {:.1} s, peak {:.2} × of {rest:.0} MiB",
        took.as_secs_f64(),
        peak / rest
    ));
    Ok(())
}

/// A socket that comes back at once, unless the server names a time.
fn plan(number: usize, address: SocketAddr, cookie: &Arc<str>) -> Plan {
    let mut plan = Plan::reader(format!("robot {number}"), address, cookie);
    plan.pause = (number < WRITERS).then_some(PAUSE);
    plan.backoff = Duration::from_millis(100);
    plan
}
