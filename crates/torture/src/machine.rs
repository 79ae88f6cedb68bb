//! A program of a trial, which can be killed, paused and started again: a database, a NATS, a node.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};

/// How long it may take to end.
const END: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(5);

/// A program, running or not. A drop ends it.
pub(crate) struct Machine {
    name: String,
    command: Box<dyn Fn() -> Command + Send>,
    /// The file for its output.
    log: PathBuf,
    /// The signal that ends it at once, as a crash would.
    crash: Signal,
    child: Option<Child>,
}

impl Machine {
    /// A program that isn't started.
    pub(crate) fn new(
        name: impl Into<String>,
        log: PathBuf,
        crash: Signal,
        command: impl Fn() -> Command + Send + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            command: Box::new(command),
            log,
            crash,
            child: None,
        }
    }

    /// Starts it, unless it runs. Doesn't wait until it listens.
    pub(crate) fn start(&mut self) -> Result<()> {
        if self.is_running() {
            return Ok(());
        }
        let log = File::options().create(true).append(true).open(&self.log)?;
        let child = (self.command)()
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn();
        self.child = Some(child.with_context(|| format!("starting {}", self.name))?);
        Ok(())
    }

    /// Whether it runs, or is paused.
    pub(crate) fn is_running(&mut self) -> bool {
        let child = self.child.as_mut();
        child.is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Ends it as a crash would. When this returns, it is gone. Blocks.
    pub(crate) fn crash(&mut self) -> Result<()> {
        self.send_all(self.crash)?;
        // A paused process gets the signal when it goes on, and does nothing else any more.
        self.send_all(Signal::CONT)?;
        let start = Instant::now();
        while self.is_running() {
            ensure!(start.elapsed() < END, "{} doesn't end", self.name);
            std::thread::sleep(LOOK);
        }
        self.child = None;
        Ok(())
    }

    /// Asks it to stop; doesn't wait.
    pub(crate) fn terminate(&mut self) -> Result<()> {
        self.send(Signal::TERM)
    }

    /// Pauses all of its processes.
    pub(crate) fn pause(&mut self) -> Result<()> {
        // The first process comes first, since it would notice.
        self.send_all(Signal::STOP)
    }

    /// Resumes them.
    pub(crate) fn go_on(&mut self) -> Result<()> {
        self.send_all(Signal::CONT)
    }

    /// Its output.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn send_all(&mut self, signal: Signal) -> Result<()> {
        // The kernel's list may lack a process while others come and go. None does while the first
        // is paused. One that a pause reached and the end of the pause didn't would hold its locks
        // for ever.
        let paused = (signal == Signal::CONT).then(|| self.children());
        self.send(signal)?;
        for child in paused.unwrap_or_else(|| self.children()) {
            send(child, signal)?;
        }
        Ok(())
    }

    /// The processes that the first one has started.
    fn children(&self) -> Vec<u32> {
        let Some(child) = &self.child else {
            return Vec::new();
        };
        let pid = child.id();
        let listed = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        let listed = listed.unwrap_or_default();
        let children = listed.split_whitespace();
        children.filter_map(|child| child.parse().ok()).collect()
    }

    fn send(&mut self, signal: Signal) -> Result<()> {
        if self.is_running()
            && let Some(child) = &self.child
        {
            send(child.id(), signal)?;
        }
        Ok(())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if self.crash().is_err()
            && let Some(child) = &mut self.child
        {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Sends a signal to a process, which may have ended meanwhile.
fn send(pid: u32, signal: Signal) -> Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    match kill_process(pid.context("a process id")?, signal) {
        Ok(()) | Err(Errno::SRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper(folder: &tempfile::TempDir) -> Machine {
        let log = folder.path().join("log");
        Machine::new("sleep", log, Signal::KILL, || {
            let mut command = Command::new("sleep");
            command.arg("60");
            command
        })
    }

    #[test]
    fn a_machine_that_is_paused_can_crash_and_start_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut machine = sleeper(&folder);
        assert!(!machine.is_running());
        for _ in 0..2 {
            machine.start().unwrap();
            machine.pause().unwrap();
            assert!(machine.is_running());
            machine.crash().unwrap();
            assert!(!machine.is_running());
        }
    }
}
