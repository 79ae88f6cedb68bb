//! `cargo xtask fuzz`: feeds random bytes to everything that reads strangers' input.

use anyhow::Result;
use clap::Args;

use crate::requirements::cargo_tool;
use crate::run::{command, step};

/// The targets of `fuzz/`.
const TARGETS: [&str; 4] = [
    "websocket_reader",
    "client_frames",
    "plain_frames",
    "names_and_texts",
];

/// How long.
#[derive(Args)]
pub(crate) struct Options {
    /// Seconds for each target.
    #[arg(long, default_value_t = 900)]
    seconds: u64,
}

/// Runs each target for a while. A finding ends the run.
pub(crate) fn run(options: &Options) -> Result<()> {
    cargo_tool("fuzz")?;
    let limit = format!("-max_total_time={}", options.seconds);
    for target in TARGETS {
        let words = ["fuzz", "run", target, "--", &limit, "-print_final_stats=1"];
        // libFuzzer needs the compiler's unstable instrumentation.
        step(command("cargo", &words).env("RUSTC_BOOTSTRAP", "1"))?;
    }
    Ok(())
}
