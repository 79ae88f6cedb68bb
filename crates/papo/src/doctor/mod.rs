//! `papo doctor`: checks everything that an instance depends on, changes nothing, and gives advice.

mod database;
mod folder;
mod machine;
mod relay;

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Result;

use crate::config::{self, Config};
use crate::outcome::Outcome;

/// The result of a check.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    level: Level,
    /// The subject.
    subject: &'static str,
    /// Its state, with advice.
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Fine,
    /// It works, but not as well as it could.
    Warning,
    /// It doesn't work, or soon won't.
    Problem,
}

impl Level {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

impl Finding {
    fn fine(subject: &'static str, text: impl Into<String>) -> Self {
        Self::new(Level::Fine, subject, text)
    }

    fn warning(subject: &'static str, text: impl Into<String>) -> Self {
        Self::new(Level::Warning, subject, text)
    }

    fn problem(subject: &'static str, text: impl Into<String>) -> Self {
        Self::new(Level::Problem, subject, text)
    }

    fn new(level: Level, subject: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            level,
            subject,
            text,
        }
    }
}

/// Checks everything. Fails when there is a problem. Without a configuration it can't find the
/// rest.
pub(crate) fn run(config: &Result<Config>) -> Result<Outcome> {
    let mut findings = Vec::new();
    match config {
        Ok(config) => {
            findings.push(configuration(config));
            if config.database_url.is_none() {
                findings.extend(folder::check(&config.data_dir));
            }
            findings.extend(database::check(config)?);
            findings.extend(relay::check(config)?);
            findings.push(machine::open_files(config));
        }
        Err(error) => findings.push(Finding::problem(
            "configuration",
            format!("{error:#}; the data folder, the database and NATS are not looked at"),
        )),
    }
    findings.push(machine::sqlite());
    findings.push(machine::clock());
    Ok(Outcome {
        exit_code: if worst(&findings) == Level::Problem {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        },
        text: render(&findings),
    })
}

fn configuration(config: &Config) -> Finding {
    const SUBJECT: &str = "configuration";
    let unknown = config::unknown_variables();
    if !unknown.is_empty() {
        let names = unknown.join(", ");
        return Finding::warning(
            SUBJECT,
            format!("no option of papo has the variable {names}; check its spelling"),
        );
    }
    let file = config::file_path(&config.data_dir);
    let from = if file.exists() {
        format!("{} is understood", file.display())
    } else {
        "no papo.toml, which is fine".to_owned()
    };
    Finding::fine(SUBJECT, from)
}

fn worst(findings: &[Finding]) -> Level {
    let levels = findings.iter().map(|finding| finding.level);
    levels.max().unwrap_or(Level::Fine)
}

fn render(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let level = finding.level.as_str();
        let line = finding.text.replace('\n', " ");
        writeln!(text, "{level:<8} {:<14} {line}", finding.subject)
            .expect("a String takes everything");
    }
    text.push_str(match worst(findings) {
        Level::Fine => "All is well.\n",
        Level::Warning => "Papo works; see the warnings.\n",
        Level::Problem => "Papo won't work well until the problems are solved.\n",
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_finding_decides() {
        let findings = [
            Finding::fine("clock", "right"),
            Finding::warning("free space", "little"),
        ];
        let expected = "ok       clock          right\nwarning  free space     little\nPapo works; see the warnings.\n";
        assert_eq!(render(&findings), expected);
    }
}
