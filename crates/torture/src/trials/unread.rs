//! "unread": what is unread, on two devices of each person, while nodes are killed and started
//! again. The devices post, edit, delete, react, read, mark as unread, leave rooms and join them
//! again.
//!
//! Then they rest, until every act has its answer. Within two seconds each badge must equal a naive
//! count over the messages of the database: those that the devices show, and those of a device that
//! begins anew. No acknowledged read position may be lost, and none may move back without a higher
//! version.
//!
//! A busy machine delays clients as well as nodes. So a rest that takes longer is tried again with
//! the next acts, and at most one in ten may be late. A badge that stays wrong is a fault at once.

mod acting;
mod badge;
mod device;
mod leaving;
mod naive;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use papo_protocol::ServerFrame;
use papo_testing::{Guest, Server};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::{Context, blocking};
use crate::instance::Instance;
use crate::random::Random;
use crate::report::{Verdict, milliseconds, percentile};
use crate::wire::{Door, Received, Wire};
use acting::ROOMS;
use device::{Device, Phase, Plan, Screen};
use naive::{Key, Truth};

const PERSONS: usize = 4;
/// Of each person.
const DEVICES: usize = 2;
const PASSWORD: &str = "correct horse battery";
/// Kills in each round of acts.
const KILLS: usize = 2;
/// The mean time of acts before each kill.
const BETWEEN: Duration = Duration::from_millis(900);
/// The longest time until a killed node is started again.
const AWAY: Duration = Duration::from_millis(400);
/// Within this time after the last act the badges are right.
const PROMISED: Duration = Duration::from_secs(2);
/// A badge that isn't right by then stays wrong.
const NEVER: Duration = Duration::from_secs(10);
/// How long the last acts' answers may take.
const SETTLING: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(50);
/// One in this many rounds may be late.
const LATE: usize = 10;

pub(super) async fn run(context: &Context) -> Result<Verdict> {
    let rounds = context.size(8, 200);
    let mut instance = blocking(|| context.instance(3))?;
    let mut verdict = Verdict::of(format!(
        "{rounds} rounds with {KILLS} kills, {} devices of {PERSONS} persons{}",
        PERSONS * DEVICES,
        instance.spread()
    ));
    let mut random = Random::new(context.seed);
    let devices = Devices::start(&instance, &mut random)?;
    let mut times = Vec::new();
    for round in 0..rounds {
        devices.phase.send_replace(Phase::Act);
        for _ in 0..KILLS {
            sleep(random.around(BETWEEN)).await;
            let victim = random.index(instance.len());
            blocking(|| instance.nodes()[victim].kill())?;
            sleep(random.up_to(AWAY)).await;
            blocking(|| instance.nodes()[victim].restart())?;
        }
        sleep(random.up_to(BETWEEN)).await;
        devices.phase.send_replace(Phase::Rest);
        let rested = devices.settle(&instance).await;
        let (took, wrong) = rested.with_context(|| format!("round {round}"))?;
        let wrong = wrong.into_iter();
        verdict
            .faults
            .extend(wrong.map(|wrong| format!("round {round}: {wrong}")));
        times.push(took);
    }
    let late = times.iter().filter(|took| **took > PROMISED).count();
    verdict.demand(late <= rounds / LATE, || {
        format!("{late} of {rounds} rounds were late")
    });
    verdict
        .faults
        .extend(blocking(|| instance.place().integrity())?);
    verdict.figure(format!(
        "right after {} (p50), {} at most",
        milliseconds(percentile(&times, 50)),
        milliseconds(percentile(&times, 100))
    ));
    devices.report(&mut verdict);
    devices.stop().await?;
    Ok(verdict)
}

/// The devices of all persons.
struct Devices {
    phase: watch::Sender<Phase>,
    plans: Vec<Plan>,
    screens: Vec<Arc<Screen>>,
    tasks: Vec<JoinHandle<Result<()>>>,
}

impl Devices {
    /// Makes the persons' accounts, and starts their devices.
    fn start(instance: &Instance, random: &mut Random) -> Result<Self> {
        let mut devices = Self {
            phase: watch::Sender::new(Phase::Act),
            plans: Vec::new(),
            screens: Vec::new(),
            tasks: Vec::new(),
        };
        for number in 0..PERSONS {
            let username = format!("Pessoa {number}");
            let cookies = blocking(|| sign_in(instance.first(), &username))?;
            for (device, cookie) in cookies.into_iter().enumerate() {
                let plan = Plan {
                    name: format!("device {device} of {username}"),
                    addresses: instance.addresses(number + device),
                    cookie,
                    username: username.clone(),
                    leaves: device == 0,
                };
                let screen = Arc::<Screen>::default();
                let phase = devices.phase.subscribe();
                let (seed, copy) = (random.number(), plan.clone());
                let device = Device::new(copy, Arc::clone(&screen), phase, seed);
                devices.tasks.push(tokio::spawn(device.run()));
                devices.plans.push(plan);
                devices.screens.push(screen);
            }
        }
        Ok(devices)
    }

    /// Waits until every act has its answer, and then until all badges are right. Returns how long
    /// that takes, and what stays wrong.
    async fn settle(&self, instance: &Instance) -> Result<(Duration, Vec<String>)> {
        let start = Instant::now();
        let is_settled = |screen: &Arc<Screen>| screen.is_settled.load(Ordering::SeqCst);
        while !self.screens.iter().all(is_settled) {
            ensure!(start.elapsed() < SETTLING, "not every act has an answer");
            if self.tasks.iter().any(JoinHandle::is_finished) {
                bail!("a device has stopped");
            }
            sleep(LOOK).await;
        }
        let last_act = Instant::now();
        loop {
            let truths = blocking(|| naive::count(instance.place()))?;
            let mut wrong = self.wrong_badges(&truths);
            let took = last_act.elapsed();
            if wrong.is_empty() || took > NEVER {
                wrong.extend(self.wrong_greetings(instance, &truths).await?);
                wrong.extend(self.lost_marks(&truths));
                return Ok((took, wrong));
            }
            sleep(LOOK).await;
        }
    }

    /// What devices show that isn't true.
    fn wrong_badges(&self, truths: &BTreeMap<Key, Truth>) -> Vec<String> {
        let mut wrong = Vec::new();
        for (plan, screen) in self.plans.iter().zip(&self.screens) {
            let (person, badges) = (screen.person.lock().clone(), screen.badges.lock().clone());
            for room in ROOMS {
                let truth = truths.get(&(person.clone(), room)).copied();
                let shown = badges.get(&room).map(|badge| Truth {
                    version: badge.version,
                    read: badge.read,
                    unread: badge.unread,
                });
                if truth.is_none() || shown != truth {
                    let badge = badges.get(&room);
                    wrong.push(format!(
                        "{} in room {room}: {badge:?} instead of {truth:?}",
                        plan.name
                    ));
                }
            }
        }
        wrong
    }

    /// What the server tells a device that begins anew, and that isn't true.
    async fn wrong_greetings(
        &self,
        instance: &Instance,
        truths: &BTreeMap<Key, Truth>,
    ) -> Result<Vec<String>> {
        let mut wrong = Vec::new();
        for (number, plan) in self.plans.iter().enumerate().step_by(DEVICES) {
            let person = self.screens[number].person.lock().clone();
            let door = Door {
                address: instance.address(number),
                path: "/ws/",
                cookie: &plan.cookie,
                receive_buffer: None,
            };
            let mut wire = Wire::open(&door).await?;
            let Received::Text(text) = wire.receive().await else {
                bail!("no greeting");
            };
            let ServerFrame::Welcome { rooms, .. } = serde_json::from_slice(&text)? else {
                bail!("no welcome");
            };
            for told in rooms.unwrap_or_default() {
                let truth = truths.get(&(person.clone(), told.room));
                let is_true = |truth: &Truth| {
                    (truth.read, truth.version, truth.unread)
                        == (told.read, told.version, told.unread)
                };
                if !truth.is_some_and(is_true) {
                    wrong.push(format!("{}: {told:?} instead of {truth:?}", plan.name));
                }
            }
        }
        Ok(wrong)
    }

    /// Acknowledged positions that are gone.
    fn lost_marks(&self, truths: &BTreeMap<Key, Truth>) -> Vec<String> {
        let mut lost = Vec::new();
        for (plan, screen) in self.plans.iter().zip(&self.screens) {
            let person = screen.person.lock().clone();
            for (room, version, read) in screen.marks.lock().drain(..) {
                let truth = truths.get(&(person.clone(), room));
                if truth.is_none_or(|truth| (truth.version, truth.read) < (version, read)) {
                    lost.push(format!(
                        "{} had read {read} of room {room} in version {version}: now {truth:?}",
                        plan.name
                    ));
                }
            }
        }
        lost
    }

    /// What was tried, and a fault if that was nothing.
    fn report(&self, verdict: &mut Verdict) {
        let sum = |count: fn(&device::Counts) -> &std::sync::atomic::AtomicUsize| {
            let counts = self.screens.iter().map(|screen| &screen.counts);
            let counts = counts.map(|counts| count(counts).load(Ordering::SeqCst));
            counts.sum::<usize>()
        };
        let (acts, heads, asked) = (
            sum(|counts| &counts.acts),
            sum(|counts| &counts.heads),
            sum(|counts| &counts.asked),
        );
        let (stays, connections) = (
            sum(|counts| &counts.stays),
            sum(|counts| &counts.connections),
        );
        verdict.demand(
            heads > 0 && asked > 0 && connections > self.tasks.len(),
            || "hardly anything was tried".to_owned(),
        );
        verdict.figure(format!(
            "{acts} acts, {stays} rooms left and joined again, {heads} heads, \
             {asked} counts asked for, {connections} connections"
        ));
    }

    async fn stop(self) -> Result<()> {
        self.phase.send_replace(Phase::Stop);
        for task in self.tasks {
            task.await??;
        }
        Ok(())
    }
}

/// Makes an account that is in all rooms. Returns the cookies of its devices. Blocks.
fn sign_in(node: &Server, username: &str) -> Result<Vec<Arc<str>>> {
    let create = ["user", "create", username];
    node.command_with_input(&create, &format!("{PASSWORD}\n"))?;
    let sign_in = |device: usize| -> Result<Arc<str>> {
        let mut guest = Guest::new(node);
        let form = [("username", username), ("password", PASSWORD)];
        let page = guest.post("/login/", &form)?;
        let rooms: &[i64] = if device == 0 { &ROOMS } else { &[] };
        for room in rooms {
            guest.join(*room, username)?;
        }
        let cookie = guest.cookie.with_context(|| page.brief())?;
        Ok(cookie.into())
    };
    (0..DEVICES).map(sign_in).collect()
}
