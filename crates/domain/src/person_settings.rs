//! What a person has set for themselves, on all their devices.

use std::fmt;

use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize};

/// The most bytes of settings as they are stored.
pub const SETTINGS_BYTES: usize = 4_000;

/// A person's settings. Whatever isn't set is as the browser says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PersonSettings {
    /// The language, as a BCP 47 tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The time zone of dates and times.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "known_zone"
    )]
    pub time_zone: Option<ZoneName>,
    /// The colours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theme: Option<Theme>,
    /// The form of times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
}

/// The colours of pages and the chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// Dark on a light ground.
    Light,
    /// Light on a dark ground.
    Dark,
}

/// The form of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Hours {
    /// `2:05 PM`
    #[serde(rename = "12")]
    Twelve,
    /// `14:05`
    #[serde(rename = "24")]
    TwentyFour,
}

/// The name of a time zone that Papo knows, as `America/Sao_Paulo`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct ZoneName(String);

/// There is no time zone of this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such time zone")]
pub struct ZoneNameError;

impl PersonSettings {
    /// Settings from a database. What is damaged counts as not set.
    pub fn from_stored(json: &str) -> Self {
        serde_json::from_str(json).unwrap_or_default()
    }

    /// The form in which they are stored: JSON, without what isn't set.
    pub fn to_stored(&self) -> String {
        serde_json::to_string(self).expect("texts can be written")
    }
}

impl Theme {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Light, Self::Dark];

    /// Its name in forms and pages.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

impl Hours {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Twelve, Self::TwentyFour];

    /// Its name in forms and pages.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Twelve => "12",
            Self::TwentyFour => "24",
        }
    }
}

impl ZoneName {
    /// A time zone of the IANA's database.
    pub fn parse(name: &str) -> Result<Self, ZoneNameError> {
        let zone = TimeZone::get(name).map_err(|_| ZoneNameError)?;
        let name = zone.iana_name().ok_or(ZoneNameError)?;
        Ok(Self(name.to_owned()))
    }

    /// All of them, by name.
    pub fn all() -> Vec<String> {
        let names = jiff::tz::db().available();
        let mut names: Vec<String> = names
            .map(|name| name.as_str().to_owned())
            // The others are old names, and clocks without a place.
            .filter(|name| name.contains('/') && !name.starts_with("Etc/"))
            .collect();
        names.sort_unstable();
        names
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The time zone itself.
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.0).unwrap_or(TimeZone::UTC)
    }
}

impl fmt::Display for ZoneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A stored time zone, unless Papo doesn't know it any more.
fn known_zone<'de, D: Deserializer<'de>>(from: D) -> Result<Option<ZoneName>, D::Error> {
    let name = Option::<String>::deserialize(from)?;
    Ok(name.and_then(|name| ZoneName::parse(&name).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_what_is_read() {
        let nothing = PersonSettings::default();
        assert_eq!(nothing.to_stored(), "{}");
        let all = PersonSettings {
            language: Some("pt-BR".into()),
            time_zone: Some(ZoneName::parse("America/Sao_Paulo").unwrap()),
            theme: Some(Theme::Dark),
            hours: Some(Hours::TwentyFour),
        };
        for settings in [nothing, all] {
            let stored = settings.to_stored();
            assert_eq!(PersonSettings::from_stored(&stored), settings, "{stored}");
        }
    }

    #[test]
    fn what_is_damaged_is_not_set() {
        for stored in ["", "null", "[]", "{\"theme\":\"pink\"}"] {
            let settings = PersonSettings::from_stored(stored);
            assert_eq!(settings, PersonSettings::default(), "{stored}");
        }
        let settings = PersonSettings::from_stored(
            r#"{"language":"en","time_zone":"Nowhere/Land","of a later version":1}"#,
        );
        assert_eq!(settings.language.as_deref(), Some("en"));
        assert_eq!(settings.time_zone, None);
    }

    #[test]
    fn time_zones_are_known_by_their_names() {
        let all = ZoneName::all();
        assert!(all.len() > 300, "{}", all.len());
        for name in ["America/Sao_Paulo", "Europe/Lisbon", "America/Noronha"] {
            assert!(all.iter().any(|known| known == name), "{name}");
            assert_eq!(ZoneName::parse(name).unwrap().as_str(), name);
        }
        for name in ["", "Mars/Olympus", "../../etc/passwd", "America/"] {
            assert_eq!(ZoneName::parse(name), Err(ZoneNameError), "{name}");
        }
    }
}
