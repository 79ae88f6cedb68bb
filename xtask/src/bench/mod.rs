//! `cargo xtask bench`: the measurements. `docs/benchmarks.md` has the figures and their meaning.

mod cluster;
mod fanout;
mod figures;
mod idle;
mod page;
mod post;
mod programs;
mod resume;
mod sidebar;
mod start;

use anyhow::Result;
use clap::{Args, Subcommand};

/// What can be measured.
#[derive(Subcommand)]
pub(crate) enum What {
    /// Cold start, idle memory, the binary's size, the first load of the chat screen.
    Start,
    /// A post to everybody in a room: processor time for each delivery, and how long until all have
    /// it.
    Fanout(Effort),
    /// Posts that are on disk when they are acknowledged.
    Post(Effort),
    /// Five thousand clients that come back after a restart.
    Resume(Effort),
    /// Memory of connections that do nothing.
    Idle(Effort),
    /// Five thousand clients in a hundred rooms each: memory, heads, and the first frame of a
    /// person in many rooms.
    Sidebar(Effort),
    /// The room's page and older messages, in a small room and in one of a million messages.
    Page(Effort),
    /// One, two and three nodes on PostgreSQL and NATS: what a boundary between them costs, and how
    /// many posts PostgreSQL keeps.
    Cluster(Effort),
}

/// How much time to spend.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Effort {
    /// Once and briefly: to see that it works, not to compare.
    #[arg(long)]
    quick: bool,
    /// How often each server is measured, in turn. The median counts.
    #[arg(long, default_value_t = 3)]
    runs: usize,
}

impl Effort {
    fn runs(self) -> usize {
        if self.quick { 1 } else { self.runs.max(1) }
    }

    fn seconds(self) -> String {
        if self.quick { "3" } else { "10" }.to_owned()
    }
}

/// Measures it, and prints the figures.
pub(crate) fn run(what: &What) -> Result<()> {
    match *what {
        What::Start => start::run(),
        What::Fanout(effort) => fanout::run(effort),
        What::Post(effort) => post::run(effort),
        What::Resume(effort) => resume::run(effort),
        What::Idle(effort) => idle::run(effort),
        What::Sidebar(effort) => sidebar::run(effort),
        What::Page(effort) => page::run(effort),
        What::Cluster(effort) => cluster::run(effort),
    }
}
