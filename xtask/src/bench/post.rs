//! Posts that are on disk when they are acknowledged, and the cost of the disk alone.

use anyhow::{Context, Result};
use papo_bench::report::{Post, Sync};
use papo_testing::Server;

use super::Effort;
use super::figures::{Bar, Figure, median, number, print};
use super::programs::{Programs, ROOMS_AT_FIRST, log_length};

/// Writers, each in a room of its own.
const WRITERS: usize = 64;

/// Measures many writers, then one beside the bare disk.
pub(crate) fn run(effort: Effort) -> Result<()> {
    let programs = Programs::build()?;
    let [rate, latency] = many_writers(&programs, effort)?;
    print(&[rate, latency, one_writer(&programs, effort)?])
}

fn many_writers(programs: &Programs, effort: Effort) -> Result<[Figure; 2]> {
    let (writers, seconds) = (WRITERS.to_string(), effort.seconds());
    let mut reports: Vec<Post> = Vec::new();
    for _ in 0..effort.runs() {
        let papo = programs.start_papo()?;
        for room in ROOMS_AT_FIRST..WRITERS {
            papo.command(&["room", "create", &format!("Room {room}")])?;
        }
        let options = [
            ("--connections", writers.as_str()),
            ("--sessions", &writers),
            ("--rooms", &writers),
            ("--seconds", &seconds),
        ];
        reports.push(programs.load("post", &(&papo).into(), &options)?);
    }
    let of = |value: fn(&Post) -> f64| median(reports.iter().map(value));
    let p50 = number(of(|report| report.acknowledged.p50));
    let processor = number(of(|report| report.cpu_per_post));
    let rate = of(|report| report.rate);
    let p99 = of(|report| report.acknowledged.p99);
    Ok([
        Figure::new(
            "64 writers in 64 rooms: durable posts",
            rate,
            "a second",
            Bar::AtLeast(8_000.0),
        )
        .detail(format!("processor time a post {processor} µs")),
        Figure::new(
            "64 writers in 64 rooms: acknowledged, p99",
            p99,
            "ms",
            Bar::AtMost(20.0),
        )
        .detail(format!("p50 {p50} ms")),
    ])
}

fn one_writer(programs: &Programs, effort: Effort) -> Result<Figure> {
    let papo = programs.start_papo()?;
    let bytes = bytes_of_a_post(programs, &papo)?.to_string();
    let file = papo.data().join("sync");
    let file = file.to_str().context("a path that is text")?;
    let seconds = effort.seconds();
    let mut pairs = Vec::new();
    for _ in 0..effort.runs() {
        let post: Post = programs.load("post", &(&papo).into(), &[("--seconds", &seconds)])?;
        let options = [
            ("--file", file),
            ("--bytes", bytes.as_str()),
            ("--seconds", "3"),
        ];
        let sync: Sync = programs.generate("sync", &options)?;
        pairs.push((post.acknowledged.p50, sync.synced.p50));
    }
    let of_papo = number(median(pairs.iter().map(|pair| pair.0)));
    let of_disk = number(median(pairs.iter().map(|pair| pair.1)));
    let ratio = median(pairs.iter().map(|(papo, disk)| papo / disk));
    let what = "one writer: acknowledged, p50";
    let detail = format!("Papo {of_papo} ms, write and fdatasync of {bytes} bytes {of_disk} ms");
    Ok(Figure::new(what, ratio, "× fdatasync", Bar::AtMost(2.0)).detail(detail))
}

/// By how many bytes one post lengthens the write-ahead log, without those of the writer's joining.
fn bytes_of_a_post(programs: &Programs, papo: &Server) -> Result<u64> {
    let growth = |posts: &str| -> Result<u64> {
        let before = log_length(papo.data())?;
        let _: Post = programs.load("post", &papo.into(), &[("--posts", posts)])?;
        Ok(log_length(papo.data())?.saturating_sub(before))
    };
    let (few, many) = (growth("10")?, growth("60")?);
    Ok(many.saturating_sub(few) / 50)
}
