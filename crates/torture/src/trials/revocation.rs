//! T13: people leave while others write. What is sent after the answer to their leaving must not
//! reach them, on their open sockets or by subscribing again. What is sent a second later must not
//! reach them at another node.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use papo_testing::Guest;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::{Context, blocking};
use crate::checker::check;
use crate::crowd::{Crowd, join};
use crate::frames::Heard;
use crate::history::{Seen, View};
use crate::plan::Plan;
use crate::report::{Verdict, milliseconds, percentile};
use crate::wire::{Door, Received, Wire};
use crate::world::World;

const WRITERS: usize = 10;
const PAUSE: Duration = Duration::from_millis(20);
/// How many people join and leave at the same time.
const LEAVERS: usize = 12;
/// They begin one after the other, so that a node that is late for one isn't for all.
const BETWEEN: Duration = Duration::from_millis(40);
/// How long they listen after the answer to their leaving.
const LISTENING: Duration = Duration::from_millis(250);
/// How long another node may take to learn of it.
pub(super) const ELSEWHERE: Duration = Duration::from_secs(1);
/// How often a subscription is sent again during the leaving.
const REPLAY: Duration = Duration::from_millis(1);
/// And this often afterwards.
const LATER: Duration = Duration::from_millis(20);

/// A person who joins and leaves.
pub(super) struct Leaver {
    world: Arc<World>,
    /// Leaves at the first of its addresses.
    guest: Guest,
    /// Where it listens.
    addresses: Vec<SocketAddr>,
}

/// What leavers saw, and where they got in again.
#[derive(Default)]
pub(super) struct Turn {
    pub(super) views: Vec<View>,
    /// Subscriptions that were refused.
    refused: usize,
    /// Sockets that were opened after the leaving.
    pub(super) opened: usize,
    /// How many left.
    pub(super) leavings: usize,
    /// How long after the answer another node had ended it.
    ends: Vec<Duration>,
}

/// What one listener heard.
struct Listened {
    view: View,
    refused: usize,
    /// When the server ended it.
    end: Option<Instant>,
}

pub(super) async fn run(context: &Context) -> Result<Verdict> {
    let count = context.size(context.choose(1_000, 120), 10_000);
    let instance = blocking(|| context.instance(2))?;
    let cookies = blocking(|| join(instance.address(0), 1, WRITERS))?;
    let mut crowd = Crowd::new(context.seed);
    for (number, cookie) in cookies.iter().enumerate() {
        crowd.add(Plan::writer(
            format!("writer {number}"),
            instance.addresses(number),
            cookie,
            PAUSE,
        ));
    }
    crowd.wait_until_subscribed().await?;
    let left = Arc::new(AtomicUsize::new(count));
    let mut leavers = Vec::new();
    for number in 0..context.choose(LEAVERS, 2 * LEAVERS) {
        let leaver = Leaver::new(&crowd.world, instance.addresses(number));
        leavers.push(tokio::spawn(leaver.come_and_go(number, Arc::clone(&left))));
    }
    let mut turns = Turn::default();
    for leaver in leavers {
        turns.add(leaver.await??);
    }
    let mut outcome = crowd.finish(instance.place()).await?;
    let seen: usize = turns.views.iter().map(|view| view.seen.len()).sum();
    outcome.history.views.append(&mut turns.views);
    let mut verdict = Verdict::of(format!(
        "{count} revocations, {WRITERS} writers{}",
        instance.spread()
    ));
    verdict.checked(&check(&outcome.history, &instance.place().read()?));
    verdict.figure(format!(
        "{} messages; {seen} events and snapshots seen by leavers; {} subscriptions refused",
        outcome.history.sent.len(),
        turns.refused
    ));
    verdict.demand(turns.refused > count, || {
        "hardly a subscription was refused: nothing was tried".into()
    });
    turns.judge(&mut verdict);
    Ok(verdict)
}

impl Listened {
    fn let_go(&mut self) {
        self.end = self.end.or_else(|| Some(Instant::now()));
    }
}

impl Turn {
    pub(super) fn add(&mut self, other: Self) {
        self.views.extend(other.views);
        self.refused += other.refused;
        self.opened += other.opened;
        self.leavings += other.leavings;
        self.ends.extend(other.ends);
    }

    /// The longest time until another node had ended it.
    pub(super) fn last(&self) -> Duration {
        percentile(&self.ends, 100)
    }

    /// Checks what the checker can't: that nobody gets in again.
    pub(super) fn judge(&self, verdict: &mut Verdict) {
        verdict.demand(self.opened == 0, || {
            format!("{} sockets were opened after the leaving", self.opened)
        });
        if !self.ends.is_empty() {
            verdict.figure(format!(
                "other nodes knew after {} (p50), {} at most",
                milliseconds(percentile(&self.ends, 50)),
                milliseconds(self.last())
            ));
        }
    }
}

impl Leaver {
    /// A person who leaves at the first of these nodes, and listens at all.
    pub(super) fn new(world: &Arc<World>, addresses: Vec<SocketAddr>) -> Self {
        Self {
            world: Arc::clone(world),
            guest: Guest::at(&addresses[0].to_string()),
            addresses,
        }
    }

    /// Joins, listens and leaves for as long as `left` says. Returns what it saw.
    async fn come_and_go(mut self, number: usize, left: Arc<AtomicUsize>) -> Result<Turn> {
        let mut turns = Turn::default();
        sleep(BETWEEN * u32::try_from(number)?).await;
        let take = |left: usize| left.checked_sub(1);
        while let Ok(turn) = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take) {
            turns.add(self.turn(&format!("Leaver {number}"), turn).await?);
        }
        Ok(turns)
    }

    /// Joins, listens and leaves once. Returns what it saw.
    pub(super) async fn turn(&mut self, name: &str, turn: usize) -> Result<Turn> {
        blocking(|| self.guest.join(1, name))?;
        let cookie: Arc<str> = self.guest.cookie.clone().unwrap_or_default().into();
        let (leaving, left) = watch::channel(None);
        let mut listeners = JoinSet::new();
        for (node, &address) in self.addresses.iter().enumerate() {
            for path in ["/ws/chat/1/", "/ws/"] {
                let view = View {
                    name: format!("leaver {turn} on {path} of node {node} from its own"),
                    room: 1,
                    ..View::default()
                };
                let wire = Wire::open(&door(address, path, &cookie)).await?;
                let listening = listen(Arc::clone(&self.world), wire, view, left.clone());
                listeners.spawn(async move { (node == 0, listening.await) });
            }
        }
        sleep(Duration::from_millis(20)).await;
        blocking(|| self.guest.leave(1))?;
        let (here, answered) = (self.world.moment(), Instant::now());
        let mut elsewhere = here;
        let others = self.addresses.len() > 1;
        let grace = if others { ELSEWHERE } else { Duration::ZERO };
        leaving.send_replace(Some(answered + grace + LISTENING));
        let mut turn = Turn {
            leavings: 1,
            ..Turn::default()
        };
        for &address in &self.addresses {
            let opened = Wire::open(&door(address, "/ws/chat/1/", &cookie)).await;
            turn.opened += usize::from(opened.is_ok());
        }
        if others {
            sleep_until(answered + ELSEWHERE).await;
            elsewhere = self.world.moment();
        }
        while let Some(listener) = listeners.join_next().await {
            let (is_here, listened) = listener?;
            let mut listened = listened?;
            // A subscription that came too late has nothing to end.
            if !is_here && !listened.view.seen.is_empty() {
                let end = listened.end.unwrap_or_else(Instant::now);
                turn.ends.push(end.saturating_duration_since(answered));
            }
            listened.view.revoked = Some(if is_here { here } else { elsewhere });
            turn.views.push(listened.view);
            turn.refused += listened.refused;
        }
        Ok(turn)
    }
}

fn door<'a>(address: SocketAddr, path: &'a str, cookie: &'a str) -> Door<'a> {
    Door {
        address,
        path,
        cookie,
        receive_buffer: None,
    }
}

/// Listens, and subscribes again and again.
async fn listen(
    world: Arc<World>,
    mut wire: Wire,
    view: View,
    mut left: watch::Receiver<Option<Instant>>,
) -> Result<Listened> {
    let mut listened = Listened {
        view,
        refused: 0,
        end: None,
    };
    let mut next = Instant::now();
    loop {
        let until = *left.borrow_and_update();
        if until.is_some_and(|until| Instant::now() >= until) {
            return Ok(listened);
        }
        if Instant::now() >= next {
            next = Instant::now() + if until.is_some() { LATER } else { REPLAY };
            if wire
                .send("{\"type\":\"subscribe\",\"room\":1}")
                .await
                .is_err()
            {
                listened.let_go();
                return Ok(listened);
            }
        }
        let Ok(received) = timeout_at(next, wire.receive()).await else {
            continue;
        };
        match received {
            Received::Text(text) => match world.frames.read(&text)? {
                Heard::Seen(_, seen @ (Seen::Event(_) | Seen::Snapshot(_)), _) => {
                    listened.view.seen.push(seen);
                }
                Heard::Refused { .. } => listened.refused += 1,
                Heard::Left => listened.let_go(),
                _ => {}
            },
            // The end that the room's own socket is to have.
            Received::Closed(_) => {
                listened.let_go();
                return Ok(listened);
            }
        }
    }
}
