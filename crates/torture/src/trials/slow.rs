//! T7: some readers stop reading. The others must not notice, memory must not grow, and the slow
//! ones must lose nothing.
//!
//! The trial compares the others' p99 with and without slow readers. A message goes to a thousand
//! readers in one process on the same machine, so a busy neighbour shows in it at once. Therefore
//! windows with and without slow readers alternate. Each begins when every reader has the burst
//! before it. Each pair of neighbouring windows gives a ratio, and the median ratio counts: a
//! neighbour that comes and goes spoils only some pairs. If it misses the bound, more pairs are
//! measured, up to three times as many, and the median of all counts. The table also shows the
//! server's processor time in the same windows, which waiting doesn't change. A robot that stops or
//! goes on does so on a new connection. So only those that stop have small buffers, which would
//! slow the windows without them.
//!
//! With two nodes all robots that only read are at one of them, which is measured. The others write
//! at the other node.
//!
//! The slow ones don't read, so most don't see their close code. The server counts the sockets that
//! it closes for slowness or silence. All must be counted before silence alone could be the reason.

use std::time::Duration;

use anyhow::{Context as _, Result};
use papo_testing::{Guest, Server, Socket};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::{Context, blocking};
use crate::checker::check;
use crate::crowd::{Crowd, join};
use crate::history::{Seen, View};
use crate::instance::Instance;
use crate::measure::{ATTEMPTS, median};
use crate::plan::{Plan, Reading};
use crate::process;
use crate::report::{Verdict, milliseconds, percentile};

const READERS: usize = 1_000;
const SLOW: usize = 100;
const WRITERS: usize = 4;
const PAUSE: Duration = Duration::from_millis(200);
/// How long the burst may take to reach everybody.
const THROUGH: Duration = Duration::from_mins(1);
/// How long a window is.
const WINDOW: Duration = Duration::from_millis(2_500);
const SETTLING: Duration = Duration::from_millis(300);
/// Long messages that fill the slow ones' buffers, and how long they are.
const BURST: usize = 100;
const LENGTH: usize = 3_000;
/// Bytes that certainly fill them.
const FILL: usize = 1_500_000;
/// The bound for the ratio of the p99.
const SLOWER: f64 = 1.2;
/// How many more MiB the server may take.
const MEMORY: f64 = 100.0;
/// Within this time the server closes the slow ones. Silence would take 55 s.
const CUT: Duration = Duration::from_secs(45);
const SLOW_READERS: &str = "papo_slow_readers_total";

/// The room, and what makes some of its readers stop.
struct Room {
    instance: Instance,
    crowd: Crowd,
    /// How the slow robots read now.
    reading: watch::Sender<Reading>,
    /// Writes long messages.
    burst: Socket,
    bursts: usize,
}

/// What one window measured.
#[derive(Debug, Clone, Copy)]
struct Window {
    p99: Duration,
    /// The server's processor time.
    ticks: u32,
}

/// A window with slow readers, and the one before it, without.
#[derive(Debug, Clone, Copy)]
struct Pair {
    without: Window,
    with: Window,
}

pub(super) async fn run(context: &Context) -> Result<Verdict> {
    let count = context.size(context.choose(5, 2), 20);
    let mut room = Room::open(context).await?;
    let mut pairs = Vec::new();
    for _ in 0..ATTEMPTS {
        for _ in 0..count {
            let without = room.window(Reading::Usual).await?;
            let with = room.window(Reading::Stopped).await?;
            pairs.push(Pair { without, with });
        }
        if ratio(&pairs) <= SLOWER {
            break;
        }
    }
    let mut verdict = Verdict::of(format!(
        "{READERS} readers, {SLOW} stop, {} pairs",
        pairs.len()
    ));
    compare(&pairs, &mut verdict);
    if pairs.len() > count {
        verdict.figure(format!(
            "{count} pairs were beyond the bound, so more were measured"
        ));
    }
    room.change(Reading::Usual).await?;
    room.cut_off(&mut verdict).await?;
    let Room {
        instance, crowd, ..
    } = room;
    let outcome = crowd.finish(instance.place()).await?;
    verdict.checked(&check(&outcome.history, &instance.place().read()?));
    let views = outcome.history.views.iter();
    let resumed = views
        .filter(|view| view.room == 1 && view.name.starts_with("slow") && has_resumed(view))
        .count();
    verdict.demand(resumed == SLOW, || {
        format!("only {resumed} of {SLOW} slow ones went on from where they were")
    });
    verdict.figure(format!(
        "{resumed} resumed; closes that clients saw: {:?}",
        outcome.closes
    ));
    Ok(verdict)
}

impl Room {
    async fn open(context: &Context) -> Result<Self> {
        let builder = context.server().env("PAPO_METRICS_READERS", "127.0.0.1");
        let instance = blocking(|| Instance::start_with(context, 2, builder))?;
        let (here, elsewhere) = (instance.address(0), instance.address(1));
        let cookies = blocking(|| join(here, 1, READERS + 1))?;
        let reading = watch::Sender::new(Reading::Usual);
        let mut crowd = Crowd::new(context.seed);
        for (number, cookie) in cookies.iter().take(READERS).enumerate() {
            let mut plan = Plan::reader(format!("reader {number}"), vec![here], cookie);
            if number < SLOW {
                plan.name = format!("slow {number}");
                plan.reading = Some(reading.subscribe());
            } else if number < SLOW + WRITERS {
                plan.pause = Some(PAUSE);
                plan.addresses = vec![elsewhere];
            }
            crowd.add(plan);
        }
        crowd.wait_until_subscribed().await?;
        let host = elsewhere.to_string();
        let mut burst = Socket::open(&host, "/ws/chat/1/", Some(&cookies[READERS]), true)?;
        burst.subscribe(1, None)?;
        Ok(Self {
            instance,
            crowd,
            reading,
            burst,
            bursts: 0,
        })
    }

    /// Measures a window with or without slow readers. Both kinds begin with a burst, so that they
    /// differ only in who reads.
    async fn window(&mut self, reading: Reading) -> Result<Window> {
        self.change(reading).await?;
        let ticks = process::ticks(self.instance.first().pid())?;
        self.crowd.world.measure();
        sleep(WINDOW).await;
        let times = self.crowd.world.measured();
        Ok(Window {
            p99: percentile(&times, 99),
            ticks: process::ticks(self.instance.first().pid())? - ticks,
        })
    }

    /// Makes the slow ones stop or go on. Then posts a burst, and waits until all that read have
    /// it.
    async fn change(&mut self, reading: Reading) -> Result<()> {
        let before = self.crowd.world.subscriptions();
        let has_changed = self.reading.send_if_modified(|present| {
            let has_changed = *present != reading;
            *present = reading;
            has_changed
        });
        if has_changed {
            // Each does it on a new connection.
            let what = "the slow ones have stopped or go on";
            let have = |world: &crate::world::World| world.subscriptions() >= before + SLOW;
            self.crowd.wait_until(what, THROUGH, have).await?;
        }
        self.bursts += 1;
        let end = format!("the end of burst {}", self.bursts);
        self.crowd.world.mark(&end);
        blocking(|| {
            fill(&mut self.burst)?;
            let reference = self.burst.post(1, &end)?;
            self.burst.wait_for_ack(reference)
        })?;
        let stopped = if reading == Reading::Stopped { SLOW } else { 0 };
        let have = |world: &crate::world::World| world.marked() >= READERS - stopped;
        let waited = self.crowd.wait_until("all have the burst", THROUGH, have);
        waited.await?;
        sleep(SETTLING).await;
        Ok(())
    }

    /// Makes the slow ones stop until all are closed, and waits until they are back.
    async fn cut_off(&mut self, verdict: &mut Verdict) -> Result<()> {
        let before = process::resident(self.instance.first().pid())?;
        let earlier = blocking(|| slow_readers(self.instance.first()))?;
        let subscriptions = self.crowd.world.subscriptions();
        process::forget_peak(self.instance.first().pid())?;
        self.reading.send_replace(Reading::Stopped);
        let start = Instant::now();
        let stopped = |world: &crate::world::World| world.subscriptions() >= subscriptions + SLOW;
        self.crowd
            .wait_until("the slow ones have stopped", THROUGH, stopped)
            .await?;
        for _ in 0..FILL.div_ceil(BURST * LENGTH) {
            blocking(|| fill(&mut self.burst))?;
        }
        let mut cut = 0;
        while cut < SLOW && start.elapsed() < CUT {
            sleep(Duration::from_millis(100)).await;
            cut = blocking(|| slow_readers(self.instance.first()))? - earlier;
        }
        let took = start.elapsed();
        let more = process::peak(self.instance.first().pid())? - before;
        verdict.demand(more <= MEMORY, || format!("{more:.0} MiB more memory"));
        self.reading.send_replace(Reading::Resumed);
        if cut == SLOW {
            let back =
                |world: &crate::world::World| world.subscriptions() >= subscriptions + 2 * SLOW;
            self.crowd
                .wait_until("the slow ones are back", THROUGH, back)
                .await?;
            // Nobody else was closed.
            cut = blocking(|| slow_readers(self.instance.first()))? - earlier;
        }
        verdict.demand(cut == SLOW, || {
            format!("the server says that it closed {cut} for their slowness, not {SLOW}")
        });
        verdict.figure(format!(
            "{cut} closed as slow by the server's count, all within {:.1} s; at most {more:.1} MiB more",
            took.as_secs_f64()
        ));
        Ok(())
    }
}

impl Pair {
    fn ratio(&self) -> f64 {
        self.with.p99.as_secs_f64() / self.without.p99.as_secs_f64()
    }
}

fn ratio(pairs: &[Pair]) -> f64 {
    median(pairs.iter().map(Pair::ratio))
}

/// Compares the others' latencies with the bound.
fn compare(pairs: &[Pair], verdict: &mut Verdict) {
    let ratio = ratio(pairs);
    verdict.demand(ratio <= SLOWER, || {
        format!("the others are {ratio:.2} times slower")
    });
    let p99 = |window: fn(&Pair) -> Window| {
        let times: Vec<_> = pairs.iter().map(|pair| window(pair).p99).collect();
        milliseconds(percentile(&times, 50))
    };
    verdict.figure(format!(
        "others' p99 {} with, {} without, median of the ratios {ratio:.2} ({:.2} to {:.2}); of the server's processor time {:.2}",
        p99(|pair| pair.with),
        p99(|pair| pair.without),
        pairs.iter().map(Pair::ratio).fold(f64::INFINITY, f64::min),
        pairs.iter().map(Pair::ratio).fold(0.0, f64::max),
        median(
            pairs
                .iter()
                .map(|pair| f64::from(pair.with.ticks) / f64::from(pair.without.ticks))
        )
    ));
}

/// Whether a robot got one snapshot, at the beginning, and never had to start over.
fn has_resumed(view: &View) -> bool {
    let mut seen = view.seen.iter();
    let snapshots = seen
        .clone()
        .filter(|seen| matches!(seen, Seen::Snapshot(_)));
    snapshots.count() == 1
        && seen.clone().any(|seen| matches!(seen, Seen::Resumed(_)))
        && !seen.any(|seen| matches!(seen, Seen::Reset))
}

/// How many sockets the server has closed for slowness, by its metrics.
fn slow_readers(server: &Server) -> Result<usize> {
    let page = Guest::new(server).get("/metrics")?;
    let line = page
        .body
        .lines()
        .find_map(|line| line.strip_prefix(SLOW_READERS)?.strip_prefix(' '));
    let count: f64 = line.context("no count of slow readers")?.trim().parse()?;
    anyhow::ensure!(count >= 0.0, "a count of slow readers of {count}");
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "is a small count"
    )]
    Ok(count as usize)
}

/// Posts a burst of long messages.
pub(super) fn fill(burst: &mut Socket) -> Result<()> {
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
