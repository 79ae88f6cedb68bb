//! Text in columns, for lists on a terminal.

use papo_domain::Timestamp;
use unicode_width::UnicodeWidthStr as _;

/// Sets rows under their headings, each column as wide as its widest cell.
pub(crate) fn columns<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let mut lines = vec![headings.map(str::to_owned)];
    lines.extend(
        rows.iter()
            .map(|row| row.each_ref().map(|cell| one_line(cell))),
    );
    let width = |column: usize| lines.iter().map(|line| line[column].width()).max();
    let widths: [usize; N] = std::array::from_fn(|column| width(column).unwrap_or(0));
    let mut text = String::new();
    for line in &lines {
        let mut written = String::new();
        for (cell, width) in line.iter().zip(widths) {
            written.push_str(cell);
            written.extend(std::iter::repeat_n(' ', width - cell.width() + 2));
        }
        text.push_str(written.trim_end());
        text.push('\n');
    }
    text
}

/// A time for a column: `2026-11-24 18:56`.
pub(crate) fn minute(time: Timestamp) -> String {
    time.to_string()
        .chars()
        .take(16)
        .collect::<String>()
        .replace('T', " ")
}

/// The text on one line, with control characters in a visible form.
fn one_line(text: &str) -> String {
    let is_break = |c| matches!(c, '\n'..='\r' | '\t' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let line: String = text
        .chars()
        .map(|c| if is_break(c) { ' ' } else { c })
        .collect();
    visible(line.trim())
}

/// The text with control characters, except ends of lines, and characters that turn others in a
/// visible form: `\u{202e}`.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        let turns = matches!(character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if turns || (character.is_control() && character != '\n') {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_cell_speaks_to_the_terminal_or_turns_what_follows() {
        let hostile = "a\u{202e}b\u{1b}[31mc\u{2067}\u{9b}2Jd";
        assert_eq!(
            visible(hostile),
            "a\\u{202e}b\\u{1b}[31mc\\u{2067}\\u{9b}2Jd"
        );
        let text = columns(["ABOUT", "STATE"], &[[hostile.to_owned(), "on".to_owned()]]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0].find("STATE"), lines[1].find("on"));
        assert_eq!(visible(&text), text);
    }

    #[test]
    fn cells_start_under_their_heading() {
        let rows = [
            ["1".to_owned(), "日本".to_owned(), "a\nb".to_owned()],
            ["22".to_owned(), "Ação".to_owned(), String::new()],
        ];
        let expected = "ID  NAME  ABOUT\n1   日本  a b\n22  Ação\n";
        assert_eq!(columns(["ID", "NAME", "ABOUT"], &rows), expected);
    }
}
