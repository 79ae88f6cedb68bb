//! Rooms: where people talk.

use std::fmt;
use std::str::FromStr;

use crate::unseen::first_stray;
use crate::{IdError, Role, RoomId, RoomTerms, Seq, Timestamp, Username};

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

/// A room's name: one line of 1 to 100 characters, unique among listed rooms.
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

/// Who sees a room, and how people come into it. The later kinds are the more closed ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoomKind {
    /// Everybody sees it and may join it.
    #[default]
    Public,
    /// Everybody with an account sees it and may join it.
    Members,
    /// Only its members see it. People join it by invitation.
    Private,
    /// Two to ten people talk in it, and nobody else sees it. These people have one such room.
    Direct,
}

impl RoomKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Public, Self::Members, Self::Private, Self::Direct];

    /// The number by which it is stored. No number is ever given to another kind.
    pub const fn code(self) -> i16 {
        match self {
            Self::Public => 0,
            Self::Members => 1,
            Self::Private => 2,
            Self::Direct => 3,
        }
    }

    /// The kind with this number. What can't be read is closed to everybody but its members.
    pub const fn from_code(code: i16) -> Self {
        match code {
            0 => Self::Public,
            1 => Self::Members,
            3 => Self::Direct,
            _ => Self::Private,
        }
    }

    /// Its name in forms and commands.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Members => "members",
            Self::Private => "private",
            Self::Direct => "direct",
        }
    }

    /// Whether a list shows it to people who aren't in it. Such rooms have names of their own.
    pub const fn is_listed(self) -> bool {
        matches!(self, Self::Public | Self::Members)
    }
}

impl FromStr for RoomKind {
    type Err = IdError;

    /// A kind that people choose. Direct rooms come about otherwise.
    fn from_str(text: &str) -> Result<Self, IdError> {
        let kinds = [Self::Public, Self::Members, Self::Private];
        let kind = kinds.into_iter().find(|kind| kind.as_str() == text);
        kind.ok_or(IdError::of("kind of room"))
    }
}

/// What a member of a room is in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MemberRole {
    /// Reads and writes.
    #[default]
    Member,
    /// Looks after the room too.
    Moderator,
}

impl MemberRole {
    /// The number by which it is stored.
    pub const fn code(self) -> i16 {
        match self {
            Self::Member => 0,
            Self::Moderator => 1,
        }
    }

    /// The role with this number. An unknown number gives no right beyond a member's.
    pub const fn from_code(code: i16) -> Self {
        match code {
            1 => Self::Moderator,
            _ => Self::Member,
        }
    }
}

impl From<MemberRole> for Role {
    fn from(role: MemberRole) -> Self {
        match role {
            MemberRole::Member => Self::Member,
            MemberRole::Moderator => Self::Moderator,
        }
    }
}

/// The name of a direct room, made from the names of those in it. People see other names: those of
/// the others.
pub fn direct_name<'a>(names: impl IntoIterator<Item = &'a Username>) -> RoomName {
    let names: Vec<&str> = names.into_iter().map(Username::as_str).collect();
    let name: String = names.join(", ").chars().take(NAME_CHARACTERS).collect();
    RoomName(name.trim().to_owned())
}

/// A room as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Its number, which its URL carries.
    pub id: RoomId,
    /// Its name, which no other listed room has.
    pub name: RoomName,
    /// What it is about.
    pub description: RoomDescription,
    /// Who sees it, and how people come into it.
    pub kind: RoomKind,
    /// Whether only moderators post in it.
    pub is_announcement: bool,
    /// Whether it isn't archived. People only read in an archived room.
    pub is_active: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// The last event of its log.
    pub last_seq: Seq,
}

impl Room {
    /// What rights in it depend on, beside the role.
    pub const fn terms(&self) -> RoomTerms {
        RoomTerms {
            kind: self.kind,
            is_announcement: self.is_announcement,
            is_active: self.is_active,
        }
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
