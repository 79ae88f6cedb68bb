//! Reads `/proc` about a process of any user.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::param::clock_ticks_per_second;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::target::Target;
use crate::times::number;

/// Measures the processor time of processes: user and system, all threads, in ticks of 10 ms.
#[derive(Debug)]
pub(crate) struct Meter {
    processes: Vec<u32>,
    start: Duration,
}

impl Meter {
    /// Measures these processes from now on.
    pub(crate) fn start(processes: &[u32]) -> Result<Self> {
        Ok(Self {
            processes: processes.to_vec(),
            start: processor_times(processes)?,
        })
    }

    /// Measures this process from now on.
    pub(crate) fn start_own() -> Result<Self> {
        Self::start(&[std::process::id()])
    }

    /// Measures a process and the children that it has now, from now on.
    pub(crate) fn start_family(parent: u32) -> Result<Self> {
        let mut family = vec![parent];
        for task in fs::read_dir(format!("/proc/{parent}/task"))? {
            let children = fs::read_to_string(task?.path().join("children"))?;
            for child in children.split_whitespace() {
                family.push(child.parse()?);
            }
        }
        Self::start(&family)
    }

    /// What they have used since.
    pub(crate) fn used(&self) -> Result<Duration> {
        Ok(processor_times(&self.processes)?.saturating_sub(self.start))
    }

    /// The same for each of this many pieces of work, in microseconds.
    pub(crate) fn used_for(&self, pieces: usize) -> Result<f64> {
        Ok(self.used()?.as_secs_f64() * 1e6 / number(pieces))
    }
}

/// Measures each process beside the server, from now on.
pub(crate) fn beside(target: &Target) -> Result<Vec<Meter>> {
    let processes = target.beside.iter();
    processes
        .map(|&parent| Meter::start_family(parent))
        .collect()
}

/// What each has used since for each of this many pieces of work, in microseconds.
pub(crate) fn used(meters: &[Meter], pieces: usize) -> Result<Vec<f64>> {
    meters.iter().map(|meter| meter.used_for(pieces)).collect()
}

/// The memory of processes that is resident, in KiB.
pub fn resident_kib(processes: &[u32]) -> Result<f64> {
    processes.iter().map(|&process| resident(process)).sum()
}

fn resident(pid: u32) -> Result<f64> {
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

fn processor_times(processes: &[u32]) -> Result<Duration> {
    processes.iter().map(|&pid| processor_time(pid)).sum()
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
