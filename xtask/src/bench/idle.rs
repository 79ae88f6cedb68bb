//! The cost of an idle connection.

use anyhow::{Context, Result};
use papo_bench::report::Idle;

use super::Effort;
use super::figures::{Bar, Figure, median, number, print};
use super::programs::Programs;

const STEPS: &str = "1000,18000";
const CONNECTIONS: &str = "18000";
/// The number of connections for which the memory is computed.
const MANY: f64 = 100_000.0;

/// Connects, and reads the memory.
pub(crate) fn run(effort: Effort) -> Result<()> {
    let programs = Programs::build()?;
    let mut slopes = Vec::new();
    let mut bases = Vec::new();
    for _ in 0..effort.runs() {
        let papo = programs.start_papo()?;
        let options = [
            ("--connections", CONNECTIONS),
            ("--sessions", CONNECTIONS),
            ("--steps", STEPS),
        ];
        let report: Idle = programs.load("idle", &(&papo).into(), &options)?;
        let (slope, base) = line(&report).context("two steps")?;
        slopes.push(slope);
        bases.push(base);
    }
    let (slope, base) = (median(slopes), median(bases));
    let many = number((base + slope * MANY) / 1_024.0);
    let what = "an idle connection, slope of RSS from 1,000 to 18,000";
    let detail =
        format!("{many} MiB at 100,000 by the same slope; each is another person in one room");
    print(&[Figure::new(what, slope, "KiB", Bar::AtMost(10.0)).detail(detail)])
}

/// KiB for each connection, and for none.
fn line(report: &Idle) -> Option<(f64, f64)> {
    let (&(few, at_few), &(many, at_many)) = (report.steps.first()?, report.steps.last()?);
    let (few, many) = (
        f64::from(u32::try_from(few).ok()?),
        f64::from(u32::try_from(many).ok()?),
    );
    let slope = (at_many - at_few) / (many - few);
    Some((slope, at_few - slope * few))
}
