//! All clients return at once and have missed the same events, as after a restart.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::crowd::Crowd;
use crate::process::Meter;
use crate::report::Resume;
use crate::scan::{Kind, kind, number, string};
use crate::target::Target;
use crate::times::Collected;

/// How long everything may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// The clients that return.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    target: Target,
    /// How many events each has missed: the last of its room.
    #[arg(long, default_value_t = 1_000)]
    events: usize,
}

/// Connects all clients, makes them resume, and measures until all have everything.
pub fn run(arguments: &Arguments) -> Result<Resume> {
    let Arguments { target, events } = arguments;
    let (epoch, last) = ask_where_the_log_ends(target)?;
    let after = last
        .checked_sub(*events)
        .context("the room has too few events")?;
    let mut crowd = Crowd::new(target)?;
    let own = Meter::start_own()?;
    let start = Instant::now();
    crowd.grow(target.connections)?;
    let connected = start.elapsed();

    let mut sent = Vec::with_capacity(target.connections);
    for index in 0..target.connections {
        let room = target.room(index);
        sent.push(Instant::now());
        crowd.send(
            index,
            &format!(r#"{{"type":"subscribe","room":{room},"epoch":"{epoch}","after":{after}}}"#),
        )?;
    }
    let mut cursors = vec![after; target.connections];
    let (mut whole, mut failure, mut times) = (0, None, Collected::default());
    while whole < target.connections {
        crowd.poll(Duration::from_secs(1), |index, json| match kind(json) {
            Kind::Message => {
                let seq = number(json, r#""seq":"#);
                cursors[index] += 1;
                if seq != Some(cursors[index]) {
                    failure = Some(format!("{seq:?} came instead of {}", cursors[index]));
                } else if seq == Some(last) {
                    whole += 1;
                    times.add(sent[index].elapsed());
                }
            }
            Kind::Refused => failure = Some(String::from_utf8_lossy(json).into_owned()),
            _ => {}
        })?;
        ensure!(failure.is_none(), "resuming failed: {failure:?}");
        ensure!(
            start.elapsed() < PATIENCE,
            "only {whole} clients have everything after {PATIENCE:?}"
        );
    }
    let time = start.elapsed().as_secs_f64();
    Ok(Resume {
        clients: target.connections,
        events: *events,
        connected: connected.as_secs_f64(),
        whole: time,
        caught_up: times.times(),
        generator: own.used()?.as_secs_f64() / time,
    })
}

/// The log's epoch, and the number of its last event.
fn ask_where_the_log_ends(target: &Target) -> Result<(String, usize)> {
    let one = Target {
        connections: 1,
        sessions: 1,
        rooms: 1,
        ..target.clone()
    };
    let mut crowd = Crowd::new(&one)?;
    crowd.grow(1)?;
    crowd.send(0, r#"{"type":"subscribe","room":1}"#)?;
    let mut found = None;
    let start = Instant::now();
    while found.is_none() {
        crowd.poll(Duration::from_secs(1), |_, json| {
            if kind(json) == Kind::Subscribed {
                found = string(json, r#""epoch":""#).zip(number(json, r#""seq":"#));
            }
        })?;
        ensure!(start.elapsed() < PATIENCE, "no snapshot came");
    }
    found.context("a snapshot")
}
