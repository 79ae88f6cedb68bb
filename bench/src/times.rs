//! Collects how long things took.

use std::time::Duration;

use crate::report::Times;

/// Durations, each kept, in microseconds.
#[derive(Debug, Default)]
pub(crate) struct Collected(Vec<u32>);

impl Collected {
    pub(crate) fn add(&mut self, duration: Duration) {
        self.0
            .push(u32::try_from(duration.as_micros()).unwrap_or(u32::MAX));
    }

    pub(crate) fn times(mut self) -> Times {
        self.0.sort_unstable();
        Times {
            p50: self.at(50),
            p99: self.at(99),
            max: self.at(100),
        }
    }

    /// The nearest rank, in milliseconds.
    fn at(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0
            .get(rank - 1)
            .map_or(f64::NAN, |&microseconds| f64::from(microseconds) / 1_000.0)
    }
}

/// A count as a number to divide by.
#[expect(clippy::cast_precision_loss, reason = "counts are smaller than 2^52")]
pub(crate) const fn number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let mut collected = Collected::default();
        (1..=200)
            .rev()
            .for_each(|millis| collected.add(Duration::from_millis(millis)));
        let Times { p50, p99, max } = collected.times();
        assert_eq!(
            [p50, p99, max].map(|time| time.to_string()),
            ["100", "198", "200"]
        );
        assert!(Collected::default().times().p50.is_nan());
    }
}
