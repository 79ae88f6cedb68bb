//! A device: one of a person's browsers, on the socket of many rooms. It acts in one room that it
//! has open, and knows the others by heads. It counts what is unread as the real client does.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use super::badge::Badge;
use super::leaving::{Stay, leave_and_rejoin};
use crate::random::Random;
use crate::wire::{Door, Received, Wire};

/// The mean pause between two acts.
const PAUSE: Duration = Duration::from_millis(120);
/// The longest wait before it connects again.
const BACKOFF: Duration = Duration::from_millis(300);
/// After a change many clients would ask at one moment. So each waits for a part of this.
const ASKING: Duration = Duration::from_millis(500);
/// The most acts without an answer.
const IN_FLIGHT: usize = 12;
/// Long enough to never come.
const NEVER: Duration = Duration::from_hours(24);

/// What devices do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Act,
    /// They do nothing new, and go on counting.
    Rest,
    Stop,
}

/// The plan of a device.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) name: String,
    /// Where it connects: to the next address each time.
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) cookie: Arc<str>,
    /// The person's name in every room.
    pub(super) username: String,
    /// Whether it sometimes leaves a room, and joins it again.
    pub(super) leaves: bool,
}

/// What a device shows, for the trial.
#[derive(Debug, Default)]
pub(super) struct Screen {
    /// The person, as on the wire.
    pub(super) person: Mutex<String>,
    pub(super) badges: Mutex<BTreeMap<i64, Badge>>,
    /// Positions that the server has acknowledged: room, version and seq.
    pub(super) marks: Mutex<Vec<(i64, i64, i64)>>,
    /// Whether it is connected, and every act has its answer.
    pub(super) is_settled: AtomicBool,
    pub(super) counts: Counts,
}

/// How often something happened.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) acts: AtomicUsize,
    pub(super) heads: AtomicUsize,
    pub(super) asked: AtomicUsize,
    pub(super) stays: AtomicUsize,
    pub(super) connections: AtomicUsize,
}

/// A device at work.
pub(super) struct Device {
    pub(super) plan: Plan,
    pub(super) screen: Arc<Screen>,
    pub(super) random: Random,
    phase: watch::Receiver<Phase>,
    pub(super) badges: BTreeMap<i64, Badge>,
    /// How often each room was left. An answer that is older than that counts no more.
    pub(super) left: HashMap<i64, usize>,
    /// The person's messages that this device knows: room and seq.
    pub(super) own: Vec<(i64, i64)>,
    pub(super) person: String,
    /// The room that it leaves and joins again.
    leaving: Option<JoinHandle<Result<()>>>,
}

/// One connection.
pub(super) struct Talk {
    pub(super) wire: Wire,
    pub(super) is_welcome: bool,
    /// The room that is open, and whether its log comes already.
    pub(super) open: i64,
    pub(super) is_open: bool,
    pub(super) reference: u64,
    pub(super) asked: HashMap<u64, Asked>,
    /// When to ask for a membership.
    pub(super) ask_at: BTreeMap<i64, Instant>,
    /// The last message that somebody posted in the open room.
    pub(super) last: i64,
}

/// What a request was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Subscription(i64),
    Post(i64),
    /// A position was moved, in a room that was left so often.
    Mark(i64, usize),
    /// For a membership, likewise.
    Membership(i64, usize),
    Other,
}

impl Device {
    pub(super) fn new(
        plan: Plan,
        screen: Arc<Screen>,
        phase: watch::Receiver<Phase>,
        seed: u64,
    ) -> Self {
        Self {
            plan,
            screen,
            random: Random::new(seed),
            phase,
            badges: BTreeMap::new(),
            left: HashMap::new(),
            own: Vec::new(),
            person: String::new(),
            leaving: None,
        }
    }

    /// Connects again and again, until the trial stops.
    pub(super) async fn run(mut self) -> Result<()> {
        for attempt in 0.. {
            if *self.phase.borrow() == Phase::Stop {
                break;
            }
            let addresses = &self.plan.addresses;
            let door = Door {
                address: addresses[attempt % addresses.len()],
                path: "/ws/",
                cookie: &self.plan.cookie,
                receive_buffer: None,
            };
            if let Ok(wire) = Wire::open(&door).await {
                self.screen
                    .counts
                    .connections
                    .fetch_add(1, Ordering::SeqCst);
                self.converse(wire).await?;
                self.screen.is_settled.store(false, Ordering::SeqCst);
            }
            sleep(self.random.up_to(BACKOFF)).await;
        }
        Ok(())
    }

    /// Talks until the connection is lost or the trial stops.
    async fn converse(&mut self, wire: Wire) -> Result<()> {
        let mut talk = Talk {
            wire,
            is_welcome: false,
            open: 0,
            is_open: false,
            reference: 0,
            asked: HashMap::new(),
            ask_at: BTreeMap::new(),
            last: 0,
        };
        let mut act_at = Instant::now() + self.random.up_to(PAUSE);
        loop {
            self.show(&talk);
            let phase = *self.phase.borrow();
            let may_act = phase == Phase::Act && talk.is_welcome && talk.asked.len() < IN_FLIGHT;
            let next = talk.ask_at.iter().min_by_key(|(_, at)| **at);
            let next = next.map(|(room, at)| (*room, *at));
            let ask_at = next.map_or_else(|| Instant::now() + NEVER, |(_, at)| at);
            let sent = tokio::select! {
                received = talk.wire.receive() => match received {
                    Received::Text(text) => {
                        self.heed(&mut talk, &serde_json::from_slice(&text)?);
                        Ok(())
                    }
                    Received::Closed(_) => return Ok(()),
                },
                () = sleep_until(act_at), if may_act => {
                    act_at = Instant::now() + self.random.around(PAUSE);
                    self.act(&mut talk).await
                }
                () = sleep_until(ask_at), if next.is_some() => match next {
                    Some((room, _)) => self.ask(&mut talk, room).await,
                    None => Ok(()),
                },
                left = ended(&mut self.leaving) => {
                    self.leaving = None;
                    left?;
                    Ok(())
                }
                changed = self.phase.changed() => match changed {
                    Ok(()) if *self.phase.borrow() != Phase::Stop => Ok(()),
                    _ => return Ok(()),
                }
            };
            if sent.is_err() {
                return Ok(());
            }
        }
    }

    /// Begins to leave a room, to join it again later.
    pub(super) fn leave(&mut self, room: i64) {
        if self.leaving.is_some() {
            return;
        }
        self.screen.counts.stays.fetch_add(1, Ordering::SeqCst);
        let stay = Stay {
            addresses: self.plan.addresses.clone(),
            cookie: Arc::clone(&self.plan.cookie),
            room,
            username: self.plan.username.clone(),
            pause: self.random.up_to(2 * PAUSE),
        };
        self.leaving = Some(tokio::task::spawn_blocking(move || leave_and_rejoin(&stay)));
    }

    /// Has the server asked for a membership a moment later.
    pub(super) fn ask_soon(&mut self, talk: &mut Talk, room: i64) {
        let is_asked = |asked: &Asked| matches!(asked, Asked::Membership(of, _) if *of == room);
        if !talk.asked.values().any(is_asked) {
            let at = Instant::now() + self.random.up_to(ASKING);
            talk.ask_at.entry(room).or_insert(at);
        }
    }

    /// How often a room was left.
    pub(super) fn times_left(&self, room: i64) -> usize {
        self.left.get(&room).copied().unwrap_or_default()
    }

    /// Shows the trial what is known now.
    fn show(&self, talk: &Talk) {
        self.screen.badges.lock().clone_from(&self.badges);
        let is_act = |asked: &Asked| !matches!(asked, Asked::Membership(..));
        let is_settled =
            talk.is_welcome && self.leaving.is_none() && !talk.asked.values().any(is_act);
        self.screen.is_settled.store(is_settled, Ordering::SeqCst);
    }
}

/// Waits for the end of a task, forever if there is none.
async fn ended(task: &mut Option<JoinHandle<Result<()>>>) -> Result<()> {
    match task {
        Some(task) => task.await?,
        None => std::future::pending().await,
    }
}
