//! T7: some readers stop reading. The others must not notice, memory must not grow, and the slow ones lose nothing.

use std::time::Duration;

use anyhow::Result;
use papo_testing::{Server, Socket};
use tokio::sync::watch;
use tokio::time::sleep;

use super::{Context, blocking};
use crate::checker::check;
use crate::crowd::{Crowd, join};
use crate::database;
use crate::plan::Plan;
use crate::process;
use crate::report::{Verdict, milliseconds, percentile};

const READERS: usize = 1_000;
const SLOW: usize = 100;
const WRITERS: usize = 4;
const PAUSE: Duration = Duration::from_millis(200);
/// How long the burst has to be through, for those who read.
const THROUGH: Duration = Duration::from_secs(3);
/// How long latencies are measured, before the next change.
const WINDOW: Duration = Duration::from_millis(2_500);
const SETTLING: Duration = Duration::from_millis(1_500);
/// Long messages that fill the slow ones' buffers, and how long they are.
const BURST: usize = 100;
const LENGTH: usize = 3_000;
/// Bytes that certainly fill them.
const FILL: usize = 1_500_000;
/// How much slower than without slow ones the others may be.
const SLOWER: f64 = 1.2;
/// MiB that the server may take more.
const MEMORY: f64 = 100.0;
/// Within this time the slow ones are cut off.
const CUT: Duration = Duration::from_mins(1);

pub(super) async fn run(context: &Context) -> Result<Verdict> {
    let pairs = context.size(3, 20);
    let builder = context.server().env("PAPO_LOG", "info,papo_web=debug");
    let mut server = blocking(|| builder.start())?;
    let cookies = blocking(|| join(&server, 1, READERS + 1))?;
    let stopped = watch::Sender::new(false);
    let mut crowd = Crowd::new(context.seed);
    for (number, cookie) in cookies.iter().take(READERS).enumerate() {
        let mut plan = Plan::reader(format!("reader {number}"), server.address(), cookie);
        if number < SLOW {
            plan.name = format!("slow {number}");
            plan.stops = Some(stopped.subscribe());
        } else if number < SLOW + WRITERS {
            plan.pause = Some(PAUSE);
        }
        crowd.add(plan);
    }
    crowd.wait_until_subscribed().await?;
    let host = server.address().to_string();
    let mut burst = Socket::open(&host, "/ws/chat/1/", Some(&cookies[READERS]), true)?;
    burst.subscribe(1, None)?;
    let mut verdict = Verdict::of(format!("{READERS} readers, {SLOW} stop, {pairs} pairs"));

    let (mut with, mut without) = (Vec::new(), Vec::new());
    // Both kinds begin with a burst, so that they differ in nothing but who reads.
    for _ in 0..pairs {
        for is_stopped in [false, true] {
            stopped.send_replace(is_stopped);
            sleep(SETTLING).await;
            blocking(|| fill(&mut burst))?;
            sleep(THROUGH).await;
            crowd.world.measure();
            sleep(WINDOW).await;
            let times = crowd.world.measured();
            let kind = if is_stopped { &mut with } else { &mut without };
            kind.push(percentile(&times, 99));
        }
    }
    stopped.send_replace(false);
    sleep(SETTLING).await;
    let ratio = percentile(&with, 50).as_secs_f64() / percentile(&without, 50).as_secs_f64();
    verdict.figure(format!(
        "others' p99 {} with, {} without: {ratio:.2} ×",
        milliseconds(percentile(&with, 50)),
        milliseconds(percentile(&without, 50))
    ));
    verdict.demand(ratio <= SLOWER, || {
        format!("the others are {ratio:.2} times slower")
    });
    cut_off(&mut server, &mut burst, &stopped, &mut verdict).await?;
    drop(burst);
    let outcome = crowd.finish(server.data()).await?;
    verdict.checked(&check(&outcome.history, &database::read(server.data())?));
    verdict.figure(format!("closes that clients saw: {:?}", outcome.closes));
    Ok(verdict)
}

/// Has the slow ones stop until all are cut off.
async fn cut_off(
    server: &mut Server,
    burst: &mut Socket,
    stopped: &watch::Sender<bool>,
    verdict: &mut Verdict,
) -> Result<()> {
    let before = process::resident(server.pid())?;
    let earlier = cuts(server);
    process::forget_peak(server.pid())?;
    stopped.send_replace(true);
    sleep(SETTLING).await;
    let deadline = tokio::time::Instant::now() + CUT;
    let (mut cut, mut filled) = (0, 0);
    while cut < SLOW && tokio::time::Instant::now() < deadline {
        sleep(Duration::from_millis(100)).await;
        cut = cuts(server) - earlier;
        if filled < FILL {
            blocking(|| fill(burst))?;
            filled += BURST * LENGTH;
        }
    }
    verdict.demand(cut >= SLOW, || {
        format!("only {cut} of {SLOW} were closed with 4008")
    });
    let more = process::peak(server.pid())? - before;
    verdict.demand(more <= MEMORY, || format!("{more:.0} MiB more memory"));
    verdict.figure(format!(
        "{cut} closed with 4008; at most {more:.1} MiB more"
    ));
    stopped.send_replace(false);
    Ok(())
}

/// How many sockets the server says it has closed for their slowness.
fn cuts(server: &mut Server) -> usize {
    let lines = server.printed().iter();
    lines
        .filter(|line| line.contains("closing a socket") && line.contains("4008"))
        .count()
}

fn fill(burst: &mut Socket) -> Result<()> {
    let text = "x".repeat(LENGTH);
    for _ in 0..BURST / 20 {
        let references = (0..20)
            .map(|_| burst.post(1, &text))
            .collect::<Result<Vec<_>>>()?;
        for reference in references {
            burst.wait_for_ack(reference)?;
        }
    }
    Ok(())
}
