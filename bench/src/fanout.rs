//! Posts to everybody in one room, at a rate or as fast as the posts return.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::crowd::Crowd;
use crate::process::{Meter, beside, used};
use crate::report::Fanout;
use crate::scan::{Kind, kind, post_number};
use crate::target::Target;
use crate::times::Collected;

/// After this the presence frames of a new crowd have passed.
const SETTLE: Duration = Duration::from_secs(3);
/// How long the last posts may take to reach everybody.
const DRAIN: Duration = Duration::from_mins(1);

/// The amount of posts.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    target: Target,
    /// How many of the connections post.
    #[arg(long, default_value_t = 1)]
    senders: usize,
    /// Posts a second, of all senders together. Without it each sender posts again when its last
    /// post has returned.
    #[arg(long)]
    rate: Option<u32>,
    /// How long to measure.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How long to post before that.
    #[arg(long, default_value_t = 2)]
    warmup: u64,
}

/// Connects everybody, posts, and measures.
pub fn run(arguments: &Arguments) -> Result<Fanout> {
    let target = &arguments.target;
    ensure!(target.rooms == 1, "fanout is about one room");
    let mut crowd = Crowd::new(target)?;
    crowd.grow(target.connections)?;
    crowd.subscribe(0..target.connections)?;
    crowd.wait(SETTLE)?;

    let start = Instant::now() + Duration::from_secs(arguments.warmup);
    let end = start + Duration::from_secs(arguments.seconds);
    let mut posts = Posts::new(target.connections, start, end);
    let mut schedule = Schedule::new(arguments);
    schedule.run(&mut crowd, &mut posts, start)?;
    let (server, own) = (Meter::start(&target.processes)?, Meter::start_own()?);
    let beside = beside(target)?;
    let (started, delivered) = (Instant::now(), posts.deliveries);
    schedule.run(&mut crowd, &mut posts, end)?;
    let deliveries = posts.deliveries - delivered;
    let cpu_per_delivery = server.used_for(deliveries)?;
    let (beside, own) = (used(&beside, deliveries)?, own.used()?);
    let seconds = started.elapsed().as_secs_f64();
    posts.drain(&mut crowd)?;

    let measured = || posts.all.iter().filter(|post| post.is_measured);
    Ok(Fanout {
        posts: measured().count(),
        deliveries,
        seconds,
        cpu_per_delivery,
        beside,
        generator: own.as_secs_f64() / seconds,
        incomplete: measured().filter(|post| post.missing > 0).count(),
        delivered: posts.delivered.times(),
        everybody: posts.everybody.times(),
    })
}

/// Who posts next, and when.
struct Schedule {
    senders: usize,
    /// Between two posts, when there is a rate.
    interval: Option<Duration>,
    next: Instant,
    turn: usize,
    /// Senders whose last post has returned.
    ready: Vec<usize>,
}

impl Schedule {
    fn new(arguments: &Arguments) -> Self {
        let senders = arguments.senders;
        Self {
            senders,
            interval: arguments.rate.map(|rate| Duration::from_secs(1) / rate),
            next: Instant::now(),
            turn: 0,
            ready: (0..senders).collect(),
        }
    }

    fn run(&mut self, crowd: &mut Crowd, posts: &mut Posts, until: Instant) -> Result<()> {
        loop {
            let now = Instant::now();
            if now >= until {
                return Ok(());
            }
            self.post_what_is_due(crowd, posts, now)?;
            let wake = self.interval.map_or(until, |_| self.next.min(until));
            posts.receive(crowd, wake.saturating_duration_since(now), &mut self.ready)?;
        }
    }

    fn post_what_is_due(
        &mut self,
        crowd: &mut Crowd,
        posts: &mut Posts,
        now: Instant,
    ) -> Result<()> {
        let Some(interval) = self.interval else {
            return self
                .ready
                .drain(..)
                .try_for_each(|sender| posts.post(crowd, sender));
        };
        self.ready.clear();
        while self.next <= now {
            posts.post(crowd, self.turn % self.senders)?;
            self.turn += 1;
            self.next += interval;
        }
        Ok(())
    }
}

struct Post {
    sender: usize,
    sent: Instant,
    /// How many connections don't have it yet.
    missing: usize,
    is_measured: bool,
}

/// What was posted, and where it has arrived.
struct Posts {
    all: Vec<Post>,
    connections: usize,
    start: Instant,
    end: Instant,
    deliveries: usize,
    delivered: Collected,
    everybody: Collected,
}

impl Posts {
    fn new(connections: usize, start: Instant, end: Instant) -> Self {
        let (delivered, everybody) = (Collected::default(), Collected::default());
        Self {
            all: Vec::new(),
            connections,
            start,
            end,
            deliveries: 0,
            delivered,
            everybody,
        }
    }

    fn post(&mut self, crowd: &mut Crowd, sender: usize) -> Result<()> {
        let sent = Instant::now();
        crowd.post(sender, self.all.len())?;
        let is_measured = (self.start..self.end).contains(&sent);
        self.all.push(Post {
            sender,
            sent,
            missing: self.connections,
            is_measured,
        });
        Ok(())
    }

    /// Waits for frames, and notes the senders whose own post has come back.
    fn receive(
        &mut self,
        crowd: &mut Crowd,
        timeout: Duration,
        ready: &mut Vec<usize>,
    ) -> Result<()> {
        let mut refusal = None;
        crowd.poll(timeout, |index, json| match kind(json) {
            Kind::Message => self.arrived(index, json, ready),
            Kind::Refused => refusal = Some(String::from_utf8_lossy(json).into_owned()),
            _ => {}
        })?;
        ensure!(refusal.is_none(), "a post was refused: {refusal:?}");
        Ok(())
    }

    fn arrived(&mut self, index: usize, json: &[u8], ready: &mut Vec<usize>) {
        let Some(post) = post_number(json).and_then(|number| self.all.get_mut(number)) else {
            return;
        };
        self.deliveries += 1;
        post.missing = post.missing.saturating_sub(1);
        if post.sender == index {
            ready.push(index);
        }
        if post.is_measured {
            let time = post.sent.elapsed();
            self.delivered.add(time);
            if post.missing == 0 {
                self.everybody.add(time);
            }
        }
    }

    /// Waits until what was posted has arrived everywhere.
    fn drain(&mut self, crowd: &mut Crowd) -> Result<()> {
        let end = Instant::now() + DRAIN;
        while Instant::now() < end && self.all.iter().any(|post| post.missing > 0) {
            self.receive(crowd, Duration::from_millis(100), &mut Vec::new())?;
        }
        Ok(())
    }
}
