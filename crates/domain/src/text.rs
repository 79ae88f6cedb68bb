//! The text of a message.

use std::fmt;
use std::sync::Arc;

use crate::unseen::is_unseen;

/// The longest message that any server accepts, in Unicode code points, as browsers count them with
/// `[...text].length`. A server's own limit is at most this.
pub const MESSAGE_CHARACTERS: usize = 16_000;

/// Why a text can't be a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageTextError {
    /// Nothing but white space and invisible characters.
    #[error("the message is blank")]
    Blank,
    /// More characters than this.
    #[error("the message has more than {0} characters")]
    TooLong(usize),
    /// A NUL, which text in a database can't hold.
    #[error("the message contains a NUL character")]
    Nul,
}

/// The text of a message: not blank, and at most [`MESSAGE_CHARACTERS`] long. It is as typed,
/// without empty lines at both ends. Nothing in it is ever markup. Clones share it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageText {
    text: Arc<str>,
    is_damaged: bool,
}

impl MessageText {
    /// Checks what was typed.
    pub fn parse(typed: &str) -> Result<Self, MessageTextError> {
        Self::parse_within(typed, MESSAGE_CHARACTERS)
    }

    /// Checks what was typed, with a limit of this many characters.
    pub fn parse_within(typed: &str, characters: usize) -> Result<Self, MessageTextError> {
        let text = without_empty_lines(typed);
        if text.chars().all(is_invisible) {
            return Err(MessageTextError::Blank);
        }
        if text.contains('\0') {
            return Err(MessageTextError::Nul);
        }
        let most = characters.min(MESSAGE_CHARACTERS);
        if text.chars().nth(most).is_some() {
            return Err(MessageTextError::TooLong(most));
        }
        Ok(Self::from_stored(text))
    }

    /// A text from a database, checked before it was stored.
    pub fn from_stored(text: impl Into<Arc<str>>) -> Self {
        Self {
            text: text.into(),
            is_damaged: false,
        }
    }

    /// A stored text that isn't UTF-8 any more: each unreadable byte becomes U+FFFD.
    pub fn from_damaged(bytes: &[u8]) -> Self {
        Self {
            text: String::from_utf8_lossy(bytes).into(),
            is_damaged: true,
        }
    }

    /// Whether it has unreadable bytes.
    pub fn is_damaged(&self) -> bool {
        self.is_damaged
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for MessageText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

/// The text without empty lines at both ends. A text of white space alone becomes empty or a line
/// of white space.
fn without_empty_lines(typed: &str) -> &str {
    let breaks = |c| matches!(c, '\n'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let last = typed.trim_end().len();
    let end = typed[last..].find(breaks);
    let text = &typed[..end.map_or(typed.len(), |end| last + end)];
    let first = text.len() - text.trim_start().len();
    let before = text[..first].char_indices().rfind(|(_, c)| breaks(*c));
    before.map_or(text, |(at, c)| &text[at + c.len_utf8()..])
}

/// Whether a character is white space or shows nothing by itself.
fn is_invisible(character: char) -> bool {
    character.is_whitespace() || character.is_control() || is_unseen(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_texts_are_refused() {
        for blank in [
            "",
            "   ",
            "\n\t\r\n",
            "\u{200b}\u{feff}",
            "\u{3164}",
            "\u{2800} \u{2060}",
        ] {
            assert_eq!(
                MessageText::parse(blank),
                Err(MessageTextError::Blank),
                "{blank:?}"
            );
        }
    }

    #[test]
    fn a_text_without_anything_to_see_is_blank() {
        for unseen in [
            '\u{17b4}',
            '\u{180b}',
            '\u{2028}',
            '\u{fdd0}',
            '\u{fe0f}',
            '\u{fff9}',
            '\u{ffff}',
            '\u{13430}',
            '\u{16fe4}',
            '\u{1bca0}',
            '\u{1d159}',
            '\u{1d173}',
            '\u{e0001}',
            '\u{e0020}',
            '\u{e0100}',
        ] {
            for text in [format!("{unseen}"), format!(" {unseen}\u{200d}\n{unseen}")] {
                let blank = Err(MessageTextError::Blank);
                assert_eq!(MessageText::parse(&text), blank, "{text:?}");
            }
        }
    }

    #[test]
    fn unseen_characters_stay_in_what_can_be_seen() {
        for text in [
            "👩\u{200d}👧",
            "❤\u{fe0f}",
            "1\u{fe0f}\u{20e3}",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "葛\u{e0100}",
            "کتاب\u{200c}ها",
            "\u{600}١٢",
            "\u{6dd}",
        ] {
            assert_eq!(MessageText::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn the_limit_counts_characters_not_bytes() {
        assert!(MessageText::parse(&"😀".repeat(MESSAGE_CHARACTERS)).is_ok());
        let long = "a".repeat(MESSAGE_CHARACTERS + 1);
        let too_long = Err(MessageTextError::TooLong(MESSAGE_CHARACTERS));
        assert_eq!(MessageText::parse(&long), too_long);
        assert_eq!(MessageText::parse_within(&long, usize::MAX), too_long);
    }

    #[test]
    fn a_lower_limit_is_told_in_the_error() {
        assert!(MessageText::parse_within("\né😀é\n ", 3).is_ok());
        let error = MessageText::parse_within("four", 3).unwrap_err();
        assert_eq!(error.to_string(), "the message has more than 3 characters");
    }

    #[test]
    fn only_empty_lines_are_cut_at_both_ends() {
        for (typed, kept) in [
            ("    if a:\n        b()\n", "    if a:\n        b()"),
            ("\n \n\t\n\tx\n", "\tx"),
            ("\r\n  x  \r\n\r\n", "  x  "),
            ("\u{2028}\u{3000}x", "\u{3000}x"),
            (" x", " x"),
            ("x \t", "x \t"),
            ("x\n \n  ", "x"),
            ("x", "x"),
        ] {
            assert_eq!(MessageText::parse(typed).unwrap().as_str(), kept);
        }
    }

    #[test]
    fn inner_line_breaks_and_markup_stay_as_they_are() {
        let text = MessageText::parse("  <b>a</b>\n\n b \n").unwrap();
        assert_eq!(text.as_str(), "  <b>a</b>\n\n b ");
    }
}
