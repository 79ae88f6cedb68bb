//! Runs other programs.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let xtask = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().map(PathBuf::from).unwrap_or(xtask)
}

/// The repository's client.
pub(crate) fn client() -> PathBuf {
    root().join("client")
}

/// The prefixes of variables that the outer cargo sets. An inner cargo would take them for a
/// change, and build SQLite, ring and everything above them again. It would do so each time that it
/// runs from here after it ran by itself.
const SET_BY_CARGO: [&str; 3] = ["CARGO_PKG_", "CARGO_MANIFEST_", "LIBSQLITE3_FLAGS"];

/// A command in the repository's root.
pub(crate) fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if SET_BY_CARGO.iter().any(|start| text.starts_with(start)) {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs a command to its end, printing what it is and how long it took.
pub(crate) fn step(command: &mut Command) -> Result<()> {
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .collect();
    let line = words.join(OsStr::new(" ")).to_string_lossy().into_owned();
    println!("\n▶ {line}");
    let start = Instant::now();
    let status = command
        .status()
        .with_context(|| format!("can't run {line}"))?;
    println!(
        "◀ {line}: {status} in {:.1} s",
        start.elapsed().as_secs_f64()
    );
    if !status.success() {
        bail!("{line} failed: {status}");
    }
    Ok(())
}

/// What a command printed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("can't run {command:?}"))?;
    if !output.status.success() {
        bail!(
            "{command:?} failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The name of the program that people run.
pub(crate) const PAPO: &str = "papo";

/// Builds a package as people run it. Returns the path of its program of the same name. Each
/// package is built separately: together they would have other features of the libraries, and Papo
/// would be built again.
pub(crate) fn release_binary(package: &str) -> Result<PathBuf> {
    step(&mut command(
        "cargo",
        &["build", "--release", "--locked", "--package", package],
    ))?;
    Ok(target().join("release").join(package))
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
