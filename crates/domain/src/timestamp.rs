//! Points in time, to the millisecond.

use std::fmt;
use std::str::FromStr;

/// Milliseconds since 1970 in UTC; written as RFC 3339 with milliseconds,
/// `2026-11-24T18:56:34.120Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment `millis` milliseconds after 1970 began, limited to the years 0 to 9999.
    pub fn from_millis(millis: i64) -> Self {
        const YEAR_0: i64 = -62_167_219_200_000;
        const LATE_9999: i64 = 253_402_200_000_000;
        Self(millis.clamp(YEAR_0, LATE_9999))
    }

    /// Milliseconds since 1970 began.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The same moment for calendar arithmetic.
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).expect("from_millis keeps it within jiff's range")
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.to_jiff())
    }
}

impl FromStr for Timestamp {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        let timestamp: jiff::Timestamp = text.parse()?;
        Ok(Self(timestamp.as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_with_exactly_three_decimals() {
        let written = "2026-11-24T18:56:34.120Z";
        let timestamp: Timestamp = written.parse().unwrap();
        assert_eq!(timestamp.to_string(), written);
        assert_eq!(
            Timestamp::from_millis(0).to_string(),
            "1970-01-01T00:00:00.000Z"
        );
    }

    #[test]
    fn extremes_are_kept_in_range() {
        Timestamp::from_millis(i64::MAX).to_string();
        Timestamp::from_millis(i64::MIN).to_string();
    }
}
