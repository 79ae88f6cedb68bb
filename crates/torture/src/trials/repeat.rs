//! T2: each message is sent one to five times over several connections of its sender, and
//! acknowledgements are dropped.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Result, bail};
use papo_protocol::ClientFrame;
use parking_lot::Mutex;

use super::{Context, blocking};
use crate::checker::check;
use crate::crowd::join;
use crate::frames::Heard;
use crate::history::{Ack, History, Seen, Sent};
use crate::random::Random;
use crate::report::Verdict;
use crate::wire::{Door, Received, Wire};
use crate::world::World;

const SENDERS: usize = 8;
/// Connections of each sender.
const CONNECTIONS: usize = 4;
const REPEATS: u64 = 5;
/// Percent of the acknowledgements that are dropped, so that the message is sent again.
const DROPPED: u64 = 30;
const IN_FLIGHT: usize = 32;

/// What the connections of one sender share.
struct Sender {
    world: Arc<World>,
    cookie: Arc<str>,
    sent: Mutex<Vec<Sent>>,
}

pub(super) async fn run(context: &Context) -> Result<Verdict> {
    let messages = context.size(context.choose(100_000, 4_000), 1_000_000);
    let instance = blocking(|| context.instance(3))?;
    let cookies = blocking(|| join(instance.address(0), 1, SENDERS))?;
    let world = Arc::new(World::default());
    let mut random = Random::new(context.seed);
    let mut connections = Vec::new();
    let mut senders = Vec::new();
    for cookie in cookies {
        let ids = (0..messages / SENDERS).map(|_| Sent {
            client_id: random.client_id(),
            room: 1,
            connection: world.connection(),
            ..Sent::default()
        });
        let sender = Arc::new(Sender {
            world: Arc::clone(&world),
            cookie,
            sent: Mutex::new(ids.collect()),
        });
        let mut queues = vec![VecDeque::new(); CONNECTIONS];
        for index in 0..messages / SENDERS {
            for _ in 0..=random.below(REPEATS) {
                queues[random.index(CONNECTIONS)].push_back(index);
            }
        }
        for (number, queue) in queues.into_iter().enumerate() {
            let address = instance.address(number);
            let random = Random::new(random.number());
            connections.push(tokio::spawn(repeat(
                Arc::clone(&sender),
                address,
                queue,
                random,
            )));
        }
        senders.push(sender);
    }
    let mut frames = 0;
    for connection in connections {
        frames += connection.await??;
    }
    let mut history = History::default();
    for sender in &senders {
        history.sent.append(&mut sender.sent.lock());
    }
    let mut verdict = Verdict::of(format!(
        "{} messages, {frames} sends over {} connections{}",
        history.sent.len(),
        SENDERS * CONNECTIONS,
        instance.spread()
    ));
    let log = instance.place().read()?;
    verdict.checked(&check(&history, &log));
    let events = log.rooms.get(&1).map_or(0, |log| log.events.len());
    let acks: usize = history.sent.iter().map(|sent| sent.acks.len()).sum();
    verdict.demand(events == history.sent.len() && acks == frames, || {
        format!("{events} rows and {acks} acknowledgements")
    });
    verdict.figure(format!("{events} rows, {acks} acknowledgements"));
    Ok(verdict)
}

/// Sends what is in the queue. Returns how many times it sent.
async fn repeat(
    sender: Arc<Sender>,
    address: SocketAddr,
    mut queue: VecDeque<usize>,
    mut random: Random,
) -> Result<usize> {
    let door = Door {
        address,
        path: "/ws/chat/1/",
        cookie: &sender.cookie,
        receive_buffer: None,
    };
    let mut wire = Wire::open(&door).await?;
    wire.send("{\"type\":\"subscribe\"}").await?;
    let mut epoch: Arc<str> = "".into();
    let mut asked = HashMap::new();
    let mut sent = 0_u64;
    let mut is_subscribed = false;
    while !queue.is_empty() || !asked.is_empty() || !is_subscribed {
        while is_subscribed && asked.len() < IN_FLIGHT {
            let Some(index) = queue.pop_front() else {
                break;
            };
            sent += 1;
            asked.insert(sent, index);
            wire.send(&serde_json::to_string(&sender.frame(index, sent))?)
                .await?;
        }
        let Received::Text(text) = wire.receive().await else {
            bail!("closed by the server");
        };
        match sender.world.frames.read(&text)? {
            Heard::Welcome(named) => epoch = named,
            Heard::Seen(_, Seen::Snapshot(_), _) => is_subscribed = true,
            Heard::Ack {
                reference: Some(reference),
                seq: Some(seq),
            } => {
                let at = sender.world.moment();
                let epoch = Arc::clone(&epoch);
                if let Some(index) = asked.remove(&reference) {
                    sender.sent.lock()[index].acks.push(Ack { seq, at, epoch });
                    if random.percent(DROPPED) {
                        queue.push_back(index);
                    }
                }
            }
            Heard::Refused { code, .. } => bail!("refused: {code:?}"),
            _ => {}
        }
    }
    Ok(usize::try_from(sent)?)
}

impl Sender {
    fn frame(&self, index: usize, reference: u64) -> ClientFrame {
        let mut all = self.sent.lock();
        let sent = &mut all[index];
        if sent.at == 0 {
            sent.at = self.world.moment();
        }
        ClientFrame::Send {
            r#ref: Some(reference),
            room: None,
            client_id: sent.client_id.clone(),
            message: format!("message {}", sent.client_id),
            username: None,
        }
    }
}
