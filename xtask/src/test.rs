//! `cargo xtask test`: all tests.

use anyhow::Result;

use crate::nats::{self, Nats};
use crate::requirements::{chromium, node_packages};
use crate::run::{client, command, debug_binary, step};

/// Runs the tests: Rust, client, browser. The trials of `cargo xtask torture` measure times and want a machine of their own.
pub(crate) fn run() -> Result<()> {
    let chromium = chromium()?;
    node_packages()?;
    let nats = Nats::find_or_start()?;
    let mut rust = command("cargo", &["test", "--workspace", "--locked"]);
    step(rust.env(nats::VARIABLE, &nats.url))?;
    let interleavings = [
        "test",
        "--locked",
        "--package",
        "papo-channel-layer",
        "--features",
        "shuttle",
        "--test",
        "interleavings",
    ];
    step(&mut command("cargo", &interleavings))?;
    step(command("npm", &["run", "check"]).current_dir(client()))?;
    step(command("npm", &["test"]).current_dir(client()))?;
    let binary = debug_binary()?;
    let mut browser = command("npm", &["run", "test:browser"]);
    step(
        browser
            .current_dir(client())
            .env("PAPO_CHROMIUM", chromium)
            .env("PAPO_BINARY", binary),
    )
}
