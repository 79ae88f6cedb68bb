//! Dates, and how long ago something was. The server doesn't know the time zone of a reader who
//! hasn't set one: it writes dates in UTC and says so, and `page.js` replaces them by local ones.

use jiff::tz::TimeZone;
use papo_domain::{Hours, PersonSettings, Timestamp, ZoneName};

use super::Language;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

impl Language {
    /// How long ago something was: `há 5 minutos`; the date, when that says more.
    pub(crate) fn ago(self, then: Timestamp, now: Timestamp, settings: &PersonSettings) -> String {
        let seconds = (now.as_millis() - then.as_millis()) / 1_000;
        match seconds {
            ..MINUTE => self.text("ago-now").into_owned(),
            MINUTE..HOUR => self.text_with("ago-minutes", [("count", (seconds / MINUTE).into())]),
            HOUR..DAY => self.text_with("ago-hours", [("count", (seconds / HOUR).into())]),
            DAY..WEEK => self.text_with("ago-days", [("count", (seconds / DAY).into())]),
            _ => self.date(then, settings),
        }
    }

    /// Whether it is so long ago that a date says more.
    pub(crate) fn is_long_ago(then: Timestamp, now: Timestamp) -> bool {
        (now.as_millis() - then.as_millis()) / 1_000 >= WEEK
    }

    /// A day.
    pub(crate) fn date(self, at: Timestamp, settings: &PersonSettings) -> String {
        let key = match settings.time_zone {
            Some(_) => "date",
            None => "date-utc",
        };
        self.moment_of(key, at, settings)
    }

    /// Date and time.
    pub(crate) fn moment(self, at: Timestamp, settings: &PersonSettings) -> String {
        let key = match settings.time_zone {
            Some(_) => "moment-local",
            None => "moment",
        };
        self.moment_of(key, at, settings)
    }

    fn moment_of(self, key: &str, at: Timestamp, settings: &PersonSettings) -> String {
        let zone = settings.time_zone.as_ref();
        let zone = zone.map_or(TimeZone::UTC, ZoneName::zone);
        let at = at.to_jiff().to_zoned_datetime(zone);
        let minute = at.minute();
        let time = match settings.hours {
            Some(Hours::Twelve) => {
                let half = if at.hour() < 12 { "AM" } else { "PM" };
                let hour = match at.hour() % 12 {
                    0 => 12,
                    hour => hour,
                };
                format!("{hour}:{minute:02} {half}")
            }
            _ => format!("{:02}:{minute:02}", at.hour()),
        };
        let values = [
            ("day", i64::from(at.day()).into()),
            ("month", i64::from(at.month()).into()),
            // A text, since a year has no separator of thousands.
            ("year", at.year().to_string().into()),
            ("time", time.into()),
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
            let unset = PersonSettings::default();
            assert_eq!(Language::Portuguese.ago(at(then), now, &unset), portuguese);
            assert_eq!(Language::English.ago(at(then), now, &unset), english);
        }
    }

    #[test]
    fn a_moment_says_its_time_zone_unless_the_reader_has_set_it() {
        let then = at("2026-11-24T02:06:34.120Z");
        let settings = |zone: Option<&str>, hours| PersonSettings {
            time_zone: zone.map(|zone| ZoneName::parse(zone).unwrap()),
            hours,
            ..PersonSettings::default()
        };
        let sao_paulo = Some("America/Sao_Paulo");
        let twelve = Some(Hours::Twelve);
        for (settings, portuguese, english) in [
            (
                settings(None, None),
                "24 de novembro de 2026, 02:06 UTC",
                "24 November 2026, 02:06 UTC",
            ),
            (
                settings(sao_paulo, None),
                "23 de novembro de 2026, 23:06",
                "23 November 2026, 23:06",
            ),
            (
                settings(sao_paulo, twelve),
                "23 de novembro de 2026, 11:06 PM",
                "23 November 2026, 11:06 PM",
            ),
        ] {
            assert_eq!(Language::Portuguese.moment(then, &settings), portuguese);
            assert_eq!(Language::English.moment(then, &settings), english);
        }
        let day = Language::English.date(then, &settings(sao_paulo, None));
        assert_eq!(day, "23 November 2026");
    }
}
