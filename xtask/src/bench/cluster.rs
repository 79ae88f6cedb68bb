//! Several nodes of one instance, joined by NATS and a PostgreSQL, all on this machine. It measures
//! the cost of a boundary between nodes, and how much one PostgreSQL takes.

use anyhow::{Result, ensure};
use papo_bench::report::{Fanout, Post};
use papo_testing::postgres::Schema;
use papo_testing::{Server, ServerBuilder};

use super::Effort;
use super::figures::{Bar, Figure, median, number, print};
use super::programs::{Programs, ROOMS_AT_FIRST, Subject};
use crate::nats::Nats;
use crate::postgres::Postgres;

/// How many nodes there are at most.
const NODES: usize = 3;
/// Writers, each in a room of its own.
const WRITERS: usize = 64;

/// Messages in a room of this many connections, spread over the nodes.
struct Scenario {
    what: &'static str,
    connections: &'static str,
    options: &'static [(&'static str, &'static str)],
    /// The bar for the processor time of a delivery, relative to one node.
    processor: Bar,
}

const SCENARIOS: [Scenario; 2] = [
    Scenario {
        what: "3,000 connections, 20 posts/s",
        connections: "3000",
        options: &[("--rate", "20")],
        processor: Bar::AtMost(1.1),
    },
    Scenario {
        what: "600 connections, 20 senders in closed loop",
        connections: "600",
        options: &[("--senders", "20")],
        processor: Bar::None,
    },
];

/// Measures.
pub(crate) fn run(effort: Effort) -> Result<()> {
    let programs = Programs::build()?;
    let servers = Servers {
        postgres: Postgres::private()?,
        nats: Nats::private()?,
    };
    let mut figures = Vec::new();
    for scenario in &SCENARIOS {
        figures.extend(scenario.figures(&programs, &servers, effort)?);
    }
    figures.extend(posts(&programs, &servers, effort)?);
    print(&figures)
}

/// What the nodes share.
struct Servers {
    postgres: Postgres,
    nats: Nats,
}

/// Nodes of an instance of their own.
struct Cluster {
    nodes: Vec<Server>,
    subject: Subject,
    /// Gone after the nodes.
    _schema: Schema,
}

impl Servers {
    fn start(&self, programs: &Programs, count: usize) -> Result<Cluster> {
        let schema = Schema::on(self.postgres.url());
        let start = |_| {
            ServerBuilder::new(&programs.papo)
                .env("PAPO_DATABASE_URL", schema.url())
                .env("PAPO_NATS_URL", &self.nats.url)
                .start()
        };
        let nodes: Vec<Server> = (0..count).map(start).collect::<Result<_>>()?;
        let beside = vec![self.nats.process()?, self.postgres.process()?];
        Ok(Cluster {
            subject: Subject::of_nodes(&nodes, beside),
            nodes,
            _schema: schema,
        })
    }
}

impl Scenario {
    fn figures(
        &self,
        programs: &Programs,
        servers: &Servers,
        effort: Effort,
    ) -> Result<Vec<Figure>> {
        let mut rounds: Vec<Vec<Fanout>> = Vec::new();
        for _ in 0..effort.runs() {
            let round = (1..=NODES).map(|count| {
                let cluster = servers.start(programs, count)?;
                self.load(programs, &cluster.subject, effort)
            });
            rounds.push(round.collect::<Result<_>>()?);
        }
        let of_one = |round: &[Fanout]| round.first().map_or(f64::NAN, processor);
        let mut figures = Vec::new();
        for index in 0..NODES {
            let of = |value: fn(&Fanout) -> f64| {
                median(
                    rounds
                        .iter()
                        .filter_map(|round| round.get(index))
                        .map(value),
                )
            };
            let ratios = rounds.iter().filter_map(|round| {
                let fanout = round.get(index)?;
                Some(processor(fanout) / of_one(round))
            });
            let (nodes, nats) = (of(|fanout| fanout.cpu_per_delivery), of(nats));
            let count = index + 1;
            figures.push(
                Figure::new(
                    format!("{}, {count} nodes: processor time a delivery", self.what),
                    median(ratios),
                    "× one node",
                    self.processor,
                )
                .detail(format!(
                    "nodes {} µs, NATS {} µs, PostgreSQL {} µs; {} deliveries a second, until all have a post {} ms (p99 {} ms)",
                    number(nodes),
                    number(nats),
                    number(of(postgres)),
                    number(of(rate)),
                    number(of(|fanout| fanout.everybody.p50)),
                    number(of(|fanout| fanout.everybody.p99)),
                )),
            );
        }
        Ok(figures)
    }

    fn load(&self, programs: &Programs, subject: &Subject, effort: Effort) -> Result<Fanout> {
        let seconds = effort.seconds();
        let own = [
            ("--connections", self.connections),
            ("--seconds", seconds.as_str()),
        ];
        let report: Fanout = programs.load("fanout", subject, &[&own, self.options].concat())?;
        ensure!(
            report.incomplete == 0,
            "{} posts didn't reach everybody",
            report.incomplete
        );
        Ok(report)
    }
}

/// What a delivery costs the nodes and NATS between them.
fn processor(fanout: &Fanout) -> f64 {
    fanout.cpu_per_delivery + nats(fanout)
}

fn nats(fanout: &Fanout) -> f64 {
    fanout.beside.first().copied().unwrap_or(f64::NAN)
}

fn postgres(fanout: &Fanout) -> f64 {
    fanout.beside.get(1).copied().unwrap_or(f64::NAN)
}

#[expect(clippy::cast_precision_loss, reason = "a count of what was delivered")]
fn rate(fanout: &Fanout) -> f64 {
    fanout.deliveries as f64 / fanout.seconds
}

/// Durable posts by one node and by all.
fn posts(programs: &Programs, servers: &Servers, effort: Effort) -> Result<Vec<Figure>> {
    let (writers, seconds) = (WRITERS.to_string(), effort.seconds());
    let options = [
        ("--connections", writers.as_str()),
        ("--sessions", &writers),
        ("--rooms", &writers),
        ("--seconds", &seconds),
    ];
    let mut figures = Vec::new();
    for count in [1, NODES] {
        let mut reports: Vec<Post> = Vec::new();
        for _ in 0..effort.runs() {
            let cluster = servers.start(programs, count)?;
            for room in ROOMS_AT_FIRST..WRITERS {
                let name = format!("Room {room}");
                cluster.nodes[0].command(&["room", "create", &name])?;
            }
            reports.push(programs.load("post", &cluster.subject, &options)?);
        }
        let of = |value: fn(&Post) -> f64| median(reports.iter().map(value));
        let beside = |index: usize| {
            let times = reports.iter().filter_map(|report| report.beside.get(index));
            number(median(times.copied()))
        };
        let (rate_bar, p99_bar) = if count == 1 {
            (Bar::AtLeast(5_000.0), Bar::AtMost(30.0))
        } else {
            (Bar::None, Bar::None)
        };
        let what = format!("64 writers in 64 rooms, {count} nodes");
        let rate = Figure::new(
            format!("{what}: durable posts"),
            of(|post| post.rate),
            "a second",
            rate_bar,
        );
        figures.push(rate.detail(format!(
            "processor time a post: nodes {} µs, NATS {} µs, PostgreSQL {} µs",
            number(of(|post| post.cpu_per_post)),
            beside(0),
            beside(1),
        )));
        let p99 = of(|post| post.acknowledged.p99);
        let p50 = number(of(|post| post.acknowledged.p50));
        let p99 = Figure::new(format!("{what}: acknowledged, p99"), p99, "ms", p99_bar);
        figures.push(p99.detail(format!("p50 {p50} ms")));
    }
    Ok(figures)
}
