//! The `papo` command: parses its arguments, connects the parts, and runs.
//!
//! Only this crate names the database (`database.rs`) and the channel layer in use. The use cases
//! are in `papo_app`; commands call them as pages and sockets do. Each command returns its text;
//! only `serve` writes while it runs.

mod audit;
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
mod job;
mod logging;
mod migrate;
mod outcome;
mod output;
mod place;
mod progress;
mod relay;
mod restore;
mod room;
mod serve;
mod server_note;
mod tallies;
mod user;

use std::io::{self, ErrorKind, Write as _};
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
        Ok(outcome) => match print(&columns::visible(&outcome.text)) {
            Ok(()) => outcome.exit_code,
            Err(error) => {
                output::stderr().say(&format!("papo: can't write the result: {error}"));
                ExitCode::FAILURE
            }
        },
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

/// Writes to standard output. Its reader may go before the end, as `head` does.
fn print(text: &str) -> io::Result<()> {
    let mut output = io::stdout();
    let written = output.write_all(text.as_bytes());
    match written.and_then(|()| output.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
