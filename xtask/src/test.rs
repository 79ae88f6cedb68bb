//! `cargo xtask test`: all tests.

use anyhow::Result;

use crate::nats::{self, Nats};
use crate::postgres::Postgres;
use crate::requirements::{chromium, node_packages};
use crate::run::{PAPO, client, command, release_binary, step};
use crate::torture;

/// Builds the whole workspace even for one crate: alone, a crate has other features of its
/// dependencies, and all would be built again.
const WORKSPACE: [&str; 3] = ["test", "--workspace", "--locked"];

/// How many tests of a program run at a time. Most of them wait for clocks and servers, and would
/// leave the processors idle.
const AT_ONCE: &str = "6";

/// Runs the tests: Rust, trials, client, browser.
pub(crate) fn run() -> Result<()> {
    // What can't be installed comes first.
    node_packages()?;
    let chromium = chromium()?;
    let nats = Nats::find_or_start()?;
    let postgres = Postgres::for_tests()?;
    let mut tests = command("cargo", &WORKSPACE);
    postgres.tell(&mut tests);
    tests.env("RUST_TEST_THREADS", AT_ONCE);
    step(tests.env(nats::VARIABLE, &nats.url))?;
    drop(postgres);
    abuse_a_server()?;
    let interleavings = [
        "--features",
        "papo-channel-layer/shuttle",
        "--test",
        "interleavings",
    ];
    step(command("cargo", &WORKSPACE).args(interleavings))?;
    torture::run_all()?;
    step(command("npm", &["run", "check"]).current_dir(client()))?;
    step(command("npm", &["test"]).current_dir(client()))?;
    let binary = release_binary(PAPO)?;
    let mut browser = command("npm", &["run", "test:browser"]);
    step(
        browser
            .current_dir(client())
            .env("PAPO_CHROMIUM", chromium)
            .env("PAPO_BINARY", binary),
    )
}

/// The tests that crash or delay a PostgreSQL, on one that nobody else uses.
fn abuse_a_server() -> Result<()> {
    let postgres = Postgres::private()?;
    let mut tests = command("cargo", &WORKSPACE);
    tests.args(["--test", "it", "--", "--ignored"]);
    postgres.tell(&mut tests);
    step(&mut tests)
}
