//! The names that people go by, and which of them could be taken for each other.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, is_combining_mark};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use unicode_segmentation::UnicodeSegmentation;

use crate::unseen::is_unseen;

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
    /// Control, formatting, bidirectional, zero-width, private or unassigned characters, or a combining
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
/// UTS #39's confusable skeleton of the name without its case, white space and marks that don't show. The skeleton is taken before
/// the case is dropped, because a capital can look like a letter that its small form doesn't (`В`, a Cyrillic v), and after.
pub fn skeleton(name: &str) -> String {
    let visible: String = name.nfkc().filter(|c| !c.is_whitespace()).collect();
    let seen: String = unicode_security::skeleton(&visible).collect();
    let small: String = unicode_security::skeleton(&seen.to_lowercase()).collect();
    // The skeleton of `I` is `l`, so that of a small `i` must be.
    without_hidden_marks(&small).replace('i', "l")
}

/// A skeleton, which is in NFD, without marks that are drawn where the same is drawn already: a dot above a letter that has one by
/// itself, and a mark that is there twice.
fn without_hidden_marks(skeleton: &str) -> String {
    const DOT_ABOVE: char = '\u{307}';
    /// The combining class of marks above a letter, which take its dot's place.
    const ABOVE: u8 = 230;
    let mut kept = String::with_capacity(skeleton.len());
    let mut is_dotted = false;
    for character in skeleton.chars() {
        let is_twice = is_combining_mark(character) && kept.ends_with(character);
        if is_twice || (is_dotted && character == DOT_ABOVE) {
            continue;
        }
        is_dotted = match canonical_combining_class(character) {
            0 => is_soft_dotted(character),
            class => is_dotted && class != ABOVE,
        };
        kept.push(character);
    }
    kept
}

/// Unicode's `Soft_Dotted`, as far as it is left in a skeleton, where most are an `i` or a `j`. And `l`, the skeleton of a capital
/// `I`: with a dot above, that is a small one.
fn is_soft_dotted(character: char) -> bool {
    matches!(
        character,
        'i' | 'j'
            | 'l'
            | '\u{249}'
            | '\u{268}'
            | '\u{29d}'
            | '\u{3f3}'
            | '\u{456}'
            | '\u{458}'
            | '\u{1d96}'
            | '\u{1df1a}'
    )
}

/// Characters that a name can't have: unseen ones, ones that change the direction or the layout of text, private ones, those that
/// stand for others, and those that Unicode hasn't assigned: a box, or nothing. U+FE0F is part of many an emoji, and of no skeleton.
fn is_forbidden(character: char) -> bool {
    if is_unseen(character) {
        return character != '\u{fe0f}';
    }
    match character.general_category() {
        GeneralCategory::Control => character != '\t',
        GeneralCategory::Format | GeneralCategory::PrivateUse | GeneralCategory::Unassigned => true,
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

    #[test]
    fn marks_that_cannot_be_seen_make_no_other_name() {
        for (one, other) in [
            // The dot above is there already.
            ("Admin", "Admi\u{307}n"),
            ("Admin", "Admi\u{307}\u{307}n"),
            ("Admin", "Admı\u{307}n"),
            ("Admin", "Adm\u{456}\u{307}n"),
            ("Admin", "Adml\u{307}n"),
            ("Jo", "j\u{307}o"),
            ("Jo", "ȷ\u{307}o"),
            ("ɉ", "ɉ\u{307}"),
            ("ɨ", "ɨ\u{307}"),
            ("Ɨ", "ɨ\u{307}"),
            // Marks that aren't above the letter leave its dot where it is, in either order.
            ("Adm\u{1ecb}n", "Adm\u{1ecb}\u{307}n"),
            ("Adm\u{1ecb}n", "Admi\u{307}\u{323}n"),
            ("Adm\u{12f}n", "Adm\u{12f}\u{307}n"),
            // Another mark that looks like it.
            ("Admin", "Admi\u{358}n"),
            // The small form of a name is that name.
            ("\u{130}brahim", "i\u{307}brahim"),
            ("\u{130}brahim", "ibrahim"),
            // Drawn in one place, twice.
            ("Ana", "An\u{fe0f}a"),
            ("\u{110}ana", "D\u{335}\u{335}ana"),
        ] {
            assert_eq!(skeleton(one), skeleton(other), "{one} {other}");
        }
        // A dot that can be seen, and one above another mark.
        for (one, other) in [
            ("Ana", "A\u{307}na"),
            ("zelo", "\u{17c}elo"),
            ("Adm\u{ed}n", "Adm\u{ed}\u{307}n"),
            ("Adm\u{ed}n", "Admin"),
        ] {
            assert_ne!(skeleton(one), skeleton(other), "{one} {other}");
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
