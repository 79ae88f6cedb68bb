//! T13: people leave while others write. What is sent after the leaving was answered must not reach them: not on the sockets
//! they have, not by subscribing again. What is sent a second later must not reach them at another node.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use papo_testing::Guest;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

use super::{Context, blocking};
use crate::checker::check;
use crate::crowd::{Crowd, join};
use crate::frames::Heard;
use crate::history::{Seen, View};
use crate::plan::Plan;
use crate::report::Verdict;
use crate::wire::{Door, Received, Wire};
use crate::world::World;

const WRITERS: usize = 10;
const PAUSE: Duration = Duration::from_millis(20);
/// People who come and leave at the same time.
const LEAVERS: usize = 12;
/// They begin one after the other: a node that is late for one isn't for all.
const BETWEEN: Duration = Duration::from_millis(40);
/// How long one listens after the leaving was answered.
const LISTENING: Duration = Duration::from_millis(250);
/// How long it may take until another node knows.
const ELSEWHERE: Duration = Duration::from_secs(1);
/// A subscription is sent again this often while the leaving is under way.
const REPLAY: Duration = Duration::from_millis(1);
/// And this often afterwards.
const LATER: Duration = Duration::from_millis(20);

/// Somebody who comes and leaves.
struct Leaver {
    world: Arc<World>,
    /// Leaves at the first of its addresses.
    guest: Guest,
    /// Where it listens.
    addresses: Vec<SocketAddr>,
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
        let leaver = Leaver {
            world: Arc::clone(&crowd.world),
            guest: Guest::at(&instance.address(number).to_string()),
            addresses: instance.addresses(number),
        };
        leavers.push(tokio::spawn(leaver.come_and_go(number, Arc::clone(&left))));
    }
    let (mut views, mut refused) = (Vec::new(), 0);
    for leaver in leavers {
        let (seen, refusals) = leaver.await??;
        views.extend(seen);
        refused += refusals;
    }
    let mut outcome = crowd.finish(instance.place()).await?;
    let seen: usize = views.iter().map(|view| view.seen.len()).sum();
    outcome.history.views.extend(views);
    let mut verdict = Verdict::of(format!(
        "{count} revocations, {WRITERS} writers{}",
        instance.spread()
    ));
    verdict.checked(&check(&outcome.history, &instance.place().read()?));
    verdict.figure(format!(
        "{} messages; {seen} events and snapshots seen by leavers; {refused} subscriptions refused",
        outcome.history.sent.len()
    ));
    verdict.demand(refused > count, || {
        "hardly a subscription was refused: nothing was tried".into()
    });
    Ok(verdict)
}

impl Leaver {
    /// Joins, listens and leaves for as long as `left` says; what was seen, and how many subscriptions were refused.
    async fn come_and_go(
        mut self,
        number: usize,
        left: Arc<AtomicUsize>,
    ) -> Result<(Vec<View>, usize)> {
        let (mut views, mut refused) = (Vec::new(), 0);
        sleep(BETWEEN * u32::try_from(number)?).await;
        let take = |left: usize| left.checked_sub(1);
        while let Ok(turn) = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take) {
            blocking(|| self.guest.join(1, &format!("Leaver {number}")))?;
            let cookie: Arc<str> = self.guest.cookie.clone().unwrap_or_default().into();
            let (leaving, answered) = watch::channel(None);
            let mut listeners = Vec::new();
            for (node, &address) in self.addresses.iter().enumerate() {
                for path in ["/ws/chat/1/", "/ws/"] {
                    let view = View {
                        name: format!("leaver {turn} on {path} of node {node} from its own"),
                        room: 1,
                        ..View::default()
                    };
                    let wire = Wire::open(&door(address, path, &cookie)).await?;
                    let world = Arc::clone(&self.world);
                    let listener = tokio::spawn(listen(world, wire, view, answered.clone()));
                    listeners.push((node == 0, listener));
                }
            }
            sleep(Duration::from_millis(20)).await;
            blocking(|| self.guest.leave(1))?;
            let here = self.world.moment();
            let mut elsewhere = here;
            let others = self.addresses.len() > 1;
            let grace = if others { ELSEWHERE } else { Duration::ZERO };
            leaving.send_replace(Some(Instant::now() + grace + LISTENING));
            for &address in &self.addresses {
                let opened = Wire::open(&door(address, "/ws/chat/1/", &cookie)).await;
                ensure!(opened.is_err(), "a socket was opened after the leaving");
            }
            if others {
                sleep(ELSEWHERE).await;
                elsewhere = self.world.moment();
            }
            for (is_here, listener) in listeners {
                let (mut view, refusals) = listener.await??;
                view.revoked = Some(if is_here { here } else { elsewhere });
                views.push(view);
                refused += refusals;
            }
        }
        Ok((views, refused))
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
    mut view: View,
    mut answered: watch::Receiver<Option<Instant>>,
) -> Result<(View, usize)> {
    let mut refused = 0;
    let mut next = Instant::now();
    loop {
        let until = *answered.borrow_and_update();
        if until.is_some_and(|until| Instant::now() >= until) {
            return Ok((view, refused));
        }
        if Instant::now() >= next {
            next = Instant::now() + if until.is_some() { LATER } else { REPLAY };
            if wire
                .send("{\"type\":\"subscribe\",\"room\":1}")
                .await
                .is_err()
            {
                return Ok((view, refused));
            }
        }
        let Ok(received) = timeout_at(next, wire.receive()).await else {
            continue;
        };
        match received {
            Received::Text(text) => match world.frames.read(&text)? {
                Heard::Seen(seen @ (Seen::Event(_) | Seen::Snapshot(_)), _) => view.seen.push(seen),
                Heard::Refused { .. } => refused += 1,
                _ => {}
            },
            // The end that the room's own socket is to have.
            Received::Closed(_) => return Ok((view, refused)),
        }
    }
}
