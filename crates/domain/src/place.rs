//! The place: what its administrators decide for everybody who talks in it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::unseen::first_stray;
use crate::{Accent, RoomId};

/// The longest name, in characters.
const NAME_CHARACTERS: usize = 60;
/// The longest welcome, in characters.
const WELCOME_CHARACTERS: usize = 2_000;
/// The most rooms that a new account joins.
const FIRST_ROOMS: usize = 50;

/// The settings of the whole place. Administrators change them while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Place {
    /// The name, as in titles and on the first page. Empty until somebody gives it one.
    pub name: PlaceName,
    /// What newcomers read on the first page; may be empty.
    pub welcome: WelcomeText,
    /// The accent colour. `None` is Papo's own.
    pub accent: Option<Accent>,
    /// Who may make an account.
    pub sign_up: SignUp,
    /// Whether people without an account may join public rooms.
    pub admits_guests: bool,
    /// Who may make rooms.
    pub room_makers: RoomMakers,
    /// The rooms that each new account joins.
    pub first_rooms: FirstRooms,
    /// The language of readers whose browser asks for none of ours. `None` is Papo's own.
    pub language: Option<PlaceLanguage>,
}

/// Who may make an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignUp {
    /// Everybody.
    #[default]
    Open,
    /// Those who follow an invitation.
    Invited,
    /// Nobody; administrators make accounts.
    Closed,
}

/// Who may make rooms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoomMakers {
    /// Everybody with an account.
    #[default]
    Accounts,
    /// Administrators.
    Administrators,
}

/// A language that a place can begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PlaceLanguage {
    /// Portuguese as in Brazil.
    #[serde(rename = "pt-BR")]
    Portuguese,
    /// English.
    #[serde(rename = "en")]
    English,
}

/// Why something can't be a setting of the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PlaceError {
    /// The name is too long.
    #[error("the place's name has more than {NAME_CHARACTERS} characters")]
    NameTooLong,
    /// The name has a line break, another control character, or one that shows nothing or turns
    /// others.
    #[error("the place's name contains a control or invisible character")]
    NameControl,
    /// The welcome is too long.
    #[error("the welcome has more than {WELCOME_CHARACTERS} characters")]
    WelcomeTooLong,
    /// The welcome has a NUL, which text in a database can't hold.
    #[error("the welcome contains a NUL character")]
    WelcomeNul,
    /// The accent isn't a colour.
    #[error("a colour is written as #rrggbb")]
    Accent,
    /// There is no such policy of signing up.
    #[error("signing up is open, invited or closed")]
    SignUp,
    /// No such people make rooms.
    #[error("rooms are made by accounts or administrators")]
    RoomMakers,
    /// Papo doesn't speak the language.
    #[error("the languages are pt-BR and en")]
    Language,
    /// Not the number of a room.
    #[error("there is no room with one of these numbers")]
    FirstRooms,
    /// More rooms than an account can join at once.
    #[error("a new account joins at most {FIRST_ROOMS} rooms")]
    ManyFirstRooms,
}

/// The place's name: one line of at most 60 characters; may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PlaceName(String);

impl PlaceName {
    /// Checks what was typed.
    pub fn parse(typed: &str) -> Result<Self, PlaceError> {
        let name = typed.trim();
        if name.chars().nth(NAME_CHARACTERS).is_some() {
            Err(PlaceError::NameTooLong)
        } else if name.contains(char::is_control) || first_stray(name).is_some() {
            Err(PlaceError::NameControl)
        } else {
            Ok(Self(name.to_owned()))
        }
    }

    /// The name as it was given; empty when it wasn't.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, or Papo's own when there is none.
    pub fn or_papo(&self) -> &str {
        if self.0.is_empty() { "Papo" } else { &self.0 }
    }

    /// Whether nobody has given the place a name.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What newcomers read: at most 2,000 characters; may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WelcomeText(String);

impl WelcomeText {
    /// Checks what was typed. A form sends a line break as two characters; it counts as one.
    pub fn parse(typed: &str) -> Result<Self, PlaceError> {
        let text = typed.trim().replace("\r\n", "\n");
        if text.chars().nth(WELCOME_CHARACTERS).is_some() {
            Err(PlaceError::WelcomeTooLong)
        } else if text.contains('\0') {
            Err(PlaceError::WelcomeNul)
        } else {
            Ok(Self(text))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The rooms that each new account joins, each once, in the order of their numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<i64>", into = "Vec<i64>")]
pub struct FirstRooms(Vec<RoomId>);

impl FirstRooms {
    /// These rooms. Whether they exist is for the caller to know.
    pub fn new(mut rooms: Vec<RoomId>) -> Result<Self, PlaceError> {
        rooms.sort_unstable();
        rooms.dedup();
        if rooms.len() > FIRST_ROOMS {
            return Err(PlaceError::ManyFirstRooms);
        }
        if rooms.iter().any(|room| room.0 < 1) {
            return Err(PlaceError::FirstRooms);
        }
        Ok(Self(rooms))
    }

    /// The rooms.
    pub fn as_slice(&self) -> &[RoomId] {
        &self.0
    }

    /// Whether a new account joins this room.
    pub fn contains(&self, room: RoomId) -> bool {
        self.0.binary_search(&room).is_ok()
    }
}

impl SignUp {
    /// All policies.
    pub const ALL: [Self; 3] = [Self::Open, Self::Invited, Self::Closed];

    /// Its name, in the database, in forms and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Invited => "invited",
            Self::Closed => "closed",
        }
    }

    /// The policy with this name.
    pub fn parse(name: &str) -> Result<Self, PlaceError> {
        let found = Self::ALL.into_iter().find(|one| one.as_str() == name);
        found.ok_or(PlaceError::SignUp)
    }
}

impl RoomMakers {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Accounts, Self::Administrators];

    /// Their name, in the database, in forms and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Administrators => "administrators",
        }
    }

    /// Those with this name.
    pub fn parse(name: &str) -> Result<Self, PlaceError> {
        let found = Self::ALL.into_iter().find(|one| one.as_str() == name);
        found.ok_or(PlaceError::RoomMakers)
    }
}

impl PlaceLanguage {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Portuguese, Self::English];

    /// Its tag, as in `lang="pt-BR"`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Portuguese => "pt-BR",
            Self::English => "en",
        }
    }

    /// The language with this tag.
    pub fn parse(code: &str) -> Result<Self, PlaceError> {
        let found = Self::ALL.into_iter().find(|one| one.code() == code);
        found.ok_or(PlaceError::Language)
    }
}

impl Default for Place {
    fn default() -> Self {
        Self {
            name: PlaceName::default(),
            welcome: WelcomeText::default(),
            accent: None,
            sign_up: SignUp::default(),
            admits_guests: true,
            room_makers: RoomMakers::default(),
            first_rooms: FirstRooms::default(),
            language: None,
        }
    }
}

impl fmt::Display for PlaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for WelcomeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for PlaceName {
    type Error = PlaceError;

    fn try_from(name: String) -> Result<Self, PlaceError> {
        Self::parse(&name)
    }
}

impl TryFrom<String> for WelcomeText {
    type Error = PlaceError;

    fn try_from(text: String) -> Result<Self, PlaceError> {
        Self::parse(&text)
    }
}

impl TryFrom<Vec<i64>> for FirstRooms {
    type Error = PlaceError;

    fn try_from(rooms: Vec<i64>) -> Result<Self, PlaceError> {
        Self::new(rooms.into_iter().map(RoomId).collect())
    }
}

impl From<PlaceName> for String {
    fn from(name: PlaceName) -> Self {
        name.0
    }
}

impl From<WelcomeText> for String {
    fn from(text: WelcomeText) -> Self {
        text.0
    }
}

impl From<FirstRooms> for Vec<i64> {
    fn from(rooms: FirstRooms) -> Self {
        rooms.0.into_iter().map(|room| room.0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_of_at_most_sixty() {
        assert_eq!(
            PlaceName::parse(" Escola Sol ").unwrap().as_str(),
            "Escola Sol"
        );
        assert_eq!(PlaceName::parse(" ").unwrap().or_papo(), "Papo");
        assert!(PlaceName::parse(&"ç".repeat(60)).is_ok());
        let long = PlaceName::parse(&"ç".repeat(61));
        assert_eq!(long, Err(PlaceError::NameTooLong));
        for deceptive in ["a\nb", "\u{202e}loS", "S\u{200b}ol"] {
            let refused = Err(PlaceError::NameControl);
            assert_eq!(PlaceName::parse(deceptive), refused, "{deceptive:?}");
        }
    }

    #[test]
    fn a_welcome_has_lines() {
        let welcome = WelcomeText::parse(" Oi!\r\nEntre. ").unwrap();
        assert_eq!(welcome.as_str(), "Oi!\nEntre.");
        assert!(WelcomeText::parse(&"\r\n a".repeat(666)).is_ok());
        let long = WelcomeText::parse(&"a".repeat(2_001));
        assert_eq!(long, Err(PlaceError::WelcomeTooLong));
        assert_eq!(WelcomeText::parse("a\0b"), Err(PlaceError::WelcomeNul));
    }

    #[test]
    fn first_rooms_are_each_there_once() {
        let rooms = FirstRooms::new(vec![RoomId(3), RoomId(1), RoomId(3)]).unwrap();
        assert_eq!(rooms.as_slice(), [RoomId(1), RoomId(3)]);
        assert!(rooms.contains(RoomId(3)) && !rooms.contains(RoomId(2)));
        let many = FirstRooms::new((1..=51).map(RoomId).collect());
        assert_eq!(many, Err(PlaceError::ManyFirstRooms));
        assert_eq!(
            FirstRooms::new(vec![RoomId(0)]),
            Err(PlaceError::FirstRooms)
        );
    }

    #[test]
    fn settings_are_stored_as_they_are_and_only_valid_ones_are_read() {
        let place = Place {
            name: PlaceName::parse("Escola Sol").unwrap(),
            accent: Some(Accent::parse("#0b7348").unwrap()),
            sign_up: SignUp::Invited,
            first_rooms: FirstRooms::new(vec![RoomId(2)]).unwrap(),
            language: Some(PlaceLanguage::English),
            ..Place::default()
        };
        let json = serde_json::to_string(&place).unwrap();
        assert_eq!(
            json,
            r##"{"name":"Escola Sol","welcome":"","accent":"#0b7348","sign_up":"invited","admits_guests":true,"room_makers":"accounts","first_rooms":[2],"language":"en"}"##
        );
        assert_eq!(serde_json::from_str::<Place>(&json).unwrap(), place);
        assert_eq!(
            serde_json::from_str::<Place>("{}").unwrap(),
            Place::default()
        );
        for wrong in [
            r#"{"name":"a\nb"}"#,
            r#"{"accent":"red"}"#,
            r#"{"first_rooms":[0]}"#,
            r#"{"language":"fr"}"#,
            r#"{"sign_up":"perhaps"}"#,
            r#"{"other":1}"#,
        ] {
            assert!(serde_json::from_str::<Place>(wrong).is_err(), "{wrong}");
        }
    }
}
