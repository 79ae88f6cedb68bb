//! The room's page and older messages, in a small room and in a big one.

use anyhow::Result;
use papo_bench::report::Page;
use papo_testing::ServerBuilder;
use tempfile::TempDir;

use super::Effort;
use super::figures::{Bar, Figure, median, number, print};
use super::programs::Programs;

/// Rooms that a new server has, as 1 and 2, and how many messages are imported into them.
const ROOMS: [&str; 2] = ["Geral=1000000", "Tecnologia=100"];
/// The pages of each row are requested in turn.
const ROOM_PAGE: [&[&str]; 2] = [&["/room/1/"], &["/room/2/"]];
const OLDER: [&[&str]; 2] = [
    &[
        "/room/1/messages/?before=999951",
        "/room/1/messages/?before=500000",
        "/room/1/messages/?before=51",
    ],
    &["/room/2/messages/?before=51"],
];

/// Imports a long history, and asks for pages of both rooms in turn.
pub(crate) fn run(effort: Effort) -> Result<()> {
    let programs = Programs::build()?;
    let data = TempDir::new()?;
    programs.import(data.path(), &ROOMS)?;
    let papo = ServerBuilder::new(&programs.papo)
        .data(data.path())
        .start()?;
    let seconds = if effort.quick { "2" } else { "5" };
    let ask = |paths: &[&str]| -> Result<Page> {
        let mut options = vec![
            ("--connections", "8"),
            ("--rooms", "2"),
            ("--seconds", seconds),
        ];
        options.extend(paths.iter().map(|path| ("--path", *path)));
        programs.load("page", &(&papo).into(), &options)
    };
    let mut figures = Vec::new();
    for (what, [big, small]) in [("the room's page", ROOM_PAGE), ("older messages", OLDER)] {
        let mut pairs = Vec::new();
        for _ in 0..effort.runs() {
            pairs.push((ask(big)?, ask(small)?));
        }
        figures.extend(compare(what, &pairs));
    }
    print(&figures)
}

fn compare(what: &str, pairs: &[(Page, Page)]) -> [Figure; 2] {
    let big = median(pairs.iter().map(|(big, _)| big.rate));
    let small = number(median(pairs.iter().map(|(_, small)| small.rate)));
    let ratio = median(pairs.iter().map(|(big, small)| big.rate / small.rate));
    let p99 = number(median(pairs.iter().map(|(big, _)| big.answered.p99)));
    let processor = number(median(pairs.iter().map(|(big, _)| big.cpu_per_answer)));
    [
        Figure::new(
            format!("{what}, room of 1,000,000"),
            big,
            "a second",
            Bar::AtLeast(5_000.0),
        )
        .detail(format!(
            "8 connections, p99 {p99} ms, processor time {processor} µs"
        )),
        Figure::new(
            format!("{what}, against a room of 100"),
            ratio,
            "×",
            Bar::AtLeast(0.9),
        )
        .detail(format!("room of 100: {small} a second")),
    ]
}
