//! Invisible characters. Names, texts and rooms use this one list, each for its own rule.

use unicode_joining_type::{JoiningType, get_joining_type};
use unicode_normalization::char::canonical_combining_class;
use unicode_properties::UnicodeEmoji;

/// Whether a character shows nothing by itself, and at most changes its neighbours. White space and
/// control characters don't count.
///
/// They are Unicode's `Default_Ignorable_Code_Point`, and others with nothing to draw. Those are
/// the separators of lines, blanks that count as letters or symbols (Braille, an Egyptian and a
/// musical one, a filler of Khitan), the marks of annotations, the layout of hieroglyphs, and the
/// noncharacters.
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

/// The first invisible character that isn't needed by an emoji, by a letter's form, or by how
/// letters join.
pub(crate) fn first_stray(text: &str) -> Option<char> {
    let characters: Vec<char> = text.chars().collect();
    let mut at = 0;
    while let Some(&character) = characters.get(at) {
        let tags = flag_tags(&characters[at..]);
        if tags > 0 {
            at += tags;
        } else if is_unseen(character) && !is_needed(&characters, at) {
            return Some(character);
        } else {
            at += 1;
        }
    }
    None
}

/// Whether the script or emoji of its neighbours needs this invisible character.
fn is_needed(characters: &[char], at: usize) -> bool {
    let before = at.checked_sub(1).map(|before| characters[before]);
    let after = characters.get(at + 1).copied();
    match characters[at] {
        '\u{fe0f}' if after == Some('\u{20e3}') => before.is_some_and(UnicodeEmoji::is_emoji_char),
        '\u{fe0e}' | '\u{fe0f}' => before.is_some_and(is_picture),
        '\u{200d}' if is_joined_emoji(before, after) => true,
        '\u{200d}' => is_after_virama(before),
        '\u{200c}' => is_after_virama(before) || parts_joining_letters(characters, at),
        // Forms of ideographs, as in Japanese names, and of Mongolian letters.
        '\u{e0100}'..='\u{e01ef}' => before.is_some_and(is_ideograph),
        '\u{180b}'..='\u{180f}' => before.is_some_and(|c| ('\u{1820}'..='\u{18aa}').contains(&c)),
        _ => false,
    }
}

fn is_joined_emoji(before: Option<char>, after: Option<char>) -> bool {
    before.is_some_and(|c| is_picture(c) || c == '\u{fe0f}') && after.is_some_and(is_picture)
}

/// RFC 5892, appendix A: a joiner after a virama chooses the form of a conjunct.
fn is_after_virama(before: Option<char>) -> bool {
    const VIRAMA: u8 = 9;
    before.is_some_and(|c| canonical_combining_class(c) == VIRAMA)
}

/// RFC 5892, appendix A.1: a non-joiner parts two letters that would join, as in Persian.
fn parts_joining_letters(characters: &[char], at: usize) -> bool {
    let joining = |character: &char| get_joining_type(*character);
    let seen = |kind: &JoiningType| *kind != JoiningType::Transparent;
    let before = characters[..at].iter().rev().map(joining).find(seen);
    let after = characters[at + 1..].iter().map(joining).find(seen);
    matches!(
        before,
        Some(JoiningType::LeftJoining | JoiningType::DualJoining)
    ) && matches!(
        after,
        Some(JoiningType::RightJoining | JoiningType::DualJoining)
    )
}

/// How many characters the flag of a region takes, if these begin with one: a black flag, tags, and
/// the tag that ends them.
fn flag_tags(characters: &[char]) -> usize {
    let Some(('\u{1f3f4}', rest)) = characters.split_first() else {
        return 0;
    };
    let is_tag = |c: &&char| matches!(c, '\u{e0030}'..='\u{e0039}' | '\u{e0061}'..='\u{e007a}');
    let tags = rest.iter().take_while(is_tag).count();
    match rest.get(tags) {
        Some('\u{e007f}') if (3..=6).contains(&tags) => tags + 2,
        _ => 0,
    }
}

fn is_ideograph(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3fffd}')
}

/// An emoji that stands for itself: not one of the digits and signs of which keycaps are made.
fn is_picture(character: char) -> bool {
    character.is_emoji_char() && !character.is_ascii()
}

#[cfg(test)]
mod tests {
    use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

    use super::*;

    /// A new version of Unicode may add characters; then this list needs a review.
    #[test]
    fn the_formatting_characters_that_are_not_here_are_signs_before_digits_and_verses() {
        let seen: Vec<char> = (char::MIN..=char::MAX)
            .filter(|&c| c.general_category() == GeneralCategory::Format && !is_unseen(c))
            .collect();
        let signs = "\u{600}\u{601}\u{602}\u{603}\u{604}\u{605}\u{6dd}\u{70f}\u{890}\u{891}\u{8e2}\u{110bd}\u{110cd}";
        assert_eq!(seen.iter().collect::<String>(), signs);
    }

    #[test]
    fn what_a_script_or_an_emoji_needs_is_no_stray() {
        for needed in [
            "👩\u{200d}💻",
            "👩🏽\u{200d}🏫 Ana",
            "❤\u{fe0f}\u{200d}🔥",
            "1\u{fe0f}\u{20e3}",
            "☎\u{fe0e}",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "علی\u{200c}رضا",
            "क्\u{200d}ष",
            "ක්\u{200d}රිස්",
            "葛\u{e0100}城",
            "ᠠ\u{180b}",
        ] {
            assert_eq!(first_stray(needed), None, "{needed:?}");
        }
    }

    #[test]
    fn what_nothing_needs_is_a_stray() {
        for (text, stray) in [
            ("A\u{200d}na", '\u{200d}'),
            ("A\u{200c}na", '\u{200c}'),
            ("👩\u{200d}", '\u{200d}'),
            ("👩\u{200d}\u{200d}💻", '\u{200d}'),
            // After a letter that doesn't join the next, it changes nothing.
            ("دا\u{200c}ر", '\u{200c}'),
            ("علی\u{200c}", '\u{200c}'),
            ("علی\u{200d}رضا", '\u{200d}'),
            ("A\u{fe0f}", '\u{fe0f}'),
            ("🏴\u{e0067}", '\u{e0067}'),
            ("👩\u{e0067}\u{e0062}\u{e0065}\u{e007f}", '\u{e0067}'),
            ("A\u{e0100}", '\u{e0100}'),
            ("A\u{180b}", '\u{180b}'),
        ] {
            assert_eq!(first_stray(text), Some(stray), "{text:?}");
        }
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
