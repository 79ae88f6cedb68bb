//! `cargo xtask client`: what the client is made of.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use papo_protocol::{
    ClientFrame, ErrorCode, Limits, MessageObject, Person, ResetReason, ServerFrame,
};
use ts_rs::{Config, TS};

use crate::requirements::node_packages;
use crate::run::{client, command, output, step};

/// Writes the types and builds `client/dist`.
pub(crate) fn write() -> Result<()> {
    node_packages()?;
    fs::write(types_file(), types()?)?;
    step(command("npm", &["run", "build"]).current_dir(client()))
}

/// Fails unless the types and `client/dist` in the repository are what [`write`] would write.
pub(crate) fn check() -> Result<()> {
    let file = types_file();
    if fs::read_to_string(&file).with_context(|| file.display().to_string())? != types()? {
        bail!("{} isn't fresh: run cargo xtask client", file.display());
    }
    step(command("npm", &["run", "build"]).current_dir(client()))?;
    let changed = output(&mut command(
        "git",
        &["status", "--porcelain", "--", "client/dist"],
    ))?;
    if !changed.is_empty() {
        bail!("client/dist isn't fresh: run cargo xtask client and commit\n{changed}");
    }
    Ok(())
}

fn types_file() -> PathBuf {
    client().join("src/lib/frames.ts")
}

/// The protocol's types in TypeScript.
fn types() -> Result<String> {
    let config = Config::default();
    let declarations = [
        declaration::<ClientFrame>(&config),
        declaration::<ServerFrame>(&config),
        declaration::<MessageObject>(&config),
        declaration::<Limits>(&config),
        declaration::<Person>(&config),
        declaration::<ErrorCode>(&config),
        declaration::<ResetReason>(&config),
    ];
    let header = "// The frames of papo.v1. Written from crates/protocol by `cargo xtask client`; don't edit.\n";
    let source = format!("{header}\n{}\n", declarations.join("\n\n"));
    // The same formatter as for the rest of the client, so that the file has one form.
    let scratch = tempfile::Builder::new()
        .suffix(".ts")
        .tempfile_in(client())?;
    fs::write(scratch.path(), source)?;
    let path = scratch.path().to_string_lossy().into_owned();
    output(command("npx", &["--no-install", "prettier", &path]).current_dir(client()))
}

fn declaration<T: TS>(config: &Config) -> String {
    let documentation = T::docs().unwrap_or_default();
    format!("{}export {}", documentation.trim_end(), T::decl(config))
        .replace("*/export", "*/\nexport")
}
