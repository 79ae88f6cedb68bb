//! The command line as a black box: the binary in a folder of its own, what it prints, and how it
//! ends.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod archives;
mod configuration;
mod doctor;
mod faucet;
mod full;
mod health;
mod import;
mod jobs;
mod lively;
mod log;
mod migrate;
mod place;
mod postgres;
mod process;
mod refusals;
mod rooms;
mod serving;
mod users;

use std::path::{Path, PathBuf};

use process::{Finished, Running};
use tempfile::TempDir;

/// A place for a data folder, in a temporary folder.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// A place with an instance, as a first start makes it.
    fn started() -> Self {
        let place = Self::new();
        assert_eq!(place.serve().stop(), Some(0));
        place
    }

    /// The data folder. Only papo makes it.
    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn database(&self) -> PathBuf {
        self.data().join("papo.sqlite3")
    }

    /// Runs a command on the data folder to its end.
    fn papo(&self, arguments: &[&str]) -> Finished {
        process::run(&self.data(), arguments, &[], "")
    }

    /// The same, with this standard input.
    fn papo_with_input(&self, arguments: &[&str], input: &str) -> Finished {
        process::run(&self.data(), arguments, &[], input)
    }

    /// The same, with environment variables.
    fn papo_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Finished {
        process::run(&self.data(), arguments, variables, "")
    }

    /// Runs a command that can write only short files.
    fn papo_on_full_disk(&self, arguments: &[&str]) -> Finished {
        process::run_on_full_disk(&self.data(), arguments)
    }

    /// Starts a server on a free port and waits until it listens.
    fn serve(&self) -> Running {
        self.serve_with(&["--listen", "127.0.0.1:0"])
    }

    /// Starts a server that can write only short files.
    fn serve_on_full_disk(&self) -> Running {
        let mut server = Running::start_on_full_disk(&self.data(), &["--listen", "127.0.0.1:0"]);
        server.line("Papo is listening on ");
        server
    }

    fn serve_with(&self, arguments: &[&str]) -> Running {
        let mut server = Running::start(&self.data(), arguments, &[]);
        server.line("Papo is listening on ");
        server
    }
}

/// The URL of NATS: `PAPO_TEST_NATS_URL`, otherwise the standard port.
fn nats() -> String {
    std::env::var("PAPO_TEST_NATS_URL").unwrap_or_else(|_| "nats://127.0.0.1:4222".into())
}

/// The file with this name among the fixtures.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}
