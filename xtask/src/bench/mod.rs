//! `cargo xtask bench`: measures. The figures are in `docs/benchmarks.md`, with what they mean.

mod start;

use anyhow::Result;
use clap::Subcommand;

/// What can be measured.
#[derive(Subcommand)]
pub(crate) enum What {
    /// Cold start, idle memory, the binary's size, the first load of the chat screen.
    Start,
}

/// Measures it, and prints the figures.
pub(crate) fn run(what: &What) -> Result<()> {
    match what {
        What::Start => start::run(),
    }
}
