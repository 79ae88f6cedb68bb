//! `cargo xtask check`: all checks of the sources that aren't tests.

use anyhow::Result;

use crate::client;
use crate::prose;
use crate::requirements::{cargo_tool, node_packages};
use crate::run::{self, command, step};

/// Checks formatting, lints, licences, the width of prose, and that generated files are up to date.
pub(crate) fn run() -> Result<()> {
    step(&mut command("cargo", &["fmt", "--all", "--check"]))?;
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "--deny",
        "warnings",
    ];
    step(&mut command("cargo", &clippy))?;
    let mut documentation = command("cargo", &["doc", "--workspace", "--no-deps", "--locked"]);
    step(documentation.env("RUSTDOCFLAGS", "--deny warnings"))?;
    cargo_tool("deny")?;
    step(&mut command(
        "cargo",
        &["deny", "--locked", "check", "bans", "licenses", "sources"],
    ))?;
    node_packages()?;
    step(command("npm", &["run", "format:check"]).current_dir(run::client()))?;
    prose::check()?;
    client::check()
}
