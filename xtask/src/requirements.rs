//! What the tests and tools need besides Rust. Each is found, installed where possible, or
//! explained.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::run::{client, command, output, step};

/// The oldest Node that the client's tools run on.
const NODE: u32 = 20;

/// A Chromium for the browser tests: `PAPO_CHROMIUM`, an installed one, or Debian's package.
pub(crate) fn chromium() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("PAPO_CHROMIUM") {
        return Ok(path.into());
    }
    if let Some(path) = installed_chromium() {
        return Ok(path);
    }
    install("chromium")?;
    installed_chromium().map_or_else(
        || {
            bail!(
                "the browser tests need Chromium: install it (on Debian: apt-get install chromium), \
                 or name one in PAPO_CHROMIUM"
            )
        },
        Ok,
    )
}

/// A font with coloured emoji, without which pictures show boxes.
pub(crate) fn emoji_font() -> Result<()> {
    let fonts = || output(Command::new("fc-list").args([":", "family"])).unwrap_or_default();
    if !fonts().contains("Emoji") {
        install("fonts-noto-color-emoji")?;
    }
    if !fonts().contains("Emoji") {
        bail!(
            "the pictures need a font with emoji (on Debian: apt-get install fonts-noto-color-emoji)"
        );
    }
    Ok(())
}

/// Node and the client's packages.
pub(crate) fn node_packages() -> Result<()> {
    let version = output(Command::new("node").arg("--version")).unwrap_or_default();
    let major = version
        .trim()
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|major| major.parse().ok());
    if major.is_none_or(|major: u32| major < NODE) {
        let found = match version.trim() {
            "" => "there is none",
            version => version,
        };
        bail!(
            "the client's tests need Node {NODE} or later with npm (https://nodejs.org); found: {found}"
        );
    }
    let npm = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
    step(command("npm", &npm).current_dir(client()))
}

/// A cargo subcommand, installed from crates.io when it is missing.
pub(crate) fn cargo_tool(name: &str) -> Result<()> {
    if succeeds(Command::new("cargo").args([name, "--version"])) {
        return Ok(());
    }
    step(&mut command(
        "cargo",
        &["install", "--locked", &format!("cargo-{name}")],
    ))
}

/// A program of the system, installed from its Debian package if it is missing. Returns its path.
pub(crate) fn program(name: &str, package: &str) -> Result<PathBuf> {
    let find = || {
        let path = std::env::var_os("PATH").unwrap_or_default();
        // Some programs are for root, in folders that aren't in every path.
        std::env::split_paths(&path)
            .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")])
            .map(|folder| folder.join(name))
            .find(|program| program.is_file())
    };
    if let Some(program) = find() {
        return Ok(program);
    }
    install(package)?;
    find().with_context(|| {
        format!("{name} is needed: install it (on Debian: apt-get install {package})")
    })
}

/// The library that falsifies a program's clock, installed from its Debian package if it is
/// missing.
pub(crate) fn faketime() -> Result<()> {
    let is_there = || {
        let folders = std::fs::read_dir("/usr/lib")
            .into_iter()
            .flatten()
            .flatten();
        let folders = folders
            .map(|folder| folder.path())
            .chain([PathBuf::from("/usr/lib"), PathBuf::from("/usr/local/lib")]);
        let mut libraries = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1"));
        libraries.any(|library| library.is_file())
    };
    if !is_there() {
        install("libfaketime")?;
    }
    if !is_there() {
        bail!("libfaketime is needed: install it (on Debian: apt-get install libfaketime)");
    }
    Ok(())
}

fn installed_chromium() -> Option<PathBuf> {
    let names = [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    ];
    let folders: Vec<_> =
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    let candidates = names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    candidates
        .chain([PathBuf::from("/snap/bin/chromium")])
        .find(|path| path.is_file())
}

/// Installs a Debian package, where there is apt-get and the right to use it.
pub(crate) fn install(package: &str) -> Result<()> {
    if !Path::new("/usr/bin/apt-get").exists() {
        return Ok(());
    }
    let is_root = is_root();
    let apt = |arguments: &[&str]| {
        let mut words = vec!["apt-get"];
        words.extend(arguments);
        if !is_root {
            words.splice(0..0, ["sudo", "--non-interactive"]);
        }
        let mut command = command(words[0], &words[1..]);
        command.env("DEBIAN_FRONTEND", "noninteractive");
        step(&mut command)
    };
    if !is_root && !succeeds(Command::new("sudo").args(["--non-interactive", "true"])) {
        return Ok(());
    }
    apt(&["update", "-qq"])?;
    apt(&["install", "-y", "-qq", "--no-install-recommends", package])
}

/// Whether this runs as root.
pub(crate) fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// Whether a command succeeds. Its output is dropped.
fn succeeds(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
