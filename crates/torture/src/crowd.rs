//! The robots of a trial, from the first to the history that they record.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use papo_protocol::ErrorCode;
use papo_testing::Guest;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};

use crate::database::Place;
use crate::history::History;
use crate::pauses::Pauses;
use crate::plan::{Plan, Track};
use crate::robot::Robot;
use crate::world::{Phase, World};

/// How often conditions are checked.
const LOOK: Duration = Duration::from_millis(5);
/// How long the robots may take to get all acknowledgements and read to the end. It is several
/// times the longest wait before a reconnect.
const PATIENCE: Duration = Duration::from_secs(100);
/// When nothing was stored for this long, nothing more will be.
const SETTLING: Duration = Duration::from_millis(300);
/// Guests that join at the same time.
const JOINING: usize = 8;
/// One in this many robots uses its room's own socket. All others use that of many rooms.
const ON_ONE: usize = 4;
/// This many robots of room 1 are in another room as well, and write there too.
const IN_TWO: usize = 64;
const OTHER_ROOM: i64 = 2;

/// The robots of a trial.
pub(crate) struct Crowd {
    pub(crate) world: Arc<World>,
    phase: watch::Sender<Phase>,
    robots: Vec<JoinHandle<Track>>,
    /// The last event that each has.
    reached: Vec<Arc<AtomicI64>>,
    seed: u64,
}

/// The result of a crowd.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) history: History,
    pub(crate) connections: usize,
    pub(crate) resets: usize,
    /// How many robots had to start over.
    pub(crate) robots_reset: usize,
    pub(crate) closes: BTreeMap<u16, usize>,
    pub(crate) refusals: usize,
    /// The codes of requests that were refused without a time to retry.
    pub(crate) unclear: Vec<ErrorCode>,
    /// Each robot's, in the order in which they started.
    pub(crate) interruptions: Vec<Interruptions>,
}

/// When and for how long a robot was cut off or refused.
#[derive(Debug, Default)]
pub(crate) struct Interruptions {
    pub(crate) lost: Vec<Instant>,
    pub(crate) refused: Vec<Instant>,
    pub(crate) silences: Pauses,
    pub(crate) waits: Pauses,
}

impl Crowd {
    /// An empty crowd.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            world: Arc::default(),
            phase: watch::Sender::new(Phase::Write),
            robots: Vec::new(),
            reached: Vec::new(),
            seed,
        }
    }

    /// Starts a robot.
    pub(crate) fn add(&mut self, mut plan: Plan) {
        let number = self.robots.len();
        plan.is_on_many = !number.is_multiple_of(ON_ONE);
        if plan.is_on_many && plan.room == 1 && number < IN_TWO {
            plan.others = vec![OTHER_ROOM];
        }
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let phase = self.phase.subscribe();
        let reached = Arc::new(AtomicI64::new(0));
        self.reached.push(Arc::clone(&reached));
        let robot = Robot::new(plan, Arc::clone(&self.world), phase, self.seed, reached);
        self.robots.push(tokio::spawn(robot.run()));
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.robots.len()
    }

    /// Waits until a condition holds.
    pub(crate) async fn wait_until(
        &self,
        what: &str,
        limit: Duration,
        is_so: impl Fn(&World) -> bool,
    ) -> Result<()> {
        let deadline = Instant::now() + limit;
        while !is_so(&self.world) {
            if Instant::now() > deadline {
                bail!("not in {limit:?}: {what}; {}", self.world.closes());
            }
            sleep(LOOK).await;
        }
        Ok(())
    }

    /// Waits until each robot has subscribed once.
    pub(crate) async fn wait_until_subscribed(&self) -> Result<()> {
        let all = self.len();
        self.wait_until("everybody has subscribed", PATIENCE, |world| {
            world.subscriptions() >= all
        })
        .await
    }

    /// Stops the writing of new messages, and waits until all are acknowledged.
    pub(crate) async fn stop_writing(&self) -> Result<()> {
        self.phase.send_replace(Phase::Read);
        self.wait_until("everything is acknowledged", PATIENCE, |world| {
            world.waiting() == 0
        })
        .await
    }

    /// How many robots don't have this event yet.
    pub(crate) fn behind(&self, end: i64) -> usize {
        let lasts = self.reached.iter();
        lasts
            .filter(|reached| reached.load(Ordering::SeqCst) < end)
            .count()
    }

    /// Stops the writing of new messages, and waits until all are acknowledged and everybody has
    /// all of room 1's log. Returns how long that takes, or fails with what is missing after the
    /// limit.
    pub(crate) async fn converge(&self, place: &Place, limit: Duration) -> Result<Duration> {
        let start = Instant::now();
        self.phase.send_replace(Phase::Read);
        let deadline = start + limit;
        loop {
            let waiting = self.world.waiting();
            let is_over = Instant::now() > deadline;
            if waiting == 0 || is_over {
                let behind = self.behind(place.end(1)?);
                if waiting == 0 && behind == 0 {
                    return Ok(start.elapsed());
                }
                ensure!(
                    !is_over,
                    "{waiting} answers lack after {limit:?}, and {behind} views don't equal the log; {}",
                    self.world.closes()
                );
            }
            sleep(LOOK).await;
        }
    }

    /// Makes all robots read to the ends of their rooms, and collects what they saw. The checker
    /// finds those that didn't get to the end.
    pub(crate) async fn finish(self, place: &Place) -> Result<Outcome> {
        if let Err(error) = self.stop_writing().await {
            eprintln!("{error:#}: {} wait", self.world.waiting());
        }
        self.world.set_ends(settled_ends(place).await?);
        self.phase.send_replace(Phase::Finish);
        let deadline = Instant::now() + PATIENCE;
        let mut outcome = Outcome::default();
        for mut robot in self.robots {
            let track = if let Ok(track) = timeout_at(deadline, &mut robot).await {
                track
            } else {
                self.phase.send_replace(Phase::Stop);
                robot.await
            };
            outcome.add(track.context("a robot panicked")?);
        }
        Ok(outcome)
    }
}

/// The ends of the logs, once nothing that was on its way is stored any more.
async fn settled_ends(place: &Place) -> Result<BTreeMap<i64, i64>> {
    let ends = || -> Result<BTreeMap<i64, i64>> {
        let end = |room| Ok((room, place.end(room)?));
        [1, OTHER_ROOM].into_iter().map(end).collect()
    };
    let mut settled = ends()?;
    loop {
        sleep(SETTLING).await;
        let later = ends()?;
        if later == settled {
            return Ok(settled);
        }
        settled = later;
    }
}

impl Outcome {
    fn add(&mut self, track: Track) {
        self.history.views.extend(track.views);
        self.history.sent.extend(track.sent);
        self.history.changed.extend(track.changed);
        self.connections += track.connections;
        self.resets += track.resets;
        self.robots_reset += usize::from(track.resets > 0);
        self.refusals += track.refusals;
        self.unclear.extend(track.unclear);
        self.interruptions.push(Interruptions {
            lost: track.lost,
            refused: track.refused,
            silences: track.silences,
            waits: track.waits,
        });
        for (code, count) in track.closes {
            *self.closes.entry(code).or_default() += count;
        }
    }
}

/// Makes guests join a room, and the first of them another one too. Returns their cookies.
pub(crate) fn join(address: SocketAddr, room: i64, count: usize) -> Result<Vec<Arc<str>>> {
    let address = address.to_string();
    let join = |first: usize| -> Result<Vec<Arc<str>>> {
        let numbers = (first..count).step_by(JOINING);
        let cookies = numbers.map(|number| {
            let mut guest = Guest::at(&address);
            guest.join(room, &format!("Robot {number}"))?;
            if room == 1 && number < IN_TWO {
                guest.join(OTHER_ROOM, &format!("Robot {number}"))?;
            }
            Ok(guest.cookie.context("a cookie")?.into())
        });
        cookies.collect()
    };
    std::thread::scope(|scope| {
        let joining: Vec<_> = (0..JOINING)
            .map(|first| scope.spawn(move || join(first)))
            .collect();
        let mut cookies = Vec::new();
        for thread in joining {
            match thread.join() {
                Ok(joined) => cookies.extend(joined?),
                Err(_) => bail!("joining panicked"),
            }
        }
        Ok(cookies)
    })
}
