//! The verdict of a trial, and the table of all.

use std::time::Duration;

use crate::checker::Fault;
use crate::instance::Ground;

/// How many faults are shown of a trial.
const SHOWN: usize = 5;

/// What a trial found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Verdict {
    /// How large it was.
    pub(crate) size: String,
    /// What was measured.
    pub(crate) figures: Vec<String>,
    /// Where a pass mark was missed.
    pub(crate) faults: Vec<String>,
}

impl Verdict {
    /// A trial of this size, without anything found yet.
    pub(crate) fn of(size: impl Into<String>) -> Self {
        Self {
            size: size.into(),
            ..Self::default()
        }
    }

    /// Notes a figure.
    pub(crate) fn figure(&mut self, figure: impl Into<String>) {
        self.figures.push(figure.into());
    }

    /// Notes a fault unless a condition holds.
    pub(crate) fn demand(&mut self, is_so: bool, fault: impl FnOnce() -> String) {
        if !is_so {
            self.faults.push(fault());
        }
    }

    /// The verdict as lines, for another process of this program.
    pub(crate) fn to_lines(&self) -> String {
        let figures = self
            .figures
            .iter()
            .map(|figure| format!("figure\t{figure}"));
        let faults = self.faults.iter().map(|fault| format!("fault\t{fault}"));
        let lines = std::iter::once(format!("size\t{}", self.size)).chain(figures);
        lines
            .chain(faults)
            .map(|line| line.replace('\n', " ") + "\n")
            .collect()
    }

    /// The verdict from another process's lines, if it wrote any.
    pub(crate) fn from_lines(text: &str) -> Option<Self> {
        let mut verdict = None::<Self>;
        for (kind, value) in text.lines().filter_map(|line| line.split_once('\t')) {
            let verdict = verdict.get_or_insert_default();
            match kind {
                "size" => value.clone_into(&mut verdict.size),
                "figure" => verdict.figures.push(value.to_owned()),
                _ => verdict.faults.push(value.to_owned()),
            }
        }
        verdict
    }

    /// Notes what the checker found.
    pub(crate) fn checked(&mut self, faults: &[Fault]) {
        self.faults.extend(faults.iter().map(ToString::to_string));
    }
}

/// One trial's line of the table, and what it found below.
pub(crate) fn line(name: &str, title: &str, verdict: &Verdict, took: Duration) -> String {
    let result = if verdict.faults.is_empty() {
        "passed".to_owned()
    } else {
        format!("FAILED ({})", verdict.faults.len())
    };
    let mut line = format!(
        "{name:<10} {title:<24} {result:<12} {:>5.0} s  {}; {}",
        took.as_secs_f64(),
        verdict.size,
        verdict.figures.join("; ")
    );
    for fault in verdict.faults.iter().take(SHOWN) {
        line.push_str("\n       ✗ ");
        line.push_str(fault);
    }
    line
}

/// The line of a trial that has no meaning on this ground.
pub(crate) fn left_out_line(name: &str, title: &str, only: Ground, why: &str) -> String {
    let only = only.name();
    format!("{name:<10} {title:<24} not run, of {only} only: {why}")
}

/// What a run of `trials` without a fault proves, with 95 % confidence: fewer than 1 fault in this
/// many.
pub(crate) fn bound(trials: usize) -> f64 {
    let trials = f64::from(u32::try_from(trials).unwrap_or(u32::MAX));
    1.0 / (1.0 - 0.05_f64.powf(1.0 / trials.max(1.0)))
}

/// The value that so many percent of the times don't exceed.
pub(crate) fn percentile(times: &[Duration], percent: usize) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    let index = (times.len() * percent).div_ceil(100).saturating_sub(1);
    times.get(index).copied().unwrap_or_default()
}

/// A time in milliseconds.
pub(crate) fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_times_nothing_proves_little() {
        assert!((33.0..34.0).contains(&bound(100)));
        assert!((333_000.0..334_000.0).contains(&bound(1_000_000)));
    }

    #[test]
    fn a_percentile_is_one_of_the_times() {
        let times: Vec<_> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 99), Duration::from_millis(198));
        assert_eq!(percentile(&[], 99), Duration::ZERO);
    }
}
