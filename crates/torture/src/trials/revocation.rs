//! T13: people leave while others write. What is sent after the leaving was answered must not reach them: not on the sockets
//! they have, not by subscribing again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, bail};
use papo_testing::Guest;
use tokio::time::{Instant, timeout_at};

use super::{Context, blocking};
use crate::checker::check;
use crate::crowd::{Crowd, join};
use crate::database::Place;
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
/// How long one listens after the leaving was answered.
const LISTENING: Duration = Duration::from_millis(250);
/// A subscription is sent again this often while the leaving is under way.
const REPLAY: Duration = Duration::from_millis(1);
/// And this often afterwards.
const LATER: Duration = Duration::from_millis(20);

/// Somebody who comes and leaves.
struct Leaver {
    world: Arc<World>,
    address: SocketAddr,
    guest: Guest,
}

pub(super) async fn run(context: &Context) -> Result<Verdict> {
    let count = context.size(1_000, 10_000);
    let server = blocking(|| context.server().start())?;
    let cookies = blocking(|| join(&server, 1, WRITERS))?;
    let mut crowd = Crowd::new(context.seed);
    for (number, cookie) in cookies.iter().enumerate() {
        crowd.add(Plan::writer(
            format!("writer {number}"),
            server.address(),
            cookie,
            PAUSE,
        ));
    }
    crowd.wait_until_subscribed().await?;
    let left = Arc::new(AtomicUsize::new(count));
    let mut leavers = Vec::new();
    for number in 0..LEAVERS {
        let leaver = Leaver {
            world: Arc::clone(&crowd.world),
            address: server.address(),
            guest: Guest::new(&server),
        };
        leavers.push(tokio::spawn(leaver.come_and_go(number, Arc::clone(&left))));
    }
    let (mut views, mut refused) = (Vec::new(), 0);
    for leaver in leavers {
        let (seen, refusals) = leaver.await??;
        views.extend(seen);
        refused += refusals;
    }
    let mut outcome = crowd.finish(server.data()).await?;
    let seen: usize = views.iter().map(|view| view.seen.len()).sum();
    outcome.history.views.extend(views);
    let mut verdict = Verdict::of(format!("{count} revocations, {WRITERS} writers"));
    verdict.checked(&check(
        &outcome.history,
        &Place::folder(server.data()).read()?,
    ));
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
        let take = |left: usize| left.checked_sub(1);
        while let Ok(turn) = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take) {
            blocking(|| self.guest.join(1, &format!("Leaver {number}")))?;
            let cookie: Arc<str> = self.guest.cookie.clone().unwrap_or_default().into();
            let (leaving, answered) = tokio::sync::watch::channel(None);
            let mut listeners = Vec::new();
            for path in ["/ws/chat/1/", "/ws/"] {
                let view = View {
                    name: format!("leaver {turn} on {path}"),
                    room: 1,
                    ..View::default()
                };
                let door = Door {
                    address: self.address,
                    path,
                    cookie: &cookie,
                    receive_buffer: None,
                };
                let wire = Wire::open(&door).await?;
                listeners.push(tokio::spawn(listen(
                    Arc::clone(&self.world),
                    wire,
                    view,
                    answered.clone(),
                )));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            blocking(|| self.guest.leave(1))?;
            let revoked = self.world.moment();
            leaving.send_replace(Some(Instant::now() + LISTENING));
            for listener in listeners {
                let (mut view, refusals) = listener.await??;
                view.revoked = Some(revoked);
                views.push(view);
                refused += refusals;
            }
            let door = Door {
                address: self.address,
                path: "/ws/chat/1/",
                cookie: &cookie,
                receive_buffer: None,
            };
            if Wire::open(&door).await.is_ok() {
                bail!("a socket was opened after the leaving");
            }
        }
        Ok((views, refused))
    }
}

/// Listens, and subscribes again and again.
async fn listen(
    world: Arc<World>,
    mut wire: Wire,
    mut view: View,
    mut answered: tokio::sync::watch::Receiver<Option<Instant>>,
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
