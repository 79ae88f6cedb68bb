//! The costs of a start.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use papo_bench::process::resident_kib;
use papo_testing::{Guest, Server, ServerBuilder};
use tempfile::TempDir;

use super::figures::{Bar, Figure, median, print};
use crate::run::{PAPO, client, release_binary};

/// Starts are repeated, and the median is printed.
const RUNS: usize = 11;

/// Prints each figure beside its bar, and fails when one is missed.
pub(crate) fn run() -> Result<()> {
    let binary = release_binary(PAPO)?;
    let kept = TempDir::new()?;
    let builder = ServerBuilder::new(&binary).data(kept.path());
    let first = start(&ServerBuilder::new(&binary))?.0;
    drop(builder.clone().start()?);
    let mut starts = Vec::new();
    let mut idle = Vec::new();
    for _ in 0..RUNS {
        let (time, server) = start(&builder)?;
        starts.push(milliseconds(time));
        idle.push(resident_kib(&[server.pid()])? / 1024.0);
    }
    let size = size(&binary)? / 1_048_576.0;
    let loaded = first_load(&builder)? / 1_024.0;
    print(&[
        Figure::new(
            "first start, new folder, to the first answer",
            milliseconds(first),
            "ms",
            Bar::AtMost(100.0),
        ),
        Figure::new(
            "start to the first answer (median)",
            median(starts),
            "ms",
            Bar::AtMost(100.0),
        ),
        Figure::new(
            "memory when idle, RSS (median)",
            median(idle),
            "MiB",
            Bar::AtMost(20.0),
        ),
        Figure::new("binary", size, "MiB", Bar::AtMost(30.0)),
        Figure::new(
            "chat screen, JavaScript and CSS, gzip",
            loaded,
            "KiB",
            Bar::AtMost(60.0),
        ),
    ])
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

/// Bytes that the chat screen loads besides its page, on the wire.
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
