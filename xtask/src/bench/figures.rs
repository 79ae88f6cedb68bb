//! Figures beside their bars.

use anyhow::{Result, bail};

/// What a figure has to reach.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bar {
    AtMost(f64),
    AtLeast(f64),
    /// Shown without a bar.
    None,
}

/// A measured figure and its bar, both in `unit`.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    what: String,
    value: f64,
    unit: &'static str,
    bar: Bar,
    /// What it is made of.
    detail: String,
}

impl Figure {
    pub(crate) fn new(what: impl Into<String>, value: f64, unit: &'static str, bar: Bar) -> Self {
        Self {
            what: what.into(),
            value,
            unit,
            bar,
            detail: String::new(),
        }
    }

    pub(crate) fn detail(mut self, detail: String) -> Self {
        self.detail = detail;
        self
    }

    fn is_missed(&self) -> bool {
        // A figure that is no number misses its bar.
        let is_reached = match self.bar {
            Bar::AtMost(bar) => self.value <= bar,
            Bar::AtLeast(bar) => self.value >= bar,
            Bar::None => true,
        };
        !is_reached
    }

    fn row(&self) -> String {
        let unit = self.unit;
        let bar = match self.bar {
            Bar::AtMost(bar) => format!("≤ {bar} {unit}"),
            Bar::AtLeast(bar) => format!("≥ {bar} {unit}"),
            Bar::None => String::new(),
        };
        let value = number(self.value);
        let mark = if self.is_missed() { " **missed**" } else { "" };
        format!(
            "| {} | {value} {unit}{mark} | {bar} | {} |",
            self.what, self.detail
        )
    }
}

/// Prints a table, and fails when a bar is missed.
pub(crate) fn print(figures: &[Figure]) -> Result<()> {
    println!("\n| what | measured | bar | from |\n|---|---|---|---|");
    for figure in figures {
        println!("{}", figure.row());
    }
    match figures.iter().find(|figure| figure.is_missed()) {
        Some(missed) => bail!("missed: {}", missed.what),
        None => Ok(()),
    }
}

/// The middle of some values.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A figure with a sensible number of digits.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        1_000.0.. => format!("{value:.0}"),
        100.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_missed_by_what_is_worse_or_no_number() {
        let is_missed = |value, bar| Figure::new("", value, "", bar).is_missed();
        assert!(!is_missed(1.3, Bar::AtMost(1.3)) && is_missed(1.31, Bar::AtMost(1.3)));
        assert!(
            !is_missed(8_000.0, Bar::AtLeast(8_000.0)) && is_missed(7_999.0, Bar::AtLeast(8_000.0))
        );
        assert!(is_missed(f64::NAN, Bar::AtMost(1.0)) && is_missed(f64::NAN, Bar::AtLeast(1.0)));
        assert!(!is_missed(f64::NAN, Bar::None));
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((median([3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!(median([]).is_nan());
    }
}
