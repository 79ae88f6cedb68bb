//! Repairs names that Papo wouldn't accept. The same name always becomes the same.

use papo_domain::{RoomDescription, RoomName, USERNAME_GRAPHEMES, Username, UsernameError};
use unicode_segmentation::UnicodeSegmentation as _;

/// The name that replaces one without any allowed character.
const NAMELESS: &str = "?";
/// The limits of the domain's types.
const ROOM_NAME_CHARACTERS: usize = 100;
const DESCRIPTION_CHARACTERS: usize = 1_000;

/// A person's name: without the characters that Papo doesn't allow, and not longer than it allows.
pub(super) fn username(old_name: &str) -> Username {
    if let Ok(name) = Username::parse(old_name) {
        return name;
    }
    let allowed = old_name
        .chars()
        .filter_map(allowed_in_username)
        .collect::<String>();
    let mut characters: Vec<&str> = allowed
        .trim()
        .graphemes(true)
        .take(USERNAME_GRAPHEMES)
        .collect();
    while !characters.is_empty() {
        match Username::parse(&characters.concat()) {
            Ok(name) => return name,
            // No single character is wrong: a mark has lost its letter.
            Err(UsernameError::Character(bad)) if characters.iter().any(|c| c.contains(bad)) => {
                characters.retain(|c| !c.contains(bad));
            }
            Err(_) => {
                characters.pop();
            }
        }
    }
    Username::from_stored(NAMELESS.to_owned())
}

/// A room's name: one line, and not longer than Papo allows.
pub(super) fn room_name(old_name: &str) -> RoomName {
    let line = old_name.replace(char::is_control, " ");
    let short = cut(line.trim(), ROOM_NAME_CHARACTERS);
    let name = RoomName::parse(&short).or_else(|_| {
        let is_allowed = |character: &char| RoomName::parse(&format!("a{character}a")).is_ok();
        RoomName::parse(&short.chars().filter(is_allowed).collect::<String>())
    });
    name.unwrap_or_else(|_| RoomName::from_stored(NAMELESS.to_owned()))
}

/// The first characters, without a trailing joiner.
fn cut(text: &str, characters: usize) -> String {
    let short: String = text.chars().take(characters).collect();
    short.trim_end_matches(['\u{200d}', ' ']).to_owned()
}

/// The name with the room's old number, if another room here has the name.
pub(super) fn numbered(name: &RoomName, id: i64) -> RoomName {
    let number = format!(" ({id})");
    let room = ROOM_NAME_CHARACTERS - number.chars().count();
    RoomName::from_stored(format!("{}{number}", cut(name.as_str(), room)))
}

/// A description, and whether it had to be shortened.
pub(super) fn description(old: &str) -> (RoomDescription, bool) {
    let text = old.replace('\0', "");
    if let Ok(description) = RoomDescription::parse(&text) {
        return (description, false);
    }
    let mut short: String = text
        .trim()
        .chars()
        .take(DESCRIPTION_CHARACTERS - 1)
        .collect();
    short.push('…');
    (RoomDescription::from_stored(short), true)
}

/// The character, if a name may have it among others; a space for white space of any kind.
fn allowed_in_username(character: char) -> Option<char> {
    if character.is_whitespace() {
        return Some(' ');
    }
    let among_others = format!("a{character}a");
    Username::parse(&among_others).is_ok().then_some(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_only_what_cannot_be_in_one() {
        for (old, expected) in [
            ("João", "João"),
            ("A\u{200b}na\u{202e}", "Ana"),
            ("Ana\nMaria", "Ana Maria"),
            ("\u{301}Ana", "Ana"),
            ("\u{200b}", "?"),
            ("", "?"),
            ("\u{0}", "?"),
            (
                "maria.aparecida.dos.santos@example.org",
                "maria.aparecida.dos.santo",
            ),
        ] {
            assert_eq!(username(old).as_str(), expected, "{old:?}");
        }
    }

    #[test]
    fn every_repaired_name_is_a_name() {
        let ligatures = "\u{fdfa}".repeat(30);
        let towers = format!("a{} b", "\u{301}".repeat(300));
        let long = "👨‍👩‍👧".repeat(150);
        for old in [ligatures, towers, long] {
            let name = username(&old);
            assert_eq!(Username::parse(name.as_str()), Ok(name));
        }
    }

    #[test]
    fn room_names_are_one_line_of_a_hundred() {
        assert_eq!(room_name(" a\nb ").as_str(), "a b");
        assert_eq!(room_name("\t").as_str(), "?");
        assert_eq!(room_name("Ge\u{ad}ral\u{200d}").as_str(), "Geral");
        assert_eq!(room_name("\u{2800}").as_str(), "?");
        let family = "👩\u{200d}".repeat(60);
        assert_eq!(
            RoomName::parse(room_name(&family).as_str()).map(|_| ()),
            Ok(())
        );
        let long = room_name(&"ç".repeat(120));
        assert_eq!(long.as_str().chars().count(), 100);
        let numbered = numbered(&long, 17);
        assert!(numbered.as_str().ends_with("ç (17)"));
        assert_eq!(RoomName::parse(numbered.as_str()), Ok(numbered));
    }

    #[test]
    fn long_descriptions_are_shortened() {
        assert_eq!(
            description(" a "),
            (RoomDescription::parse("a").unwrap(), false)
        );
        let (short, is_shortened) = description(&"a".repeat(2_000));
        assert!(is_shortened);
        assert!(RoomDescription::parse(short.as_str()).is_ok());
    }
}
