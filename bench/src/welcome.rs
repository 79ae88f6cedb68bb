//! Somebody in many rooms connects, and gets the list of them.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::crowd::Crowd;
use crate::report::Welcome;
use crate::target::Target;
use crate::times::Collected;

/// How long the server may take to mark all rooms as unread.
const PATIENCE: Duration = Duration::from_secs(30);

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
    mark_all_unread(&mut crowd)?;
    let mut welcomed = Collected::default();
    for _ in 0..*times {
        welcomed.add(crowd.first_text()?);
    }
    Ok(Welcome {
        rooms: target.joined,
        welcomed: welcomed.times(),
    })
}

/// Marks everything in the person's rooms as unread. The server stores what it gets together.
fn mark_all_unread(crowd: &mut Crowd) -> Result<()> {
    let rooms: Vec<usize> = crowd.target.rooms_of(0).collect();
    for room in &rooms {
        let frame = format!(r#"{{"type":"unread","ref":{room},"room":{room},"seq":1}}"#);
        crowd.send(0, &frame)?;
    }
    let (start, mut answered) = (Instant::now(), 0);
    while answered < rooms.len() {
        let count = rooms.len();
        ensure!(
            start.elapsed() < PATIENCE,
            "only {answered} of {count} rooms were marked as unread"
        );
        crowd.poll(Duration::from_secs(1), |_, json| {
            let is_answer = json.starts_with(br#"{"type":"membership","ref":"#);
            answered += usize::from(is_answer);
        })?;
    }
    Ok(())
}
