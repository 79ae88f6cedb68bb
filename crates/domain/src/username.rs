//! The names of people in rooms.

use std::fmt;
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use unicode_segmentation::UnicodeSegmentation;

use crate::unseen::{first_stray, is_unseen};

/// The longest name, in graphemes: what people see as characters.
pub const USERNAME_GRAPHEMES: usize = 25;

/// The longest name in bytes of UTF-8, so that 25 graphemes can't have endless combining marks.
pub const USERNAME_BYTES: usize = 200;

/// The most combining marks on one letter. Vietnamese needs two, Hebrew and Tibetan four.
const MARKS_PER_LETTER: usize = 4;

/// Why something can't be a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UsernameError {
    /// Nothing but white space.
    #[error("the name is blank")]
    Blank,
    /// More than [`USERNAME_GRAPHEMES`] graphemes or [`USERNAME_BYTES`] bytes.
    #[error("the name has more than {USERNAME_GRAPHEMES} characters")]
    TooLong,
    /// Control, formatting, bidirectional, zero-width, private or unassigned characters, or a
    /// combining mark with nothing to combine with.
    #[error("the name contains the character U+{:04X}, which isn't allowed", *.0 as u32)]
    Character(char),
    /// More marks on one letter than any script needs.
    #[error("the name has more than {MARKS_PER_LETTER} marks on one letter")]
    Marks,
}

/// A name in a room: as typed, in NFC, trimmed, with single inner spaces, and 1 to 25 visible
/// graphemes. Clones share it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Username(Arc<str>);

impl Username {
    /// Checks what was typed, and normalises it.
    pub fn parse(typed: &str) -> Result<Self, UsernameError> {
        // This comes before normalising, which can multiply a text's length.
        if typed.len() > 4 * USERNAME_BYTES {
            return Err(UsernameError::TooLong);
        }
        let composed: String = typed.nfc().collect();
        let name = composed.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(bad) = typed.trim().chars().find(|&c| is_forbidden(c)) {
            return Err(UsernameError::Character(bad));
        }
        if name.is_empty() {
            return Err(UsernameError::Blank);
        }
        if let Some(bad) = first_stray(&name) {
            return Err(UsernameError::Character(bad));
        }
        if name.len() > USERNAME_BYTES || width(&name) > USERNAME_GRAPHEMES {
            return Err(UsernameError::TooLong);
        }
        check_marks(&name)?;
        Ok(Self(name.into()))
    }

    /// A name from a database, checked before it was stored.
    pub fn from_stored(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it has unreadable bytes: each is U+FFFD, which no name has.
    pub fn is_damaged(&self) -> bool {
        self.0.contains(char::REPLACEMENT_CHARACTER)
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How many characters people see. A ligature of a whole phrase counts as the phrase.
fn width(name: &str) -> usize {
    let spelt: String = name.nfkc().collect();
    let (seen, spelt) = (name.graphemes(true), spelt.graphemes(true));
    let wider = name.chars().map(|character| match character {
        '\u{2e3a}' => 1,
        '\u{2e3b}' => 2,
        '\u{a9c5}' | '\u{12219}' => 3,
        '\u{1242b}' => 5,
        // Unicode doesn't spell this one out.
        '\u{fdfd}' => 17,
        _ => 0,
    });
    seen.count().max(spelt.count()) + wider.sum::<usize>()
}

/// Refuses marks without a letter, and more marks on one letter than any script needs.
fn check_marks(name: &str) -> Result<(), UsernameError> {
    let (mut before, mut marks) = (' ', 0);
    for character in name.nfd() {
        if is_combining_mark(character) {
            marks += 1;
        } else {
            marks = 0;
        }
        if marks > 0 && before == ' ' {
            return Err(UsernameError::Character(character));
        }
        if marks > MARKS_PER_LETTER {
            return Err(UsernameError::Marks);
        }
        before = character;
    }
    Ok(())
}

/// Whether no name may have this character: control characters, signs before digits and verses,
/// private ones, those that stand for others, and unassigned ones. Only [`first_stray`] knows which
/// invisible ones are allowed.
fn is_forbidden(character: char) -> bool {
    match character.general_category() {
        GeneralCategory::Control => character != '\t',
        GeneralCategory::Format => !is_unseen(character),
        GeneralCategory::PrivateUse | GeneralCategory::Unassigned => true,
        _ => matches!(character, '\u{fffc}' | '\u{fffd}'),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(typed: &str) -> Result<String, UsernameError> {
        Username::parse(typed).map(|name| name.to_string())
    }

    #[test]
    fn names_are_trimmed_and_else_kept_as_typed() {
        assert_eq!(parse("  João  da   Silva "), Ok("João da Silva".into()));
        assert_eq!(parse("Joa\u{303}o"), Ok("João".into()));
        assert_eq!(parse("Ana\u{3000}Lima"), Ok("Ana Lima".into()));
        for kept in [
            "日本 ❤️",
            "Ｊｏａｏ",
            "Profª Ana",
            "Ana ½",
            "Ⅷ",
            "👩\u{200d}💻",
            "👩\u{200d}🏫 Ana",
            "علی\u{200c}رضا",
            "शर्\u{200d}मा",
        ] {
            assert_eq!(parse(kept), Ok(kept.into()));
        }
    }

    #[test]
    fn marks_are_bounded_on_each_letter() {
        let zalgo = format!("Z{}", "\u{301}".repeat(100));
        assert_eq!(parse(&zalgo), Err(UsernameError::Marks));
        for (marks, is_name) in [(1, true), (4, true), (5, false), (60, false)] {
            let name = format!("Z{}", "\u{301}".repeat(marks));
            assert_eq!(parse(&name).is_ok(), is_name, "{marks}");
        }
        // A composed letter has some marks already.
        assert_eq!(parse("ế\u{301}\u{301}\u{301}"), Err(UsernameError::Marks));
        for needed in [
            "Nguyễn",
            "שָׁלוֹם",
            "རྒྱུད",
            "มั่น",
            "मुहम्मद",
            "مُحَمَّدٌ",
            "1\u{fe0f}\u{20e3}",
        ] {
            assert_eq!(parse(needed), Ok(needed.nfc().collect()), "{needed}");
        }
        assert!(parse("﷽").is_ok());
        assert_eq!(parse(&"﷽".repeat(2)), Err(UsernameError::TooLong));
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
            "An\u{fe0f}a",
            "An\u{200d}a",
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
    fn characters_that_nobody_can_read_are_refused() {
        let unread = [
            '\u{600}',
            '\u{605}',
            '\u{6dd}',
            '\u{70f}',
            '\u{890}',
            '\u{8e2}',
            '\u{110bd}',
            '\u{110cd}',
            '\u{13430}',
            '\u{1343f}',
            '\u{13440}',
            '\u{16fe4}',
            '\u{1d159}',
            '\u{fdd0}',
            '\u{fdef}',
            '\u{fffe}',
            '\u{ffff}',
            '\u{1fffe}',
            '\u{10ffff}',
            // Not assigned.
            '\u{378}',
            '\u{530}',
            '\u{1fbfb}',
            '\u{50000}',
        ];
        for bad in unread {
            let refused = Err(UsernameError::Character(bad));
            assert_eq!(parse(&format!("A{bad}na")), refused, "U+{:04X}", bad as u32);
        }
        for good in [
            "Zoë",
            "Αθηνά",
            "محمد",
            "हिन्दी",
            "ไทย",
            "日本",
            "👍🏽",
            "1️⃣",
            "©",
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
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
