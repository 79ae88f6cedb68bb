//! What the operating system knows of a process, and commands that need it.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// MiB of memory that a process has now.
pub(crate) fn resident(pid: u32) -> Result<f64> {
    status(pid, "VmRSS:")
}

/// The most MiB of memory that a process ever had.
pub(crate) fn peak(pid: u32) -> Result<f64> {
    status(pid, "VmHWM:")
}

/// Starts the peak anew.
pub(crate) fn forget_peak(pid: u32) -> Result<()> {
    Ok(fs::write(format!("/proc/{pid}/clear_refs"), "5")?)
}

/// How long a process has used processors, in ticks of its system's.
pub(crate) fn ticks(pid: u32) -> Result<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name of the program comes before, in brackets, and may have spaces.
    let (_, fields) = stat.rsplit_once(") ").context("a process")?;
    let mut fields = fields.split(' ').skip(11);
    let mut next = || -> Result<u32> { Ok(fields.next().context("a time")?.parse()?) };
    Ok(next()? + next()?)
}

/// How many sockets a process has open.
pub(crate) fn sockets(pid: u32) -> Result<usize> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd"))?;
    // One may be closed between the listing and the look.
    let links = entries.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    Ok(links
        .filter(|link| link.to_string_lossy().starts_with("socket:"))
        .count())
}

/// The one child of a process, such as the one that strace runs.
pub(crate) fn child(pid: u32) -> Result<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
    let first = children.split_whitespace().next().context("a child")?;
    Ok(first.parse()?)
}

/// Whether a process runs, and isn't just a zombie.
pub(crate) fn is_running(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

/// Runs a command that must succeed.
pub(crate) fn command(words: &[&str]) -> Result<()> {
    let (program, arguments) = words.split_first().context("a command")?;
    let output = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("{program} is needed, and can't be run"))?;
    if !output.status.success() {
        bail!(
            "{}: {}",
            words.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}

fn status(pid: u32, key: &str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let kibibytes = line.and_then(|line| line.split_whitespace().next());
    let kibibytes: u32 = kibibytes.context("a size")?.parse()?;
    Ok(f64::from(kibibytes) / 1_024.0)
}
