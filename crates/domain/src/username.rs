//! The names that people go by, and which of them could be taken for each other.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

/// The longest name, in graphemes: what people see as characters.
pub const USERNAME_GRAPHEMES: usize = 25;

/// The longest name in bytes of UTF-8, so that 25 graphemes can't hide a novel of combining marks.
pub const USERNAME_BYTES: usize = 200;

/// Why something can't be a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UsernameError {
    /// Nothing but white space.
    #[error("the name is blank")]
    Blank,
    /// More than [`USERNAME_GRAPHEMES`] graphemes or [`USERNAME_BYTES`] bytes.
    #[error("the name has more than {USERNAME_GRAPHEMES} characters")]
    TooLong,
    /// Control, formatting, bidirectional, zero-width or unassigned-looking characters, or a combining
    /// mark with nothing to combine with.
    #[error("the name contains the character U+{:04X}, which isn't allowed", *.0 as u32)]
    Character(char),
}

/// A name to join a room with: NFKC, trimmed, inner white space single, 1 to 25 graphemes that can all be seen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Username(String);

impl Username {
    /// Checks what was typed, and brings it into its normal form.
    pub fn parse(typed: &str) -> Result<Self, UsernameError> {
        // Long before normalising, which can multiply a text's length by 18.
        if typed.len() > 4 * USERNAME_BYTES {
            return Err(UsernameError::TooLong);
        }
        if let Some(bad) = typed.trim().chars().find(|&c| is_forbidden(c)) {
            return Err(UsernameError::Character(bad));
        }
        let folded: String = typed.nfkc().collect();
        let name = folded.split_whitespace().collect::<Vec<_>>().join(" ");
        if name.is_empty() {
            return Err(UsernameError::Blank);
        }
        if let Some(bad) = name.chars().find(|&c| is_forbidden(c)) {
            return Err(UsernameError::Character(bad));
        }
        if name.len() > USERNAME_BYTES || name.graphemes(true).count() > USERNAME_GRAPHEMES {
            return Err(UsernameError::TooLong);
        }
        let mut before = ' ';
        for character in name.chars() {
            if is_combining_mark(character) && before == ' ' {
                return Err(UsernameError::Character(character));
            }
            before = character;
        }
        Ok(Self(name))
    }

    /// Takes back a name that was checked before it was stored.
    pub fn from_stored(name: String) -> Self {
        Self(name)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a name looks like, whatever its letters are: two names with one skeleton can be taken for each other.
/// UTS #39's confusable skeleton of the name without its case and white space. The skeleton is taken before the case is
/// dropped, because a capital can look like a letter that its small form doesn't (`В`, a Cyrillic v), and after.
pub fn skeleton(name: &str) -> String {
    let visible: String = name.nfkc().filter(|c| !c.is_whitespace()).collect();
    let seen: String = unicode_security::skeleton(&visible).collect();
    let small: String = unicode_security::skeleton(&seen.to_lowercase()).collect();
    // The skeleton of `I` is `l`, so that of a small `i` must be.
    small.replace('i', "l")
}

/// Characters that a name can't have: unseen ones, ones that change the direction of text, and private ones.
fn is_forbidden(character: char) -> bool {
    let unseen = matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0e}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffd}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}');
    let private = matches!(character, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}');
    unseen || private || (character.is_control() && !matches!(character, '\t'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(typed: &str) -> Result<String, UsernameError> {
        Username::parse(typed).map(|name| name.to_string())
    }

    #[test]
    fn names_are_trimmed_and_folded() {
        assert_eq!(parse("  João  da   Silva "), Ok("João da Silva".into()));
        assert_eq!(parse("Ｊｏａｏ"), Ok("Joao".into()));
        assert_eq!(parse("Joa\u{303}o"), Ok("João".into()));
        assert_eq!(parse("日本 ❤️"), Ok("日本 ❤️".into()));
    }

    #[test]
    fn blank_and_long_names_are_refused() {
        assert_eq!(parse(" \u{3000} "), Err(UsernameError::Blank));
        assert!(parse(&"ã".repeat(25)).is_ok());
        assert_eq!(parse(&"a".repeat(26)), Err(UsernameError::TooLong));
        let towers = format!("a{}", "\u{301}\u{302}".repeat(60));
        assert_eq!(parse(&towers), Err(UsernameError::TooLong));
        assert_eq!(parse(&"\u{fdfa}".repeat(20)), Err(UsernameError::TooLong));
    }

    #[test]
    fn unseen_characters_are_refused() {
        for bad in [
            "Ana\u{202e}",
            "A\u{200b}na",
            "A\u{0}na",
            "\u{301}Ana",
            "Ana \u{301}",
            "\u{3164}",
            "A\u{e000}",
            "A\nna",
        ] {
            assert!(
                matches!(parse(bad), Err(UsernameError::Character(_))),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn look_alikes_have_one_skeleton() {
        for (one, other) in [
            ("Admin", "аdmin"),
            ("admin", "ADMIN"),
            ("ana", "a na"),
            ("Bob", "Ｂob"),
            ("O0", "oo"),
            ("Веatriz", "beatriz"),
            ("ADMIN", "admln"),
        ] {
            assert_eq!(skeleton(one), skeleton(other), "{one} {other}");
        }
        assert_ne!(skeleton("Ana"), skeleton("Bia"));
    }

    proptest! {
        #[test]
        fn a_name_parses_to_itself(typed in "\\PC{0,30}") {
            if let Ok(name) = Username::parse(&typed) {
                prop_assert_eq!(Username::parse(name.as_str()), Ok(name.clone()));
                prop_assert!(name.as_str().len() <= USERNAME_BYTES);
            }
        }
    }
}
