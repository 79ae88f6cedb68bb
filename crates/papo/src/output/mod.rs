//! Standard output and standard error of a server, whose lines may stay unwritten.
//!
//! The reader of a pipe may go away or stop reading, or its disk may be full. A thread for each
//! output writes to it, so that nothing else fails or waits. Results of commands don't pass here:
//! they must arrive whole, and `main` writes them.

mod head;
mod repeats;

use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) use self::head::{IS_TERMINAL, head};
use self::repeats::Repeats;

/// How many lines can wait for a blocked output. Further ones are counted and lost.
const WAITING_LINES: usize = 1_024;
/// How long the process waits at its end for waiting lines.
const FLUSH_LIMIT: Duration = Duration::from_secs(1);
/// How often a flush looks for a place in the queue.
const FLUSH_STEP: Duration = Duration::from_millis(5);

/// An output, and the thread that writes to it.
#[derive(Debug)]
pub(crate) struct Output {
    queue: Option<SyncSender<Piece>>,
    /// Lines that found no place in the queue, or couldn't be written.
    lost: &'static AtomicU64,
}

/// A line for an output.
#[derive(Debug)]
pub(crate) struct Line {
    /// The beginning of each line, such as the time.
    pub(crate) head: String,
    /// The line itself, with its end.
    pub(crate) text: String,
    /// Lines of one cause are written once a minute, and counted. Lines without one are always
    /// written.
    pub(crate) cause: Option<&'static str>,
}

#[derive(Debug)]
enum Piece {
    Line(Line),
    /// Signals when everything before it is written.
    Flush(SyncSender<()>),
}

/// Standard output.
pub(crate) fn stdout() -> &'static Output {
    static STDOUT: OnceLock<Output> = OnceLock::new();
    static LOST: AtomicU64 = AtomicU64::new(0);
    STDOUT.get_or_init(|| Output::new("stdout", std::io::stdout(), &LOST))
}

/// Standard error.
pub(crate) fn stderr() -> &'static Output {
    static STDERR: OnceLock<Output> = OnceLock::new();
    static LOST: AtomicU64 = AtomicU64::new(0);
    STDERR.get_or_init(|| Output::new("stderr", std::io::stderr(), &LOST))
}

/// Waits briefly until both outputs have written everything.
pub(crate) fn flush() {
    stdout().flush();
    stderr().flush();
}

impl Output {
    fn new(name: &str, to: impl Write + Send + 'static, lost: &'static AtomicU64) -> Self {
        let (queue, waiting) = sync_channel(WAITING_LINES);
        let thread = thread::Builder::new().name(name.to_owned());
        let started = thread.spawn(move || write_all(&waiting, to, lost));
        Self {
            // A machine that can't start a thread has other troubles than its log.
            queue: started.is_ok().then_some(queue),
            lost,
        }
    }

    /// Writes a line as it is.
    pub(crate) fn say(&self, text: &str) {
        self.give(Line {
            head: String::new(),
            text: format!("{text}\n"),
            cause: None,
        });
    }

    /// Writes a line, soon.
    pub(crate) fn give(&self, line: Line) {
        let queue = self.queue.as_ref();
        if queue.is_none_or(|queue| queue.try_send(Piece::Line(line)).is_err()) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn flush(&self) {
        let Some(queue) = &self.queue else { return };
        let deadline = Instant::now() + FLUSH_LIMIT;
        let (done, flushed) = sync_channel(1);
        let mut flush = Piece::Flush(done);
        while let Err(TrySendError::Full(back)) = queue.try_send(flush) {
            if Instant::now() >= deadline {
                return;
            }
            flush = back;
            thread::sleep(FLUSH_STEP);
        }
        let _ = flushed.recv_timeout(deadline.saturating_duration_since(Instant::now()));
    }
}

/// Writes lines until the process ends.
fn write_all(waiting: &Receiver<Piece>, mut to: impl Write, lost: &AtomicU64) {
    let mut repeats = Repeats::default();
    loop {
        let mut written = Ok(());
        let mut flushed = None;
        match waiting.recv_timeout(repeats.pause(Instant::now())) {
            Ok(Piece::Line(line)) => {
                if repeats.admit(line.cause, &line.text, Instant::now()) {
                    written = write_line(&mut to, &line.head, &line.text);
                }
            }
            Ok(Piece::Flush(done)) => flushed = Some(done),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let held_back = match flushed {
            Some(_) => repeats.rest(),
            None => repeats.due(Instant::now()),
        };
        for text in held_back {
            written = written.and(write_line(&mut to, &head(), &text));
        }
        match written {
            Ok(()) => confess(&mut to, lost),
            Err(_) => drop(lost.fetch_add(1, Ordering::Relaxed)),
        }
        // Dropping a flush's sender ends its wait.
        drop(flushed);
    }
}

fn write_line(to: &mut impl Write, head: &str, text: &str) -> std::io::Result<()> {
    to.write_all(format!("{head}{text}").as_bytes())?;
    to.flush()
}

/// Writes how many lines are missing, once the output accepts lines again.
fn confess(to: &mut impl Write, lost: &AtomicU64) {
    let count = lost.swap(0, Ordering::Relaxed);
    if count == 0 {
        return;
    }
    let text = format!(" WARN papo: {count} lines of the log could not be written\n");
    if write_line(to, &head(), &text).is_err() {
        lost.fetch_add(count, Ordering::Relaxed);
    }
}
