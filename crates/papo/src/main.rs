//! The `papo` command: reads what was asked, wires the parts together, and runs.
//!
//! The only place that names the database (`database.rs`) and the channel layer in use. What people
//! can do is in `papo_app`, which the commands call as the pages and sockets do. Each command gives
//! back what it has to say; only `serve` writes while it runs.

mod backup;
mod bus_error;
mod cli;
mod columns;
mod config;
mod data_folder;
mod database;
mod doctor;
mod epoch;
mod export;
mod health;
mod import_django;
mod instance;
mod logging;
mod migrate;
mod output;
mod progress;
mod relay;
mod restore;
mod room;
mod serve;
mod tallies;
mod user;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

/// What one thread allocates another frees here, at each message and each page; the system's
/// allocator has them wait for each other.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let command_line = cli::CommandLine::parse();
    bus_error::watch();
    let outcome = command_line.run();
    let exit_code = match outcome {
        Ok(outcome) => {
            // The reader may have gone, as `head` does.
            let _ = std::io::stdout().write_all(columns::visible(&outcome.text).as_bytes());
            outcome.exit_code
        }
        Err(error) => {
            let line = format!("{error:#}").replace(['\n', '\r'], " ");
            // What the log has held back comes before.
            output::flush();
            output::stderr().say(&columns::visible(&format!("papo: {line}")));
            ExitCode::FAILURE
        }
    };
    output::flush();
    exit_code
}
