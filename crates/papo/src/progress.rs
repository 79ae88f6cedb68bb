//! The progress of long work, on standard error: a bar on a terminal, otherwise a line now and
//! then.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};

use crate::output;

/// How many events pass between lines when the total is unknown.
const LINE_EVERY: u64 = 100_000;
/// How many lines there are when the total is known.
const PARTS: u64 = 10;

/// Long work that handles events.
pub(crate) struct Progress {
    doing: &'static str,
    total: Option<u64>,
    bar: Option<ProgressBar>,
    /// When the next line is due.
    next: u64,
}

impl Progress {
    /// Begins. `total` is the number of events, if it is known.
    pub(crate) fn begin(doing: &'static str, total: Option<u64>) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| bar(doing, total));
        let progress = Self {
            doing,
            total,
            bar,
            next: every(total),
        };
        if progress.bar.is_none() {
            progress.line(0);
        }
        progress
    }

    /// Sets how many events have passed.
    pub(crate) fn set(&mut self, passed: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(passed);
        } else if passed >= self.next {
            self.line(passed);
            let every = every(self.total);
            self.next = (passed / every + 1) * every;
        }
    }

    fn line(&self, passed: u64) {
        let of = self.total.map(|total| format!(" of {total}"));
        let (doing, of) = (self.doing, of.unwrap_or_default());
        say(&format!("{doing}: {passed}{of} events"));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Writes a line to standard error. A failure to write is no reason to stop.
pub(crate) fn say(line: &str) {
    output::stderr().say(line);
}

fn every(total: Option<u64>) -> u64 {
    total
        .map_or(LINE_EVERY, |total| total.div_ceil(PARTS))
        .max(1)
}

fn bar(doing: &'static str, total: Option<u64>) -> ProgressBar {
    let template = "{msg:<10} {wide_bar} {human_pos} of {human_len} events, {eta} left";
    let (bar, template) = match total {
        Some(total) => (ProgressBar::new(total), template),
        None => (ProgressBar::new_spinner(), "{msg:<10} {human_pos} events"),
    };
    let style = ProgressStyle::with_template(template);
    bar.with_style(style.expect("the template is well formed"))
        .with_message(doing)
}
