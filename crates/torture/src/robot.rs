//! A client that behaves like the real one. It names its messages, keeps them until they are
//! acknowledged, reconnects after a random time, and resumes after the last event that it has.

mod heeding;
mod speaking;

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::history::{Kind, View};
use crate::plan::{Plan, Reading, Track};
use crate::random::Random;
use crate::wire::{Cut, Door, Received, Wire};
use crate::world::{Listening, Phase, Waiting, World};

/// The wait after a refusal that isn't final.
const RETRY: Duration = Duration::from_millis(200);
/// The most messages that wait for their acknowledgement.
const OUTBOX: usize = 16;
/// Percent of the messages that a robot in several rooms sends to another room than its own.
const ELSEWHERE: u64 = 25;
/// The receive buffer of robots that stop reading.
const SMALL_BUFFER: usize = 4_096;
/// Long enough to never come.
const NEVER: Duration = Duration::from_hours(24);

/// A robot at work.
pub(crate) struct Robot {
    plan: Plan,
    world: Arc<World>,
    phase: watch::Receiver<Phase>,
    random: Random,
    track: Track,
    /// Its own room, and the others that it follows.
    rooms: Vec<Followed>,
    /// The history that the server named last.
    epoch: Arc<str>,
    /// The unacknowledged messages: indices of what was sent, in order.
    outbox: Vec<usize>,
    /// The texts of what is in the outbox.
    texts: HashMap<usize, Unanswered>,
    /// Messages of its own, to be edited and deleted: room and seq.
    own: Vec<(i64, i64)>,
    /// How often it has tried to connect.
    attempts: usize,
    /// When it last got an event.
    heard: Option<Instant>,
    /// The last event of its own room that it has, for the crowd.
    reached: Arc<AtomicI64>,
}

/// A room that a robot follows.
struct Followed {
    view: View,
    /// The history that it knows, and the last event of it.
    known: Option<(Arc<str>, i64)>,
    /// The server said that it isn't in the room.
    is_refused: bool,
}

/// The state of one connection.
struct Talk {
    wire: Wire,
    id: u64,
    epoch: Arc<str>,
    /// The rooms whose subscription was answered.
    subscribed: HashSet<i64>,
    reference: u64,
    /// Which message or change a request was about.
    asked: HashMap<u64, Asked>,
    send_at: Instant,
    retry_at: Option<Instant>,
    /// When the silence is too long, and whether a ping was already sent.
    quiet_at: Instant,
    is_asked: bool,
    /// How long to stay away, if the server has named a time.
    ordered: Option<Duration>,
    /// Shows the crowd that it listens, once it does.
    listening: Option<Listening>,
}

/// A message that isn't acknowledged.
struct Unanswered {
    text: String,
    /// When it was first sent.
    since: Instant,
    _waiting: Waiting,
}

enum Asked {
    /// A subscription to a room.
    Room(i64),
    Message(usize),
    Change(
        i64,
        Kind,
        #[expect(dead_code, reason = "is held, not read")] Waiting,
    ),
}

/// How a connection ended.
enum Ended {
    /// The robot is done.
    Done,
    /// The robot reconnects, after this time if the server named one.
    Lost(Option<Duration>),
}

impl Robot {
    pub(crate) fn new(
        plan: Plan,
        world: Arc<World>,
        phase: watch::Receiver<Phase>,
        seed: u64,
        reached: Arc<AtomicI64>,
    ) -> Self {
        let follow = |room: i64| Followed {
            view: View {
                name: format!("{} in room {room}", plan.name),
                room,
                is_complete: true,
                ..View::default()
            },
            known: None,
            is_refused: false,
        };
        let rooms = std::iter::once(plan.room).chain(plan.others.iter().copied());
        let rooms = rooms.map(follow).collect();
        Self {
            plan,
            world,
            phase,
            random: Random::new(seed),
            track: Track::default(),
            rooms,
            epoch: "".into(),
            outbox: Vec::new(),
            texts: HashMap::new(),
            own: Vec::new(),
            attempts: 0,
            heard: None,
            reached,
        }
    }

    /// Works until there is nothing more to do.
    pub(crate) async fn run(mut self) -> Track {
        let mut attempt = 0;
        while !self.is_done() {
            tokio::select! {
                () = self.world.opened() => {}
                _ = self.phase.wait_for(|phase| *phase == Phase::Stop) => break,
            }
            let path = if self.plan.is_on_many {
                "/ws/".to_owned()
            } else {
                format!("/ws/chat/{}/", self.plan.room)
            };
            let door = Door {
                address: self.address(),
                path: &path,
                cookie: &self.plan.cookie,
                receive_buffer: self.has_stopped().then_some(SMALL_BUFFER),
            };
            let limit = self.plan.heartbeat.map_or(NEVER, |beat| 2 * beat);
            let opened = timeout(limit, Wire::open(&door)).await;
            self.attempts += 1;
            let named = match opened {
                Ok(Ok(wire)) => {
                    self.track.connections += 1;
                    match self.converse(wire, &mut attempt).await {
                        Ended::Done => break,
                        Ended::Lost(delay) => delay,
                    }
                }
                Ok(Err(_)) | Err(_) => None,
            };
            let step = self
                .plan
                .backoff
                .saturating_mul(1 << attempt.min(10))
                .min(self.plan.patience);
            attempt += 1;
            let wait = named.unwrap_or_else(|| self.random.up_to(step));
            tokio::select! {
                () = sleep(wait) => {}
                _ = self.phase.wait_for(|phase| *phase == Phase::Stop) => break,
            }
        }
        self.track.views = self.rooms.into_iter().map(|room| room.view).collect();
        self.track
    }

    fn has_stopped(&self) -> bool {
        let reading = self.plan.reading.as_ref();
        reading.is_some_and(|reading| *reading.borrow() == Reading::Stopped)
    }

    fn followed(&mut self, room: i64) -> Option<&mut Followed> {
        self.rooms
            .iter_mut()
            .find(|followed| followed.view.room == room)
    }

    fn is_done(&self) -> bool {
        match *self.phase.borrow() {
            Phase::Stop => true,
            Phase::Finish => self.rooms.iter().all(|room| {
                let end = self.world.end(room.view.room);
                let has_all =
                    |(epoch, last): &(Arc<str>, i64)| *epoch == self.epoch && *last >= end;
                room.is_refused || room.known.as_ref().is_some_and(has_all)
            }),
            Phase::Write | Phase::Read => false,
        }
    }

    /// Where it goes this time.
    fn address(&self) -> SocketAddr {
        let addresses = &self.plan.addresses;
        addresses[self.attempts % addresses.len()]
    }

    async fn converse(&mut self, wire: Wire, attempt: &mut u32) -> Ended {
        let now = Instant::now();
        let pause = self.plan.pause.unwrap_or(NEVER);
        let heartbeat = self.plan.heartbeat.unwrap_or(NEVER);
        let mut talk = Talk {
            wire,
            id: self.world.connection(),
            epoch: "".into(),
            subscribed: HashSet::new(),
            reference: 0,
            asked: HashMap::new(),
            send_at: now + self.random.up_to(pause),
            retry_at: None,
            quiet_at: now + heartbeat,
            is_asked: false,
            ordered: None,
            listening: None,
        };
        let mut storms = self.world.storms();
        let cut_at = now
            + self
                .plan
                .cuts
                .map_or(NEVER, |mean| self.random.around(mean));
        loop {
            if self.is_done() {
                return Ended::Done;
            }
            let is_writing = *self.phase.borrow() == Phase::Write && self.plan.pause.is_some();
            let is_subscribed = talk.subscribed.contains(&self.plan.room);
            let may_send = is_subscribed && is_writing && self.outbox.len() < OUTBOX;
            let is_retrying = is_subscribed && talk.retry_at.is_some();
            let sent = tokio::select! {
                received = talk.wire.receive(), if !(is_subscribed && self.has_stopped()) => match received {
                    Received::Text(text) => {
                        (talk.quiet_at, talk.is_asked) = (Instant::now() + heartbeat, false);
                        match self.world.frames.read(&text) {
                            Ok(heard) => self.heed(&mut talk, heard, attempt).await,
                            Err(error) => Err(error),
                        }
                    }
                    Received::Closed(code) => {
                        *self.track.closes.entry(code).or_default() += 1;
                        self.world.note_close(code);
                        self.track.lost.push(Instant::now());
                        return Ended::Lost(talk.ordered);
                    }
                },
                () = sleep_until(talk.send_at), if may_send => {
                    talk.send_at = Instant::now() + self.random.around(pause);
                    self.speak(&mut talk).await
                }
                () = sleep_until(talk.retry_at.unwrap_or(now)), if is_retrying => {
                    talk.retry_at = None;
                    self.send_outbox(&mut talk, None).await
                }
                () = sleep_until(talk.quiet_at) => {
                    if std::mem::replace(&mut talk.is_asked, true) {
                        return Ended::Lost(None);
                    }
                    talk.quiet_at = Instant::now() + heartbeat;
                    talk.wire.send("{\"type\":\"ping\"}").await
                }
                Ok(()) = storms.changed() => {
                    talk.wire.cut(Cut::Reset).await;
                    return Ended::Lost(Some(Duration::ZERO));
                }
                () = sleep_until(cut_at) => {
                    let how = [Cut::Reset, Cut::Finish, Cut::MidFrame][self.random.index(3)];
                    talk.wire.cut(how).await;
                    self.world.count_cut();
                    return Ended::Lost(None);
                }
                reading = changed(&mut self.plan.reading) => {
                    // Only on a new connection, whose buffers haven't grown or shrunk yet.
                    if reading != Reading::Resumed {
                        return Ended::Lost(Some(Duration::ZERO));
                    }
                    Ok(())
                }
                changed = self.phase.changed() => {
                    if changed.is_err() {
                        return Ended::Done;
                    }
                    Ok(())
                }
            };
            if sent.is_err() {
                self.track.lost.push(Instant::now());
                return Ended::Lost(talk.ordered);
            }
        }
    }
}

/// Waits for a change of how to read, and returns it.
async fn changed(reading: &mut Option<watch::Receiver<Reading>>) -> Reading {
    if let Some(reading) = reading
        && reading.changed().await.is_ok()
    {
        return *reading.borrow_and_update();
    }
    std::future::pending().await
}
