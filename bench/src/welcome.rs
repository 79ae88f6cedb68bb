//! Somebody in many rooms connects, and gets the list of them.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::crowd::Crowd;
use crate::report::Welcome;
use crate::scan::{Kind, kind};
use crate::target::Target;
use crate::times::Collected;

/// How long the server may take to mark a room as unread.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often to connect.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    target: Target,
    /// How often to connect.
    #[arg(long, default_value_t = 40)]
    times: usize,
}

/// Joins all rooms, marks everything in them as unread, and connects again and again.
pub fn run(arguments: &Arguments) -> Result<Welcome> {
    let Arguments { target, times } = arguments;
    ensure!(
        target.many && target.sessions == 1,
        "this is about one person's /ws/"
    );
    let mut crowd = Crowd::new(target)?;
    crowd.grow(1)?;
    for room in target.rooms_of(0) {
        let frame = format!(r#"{{"type":"unread","ref":1,"room":{room},"seq":1}}"#);
        crowd.send(0, &frame)?;
        let mut is_marked = false;
        let start = std::time::Instant::now();
        while !is_marked {
            ensure!(start.elapsed() < PATIENCE, "a room wasn't marked as unread");
            crowd.poll(Duration::from_secs(1), |_, json| {
                is_marked |= kind(json) == Kind::Membership;
            })?;
        }
    }
    let mut welcomed = Collected::default();
    for _ in 0..*times {
        welcomed.add(crowd.first_text()?);
    }
    Ok(Welcome {
        rooms: target.joined,
        welcomed: welcomed.times(),
    })
}
