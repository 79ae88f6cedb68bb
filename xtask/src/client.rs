//! `cargo xtask client`: the generated and built files of the client.

use anyhow::{Result, bail};

use crate::generated;
use crate::requirements::node_packages;
use crate::run::{client, command, output, step};

/// Generates the protocol's types, and builds `client/dist`.
pub(crate) fn write() -> Result<()> {
    node_packages()?;
    for file in generated::all()? {
        file.write()?;
    }
    step(command("npm", &["run", "build"]).current_dir(client()))
}

/// Fails unless the repository has the output of [`write()`]. The client's packages must be
/// installed.
pub(crate) fn check() -> Result<()> {
    for file in generated::all()? {
        file.check()?;
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
