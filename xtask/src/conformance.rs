//! `cargo xtask conformance`: the Autobahn test suite against `crates/websocket`, through its
//! example `echo`.
//!
//! The suite is a Python 2 program and isn't part of `cargo xtask test`. The crate's own tests
//! cover the same without it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde::Deserialize;
use serde_json::json;

use crate::run::{command, step, target};

const HOW_TO_GET_IT: &str = "\
The Autobahn test suite runs on Python 2.7. To have it in a folder of its own, outside the repository:

    python2.7 -m pip install --target FOLDER/tools 'virtualenv<20.22'
    PYTHONPATH=FOLDER/tools python2.7 -m virtualenv FOLDER/suite
    FOLDER/suite/bin/pip install autobahntestsuite==25.10.1
    PAPO_WSTEST=FOLDER/suite/bin/wstest cargo xtask conformance

It needs a C compiler, for the packages that have no build for Python 2.7.";

/// The suite's name for what it tests.
const AGENT: &str = "Papo";

/// The cases to run.
#[derive(Args)]
pub(crate) struct Options {
    /// The cases, as the suite names them: 6.*,7.1.2
    #[arg(long, value_delimiter = ',', default_value = "*")]
    cases: Vec<String>,
}

/// What the suite says about a case.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verdict {
    behavior: String,
    behavior_close: String,
}

/// What came of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Ok,
    NonStrict,
    Informational,
    Unimplemented,
    Failed,
}

/// The table's columns.
const COLUMNS: [(&str, Outcome); 5] = [
    ("OK", Outcome::Ok),
    ("informational", Outcome::Informational),
    ("non-strict", Outcome::NonStrict),
    ("unimplemented", Outcome::Unimplemented),
    ("failed", Outcome::Failed),
];

/// The suite's sections.
const SECTIONS: [(usize, &str); 11] = [
    (1, "lengths"),
    (2, "pings and pongs"),
    (3, "reserved bits"),
    (4, "opcodes"),
    (5, "fragments"),
    (6, "UTF-8"),
    (7, "closing"),
    (9, "sizes and numbers"),
    (10, "automatic fragments"),
    (12, "compression"),
    (13, "compression, its parameters"),
];

/// How many cases had each outcome, in the order of the columns.
#[derive(Default)]
struct Counts([usize; COLUMNS.len()]);

/// The example. A drop kills it.
struct Echo {
    process: Child,
    url: String,
}

/// Runs the suite and shows its result section by section; a failed case is an error.
pub(crate) fn run(options: &Options) -> Result<()> {
    let Some(suite) = std::env::var_os("PAPO_WSTEST") else {
        bail!("PAPO_WSTEST names no suite.\n\n{HOW_TO_GET_IT}");
    };
    let suite = fs::canonicalize(&suite)
        .with_context(|| format!("PAPO_WSTEST is {}.\n\n{HOW_TO_GET_IT}", suite.display()))?;
    let echo = Echo::start()?;
    let folder = target().join("conformance");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let reports = folder.join("reports");
    let specification = json!({
        "outdir": reports,
        "servers": [{"agent": AGENT, "url": echo.url}],
        "cases": options.cases,
        "exclude-cases": [],
        "exclude-agent-cases": {},
    });
    fs::write(folder.join("suite.json"), specification.to_string())?;
    let mut fuzzing_client = Command::new(suite);
    fuzzing_client.args(["-m", "fuzzingclient", "-s", "suite.json"]);
    step(
        fuzzing_client
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null()),
    )?;
    let verdicts = verdicts(&reports)?;
    print_table(&verdicts)?;
    println!("\nEach case: {}", reports.join("index.html").display());
    let failed: Vec<_> = verdicts
        .iter()
        .filter(|(_, verdict)| verdict.outcome() == Outcome::Failed)
        .map(|(case, _)| case.as_str())
        .collect();
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}

impl Echo {
    fn start() -> Result<Self> {
        let package = ["--package", "papo-websocket", "--example", "echo"];
        let mut build = command("cargo", &["build", "--locked"]);
        step(build.args(package))?;
        let mut process = Command::new(target().join("debug/examples/echo"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().context("a pipe")?;
        let mut url = String::new();
        let mut echo = Self {
            process,
            url: String::new(),
        };
        BufReader::new(output).read_line(&mut url)?;
        url.trim().clone_into(&mut echo.url);
        ensure!(!echo.url.is_empty(), "the example didn't start");
        Ok(echo)
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        // It may have ended by itself. Then the cases have failed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Verdict {
    fn outcome(&self) -> Outcome {
        let is_well_closed = matches!(
            self.behavior_close.as_str(),
            "OK" | "INFORMATIONAL" | "UNIMPLEMENTED"
        );
        match self.behavior.as_str() {
            _ if !is_well_closed => Outcome::Failed,
            "OK" => Outcome::Ok,
            "NON-STRICT" => Outcome::NonStrict,
            "INFORMATIONAL" => Outcome::Informational,
            "UNIMPLEMENTED" => Outcome::Unimplemented,
            _ => Outcome::Failed,
        }
    }
}

/// What the suite has written.
fn verdicts(reports: &Path) -> Result<BTreeMap<String, Verdict>> {
    let index = File::open(reports.join("index.json")).context("the suite reported nothing")?;
    let mut agents: BTreeMap<String, BTreeMap<String, Verdict>> =
        serde_json::from_reader(BufReader::new(index))?;
    let verdicts = agents.remove(AGENT).unwrap_or_default();
    ensure!(!verdicts.is_empty(), "the suite ran no case");
    Ok(verdicts)
}

fn print_table(verdicts: &BTreeMap<String, Verdict>) -> Result<()> {
    let mut sections: BTreeMap<usize, Counts> = BTreeMap::new();
    let mut total = Counts::default();
    for (case, verdict) in verdicts {
        let (section, _) = case.split_once('.').context("a case has a section")?;
        let section = sections.entry(section.parse()?).or_default();
        section.add(verdict.outcome());
        total.add(verdict.outcome());
    }
    let names: Vec<_> = COLUMNS.iter().map(|(name, _)| *name).collect();
    println!("\n| section | cases | {} |", names.join(" | "));
    println!("|---|{}", "---:|".repeat(1 + names.len()));
    for (number, counts) in sections {
        let name = SECTIONS
            .iter()
            .find_map(|(known, name)| (*known == number).then_some(*name));
        println!("| {number} {} {counts}", name.unwrap_or_default());
    }
    println!("| all {total}");
    Ok(())
}

impl Counts {
    fn add(&mut self, outcome: Outcome) {
        for (count, (_, column)) in self.0.iter_mut().zip(COLUMNS) {
            *count += usize::from(column == outcome);
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "| {} |", self.0.iter().sum::<usize>())?;
        self.0
            .iter()
            .try_for_each(|count| write!(formatter, " {count} |"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(behavior: &str, close: &str) -> Outcome {
        let verdict = Verdict {
            behavior: behavior.into(),
            behavior_close: close.into(),
        };
        verdict.outcome()
    }

    #[test]
    fn what_is_not_known_to_be_well_has_failed() {
        assert_eq!(outcome("OK", "OK"), Outcome::Ok);
        assert_eq!(outcome("NON-STRICT", "OK"), Outcome::NonStrict);
        assert_eq!(outcome("UNIMPLEMENTED", "OK"), Outcome::Unimplemented);
        for (behavior, close) in [
            ("FAILED", "OK"),
            ("OK", "FAILED"),
            ("OK", "WRONG CODE"),
            ("OK", "UNCLEAN"),
            ("UNIMPLEMENTED", "FAILED BY CLIENT"),
            ("", ""),
        ] {
            assert_eq!(outcome(behavior, close), Outcome::Failed);
        }
    }
}
