//! T6: a snapshot and the events after it are the log, at whatever moment it is requested.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};

use super::{Context, blocking};
use crate::checker::check;
use crate::crowd::{Crowd, join};
use crate::frames::Heard;
use crate::history::{Seen, View};
use crate::plan::Plan;
use crate::random::Random;
use crate::report::Verdict;
use crate::wire::{Door, Received, Wire};
use crate::world::World;

const WRITERS: usize = 16;
const SUBSCRIBERS: usize = 16;
const PAUSE: Duration = Duration::from_millis(25);
/// The most events that are read before the next subscription.
const EVENTS: u64 = 4;

pub(super) async fn run(context: &Context) -> Result<Verdict> {
    let pairs = context.size(context.choose(100_000, 10_000), 1_000_000);
    let instance = blocking(|| context.instance(3))?;
    let cookies = blocking(|| join(instance.address(0), 1, WRITERS + SUBSCRIBERS))?;
    let mut crowd = Crowd::new(context.seed);
    for (number, cookie) in cookies.iter().take(WRITERS).enumerate() {
        let name = format!("writer {number}");
        let mut plan = Plan::writer(name, instance.addresses(number), cookie, PAUSE);
        plan.changes = true;
        crowd.add(plan);
    }
    crowd.wait_until_subscribed().await?;
    let mut subscribers = Vec::new();
    for (number, cookie) in cookies.iter().skip(WRITERS).enumerate() {
        let random = Random::new(context.seed ^ number as u64);
        let (world, cookie) = (Arc::clone(&crowd.world), Arc::clone(cookie));
        let view = View {
            name: format!("subscriber {number}"),
            room: 1,
            ..View::default()
        };
        let subscriber = subscribe(
            world,
            instance.address(number),
            cookie,
            view,
            pairs / SUBSCRIBERS,
            random,
        );
        subscribers.push(tokio::spawn(subscriber));
    }
    let mut views = Vec::new();
    for subscriber in subscribers {
        views.push(subscriber.await??);
    }
    let mut outcome = crowd.finish(instance.place()).await?;
    outcome.history.views.extend(views);
    let log = instance.place().read()?;
    let mut verdict = Verdict::of(format!(
        "{pairs} snapshots and subscriptions, {WRITERS} writers{}",
        instance.spread()
    ));
    verdict.checked(&check(&outcome.history, &log));
    let events = log.rooms.get(&1).map_or(0, |log| log.events.len());
    verdict.figure(format!("{events} events meanwhile"));
    Ok(verdict)
}

/// Subscribes again and again, and reads a few events after each snapshot.
async fn subscribe(
    world: Arc<World>,
    address: SocketAddr,
    cookie: Arc<str>,
    mut view: View,
    pairs: usize,
    mut random: Random,
) -> Result<View> {
    let door = Door {
        address,
        path: "/ws/chat/1/",
        cookie: &cookie,
        receive_buffer: None,
    };
    let mut wire = Wire::open(&door).await?;
    for _ in 0..pairs {
        wire.send("{\"type\":\"subscribe\"}").await?;
        let mut left = None;
        while left != Some(0) {
            let Received::Text(text) = wire.receive().await else {
                bail!("closed by the server");
            };
            match world.frames.read(&text)? {
                Heard::Seen(_, seen, _) => {
                    left = match seen {
                        Seen::Snapshot(_) => Some(random.below(EVENTS)),
                        _ => left.map(|left| left - 1),
                    };
                    view.seen.push(seen);
                }
                Heard::Refused { code, .. } => bail!("refused: {code:?}"),
                _ => {}
            }
        }
    }
    Ok(view)
}
