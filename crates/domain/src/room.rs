//! Rooms: where people talk.

use std::fmt;

use crate::unseen::first_stray;
use crate::{RoomId, RoomKind, Seq, Timestamp};

/// The longest room name, in characters; the Django chat's limit.
const NAME_CHARACTERS: usize = 100;
/// The longest description, in characters.
const DESCRIPTION_CHARACTERS: usize = 1_000;

/// Why something can't be a room's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RoomNameError {
    /// Nothing but white space.
    #[error("the room name is blank")]
    Blank,
    /// More than 100 characters.
    #[error("the room name has more than {NAME_CHARACTERS} characters")]
    TooLong,
    /// It has a line break, another control character, or a character that shows nothing or turns
    /// others.
    #[error("the room name contains a control or invisible character")]
    Control,
}

/// Why something can't be a room's description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RoomDescriptionError {
    /// More than 1,000 characters.
    #[error("the description has more than {DESCRIPTION_CHARACTERS} characters")]
    TooLong,
    /// A NUL, which text in a database can't hold.
    #[error("the description contains a NUL character")]
    Nul,
}

/// A room's name: one line of 1 to 100 characters, unique.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RoomName(String);

impl RoomName {
    /// Checks what was typed.
    pub fn parse(typed: &str) -> Result<Self, RoomNameError> {
        let name = typed.trim();
        if name.is_empty() {
            Err(RoomNameError::Blank)
        } else if name.chars().nth(NAME_CHARACTERS).is_some() {
            Err(RoomNameError::TooLong)
        } else if is_deceptive(name) {
            Err(RoomNameError::Control)
        } else {
            Ok(Self(name.to_owned()))
        }
    }

    /// A name from a database, checked before it was stored.
    pub fn from_stored(name: String) -> Self {
        Self(name)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a name has control characters, or characters that show nothing or turn others: two names
/// that look the same must be the same. Characters that a script or an emoji needs are allowed.
fn is_deceptive(name: &str) -> bool {
    name.contains(char::is_control) || first_stray(name).is_some()
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a room is about; may be empty, at most 1,000 characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoomDescription(String);

impl RoomDescription {
    /// Checks what was typed.
    pub fn parse(typed: &str) -> Result<Self, RoomDescriptionError> {
        let text = typed.trim();
        if text.chars().nth(DESCRIPTION_CHARACTERS).is_some() {
            Err(RoomDescriptionError::TooLong)
        } else if text.contains('\0') {
            Err(RoomDescriptionError::Nul)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// A description from a database, checked before it was stored.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoomDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A room as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Its number, which its URL carries.
    pub id: RoomId,
    /// Its unique name.
    pub name: RoomName,
    /// What it is about.
    pub description: RoomDescription,
    /// Whether people see it and may enter it. Only administrators see an inactive room.
    pub is_active: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// The last event of its log.
    pub last_seq: Seq,
}

impl Room {
    /// The room's kind, as far as rights depend on it.
    pub const fn kind(&self) -> RoomKind {
        RoomKind::of(self.is_active)
    }
}

/// A room as the list of rooms shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomOverview {
    /// The room.
    pub room: Room,
    /// When its last message was posted, if there is one.
    pub last_activity: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_line_of_at_most_a_hundred() {
        assert_eq!(RoomName::parse("  Geral ").unwrap().as_str(), "Geral");
        assert!(RoomName::parse(&"ç".repeat(100)).is_ok());
        assert_eq!(
            RoomName::parse(&"ç".repeat(101)),
            Err(RoomNameError::TooLong)
        );
        assert_eq!(RoomName::parse("\t \n"), Err(RoomNameError::Blank));
        for deceptive in ["a\nb", "\u{202e}laregG", "\u{feff}Geral", "Ge\u{200b}ral"] {
            assert_eq!(RoomName::parse(deceptive), Err(RoomNameError::Control));
        }
        assert!(RoomName::parse("Família 👩‍👧 شات").is_ok());
    }

    #[test]
    fn names_that_look_the_same_are_the_same() {
        for deceptive in [
            "Ge\u{ad}ral",
            "Geral\u{200d}",
            "Geral\u{fe0f}",
            "Ge\u{200c}ral",
            "Geral\u{2800}",
            "Geral\u{e0067}",
            "Geral\u{fffe}",
            "Ge\u{2028}ral",
            "\u{2800}",
            "\u{3164}",
            "\u{fe0f}",
            "\u{200d}👧",
            "1\u{fe0f}",
            "#\u{200d}👧",
            "👩\u{200d}",
            "👩\u{200d} Geral",
            "👩\u{200d}\u{200d}👧",
            "❤\u{fe0f}\u{fe0f}",
        ] {
            let refused = Err(RoomNameError::Control);
            assert_eq!(RoomName::parse(deceptive), refused, "{deceptive:?}");
        }
        for name in [
            "👩\u{200d}👧",
            "❤\u{fe0f}\u{200d}🔥 Geral",
            "🧑🏽\u{200d}💻",
            "🏳\u{fe0f}\u{200d}🌈",
            "👩\u{200d}⚕\u{fe0f}",
            "1\u{fe0f}\u{20e3} Geral",
            "Geral ©\u{fe0f}",
        ] {
            assert_eq!(RoomName::parse(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn descriptions_may_be_empty() {
        assert_eq!(RoomDescription::parse("  ").unwrap().as_str(), "");
        assert_eq!(
            RoomDescription::parse(&"a".repeat(1001)),
            Err(RoomDescriptionError::TooLong)
        );
    }
}
