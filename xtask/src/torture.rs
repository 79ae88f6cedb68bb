//! `cargo xtask torture`: breaks what can break, and checks what was promised. With `--defects` it breaks Papo itself, and
//! checks that the trials notice.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::requirements::{node_packages, program};
use crate::run::{client, command, root, step, target};

/// Each deliberate defect (they are in `src/defects.rs` of the crates), and the trial that must turn red.
const DEFECTS: [(&str, &str); 13] = [
    ("ack-before-commit", "T1"),
    ("ack-after-failed-sync", "T1c"),
    ("no-dedupe", "T2"),
    ("skip-frame", "T3"),
    ("resume-off-by-one", "T4"),
    ("ignore-epoch", "T5"),
    ("snapshot-off-by-one", "T6"),
    ("patient", "T7"),
    ("patient", "T8"),
    ("resume-off-by-one", "T9"),
    ("no-revocation", "T13"),
    ("backup-copies-the-file", "T15"),
    ("full-is-final", "T16"),
];

/// What to torture, and how much.
#[derive(Args)]
pub(crate) struct Options {
    /// The trials, all when none is named: T1, T1c, T2, …
    trials: Vec<String>,
    /// Run each at its full size, which takes hours.
    #[arg(long)]
    full: bool,
    /// Repeat a run's random choices.
    #[arg(long)]
    seed: Option<u64>,
    /// Show that each trial can fail: run it against deliberate defects.
    #[arg(long, conflicts_with = "full")]
    defects: bool,
}

/// Runs the trials.
pub(crate) fn run(options: &Options) -> Result<()> {
    programs()?;
    let listens = |name: &String| name.eq_ignore_ascii_case("T8");
    if options.trials.is_empty() || options.trials.iter().any(listens) {
        node_packages()?;
    }
    if options.defects {
        return show_defects(options);
    }
    let mut trials = build_and_ask(&options.trials, options.seed)?;
    if options.full {
        trials.arg("--full");
    }
    step(&mut trials)
}

/// Runs all trials at their usual size, with the client's packages there already.
pub(crate) fn run_all() -> Result<()> {
    programs()?;
    step(&mut build_and_ask(&[], None)?)
}

/// What the trials need of the system.
fn programs() -> Result<()> {
    for (name, package) in [
        ("strace", "strace"),
        ("iptables", "iptables"),
        ("ip", "iproute2"),
        ("mount", "mount"),
        ("unshare", "util-linux"),
    ] {
        program(name, package)?;
    }
    if let Err(error) = program("mkfs.ext4", "e2fsprogs") {
        println!("T16 will fill a tmpfs, not an ext4: {error}");
    }
    Ok(())
}

/// The trials against the program as people run it, both built.
fn build_and_ask(trials: &[String], seed: Option<u64>) -> Result<Command> {
    let build = [
        "build",
        "--release",
        "--locked",
        "--package",
        "papo",
        "--package",
        "papo-torture",
    ];
    step(&mut command("cargo", &build))?;
    let folder = target().join("release");
    Ok(against(
        &folder.join("papo-torture"),
        &folder.join("papo"),
        trials,
        seed,
    ))
}

fn against(torture: &Path, papo: &Path, trials: &[String], seed: Option<u64>) -> Command {
    let mut command = Command::new(torture);
    command.arg("--papo").arg(papo).args(trials);
    command.arg("--client").arg(client());
    if let Some(seed) = seed {
        command.args(["--seed", &seed.to_string()]);
    }
    command
}

/// Runs each trial against its defect, and fails when one passes.
fn show_defects(options: &Options) -> Result<()> {
    let build = [
        "build",
        "--release",
        "--locked",
        "--package",
        "papo-torture",
    ];
    step(&mut command("cargo", &build))?;
    let torture = target().join("release/papo-torture");
    let papo = defective_binary()?;
    let mut table = Vec::new();
    let mut blind = 0;
    for (defect, trial) in DEFECTS {
        let is_asked = |name: &String| name.eq_ignore_ascii_case(trial);
        if !options.trials.is_empty() && !options.trials.iter().any(is_asked) {
            continue;
        }
        println!("\n▶ {trial} against {defect}");
        let mut command = against(&torture, &papo, &[trial.to_owned()], options.seed);
        let output = command
            .arg("--brief")
            .env("PAPO_DEFECT", defect)
            .output()
            .with_context(|| format!("can't run {}", torture.display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        // A trial that couldn't be run shows nothing.
        let is_red = text.contains("FAILED") && !text.contains("not finished");
        let fault = text.lines().find(|line| line.contains('✗'));
        let shown = fault.unwrap_or("").trim();
        let result = if is_red { "red" } else { "NOT RED" };
        table.push(format!("{trial:<4} {defect:<24} {result:<8} {shown}"));
        if !is_red {
            blind += 1;
            println!("{text}{}", String::from_utf8_lossy(&output.stderr));
        }
    }
    println!("\n{}", table.join("\n"));
    if blind > 0 {
        bail!("{blind} trials don't notice their defect");
    }
    Ok(())
}

/// Builds the program with its deliberate defects, beside the one without.
fn defective_binary() -> Result<PathBuf> {
    let folder = root().join("target/defects");
    let build = [
        "build",
        "--release",
        "--locked",
        "--package",
        "papo",
        "--features",
        "defects",
    ];
    let mut build = command("cargo", &build);
    build.env("CARGO_TARGET_DIR", &folder);
    step(&mut build)?;
    Ok(folder.join("release/papo"))
}
