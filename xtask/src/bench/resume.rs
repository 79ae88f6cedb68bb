//! All clients return after a restart and have missed a thousand events.

use anyhow::Result;
use papo_bench::report::{Post, Resume};

use super::Effort;
use super::figures::{Bar, Figure, median, number, print};
use super::programs::Programs;

const CLIENTS: &str = "5000";
const EVENTS: &str = "1000";

/// Fills a room, then restarts the server before each run.
pub(crate) fn run(effort: Effort) -> Result<()> {
    let programs = Programs::build()?;
    let mut papo = programs.start_papo()?;
    let options = [("--posts", EVENTS), ("--in-flight", "32")];
    let _: Post = programs.load("post", &(&papo).into(), &options)?;
    let mut reports: Vec<Resume> = Vec::new();
    for _ in 0..effort.runs() {
        papo.stop()?;
        papo.restart()?;
        let options = [("--connections", CLIENTS), ("--events", EVENTS)];
        reports.push(programs.load("resume", &(&papo).into(), &options)?);
    }
    let of = |value: fn(&Resume) -> f64| median(reports.iter().map(value));
    let connected = number(of(|report| report.connected));
    let generator = number(of(|report| report.generator));
    let whole = of(|report| report.whole);
    let what = "5,000 clients come back at once after a restart, 1,000 events each: all whole";
    let detail =
        format!("all connected after {connected} s; the generator used {generator} of a processor");
    print(&[Figure::new(what, whole, "s", Bar::AtMost(10.0)).detail(detail)])
}
