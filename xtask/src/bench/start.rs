//! What one pays before anything happens.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use papo_testing::{Guest, Server, ServerBuilder};
use tempfile::TempDir;

use crate::run::{client, release_binary};

/// Starts are repeated, and the median is printed.
const RUNS: usize = 11;

/// A measured figure and its bar, both in `unit`.
struct Figure {
    name: &'static str,
    value: f64,
    bar: f64,
    unit: &'static str,
}

/// Prints each figure beside its bar, and fails when one is missed.
pub(crate) fn run() -> Result<()> {
    let binary = release_binary()?;
    let kept = TempDir::new()?;
    let builder = ServerBuilder::new(&binary).data(kept.path());
    let first = start(&ServerBuilder::new(&binary))?.0;
    drop(builder.clone().start()?);
    let mut starts = Vec::new();
    let mut idle = Vec::new();
    for _ in 0..RUNS {
        let (time, server) = start(&builder)?;
        starts.push(milliseconds(time));
        idle.push(resident_kib(server.pid())? / 1024.0);
    }
    let figures = [
        Figure {
            name: "first start, new folder, to the first answer",
            value: milliseconds(first),
            bar: 100.0,
            unit: "ms",
        },
        Figure {
            name: "start to the first answer (median)",
            value: median(starts),
            bar: 100.0,
            unit: "ms",
        },
        Figure {
            name: "memory when idle, RSS (median)",
            value: median(idle),
            bar: 20.0,
            unit: "MiB",
        },
        Figure {
            name: "binary",
            value: size(&binary)? / 1_048_576.0,
            bar: 30.0,
            unit: "MiB",
        },
        Figure {
            name: "chat screen, JavaScript and CSS, gzip",
            value: first_load(&builder)? / 1024.0,
            bar: 60.0,
            unit: "KiB",
        },
    ];
    println!("\n| what | measured | bar |\n|---|---|---|");
    for Figure {
        name,
        value,
        bar,
        unit,
    } in &figures
    {
        println!("| {name} | {value:.1} {unit} | ≤ {bar:.0} {unit} |");
    }
    match figures.iter().find(|figure| figure.value > figure.bar) {
        Some(missed) => bail!("missed: {}", missed.name),
        None => Ok(()),
    }
}

/// From starting the process to a whole answer.
fn start(builder: &ServerBuilder) -> Result<(Duration, Server)> {
    let start = Instant::now();
    let server = builder.clone().start()?;
    let page = Guest::new(&server).get("/")?;
    let time = start.elapsed();
    if page.status != 200 {
        bail!("the first page was answered with {}", page.status);
    }
    Ok((time, server))
}

/// Bytes of what the chat screen loads besides its page, as they go over the wire.
fn first_load(builder: &ServerBuilder) -> Result<f64> {
    let server = builder.clone().start()?;
    let mut guest = Guest::joined(&server, 1, "Ana")?;
    let page = guest.get("/room/1/")?.body;
    let mut bytes = 0.0;
    for entry in fs::read_dir(client().join("dist"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let is_code = Path::new(&name)
            .extension()
            .is_some_and(|extension| extension == "js" || extension == "css");
        if is_code && page.contains(&name) {
            bytes += guest.compressed_size(&format!("/static/{name}"))?;
        }
    }
    Ok(bytes)
}

fn resident_kib(pid: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .context("VmRSS")?;
    Ok(line
        .split_whitespace()
        .nth(1)
        .context("a number")?
        .parse()?)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "files are smaller than 2^52 bytes"
)]
fn size(file: &Path) -> Result<f64> {
    Ok(fs::metadata(file)?.len() as f64)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
