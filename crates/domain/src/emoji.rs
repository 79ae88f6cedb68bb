//! Emoji.

use std::fmt;
use std::sync::Arc;

use unicode_properties::UnicodeEmoji;
use unicode_segmentation::UnicodeSegmentation;

/// The longest emoji, in bytes. A family of four with skin tones has 41.
const EMOJI_BYTES: usize = 64;

/// Not a single emoji.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an emoji")]
pub struct EmojiError;

/// One emoji of Unicode, as people see it: a character, or several that join into one picture.
/// Clones share it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emoji(Arc<str>);

impl Emoji {
    /// Checks a text from outside.
    pub fn parse(text: &str) -> Result<Self, EmojiError> {
        let is_one = text.len() <= EMOJI_BYTES && text.graphemes(true).count() == 1;
        let Some(first) = text.chars().next().filter(|_| is_one) else {
            return Err(EmojiError);
        };
        // A digit is an emoji in a keycap only, and a letter of a flag only beside another one.
        let is_whole = if first.is_ascii() {
            text.ends_with('\u{20e3}')
        } else {
            !is_flag_letter(first) || text.chars().nth(1).is_some_and(is_flag_letter)
        };
        if is_whole && first.is_emoji_char() && !is_tone(first) && is_well_formed(text, first) {
            Ok(Self(text.into()))
        } else {
            Err(EmojiError)
        }
    }

    /// An emoji from a database, checked before it was stored.
    pub fn from_stored(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// Its characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Emoji {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether each character stands where it means something. Otherwise one picture could be written
/// in many ways.
fn is_well_formed(text: &str, first: char) -> bool {
    let characters: Vec<char> = text.chars().collect();
    let mut pairs = characters.windows(2);
    let is_region = first == '🏴' && text.ends_with('\u{e007f}');
    characters.iter().all(|&character| match character {
        '\u{20e3}' => first.is_ascii(),
        '\u{e0020}'..='\u{e007f}' => is_region,
        other => is_part(other),
    }) && !text.ends_with('\u{200d}')
        && pairs.all(|pair| match pair[1] {
            '\u{fe0f}' => pair[0] != '\u{fe0f}' && pair[0] != '\u{200d}' && !is_tone(pair[0]),
            '\u{200d}' => pair[0] != '\u{200d}',
            tone if is_tone(tone) => !is_tone(pair[0]) && pair[0] != '\u{200d}',
            _ => true,
        })
}

fn is_tone(character: char) -> bool {
    matches!(character, '\u{1f3fb}'..='\u{1f3ff}')
}

fn is_flag_letter(character: char) -> bool {
    matches!(character, '\u{1f1e6}'..='\u{1f1ff}')
}

/// Whether a character can be part of an emoji: a picture, a joiner or a style.
fn is_part(character: char) -> bool {
    character.is_emoji_char() || matches!(character, '\u{200d}' | '\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_picture_is_an_emoji() {
        for emoji in [
            "👍",
            "👍🏽",
            "❤\u{fe0f}",
            "👩\u{200d}👩\u{200d}👧\u{200d}👦",
            "🇧🇷",
            "1\u{fe0f}\u{20e3}",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "🏳\u{fe0f}\u{200d}🌈",
        ] {
            assert_eq!(Emoji::parse(emoji).unwrap().as_str(), emoji);
        }
    }

    #[test]
    fn everything_else_is_none() {
        let long = format!("👩{}", "\u{200d}👩".repeat(10));
        for other in [
            "",
            " ",
            "a",
            "1",
            "#",
            "ação",
            "👍👍",
            "👍 ",
            "🇧",
            "<b>",
            "∑",
            "\u{200d}",
            "a\u{20e3}",
            "👍\u{301}",
            "👍\u{200d}",
            "👍\u{fe0f}\u{fe0f}",
            "👍\u{20e3}",
            "🏽",
            "👍🏽🏽",
            "👍\u{e0067}\u{e007f}",
            "🏴\u{e0067}",
            &long,
        ] {
            assert_eq!(Emoji::parse(other), Err(EmojiError), "{other:?}");
        }
    }
}
