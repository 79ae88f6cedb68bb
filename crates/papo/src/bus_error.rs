//! SIGBUS: a file in the process's memory was cut off, or can't be read.
//!
//! SQLite maps `papo.sqlite3-shm` into memory. By default the kernel would end the process without
//! a word. Here a thread of its own says why, and ends it. The signal's handler only wakes that
//! thread: more would need `unsafe`. The thread that met the signal meets it again and again until
//! then.

use std::fs;
use std::io;
use std::process;
use std::thread;

use rustix::process::{Signal, getpid, kill_process};
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::output;

const SAID: &str = "papo: a file that papo has in memory was cut off or can't be read (SIGBUS), \
    most likely papo.sqlite3-shm in the data folder; what was acknowledged is in the database and \
    its log: check them (`papo doctor`) and start papo again";

/// Reports the signal from now on. Without this everything else works.
pub(crate) fn watch() {
    let watching = unhandle().and_then(|()| {
        let thread = thread::Builder::new().name("sigbus".to_owned());
        thread.spawn(wait)
    });
    if let Err(error) = watching {
        tracing::debug!(%error, "waiting for SIGBUS");
    }
}

/// Removes the handler of Rust's library, which would run first. For a signal that isn't about a
/// stack, it restores the kernel's handler, which ends the process as soon as ours returns.
fn unhandle() -> io::Result<()> {
    if is_handled()? {
        kill_process(getpid(), Signal::BUS)?;
    }
    Ok(())
}

/// Whether there is a handler. Without one the signal ends the process.
fn is_handled() -> io::Result<bool> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let handled = line.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok());
    Ok(handled.is_some_and(|handled| (handled >> (Signal::BUS.as_raw() - 1)) & 1 == 1))
}

fn wait() -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        signal(SignalKind::from_raw(Signal::BUS.as_raw()))?
            .recv()
            .await;
        output::stderr().say(SAID);
        output::flush();
        process::exit(1)
    })
}
