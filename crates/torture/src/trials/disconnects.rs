//! T4: connections are cut in every way, while messages are written, edited and deleted.
//! Afterwards: how long a resume takes.
//!
//! The resumes come one after the other, on an idle server. There are enough of them that the p99
//! allows a few that are late for other reasons. If it misses its bound, all are measured again,
//! and the best of three counts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use papo_protocol::ClientFrame;

use super::{Context, blocking};
use crate::checker::check;
use crate::crowd::{Crowd, join};
use crate::frames::{Frames, Heard};
use crate::history::Seen;
use crate::measure::best;
use crate::plan::Plan;
use crate::report::{Verdict, milliseconds, percentile};
use crate::wire::{Door, Received, Wire};

const WRITERS: usize = 30;
const READERS: usize = 50;
const PAUSE: Duration = Duration::from_millis(250);
const CUTS: Duration = Duration::from_millis(400);
const BACKOFF: Duration = Duration::from_millis(50);
/// Events that a resume must catch up with.
const MISSED: i64 = 1_000;
const RESUME_LIMIT: Duration = Duration::from_millis(200);

pub(super) async fn run(context: &Context) -> Result<Verdict> {
    let cuts = context.size(context.choose(5_000, 1_000), 50_000);
    let instance = blocking(|| context.instance(3))?;
    let cookies = blocking(|| join(instance.address(0), 1, WRITERS + READERS))?;
    let mut crowd = Crowd::new(context.seed);
    for (number, cookie) in cookies.iter().enumerate() {
        let mut plan = Plan::reader(
            format!("robot {number}"),
            instance.addresses(number),
            cookie,
        );
        plan.pause = (number < WRITERS).then_some(PAUSE);
        plan.changes = true;
        plan.cuts = Some(CUTS);
        plan.backoff = BACKOFF;
        crowd.add(plan);
    }
    let enough = Duration::from_mins(10);
    let end = || instance.place().end(1).unwrap_or(0);
    let is_enough = |world: &crate::world::World| world.cuts() >= cuts && end() > MISSED + 100;
    crowd.wait_until("enough cuts", enough, is_enough).await?;
    let (cuts, back) = (crowd.world.cuts(), crowd.world.subscriptions());
    let outcome = crowd.finish(instance.place()).await?;
    let log = instance.place().read()?;
    let mut verdict = Verdict::of(format!(
        "{cuts} cuts of {} robots{}",
        WRITERS + READERS,
        instance.spread()
    ));
    verdict.checked(&check(&outcome.history, &log));
    verdict.figure(format!(
        "{back} resumes; {} events, {} edits and deletions acknowledged",
        log.rooms.get(&1).map_or(0, |log| log.events.len()),
        outcome.history.changed.len()
    ));
    let end = end();
    let measured = context.choose(1_000, 300);
    let mut median = Duration::ZERO;
    let p99 = best(RESUME_LIMIT, async || {
        let mut times = Vec::new();
        for _ in 0..measured {
            times.push(resume(instance.address(0), &cookies[0], &log.epoch, end).await?);
        }
        median = percentile(&times, 50);
        Ok(percentile(&times, 99))
    });
    let p99 = p99.await?;
    verdict.figure(format!(
        "{measured} resumes of {MISSED} events: p50 {}, p99 {}{p99}",
        milliseconds(median),
        milliseconds(p99.figure)
    ));
    verdict.demand(p99.figure <= RESUME_LIMIT, || {
        format!("a resume takes {}", milliseconds(p99.figure))
    });
    Ok(verdict)
}

/// Measures the time from the request to the last missed event.
async fn resume(address: SocketAddr, cookie: &Arc<str>, epoch: &str, end: i64) -> Result<Duration> {
    let door = Door {
        address,
        path: "/ws/chat/1/",
        cookie,
        receive_buffer: None,
    };
    let mut wire = Wire::open(&door).await?;
    let subscribe = ClientFrame::Subscribe {
        r#ref: None,
        room: None,
        epoch: Some(epoch.to_owned()),
        after: Some(end - MISSED),
        timestamp: None,
    };
    let frames = Frames::default();
    let start = Instant::now();
    wire.send(&serde_json::to_string(&subscribe)?).await?;
    loop {
        let Received::Text(text) = wire.receive().await else {
            bail!("closed while resuming");
        };
        match frames.read(&text)? {
            Heard::Seen(_, Seen::Event(event), _) if event.seq == end => return Ok(start.elapsed()),
            Heard::Seen(_, Seen::Reset | Seen::Snapshot(_), _) => {
                bail!("started over instead of resuming")
            }
            _ => {}
        }
    }
}
