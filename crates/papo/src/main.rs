//! The `papo` command: parses its arguments, connects the parts, and runs.
//!
//! Only this crate names the database (`database.rs`) and the channel layer in use. The use cases
//! are in `papo_app`; commands call them as pages and sockets do. Each command returns its text;
//! only `serve` writes while it runs.

mod backup;
mod bus_error;
mod cli;
mod columns;
mod config;
mod damage;
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
mod outcome;
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

/// What one thread allocates another frees, at each message and each page. With the system's
/// allocator they would wait for each other.
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
            // This first writes what the log has held back.
            output::flush();
            output::stderr().say(&columns::visible(&format!("papo: {line}")));
            ExitCode::FAILURE
        }
    };
    output::flush();
    exit_code
}
