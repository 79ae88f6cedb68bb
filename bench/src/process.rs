//! What `/proc` says about a process, which need not be ours.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::param::clock_ticks_per_second;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Measures the processor time of a process: user and system, all threads, in ticks of 10 ms.
#[derive(Debug)]
pub(crate) struct Meter {
    pid: u32,
    start: Duration,
}

impl Meter {
    /// Measures a process from now on.
    pub(crate) fn start(pid: u32) -> Result<Self> {
        Ok(Self {
            pid,
            start: processor_time(pid)?,
        })
    }

    /// Measures this process from now on.
    pub(crate) fn start_own() -> Result<Self> {
        Self::start(std::process::id())
    }

    /// What it has used since.
    pub(crate) fn used(&self) -> Result<Duration> {
        Ok(processor_time(self.pid)?.saturating_sub(self.start))
    }
}

/// The memory of a process that is resident, in KiB.
pub fn resident_kib(pid: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))
        .with_context(|| format!("process {pid}"))?;
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

/// Lets this process open as many files as the system allows.
pub fn raise_open_files() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            ..limit
        },
    )
    .context("raising the limit of open files")
}

fn processor_time(pid: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))
        .with_context(|| format!("process {pid}"))?;
    // The name in parentheses may have spaces; user and system time are the 14th and 15th fields.
    let (_, fields) = stat.rsplit_once(')').context("a name in parentheses")?;
    let mut times = fields.split_whitespace().skip(11).map(str::parse::<u32>);
    let mut time = || anyhow::Ok(times.next().context("a time")??);
    let ticks = time()? + time()?;
    let per_second = u32::try_from(clock_ticks_per_second()).context("ticks a second")?;
    Ok(Duration::from_secs(u64::from(ticks)) / per_second)
}
