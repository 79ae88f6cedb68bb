//! Measures figures that a busy machine spoils: times, and ratios of times.
//!
//! Their bounds are the promised ones. Noise only makes a figure worse, so one that misses its
//! bound is measured again, and the best of three counts. The table says where that happened. This
//! never applies to correctness: a message lost once is lost.
//!
//! A ratio of a figure with something and without it comes from pairs of neighbouring windows. The
//! median of the pairs' ratios counts.

use std::fmt;

use anyhow::Result;

/// How often a figure is measured at most.
pub(crate) const ATTEMPTS: usize = 3;

/// The best of some measurements.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Best<T> {
    pub(crate) figure: T,
    /// How often it was measured.
    pub(crate) attempts: usize,
}

/// Measures until the figure is within its bound.
pub(crate) async fn best<T: PartialOrd + Copy>(
    bound: T,
    mut measure: impl AsyncFnMut() -> Result<T>,
) -> Result<Best<T>> {
    let mut best = Best {
        figure: measure().await?,
        attempts: 1,
    };
    while best.figure > bound && best.attempts < ATTEMPTS {
        best.attempts += 1;
        let figure = measure().await?;
        if figure < best.figure {
            best.figure = figure;
        }
    }
    Ok(best)
}

/// The median of some figures, the upper one of two; not a number when there are none.
pub(crate) fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<_> = figures.collect();
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Nothing, or how often it was measured.
impl<T> fmt::Display for Best<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.attempts {
            1 => Ok(()),
            attempts => write!(f, " (the best of {attempts} measurements)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn best_of(figures: &[u32]) -> Best<u32> {
        let mut figures = figures.iter();
        let measure = async || {
            figures
                .next()
                .copied()
                .ok_or_else(|| anyhow::anyhow!("enough"))
        };
        best(10, measure).await.expect("no more than three")
    }

    #[tokio::test]
    async fn a_figure_within_its_bound_is_measured_once() {
        assert_eq!(best_of(&[10, 3]).await.to_string(), "");
    }

    #[tokio::test]
    async fn the_best_of_three_counts() {
        let best = best_of(&[13, 11, 12]).await;
        assert_eq!((best.figure, best.attempts), (11, 3));
        let best = best_of(&[13, 9, 12]).await;
        assert_eq!(best.to_string(), " (the best of 2 measurements)");
        assert_eq!(best.figure, 9);
    }
}
