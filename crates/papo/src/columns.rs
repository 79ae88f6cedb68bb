//! Text in columns, for lists on a terminal.

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

/// The text without what would break the line or speak to the terminal.
fn one_line(text: &str) -> String {
    let shown = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    shown.collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

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
