//! The log: readable lines on standard error.
//!
//! `output/` takes the lines. So a log that can't be written changes nothing else, and repeated
//! warnings don't fill it.

use std::io;

use anyhow::{Context, Result};
use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::output::{self, IS_TERMINAL, Line, head};

/// NATS's client logs each try, perhaps with secrets. So its log is off unless the filter names it.
/// The relay logs what matters.
const NATS_CLIENT: &str = "async_nats";

/// Starts logging what passes the filter.
pub(crate) fn start(filter: &str) -> Result<()> {
    let quiet = format!("{filter},{NATS_CLIENT}=off");
    let filter = if filter.contains(NATS_CLIENT) {
        filter
    } else {
        &quiet
    };
    let filter = EnvFilter::builder()
        .parse(filter)
        .context("the log's filter")?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .without_time()
        .with_writer(Lines)
        .with_ansi(*IS_TERMINAL)
        .log_internal_errors(false)
        .init();
    Ok(())
}

/// Makes writers that pass each line to standard error's thread.
struct Lines;

/// Takes the lines of one place in the code.
struct LineWriter {
    cause: Option<&'static str>,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = LineWriter;

    fn make_writer(&'a self) -> LineWriter {
        LineWriter { cause: None }
    }

    fn make_writer_for(&'a self, about: &Metadata<'_>) -> LineWriter {
        let is_trouble = *about.level() <= Level::WARN;
        LineWriter {
            // The place in the code, as in "event crates/web/src/server/mod.rs:80".
            cause: is_trouble.then(|| about.name()),
        }
    }
}

impl io::Write for LineWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        output::stderr().give(Line {
            head: head(),
            text: String::from_utf8_lossy(line).into_owned(),
            cause: self.cause,
        });
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
