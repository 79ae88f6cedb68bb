//! T10: restarts under load, as in a deploy. Nobody may lose anything, or wait for long.
//!
//! A single node gets the signal to stop, and is started again when it has ended. Several are
//! restarted one after the other, behind a load balancer that follows `/readyz`. Each time
//! everybody must be back before the next. A pause is the longest time between two events that a
//! robot gets while events come all the time, or between a message and its acknowledgement. Only
//! robots count that lost their connection in the restart. No connection may end except by the
//! node's close frame.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use papo_testing::Guest;
use tokio::time::{Instant, sleep};

use super::{Context, blocking};
use crate::checker::check;
use crate::crowd::{Crowd, Interruptions, join};
use crate::instance::Instance;
use crate::plan::Plan;
use crate::report::{Verdict, bound, milliseconds, percentile};
use crate::tunnel::Balancer;

const WRITERS: usize = 20;
const READERS: usize = 100;
/// Fifty messages a second.
const PAUSE: Duration = Duration::from_millis(400);
/// The longest pause that one in a hundred may have: with one node, and with several.
const ALONE: Duration = Duration::from_secs(5);
const TOGETHER: Duration = Duration::from_secs(2);
/// How long a node may take to stop.
const STOP: Duration = Duration::from_secs(30);
/// The close code of a stopping node, once everything on its way is answered.
const RESTART: u16 = 1012;
/// A robot that isn't back by then won't come.
const BACK: Duration = Duration::from_mins(1);
/// Between two restarts.
const CALM: Duration = Duration::from_millis(300);

/// One restart.
#[derive(Debug, Clone, Copy)]
struct Restart {
    from: Instant,
    /// When everybody was back.
    until: Instant,
    /// How long the node took to end.
    stop: Duration,
}

pub(super) async fn run(context: &Context) -> Result<Verdict> {
    let count = context.size(10, 100);
    let mut instance = blocking(|| context.instance(3))?;
    let cookies = blocking(|| join(instance.address(0), 1, WRITERS + READERS))?;
    let balancer = Balancer::start(instance.addresses(0)).await?;
    let addresses = if instance.len() == 1 {
        instance.addresses(0)
    } else {
        vec![balancer.address]
    };
    let mut crowd = Crowd::new(context.seed);
    for (number, cookie) in cookies.iter().enumerate() {
        let mut plan = Plan::reader(format!("robot {number}"), addresses.clone(), cookie);
        plan.pause = (number < WRITERS).then_some(PAUSE);
        crowd.add(plan);
    }
    crowd.wait_until_subscribed().await?;
    let mut verdict = Verdict::of(format!(
        "{count} restarts, {WRITERS} writers, {READERS} readers{}",
        instance.spread()
    ));
    let mut restarts = Vec::new();
    for number in 0..count {
        sleep(CALM).await;
        let restarted = restart(&mut instance, number, &crowd).await;
        restarts.push(restarted.with_context(|| format!("restart {number}"))?);
    }
    let acks = crowd.world.acks();
    let outcome = crowd.finish(instance.place()).await?;
    let faults = check(&outcome.history, &blocking(|| instance.place().read())?);
    verdict.checked(&faults);
    verdict
        .faults
        .extend(blocking(|| instance.place().integrity())?);
    if faults.is_empty() {
        verdict.figure(format!(
            "0 of {acks} messages lost or doubled: with 95 % confidence fewer than 1 in {:.0}",
            bound(acks)
        ));
    }
    let mut closes = outcome.closes.clone();
    closes.remove(&RESTART);
    verdict.demand(closes.is_empty(), || {
        format!("closed with other codes than {RESTART}: {closes:?}")
    });
    let most = if instance.len() == 1 { ALONE } else { TOGETHER };
    measure(&restarts, &outcome.interruptions, most, &mut verdict);
    let stop = restarts.iter().map(|restart| restart.stop).max();
    verdict.figure(format!(
        "ended within {}",
        milliseconds(stop.unwrap_or_default())
    ));
    Ok(verdict)
}

/// Restarts a node, and waits until everybody is back.
async fn restart(instance: &mut Instance, number: usize, crowd: &Crowd) -> Result<Restart> {
    let from = Instant::now();
    let nodes = instance.len();
    let node = &mut instance.nodes()[number % nodes];
    let status = blocking(|| node.stop())?;
    let stop = from.elapsed();
    ensure!(status.success(), "it ended with {status}");
    ensure!(stop <= STOP, "it took {stop:?} to stop");
    blocking(|| -> Result<()> {
        node.restart()?;
        let page = Guest::new(node).get("/readyz")?;
        ensure!(page.status == 200, "readyz: {}", page.status);
        Ok(())
    })?;
    let all = crowd.len();
    let is_back = |world: &crate::world::World| world.listening() == all;
    crowd.wait_until("everybody is back", BACK, is_back).await?;
    Ok(Restart {
        from,
        until: Instant::now(),
        stop,
    })
}

/// Compares the pauses with the bound.
fn measure(restarts: &[Restart], robots: &[Interruptions], most: Duration, verdict: &mut Verdict) {
    let (mut silences, mut waits) = (Vec::new(), Vec::new());
    for &Restart { from, until, .. } in restarts {
        let was_cut =
            |robot: &&Interruptions| robot.lost.iter().any(|at| (from..=until).contains(at));
        for robot in robots.iter().filter(was_cut) {
            silences.push(robot.silences.longest(from, until));
            waits.push(robot.waits.longest(from, until));
        }
    }
    verdict.demand(silences.len() >= restarts.len(), || {
        "hardly anybody was cut off: nothing was tried".into()
    });
    for (what, pauses) in [("nothing came", &silences), ("no answer came", &waits)] {
        let p99 = percentile(pauses, 99);
        verdict.demand(p99 <= most, || format!("{what} for {}", milliseconds(p99)));
        verdict.figure(format!(
            "{what} for {} (p50), {} (p99), {} at most",
            milliseconds(percentile(pauses, 50)),
            milliseconds(p99),
            milliseconds(percentile(pauses, 100))
        ));
    }
    verdict.figure(format!("{} connections taken up again", silences.len()));
}
