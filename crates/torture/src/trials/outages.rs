//! T11: what is between the nodes fails under load. NATS loses, doubles and swaps messages, is
//! killed, and is cut off from some nodes. PostgreSQL is stopped at once, as by a power cut, and
//! started again.
//!
//! Everybody stays connected throughout. While the database is there, everything works. While it is
//! away, nothing is acknowledged, sends are refused and can be retried, and what is in memory can
//! still be read. After each fault everybody has the log within five seconds. Meanwhile a node that
//! dies is forgotten, and rights that end do so on all nodes.

mod absence;
mod presence;
mod site;

use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use self::absence::{Absence, given_without_database, refusals};
use self::presence::{FORGOTTEN, Ghosts};
use self::site::Site;
use super::revocation::{ELSEWHERE, Leaver, Turn};
use super::{Context, blocking};
use crate::checker::check;
use crate::crowd::{Crowd, join};
use crate::database::postgres;
use crate::measure::best;
use crate::nats_way::Way;
use crate::plan::{Plan, Reading};
use crate::report::{Verdict, milliseconds, percentile};

/// Writers are only at the first nodes. The last node writes nothing that would make it look into
/// the log.
const WRITERS: usize = 8;
const WRITTEN_AT: usize = 2;
/// Robots that stop reading before the database goes away, and go on meanwhile.
const SLOW: usize = 3;
const READERS: usize = 21;
const PAUSE: Duration = Duration::from_millis(100);
/// The shortest time for which NATS misbehaves in each way.
const TROUBLE: Duration = Duration::from_secs(3);
/// How often the database is away for a moment, before it is for longer.
const BLOWS: usize = 5;
/// How long the database is away.
const AWAY: Duration = Duration::from_secs(6);
/// For this long before it goes away nothing can be written, so that something is on its way.
const BUSY: Duration = Duration::from_millis(150);
const HOLD: &str = "BEGIN; LOCK TABLE message IN SHARE MODE; SELECT pg_sleep(60)";
/// By then everybody has what was answered before the database went away.
const IN_FLIGHT: Duration = Duration::from_secs(1);
/// Within this time after the database went away every writer has had a refusal.
const REFUSED: Duration = Duration::from_secs(5);
/// Within this time a robot that reads on has everything in memory.
const READ: Duration = Duration::from_secs(2);
/// Within this time after the end of the faults everybody has the whole log.
const HEALED: Duration = Duration::from_secs(5);
/// The longest delay of a message, whatever NATS does.
const LATEST: Duration = Duration::from_secs(2);
/// How long the robots may take to begin something.
const PATIENCE: Duration = Duration::from_secs(30);
/// Leavings in each of NATS's troubles.
const LEAVINGS: usize = 2;

/// The state of the trial.
struct Outages {
    site: Site,
    crowd: Crowd,
    reading: watch::Sender<Reading>,
    verdict: Verdict,
    turns: Turn,
    /// The longest delay of a message in NATS's faults.
    latest: Duration,
    /// How long after each fault everybody had the log.
    healed: Vec<Duration>,
    absences: Vec<Absence>,
}

pub(super) async fn run(context: &Context) -> Result<Verdict> {
    let rounds = context.size(1, 20);
    let mut outages = Outages::begin(context).await?;
    let ghosts = Ghosts::haunt(&mut outages.site).await?;
    let forgetting = tokio::spawn(ghosts.die());
    for _ in 0..rounds {
        outages.bad_ways().await?;
        outages.without_nats().await?;
        outages.cut_off().await?;
        for _ in 0..BLOWS {
            outages.blow().await?;
        }
        outages.without_database().await?;
    }
    let forgotten = forgetting.await??;
    let verdict = &mut outages.verdict;
    verdict.demand(forgotten <= FORGOTTEN, || {
        format!("the people of a dead node were forgotten after {forgotten:.1?}")
    });
    verdict.figure(format!("a dead node forgotten after {forgotten:.1?}"));
    outages.finish().await
}

impl Outages {
    async fn begin(context: &Context) -> Result<Self> {
        let site = Site::start(context).await?;
        let cookies = blocking(|| join(site.address(0), 1, WRITERS + SLOW + READERS))?;
        let reading = watch::Sender::new(Reading::Usual);
        let mut crowd = Crowd::new(context.seed);
        for (number, cookie) in cookies.iter().enumerate() {
            // Always at the same node, since nobody has a reason to leave it.
            let node = if number < WRITERS {
                number % WRITTEN_AT
            } else {
                number
            };
            let addresses = vec![site.address(node)];
            let mut plan = Plan::reader(format!("robot {number}"), addresses, cookie);
            plan.changes = true;
            match number {
                ..WRITERS => plan.pause = Some(PAUSE),
                number if number < WRITERS + SLOW => plan.reading = Some(reading.subscribe()),
                _ => {}
            }
            crowd.add(plan);
        }
        crowd.wait_until_subscribed().await?;
        let verdict = Verdict::of(format!(
            "{WRITERS} writers, {} readers, over {} nodes",
            SLOW + READERS,
            site.len()
        ));
        Ok(Self {
            site,
            crowd,
            reading,
            verdict,
            turns: Turn::default(),
            latest: Duration::ZERO,
            healed: Vec::new(),
            absences: Vec::new(),
        })
    }

    async fn bad_ways(&mut self) -> Result<()> {
        self.site.set(.., Way::Bad);
        self.trouble("NATS loses, doubles and swaps messages")
            .await?;
        self.site.set(.., Way::Good);
        self.heal().await
    }

    async fn without_nats(&mut self) -> Result<()> {
        blocking(|| self.site.nats.machine.crash())?;
        self.trouble("NATS is away").await?;
        blocking(|| self.site.nats.start_again())?;
        self.heal().await
    }

    /// Cuts the first node off from the others, then two nodes.
    async fn cut_off(&mut self) -> Result<()> {
        for nodes in [..1, ..2] {
            self.site.set(nodes, Way::Cut);
            self.trouble("nodes are cut off from NATS").await?;
            self.site.set(nodes, Way::Good);
            self.heal().await?;
        }
        Ok(())
    }

    /// Lets NATS's fault last. Everything must work, up to two seconds late.
    async fn trouble(&mut self, what: &str) -> Result<()> {
        let (start, world) = (Instant::now(), &self.crowd.world);
        let (acks, refusals) = (world.acks(), world.refusals());
        world.measure();
        for turn in 0..LEAVINGS {
            let mut leaver = Leaver::new(world, self.site.addresses(turn));
            let known = best(ELSEWHERE, async || {
                let turn = leaver.turn("Leaver", turn).await?;
                let last = turn.last();
                self.turns.add(turn);
                Ok(last)
            });
            let known = known.await?.figure;
            self.verdict.demand(known <= ELSEWHERE, || {
                format!("while {what} another node knew of a leaving after {known:.1?}")
            });
        }
        sleep_until(start + TROUBLE).await;
        let (acks, refusals) = (world.acks() - acks, world.refusals() - refusals);
        self.verdict.demand(acks > 0 && refusals == 0, || {
            format!("while {what}: {acks} acknowledged, {refusals} refused")
        });
        Ok(())
    }

    /// Measures, after the end of a fault, how long until everybody has the present log.
    async fn heal(&mut self) -> Result<()> {
        let start = Instant::now();
        let end = blocking(|| self.site.place().end(1))?;
        let all_have_it = || self.crowd.behind(end) == 0;
        let what = "everybody has the log again";
        let waited = self.crowd.wait_until(what, HEALED, |_| all_have_it());
        let waited = waited.await;
        self.note(waited);
        self.healed.push(start.elapsed());
        // This includes messages that were late until now, if NATS had the fault.
        let times = self.crowd.world.measured();
        self.latest = self.latest.max(percentile(&times, 100));
        Ok(())
    }

    async fn without_database(&mut self) -> Result<()> {
        let end = self.stop_reading().await?;
        self.stop_database().await?;
        let (from, began) = (self.crowd.world.moment(), Instant::now());
        sleep(IN_FLIGHT).await;
        let late = self.crowd.world.moment();
        self.reading.send_replace(Reading::Resumed);
        let all_have_it = || self.crowd.behind(end) == 0;
        let what = "what is in memory is read without a database";
        let waited = self.crowd.wait_until(what, READ, |_| all_have_it()).await;
        self.note(waited);
        let answered = blocking(|| self.site.answer(READ));
        self.note(answered);
        sleep_until(began + AWAY).await;
        let until = self.crowd.world.moment();
        self.absences.push(Absence {
            from,
            late,
            until,
            began,
        });
        blocking(|| self.site.cluster.start_again())?;
        self.heal().await
    }

    /// Stops the database and starts it again at once.
    async fn blow(&mut self) -> Result<()> {
        self.stop_database().await?;
        blocking(|| self.site.cluster.start_again())?;
        self.heal().await?;
        blocking(|| self.site.take_again(HEALED))
    }

    /// Stops the database in the middle of its work. A node has asked for a commit that the
    /// database can't have reached, and never gets an answer.
    async fn stop_database(&mut self) -> Result<()> {
        let url = self.site.cluster.url.clone();
        // It ends with the database.
        let holding = tokio::task::spawn_blocking(move || postgres::run(&url, HOLD));
        sleep(BUSY).await;
        blocking(|| self.site.cluster.machine.crash())?;
        let held = holding.await?;
        ensure!(held.is_err(), "the database didn't crash");
        Ok(())
    }

    /// Makes some robots stop reading, and writes a burst that their buffers don't take. Returns
    /// the log's end, which all nodes have then.
    async fn stop_reading(&mut self) -> Result<i64> {
        let before = self.crowd.world.subscriptions();
        self.reading.send_replace(Reading::Stopped);
        let have = |world: &crate::world::World| world.subscriptions() >= before + SLOW;
        let what = "some have stopped reading";
        self.crowd.wait_until(what, PATIENCE, have).await?;
        blocking(|| self.site.fill())?;
        let end = blocking(|| self.site.place().end(1))?;
        let others_have_it = || self.crowd.behind(end) <= SLOW;
        let what = "those who read have the burst";
        self.crowd
            .wait_until(what, HEALED, |_| others_have_it())
            .await?;
        Ok(end)
    }

    /// Notes a failure as a fault, and goes on.
    fn note(&mut self, result: Result<()>) {
        if let Err(error) = result {
            self.verdict.faults.push(format!("{error:#}"));
        }
    }

    async fn finish(mut self) -> Result<Verdict> {
        let place = self.site.place();
        match self.crowd.converge(&place, HEALED).await {
            Ok(took) => self.healed.push(took),
            Err(error) => self.verdict.faults.push(format!("{error:#}")),
        }
        let mut outcome = self.crowd.finish(&place).await?;
        outcome.history.views.append(&mut self.turns.views);
        let mut verdict = self.verdict;
        verdict.checked(&check(&outcome.history, &blocking(|| place.read())?));
        verdict.faults.extend(blocking(|| place.integrity())?);
        let given = given_without_database(&outcome.history, &self.absences);
        verdict.demand(given == 0, || {
            format!("{given} acknowledgements were given while the database was away")
        });
        let lost = outcome.interruptions.iter().map(|robot| robot.lost.len());
        let lost: usize = lost.sum();
        verdict.demand(lost == 0, || {
            let codes = &outcome.closes;
            format!("{lost} sockets were closed, by code {codes:?}")
        });
        verdict.demand(outcome.unclear.is_empty(), || {
            format!("refused without a time to try again: {:?}", outcome.unclear)
        });
        let refused = refusals(&outcome.interruptions[..WRITERS], &self.absences);
        verdict.demand(refused <= REFUSED, || {
            format!("a writer was refused nothing for {refused:.1?} without a database")
        });
        verdict.demand(self.latest <= LATEST, || {
            format!("a message was late by {:.1?} without NATS", self.latest)
        });
        verdict.figure(self.site.mishaps());
        verdict.figure(format!(
            "messages late by {} at most without NATS",
            milliseconds(self.latest)
        ));
        verdict.figure(format!(
            "{} events; {} requests refused while the database was away {} times, each writer within {}",
            outcome.history.sent.len() + outcome.history.changed.len(),
            outcome.refusals,
            self.absences.len(),
            milliseconds(refused)
        ));
        verdict.figure(format!(
            "everybody had the log {} at most after each trouble",
            milliseconds(percentile(&self.healed, 100))
        ));
        self.turns.judge(&mut verdict);
        Ok(verdict)
    }
}
