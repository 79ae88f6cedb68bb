//! What can't be seen. The one list of such characters, for all that people type: names, texts and rooms ask it, each for its own rule.

use unicode_properties::UnicodeEmoji;

/// Shows nothing by itself, and at most changes how its neighbours are shown. White space and control characters are for
/// whoever asks.
///
/// Unicode's `Default_Ignorable_Code_Point`, and what else has nothing to draw: the separators of lines, blanks that
/// count as letters or symbols (Braille, an Egyptian and a musical one, a filler of Khitan), the marks of annotations, the layout of
/// hieroglyphs, and the noncharacters.
pub(crate) fn is_unseen(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fdd0}'..='\u{fdef}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{13430}'..='\u{13442}' | '\u{16fe4}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d159}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        || u32::from(character) & 0xfffe == 0xfffe
}

/// Whether an unseen character between these two is part of an emoji: U+FE0F after what can be a picture or in a keycap, U+200D
/// between two pictures.
pub(crate) fn is_in_emoji(before: Option<char>, character: char, after: Option<char>) -> bool {
    match character {
        '\u{fe0f}' if after == Some('\u{20e3}') => before.is_some_and(UnicodeEmoji::is_emoji_char),
        '\u{fe0f}' => before.is_some_and(is_picture),
        '\u{200d}' => {
            before.is_some_and(|c| is_picture(c) || c == '\u{fe0f}')
                && after.is_some_and(is_picture)
        }
        _ => false,
    }
}

/// An emoji that stands for itself: not one of the digits and signs of which keycaps are made.
fn is_picture(character: char) -> bool {
    character.is_emoji_char() && !character.is_ascii()
}

#[cfg(test)]
mod tests {
    use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

    use super::*;

    /// What Unicode may add, this list is to be held against.
    #[test]
    fn the_formatting_characters_that_are_not_here_are_signs_before_digits_and_verses() {
        let seen: Vec<char> = (char::MIN..=char::MAX)
            .filter(|&c| c.general_category() == GeneralCategory::Format && !is_unseen(c))
            .collect();
        let signs = "\u{600}\u{601}\u{602}\u{603}\u{604}\u{605}\u{6dd}\u{70f}\u{890}\u{891}\u{8e2}\u{110bd}\u{110cd}";
        assert_eq!(seen.iter().collect::<String>(), signs);
    }

    #[test]
    fn what_is_ignored_in_a_skeleton_is_unseen() {
        let ignored = |c: char| unicode_security::skeleton(c.encode_utf8(&mut [0; 4])).count() == 0;
        let seen: Vec<char> = (char::MIN..=char::MAX)
            .filter(|&c| ignored(c) && !is_unseen(c))
            .collect();
        assert_eq!(seen, []);
    }
}
