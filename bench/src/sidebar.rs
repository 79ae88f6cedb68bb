//! A crowd in many rooms, each with one of them open, while others post in all of them.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::crowd::Crowd;
use crate::process::{Meter, resident_kib};
use crate::report::Sidebar;
use crate::scan::{Kind, kind, number};
use crate::target::Target;
use crate::times::{Collected, number as count};

/// After this the presence frames of a new crowd have passed.
const SETTLE: Duration = Duration::from_secs(5);
/// How long the last heads may take.
const DRAIN: Duration = Duration::from_secs(3);

/// The amount of posts.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    target: Target,
    /// Posts a second, over all rooms.
    #[arg(long, default_value_t = 200)]
    rate: u32,
    /// How long to measure.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How long to post before that.
    #[arg(long, default_value_t = 2)]
    warmup: u64,
}

/// Connects everybody, posts, and measures.
pub fn run(arguments: &Arguments) -> Result<Sidebar> {
    let target = &arguments.target;
    let mut phases = Phases(Instant::now());
    let mut crowd = Crowd::new(target)?;
    phases.end("everybody has joined");
    let before = resident_kib(&target.processes)?;
    crowd.grow(target.connections)?;
    phases.end("everybody is connected");
    crowd.subscribe(0..target.connections)?;
    phases.end("everybody follows a room");
    crowd.wait(SETTLE)?;
    let grown = resident_kib(&target.processes)? - before;

    let mut posts = Posts::default();
    let start = Instant::now() + Duration::from_secs(arguments.warmup);
    let end = start + Duration::from_secs(arguments.seconds);
    let interval = Duration::from_secs(1) / arguments.rate.max(1);
    posts.run(&mut crowd, interval, start)?;
    posts.measure();
    let (server, own) = (Meter::start(&target.processes)?, Meter::start_own()?);
    let started = Instant::now();
    posts.run(&mut crowd, interval, end)?;
    let seconds = started.elapsed().as_secs_f64();
    let (processor, generator) = (server.used()?, own.used()?);
    let (sent, heads) = (posts.sent.len() - posts.unmeasured, posts.heads);
    posts.wait(&mut crowd, DRAIN)?;
    phases.end("the last heads have come");
    Ok(Sidebar {
        memory: grown / count(target.connections),
        posts: sent,
        heads,
        processor: processor.as_secs_f64() / seconds,
        told: posts.told.times(),
        generator: generator.as_secs_f64() / seconds,
    })
}

/// Says how long each phase took. Every wait in them has a limit.
struct Phases(Instant);

impl Phases {
    fn end(&mut self, what: &str) {
        eprintln!("{what} after {:.1} s", self.0.elapsed().as_secs_f64());
        self.0 = Instant::now();
    }
}

/// What was posted, and which heads told of it.
#[derive(Default)]
struct Posts {
    sent: Vec<Instant>,
    /// How many were sent before the measured time.
    unmeasured: usize,
    /// The number of the post with this room and seq.
    by_seq: HashMap<(usize, usize), usize>,
    heads: usize,
    told: Collected,
}

impl Posts {
    /// Begins the measured time.
    fn measure(&mut self) {
        self.unmeasured = self.sent.len();
        self.heads = 0;
    }

    fn run(&mut self, crowd: &mut Crowd, interval: Duration, until: Instant) -> Result<()> {
        let mut next = Instant::now();
        loop {
            let now = Instant::now();
            if now >= until {
                return Ok(());
            }
            while next <= now {
                let number = self.sent.len();
                // Neighbours are in different rooms.
                crowd.post(number % crowd.target.connections, number)?;
                self.sent.push(now);
                next += interval;
            }
            self.receive(crowd, next.min(until).saturating_duration_since(now))?;
        }
    }

    fn wait(&mut self, crowd: &mut Crowd, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            self.receive(crowd, left)?;
        }
    }

    fn receive(&mut self, crowd: &mut Crowd, timeout: Duration) -> Result<()> {
        let mut refusal = None;
        crowd.poll(timeout, |_, json| match kind(json) {
            Kind::Ack => self.acknowledged(json),
            Kind::Head => self.head(json),
            Kind::Refused => refusal = Some(String::from_utf8_lossy(json).into_owned()),
            _ => {}
        })?;
        ensure!(refusal.is_none(), "a post was refused: {refusal:?}");
        Ok(())
    }

    fn acknowledged(&mut self, json: &[u8]) {
        let field = |name| number(json, name);
        if let (Some(post), Some(room), Some(seq)) =
            (field(r#""ref":"#), field(r#""room":"#), field(r#""seq":"#))
        {
            self.by_seq.insert((room, seq), post);
        }
    }

    fn head(&mut self, json: &[u8]) {
        self.heads += 1;
        let field = |name| number(json, name);
        let (Some(room), Some(after), Some(seq)) = (
            field(r#""room":"#),
            field(r#""after":"#),
            field(r#""seq":"#),
        ) else {
            return;
        };
        for seq in after + 1..=seq {
            if let Some(&post) = self.by_seq.get(&(room, seq))
                && post >= self.unmeasured
            {
                self.told.add(self.sent[post].elapsed());
            }
        }
    }
}
