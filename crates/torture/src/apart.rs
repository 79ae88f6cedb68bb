//! Runs a trial in namespaces of its own, in another process of this program. Its mounts and
//! dropped packets end with the process, and affect nobody else.

use anyhow::{Result, bail};
use rustix::process::geteuid;

use crate::report::Verdict;
use crate::trials::Context;

/// Set in that process.
const INSIDE: &str = "PAPO_TORTURE_INSIDE";

/// Whether this is that process.
pub(crate) fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Runs a trial in new namespaces of these kinds (options of `unshare`), with these environment
/// variables.
pub(crate) async fn run(
    context: &Context,
    trial: &str,
    kinds: &[&str],
    environment: &[(&str, &str)],
) -> Result<Verdict> {
    let mut command = tokio::process::Command::new("unshare");
    if !geteuid().is_root() {
        // Root inside, and an ordinary user outside.
        command.args(["--user", "--map-root-user"]);
    }
    command.args(kinds).arg(std::env::current_exe()?);
    command.arg("--papo").arg(&context.papo).arg(trial);
    if let Some(client) = &context.client {
        command.arg("--client").arg(client);
    }
    command.args(["--seed", &context.seed.to_string()]);
    command.args(["--on", context.choose("sqlite", "postgres")]);
    if let Some(seeds) = context.seeds {
        command.args(["--seeds", &seeds.to_string()]);
    }
    if context.is_full {
        command.arg("--full");
    }
    if context.is_brief {
        command.arg("--brief");
    }
    command.envs(environment.iter().copied());
    let output = command.env(INSIDE, "1").kill_on_drop(true).output().await;
    let (printed, said) = match output {
        Ok(output) => (output.stdout, output.stderr),
        Err(error) => (Vec::new(), format!("unshare: {error}").into_bytes()),
    };
    let (printed, said) = (
        String::from_utf8_lossy(&printed),
        String::from_utf8_lossy(&said),
    );
    if let Some(verdict) = Verdict::from_lines(&printed) {
        return Ok(verdict);
    }
    bail!(
        "{trial} needs namespaces of its own ({}), which aren't to be had: {}. Run it as root (sudo env \"PATH=$PATH\" cargo xtask torture {trial}), \
         in a privileged container, or where everybody may have user namespaces",
        kinds.join(" "),
        said.trim()
    )
}
