//! Papo's automation. `cargo xtask` lists the commands.

mod bench;
mod check;
mod client;
mod conformance;
#[cfg(test)]
mod deployment;
mod fuzz;
mod generated;
mod nats;
mod postgres;
mod prose;
mod requirements;
mod run;
mod screenshots;
mod test;
mod torture;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "Papo's automation",
    disable_help_subcommand = true
)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what the tests need, and run all of them: Rust, trials, client, browser.
    Test,
    /// Check formatting, lints, licences, the width of prose and generated files.
    Check,
    /// Write the protocol's types for the client, and build client/dist.
    Client,
    /// Take the pictures in docs/screenshots.
    Screenshots,
    /// Run the trials of Papo's promises against kills, cuts and shortages.
    Torture(torture::Options),
    /// Fuzz everything that reads strangers' input.
    Fuzz(fuzz::Options),
    /// Run the Autobahn test suite against the framing of WebSockets.
    Conformance(conformance::Options),
    /// Measure.
    Bench {
        #[command(subcommand)]
        what: bench::What,
    },
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().task {
        Task::Test => test::run(),
        Task::Check => check::run(),
        Task::Client => client::write(),
        Task::Screenshots => screenshots::run(),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Conformance(options) => conformance::run(&options),
        Task::Torture(options) => torture::run(&options),
        Task::Bench { what } => bench::run(&what),
    }
}
