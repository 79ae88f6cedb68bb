//! Dates, and how long ago something was. The server doesn't know the reader's time zone: it writes
//! dates in UTC and says so, and `page.js` replaces them by local ones.

use jiff::tz::TimeZone;
use papo_domain::Timestamp;

use super::Language;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

impl Language {
    /// How long ago something was: `há 5 minutos`; the date, when that says more.
    pub(crate) fn ago(self, then: Timestamp, now: Timestamp) -> String {
        let seconds = (now.as_millis() - then.as_millis()) / 1_000;
        match seconds {
            ..MINUTE => self.text("ago-now").into_owned(),
            MINUTE..HOUR => self.text_with("ago-minutes", [("count", (seconds / MINUTE).into())]),
            HOUR..DAY => self.text_with("ago-hours", [("count", (seconds / HOUR).into())]),
            DAY..WEEK => self.text_with("ago-days", [("count", (seconds / DAY).into())]),
            _ => self.date(then),
        }
    }

    /// Whether it is so long ago that a date says more.
    pub(crate) fn is_long_ago(then: Timestamp, now: Timestamp) -> bool {
        (now.as_millis() - then.as_millis()) / 1_000 >= WEEK
    }

    /// A day.
    pub(crate) fn date(self, at: Timestamp) -> String {
        self.moment_of("date-utc", at)
    }

    /// Date and time.
    pub(crate) fn moment(self, at: Timestamp) -> String {
        self.moment_of("moment", at)
    }

    fn moment_of(self, key: &str, at: Timestamp) -> String {
        let at = at.to_jiff().to_zoned_datetime(TimeZone::UTC);
        let values = [
            ("day", i64::from(at.day()).into()),
            ("month", i64::from(at.month()).into()),
            // A text, since a year has no separator of thousands.
            ("year", at.year().to_string().into()),
            (
                "time",
                format!("{:02}:{:02}", at.hour(), at.minute()).into(),
            ),
        ];
        self.text_with(key, values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn how_long_ago_is_said_in_whole_units() {
        let now = at("2026-11-24T18:56:34.120Z");
        for (then, portuguese, english) in [
            ("2026-11-24T18:56:34.120Z", "agora mesmo", "just now"),
            ("2026-11-24T18:57:00.000Z", "agora mesmo", "just now"),
            ("2026-11-24T18:55:30.000Z", "há 1 minuto", "1 minute ago"),
            ("2026-11-24T18:51:30.000Z", "há 5 minutos", "5 minutes ago"),
            ("2026-11-24T16:51:30.000Z", "há 2 horas", "2 hours ago"),
            ("2026-11-23T16:51:30.000Z", "há 1 dia", "1 day ago"),
            (
                "2026-03-01T16:51:30.000Z",
                "1 de março de 2026 (UTC)",
                "1 March 2026 (UTC)",
            ),
        ] {
            assert_eq!(Language::Portuguese.ago(at(then), now), portuguese);
            assert_eq!(Language::English.ago(at(then), now), english);
        }
    }

    #[test]
    fn a_moment_says_its_time_zone() {
        let then = at("2026-11-24T08:06:34.120Z");
        assert_eq!(
            Language::Portuguese.moment(then),
            "24 de novembro de 2026, 08:06 UTC"
        );
        assert_eq!(
            Language::English.moment(then),
            "24 November 2026, 08:06 UTC"
        );
    }
}
