//! Posts and waits for the acknowledgement, which comes when the post is on disk.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::crowd::Crowd;
use crate::process::{Meter, beside, used};
use crate::report::Post;
use crate::scan::{Kind, kind, number as number_after};
use crate::target::Target;
use crate::times::{Collected, number};

/// After this the presence frames of new writers have passed.
const SETTLE: Duration = Duration::from_secs(3);
/// How long to sleep for frames. With a single writer the generator doesn't sleep, since the time
/// to wake it isn't the server's.
const SLEEP: Duration = Duration::from_millis(100);
/// The longest wait for an acknowledgement.
const PATIENCE: Duration = Duration::from_secs(20);

/// The amount of posts. Every connection is a writer.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    target: Target,
    /// How many posts of a writer wait for their acknowledgement at a time.
    #[arg(long, default_value_t = 1)]
    in_flight: usize,
    /// How long to measure.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How long to post before that.
    #[arg(long, default_value_t = 1)]
    warmup: u64,
    /// Stop after this many posts instead, and measure all of them.
    #[arg(long)]
    posts: Option<usize>,
}

/// Connects the writers, posts, and measures.
pub fn run(arguments: &Arguments) -> Result<Post> {
    let target = &arguments.target;
    ensure!(!target.plain, "the seed's protocol has no acknowledgements");
    let mut crowd = Crowd::new(target)?;
    crowd.grow(target.connections)?;
    crowd.subscribe(0..target.connections)?;
    if arguments.posts.is_none() {
        crowd.wait(SETTLE)?;
    }
    let mut writers = Writers::new(arguments);
    for _ in 0..arguments.in_flight {
        writers.free.extend(0..target.connections);
    }
    if arguments.posts.is_none() {
        let start = Instant::now() + Duration::from_secs(arguments.warmup);
        writers.post_until(&mut crowd, Some(start))?;
    }
    writers.measure();
    let own = Meter::start_own()?;
    let beside = beside(target)?;
    let server = Meter::start(&target.processes)?;
    let started = Instant::now();
    let end = arguments
        .posts
        .is_none()
        .then(|| started + Duration::from_secs(arguments.seconds));
    writers.post_until(&mut crowd, end)?;
    let seconds = started.elapsed().as_secs_f64();
    let posts = writers.acknowledged;
    Ok(Post {
        posts,
        rate: number(posts) / seconds,
        cpu_per_post: server.used_for(posts)?,
        beside: used(&beside, posts)?,
        generator: own.used()?.as_secs_f64() / seconds,
        acknowledged: writers.times.times(),
    })
}

/// The writers, and what they have posted.
struct Writers {
    /// When each post was sent, by its number, and by whom.
    sent: Vec<(Instant, usize)>,
    /// Writers that may post.
    free: Vec<usize>,
    limit: usize,
    sleep: Duration,
    acknowledged: usize,
    times: Collected,
}

impl Writers {
    fn new(arguments: &Arguments) -> Self {
        let limit = arguments.posts.unwrap_or(usize::MAX);
        let is_alone = arguments.target.connections == 1;
        let sleep = if is_alone { Duration::ZERO } else { SLEEP };
        Self {
            sent: Vec::new(),
            free: Vec::new(),
            limit,
            sleep,
            acknowledged: 0,
            times: Collected::default(),
        }
    }

    /// Forgets what was measured so far.
    fn measure(&mut self) {
        (self.acknowledged, self.times) = (0, Collected::default());
    }

    /// Posts until this moment, or until as many are acknowledged as there should be.
    fn post_until(&mut self, crowd: &mut Crowd, end: Option<Instant>) -> Result<()> {
        let mut last = Instant::now();
        while self.acknowledged < self.limit && end.is_none_or(|end| Instant::now() < end) {
            while self.sent.len() < self.limit
                && let Some(writer) = self.free.pop()
            {
                crowd.post(writer, self.sent.len())?;
                self.sent.push((Instant::now(), writer));
            }
            if self.receive(crowd)? {
                last = Instant::now();
            }
            ensure!(
                last.elapsed() < PATIENCE,
                "nothing was acknowledged for {PATIENCE:?}"
            );
        }
        Ok(())
    }

    /// Waits for frames. Returns whether any was an acknowledgement.
    fn receive(&mut self, crowd: &mut Crowd) -> Result<bool> {
        let before = self.acknowledged;
        let mut refusal = None;
        crowd.poll(self.sleep, |_, json| match kind(json) {
            Kind::Ack => {
                let post = number_after(json, r#""ref":"#).and_then(|number| self.sent.get(number));
                if let Some(&(sent, writer)) = post {
                    self.acknowledged += 1;
                    self.times.add(sent.elapsed());
                    self.free.push(writer);
                }
            }
            Kind::Refused => refusal = Some(String::from_utf8_lossy(json).into_owned()),
            _ => {}
        })?;
        ensure!(refusal.is_none(), "a post was refused: {refusal:?}");
        Ok(self.acknowledged > before)
    }
}
