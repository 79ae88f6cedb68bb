//! T9: thousands of sockets are cut at once and come back, all at the same moment or spread as the
//! server says.
//!
//! The memory at rest is that of the crowd after it came in bit by bit, measured once. A process
//! keeps more after a storm, and measuring rest then would forgive the next storm. The peak is the
//! kernel's count, so no moment is missed. How many connections the server handles at the same
//! moment depends on other users of the machine. So a storm that misses a bound is repeated, and
//! the best of three counts. Of several nodes all are killed or stopped at once, and clients come
//! back to another one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use papo_testing::Server;
use tokio::time::sleep;

use super::{Context, blocking};
use crate::checker::check;
use crate::crowd::{Crowd, join};
use crate::instance::Instance;
use crate::measure::best;
use crate::plan::Plan;
use crate::process;
use crate::report::Verdict;
use crate::world::World;

/// Never fewer, since the memory of an empty server would hide that of the sockets.
const SOCKETS: usize = 5_000;
const SESSIONS: usize = 250;
const WRITERS: usize = 4;
const PAUSE: Duration = Duration::from_millis(500);
/// All must be back within this time.
const BACK: Duration = Duration::from_secs(30);
/// How much more memory it may take than the crowd at rest.
const MEMORY: f64 = 1.5;
/// A robot that isn't back by then won't come.
const PATIENCE: Duration = Duration::from_mins(2);
const SETTLING: Duration = Duration::from_secs(3);
/// How many come in at a time at the beginning, and the pause between groups.
const GROUP: usize = 25;
const BETWEEN: Duration = Duration::from_millis(20);

/// How all connections break.
#[derive(Debug, Clone, Copy)]
enum Storm {
    /// The network does it; all come back at the same moment.
    Cut,
    /// The server is killed; all come back as soon as it is there.
    Killed,
    /// The server tells each when to come back.
    Stopped,
}

/// The result of a storm; the smaller the better.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
struct Passed {
    /// The larger share of its bound that was used, of the time and of the memory.
    share: f64,
    took: Duration,
    /// The server's peak.
    mebibytes: f64,
}

pub(super) async fn run(context: &Context) -> Result<Verdict> {
    let rounds = context.size(1, 5);
    let mut instance = blocking(|| context.instance(2))?;
    let cookies = blocking(|| join(instance.address(0), 1, SESSIONS))?;
    let mut crowd = Crowd::new(context.seed);
    for number in 0..SOCKETS {
        crowd.add(plan(
            number,
            instance.addresses(number),
            &cookies[number % SESSIONS],
        ));
        if number % GROUP == 0 {
            sleep(BETWEEN).await;
        }
    }
    crowd.wait_until_subscribed().await?;
    sleep(SETTLING).await;
    let rest = memory(&mut instance, process::resident)?;
    let mut verdict = Verdict::of(format!(
        "{SOCKETS} sockets{}, {rest:.0} MiB at rest, {rounds} × three storms",
        instance.spread()
    ));
    for _ in 0..rounds {
        for storm in [Storm::Cut, Storm::Killed, Storm::Stopped] {
            let bound = Passed {
                share: 1.0,
                took: Duration::MAX,
                mebibytes: f64::INFINITY,
            };
            let passed = best(bound, async || {
                let passed = survive(storm, &mut instance, &crowd, rest).await?;
                sleep(SETTLING).await;
                Ok(passed)
            });
            let passed = passed.await?;
            let (seconds, peak) = (passed.figure.took.as_secs_f64(), passed.figure.mebibytes);
            verdict.demand(passed.figure.took <= BACK, || {
                format!("{storm:?}: back after {seconds:.1} s")
            });
            verdict.demand(peak <= MEMORY * rest, || {
                format!("{storm:?}: {peak:.0} MiB, {rest:.0} MiB at rest")
            });
            verdict.figure(format!(
                "{storm:?}: back in {seconds:.1} s, peak {:.2} ×{passed}",
                peak / rest
            ));
        }
    }
    let outcome = crowd.finish(instance.place()).await?;
    verdict.checked(&check(&outcome.history, &instance.place().read()?));
    Ok(verdict)
}

/// Breaks all connections, and waits until all are back.
async fn survive(
    storm: Storm,
    instance: &mut Instance,
    crowd: &Crowd,
    rest: f64,
) -> Result<Passed> {
    let all = crowd.world.subscriptions() + crowd.len();
    let start = Instant::now();
    blocking(|| -> Result<()> {
        match storm {
            Storm::Cut => {
                for node in instance.nodes() {
                    process::forget_peak(node.pid())?;
                }
                crowd.world.storm();
                return Ok(());
            }
            Storm::Killed => {
                for node in instance.nodes() {
                    node.kill()?;
                }
            }
            Storm::Stopped => {
                for node in instance.nodes() {
                    node.terminate()?;
                }
                for node in instance.nodes() {
                    ensure!(node.wait()?.success(), "a server didn't stop well");
                }
            }
        }
        instance.nodes().iter_mut().try_for_each(Server::restart)
    })?;
    let are_back = |world: &World| world.subscriptions() >= all;
    let back = crowd.wait_until("all are back", PATIENCE, are_back).await;
    let took = start.elapsed();
    back.with_context(|| {
        let missing = all - crowd.world.subscriptions();
        format!("{storm:?}: {missing} are missing")
    })?;
    let mebibytes = memory(instance, process::peak)?;
    Ok(Passed {
        share: (took.as_secs_f64() / BACK.as_secs_f64()).max(mebibytes / (MEMORY * rest)),
        took,
        mebibytes,
    })
}

/// The sum of all nodes.
fn memory(instance: &mut Instance, of: fn(u32) -> Result<f64>) -> Result<f64> {
    let nodes = instance.nodes().iter();
    nodes.map(|node| of(node.pid())).sum()
}

/// A socket that comes back at once, unless the server names a time.
fn plan(number: usize, addresses: Vec<SocketAddr>, cookie: &Arc<str>) -> Plan {
    let mut plan = Plan::reader(format!("robot {number}"), addresses, cookie);
    plan.pause = (number < WRITERS).then_some(PAUSE);
    plan.backoff = Duration::from_millis(100);
    plan
}
