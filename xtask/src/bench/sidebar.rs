//! What a client learns of the rooms that it doesn't have open, and what that costs.

use std::process::Command;

use anyhow::{Context, Result};
use papo_bench::report::{Sidebar, Welcome};
use papo_testing::postgres::Schema;
use papo_testing::{Server, ServerBuilder};
use tempfile::TempDir;

use super::Effort;
use super::figures::{Bar, Figure, median, number, print};
use super::programs::{Programs, ROOMS_AT_FIRST};
use crate::postgres::Postgres;
use crate::run::step;

/// The database in a data folder.
const FILE: &str = "papo.sqlite3";
const CONNECTIONS: &str = "5000";
const ROOMS: usize = 1_000;
/// How many rooms each person is in.
const JOINED: &str = "100";
/// The rooms and messages of the person in many rooms.
const MANY_ROOMS: usize = 500;
const MANY_MESSAGES: usize = 1_000_000;

/// Loads a crowd that watches and one that doesn't, then connects as somebody in many rooms.
pub(crate) fn run(effort: Effort) -> Result<()> {
    let programs = Programs::build()?;
    let mut pairs = Vec::new();
    for _ in 0..effort.runs() {
        let watching = crowd(&programs, effort, true)?;
        pairs.push((watching, crowd(&programs, effort, false)?));
    }
    let of = |of: fn(&Sidebar) -> f64| median(pairs.iter().map(|(watching, _)| of(watching)));
    let without = |of: fn(&Sidebar) -> f64| median(pairs.iter().map(|(_, other)| of(other)));
    let p50 = number(of(|report| report.told.p50));
    let processor = number(without(|report| report.processor));
    let memory = number(without(|report| report.memory));
    let mut figures = vec![
        Figure::new(
            "a connection that watches 99 rooms and follows one",
            of(|report| report.memory),
            "KiB",
            Bar::AtMost(12.0),
        )
        .detail(format!("without watching {memory} KiB")),
        Figure::new(
            "from a post to its head, p99",
            of(|report| report.told.p99),
            "ms",
            Bar::AtMost(1_000.0),
        )
        .detail(format!(
            "p50 {p50} ms; 200 posts/s in 1,000 rooms of 500 people"
        )),
        Figure::new(
            "processor time a second",
            of(|report| report.processor),
            "s",
            Bar::None,
        )
        .detail(format!("without watching {processor} s")),
    ];
    for (database, Welcome { welcomed, .. }) in welcomes(&programs)? {
        let what = format!("the first frame of somebody in 500 rooms, p50, on {database}");
        let figure = Figure::new(what, welcomed.p50, "ms", Bar::AtMost(20.0));
        let p99 = number(welcomed.p99);
        figures.push(figure.detail(format!(
            "all of 1,000,000 messages unread, handshake included; p99 {p99} ms"
        )));
    }
    print(&figures)
}

fn crowd(programs: &Programs, effort: Effort, watches: bool) -> Result<Sidebar> {
    let data = TempDir::new()?;
    import(programs, &data, ROOMS - ROOMS_AT_FIRST, 1)?;
    let papo = ServerBuilder::new(&programs.papo)
        .data(data.path())
        .start()?;
    let (rooms, seconds) = (ROOMS.to_string(), effort.seconds());
    let file = data.path().join(FILE);
    let mut options = vec![
        ("--connections", CONNECTIONS),
        ("--sessions", CONNECTIONS),
        ("--rooms", &rooms),
        ("--joined", JOINED),
        ("--file", file.to_str().context("a path that is text")?),
        ("--seconds", &seconds),
    ];
    if watches {
        options.push(("--many", "true"));
    }
    programs.load("sidebar", &(&papo).into(), &options)
}

/// The first frames of somebody in many rooms, on SQLite and on PostgreSQL.
fn welcomes(programs: &Programs) -> Result<[(&'static str, Welcome); 2]> {
    let data = TempDir::new()?;
    // The first rooms are empty.
    let rooms = MANY_ROOMS - ROOMS_AT_FIRST;
    import(programs, &data, rooms, MANY_MESSAGES.div_ceil(rooms))?;
    let server = || ServerBuilder::new(&programs.papo);
    let on_sqlite = welcome(programs, &server().data(data.path()).start()?)?;
    let postgres = Postgres::private()?;
    let schema = Schema::on(postgres.url());
    let mut migrate = Command::new(&programs.papo);
    migrate.args(["migrate", "--to", &schema.url(), "--data-dir"]);
    step(migrate.arg(data.path()))?;
    let node = server().env("PAPO_DATABASE_URL", schema.url()).start()?;
    let on_postgres = welcome(programs, &node)?;
    Ok([("SQLite", on_sqlite), ("PostgreSQL", on_postgres)])
}

fn welcome(programs: &Programs, papo: &Server) -> Result<Welcome> {
    let rooms = MANY_ROOMS.to_string();
    let options = [
        ("--rooms", rooms.as_str()),
        ("--joined", &rooms),
        ("--many", "true"),
    ];
    programs.load("welcome", &papo.into(), &options)
}

/// Makes rooms beside those of a new server.
fn import(programs: &Programs, data: &TempDir, rooms: usize, messages: usize) -> Result<()> {
    let name = |room: usize| format!("Sala {room:04}={messages}");
    let names: Vec<String> = (1..=rooms).map(name).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    programs.import(data.path(), &names)
}
