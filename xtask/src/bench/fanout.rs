//! A post to everybody in a room, against the floor.

use anyhow::{Result, ensure};
use papo_bench::report::Fanout;

use super::Effort;
use super::figures::{Bar, Figure, median, number, print};
use super::programs::{Programs, Subject};

/// The senders, the posts and the connections.
struct Scenario {
    what: &'static str,
    connections: &'static str,
    senders: &'static str,
    /// Posts a second. Without it the senders post as fast as their posts return.
    rate: Option<&'static str>,
    /// The bar for Papo's processor time for a delivery, relative to the floor.
    processor: Bar,
    /// The bar for the time until everybody has a post, p99, relative to the floor.
    everybody: Bar,
}

const SCENARIOS: [Scenario; 3] = [
    Scenario {
        what: "5,000 connections, 20 posts/s",
        connections: "5000",
        senders: "1",
        rate: Some("20"),
        processor: Bar::AtMost(1.3),
        everybody: Bar::None,
    },
    Scenario {
        what: "50 connections, 5 senders in closed loop",
        connections: "50",
        senders: "5",
        rate: None,
        processor: Bar::AtMost(1.0),
        everybody: Bar::None,
    },
    Scenario {
        what: "10,000 connections, 10 posts/s",
        connections: "10000",
        senders: "1",
        rate: Some("10"),
        processor: Bar::None,
        everybody: Bar::AtMost(1.5),
    },
];

/// Measures each scenario.
pub(crate) fn run(effort: Effort) -> Result<()> {
    let programs = Programs::build()?;
    let mut figures = Vec::new();
    for scenario in &SCENARIOS {
        let mut pairs = Vec::new();
        for _ in 0..effort.runs() {
            let papo = programs.start_papo()?;
            let of_papo = scenario.load(&programs, &(&papo).into(), effort)?;
            drop(papo);
            let floor = programs.start_floor()?;
            pairs.push((of_papo, scenario.load(&programs, &(&floor).into(), effort)?));
        }
        figures.extend(scenario.figures(&pairs));
    }
    print(&figures)
}

impl Scenario {
    fn load(&self, programs: &Programs, subject: &Subject, effort: Effort) -> Result<Fanout> {
        let seconds = effort.seconds();
        let mut options = vec![
            ("--connections", self.connections),
            ("--senders", self.senders),
            ("--seconds", &seconds),
        ];
        options.extend(self.rate.map(|rate| ("--rate", rate)));
        let report: Fanout = programs.load("fanout", subject, &options)?;
        ensure!(
            report.incomplete == 0,
            "{} posts didn't reach everybody",
            report.incomplete
        );
        Ok(report)
    }

    fn figures(&self, pairs: &[(Fanout, Fanout)]) -> Vec<Figure> {
        let mut figures = Vec::new();
        let mut figure = |what: &str, unit: &str, bar, of: fn(&Fanout) -> f64| {
            let papo = number(median(pairs.iter().map(|(papo, _)| of(papo))));
            let floor = number(median(pairs.iter().map(|(_, floor)| of(floor))));
            let ratio = median(pairs.iter().map(|(papo, floor)| of(papo) / of(floor)));
            let what = format!("{}: {what}", self.what);
            let detail = format!("Papo {papo} {unit}, floor {floor} {unit}");
            figures.push(Figure::new(what, ratio, "× floor", bar).detail(detail));
        };
        figure(
            "processor time a delivery",
            "µs",
            self.processor,
            |report| report.cpu_per_delivery,
        );
        figure("until all have a post, p50", "ms", Bar::None, |report| {
            report.everybody.p50
        });
        figure(
            "until all have a post, p99",
            "ms",
            self.everybody,
            |report| report.everybody.p99,
        );
        figures
    }
}
