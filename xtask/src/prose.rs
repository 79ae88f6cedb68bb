//! `cargo xtask check`: no line of prose is wider than a hundred columns.
//!
//! Prose means comments in sources, and paragraphs of Markdown pages. `rustfmt` and Prettier care
//! for code. Tables, code blocks and lines of a single long word stay as they are.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::run;

/// The width of prose, in characters. The rule is in CONTRIBUTING.md.
const COLUMNS: usize = 100;

/// Reports every line of prose that is too wide, each with its file and number.
pub(crate) fn check() -> Result<()> {
    let root = run::root();
    let listed = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(&root)
        .output()
        .context("git ls-files")?;
    ensure!(listed.status.success(), "git ls-files: {}", listed.status);
    let names = String::from_utf8(listed.stdout).context("git ls-files")?;
    let mut wide = Vec::new();
    for name in names
        .split_terminator('\0')
        .filter(|name| !is_generated(name))
    {
        let Some(language) = Language::of(name) else {
            continue;
        };
        // A file that was deleted is listed until the deletion is staged.
        let Ok(text) = std::fs::read_to_string(root.join(name)) else {
            continue;
        };
        wide.extend(wide_lines(language, &text).map(|number| format!("{name}:{number}")));
    }
    ensure!(
        wide.is_empty(),
        "prose is wrapped at {COLUMNS} columns; these lines are wider:\n{}",
        wide.join("\n")
    );
    Ok(())
}

/// The syntax of prose in a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Language {
    /// Each line of a comment begins with one of these.
    Code(&'static [&'static str]),
    Markdown,
}

impl Language {
    /// `None` for files without prose that people read, such as pictures and templates.
    fn of(name: &str) -> Option<Self> {
        match Path::new(name).extension()?.to_str()? {
            "rs" => Some(Self::Code(&["//"])),
            "ts" | "mts" | "js" | "mjs" | "css" => Some(Self::Code(&["//", "/*", "* "])),
            "sql" => Some(Self::Code(&["--"])),
            "toml" | "sh" | "yml" | "yaml" | "ftl" => Some(Self::Code(&["#"])),
            "md" => Some(Self::Markdown),
            _ => None,
        }
    }
}

/// Files that a tool writes.
fn is_generated(name: &str) -> bool {
    name.starts_with("client/dist/")
}

/// The numbers of the lines of prose that are too wide.
fn wide_lines(language: Language, text: &str) -> impl Iterator<Item = usize> {
    let mut is_block = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let content = line.trim_start();
        let is_prose = match language {
            Language::Code(markers) => markers.iter().any(|marker| content.starts_with(marker)),
            Language::Markdown => {
                is_block ^= content.starts_with("```");
                !is_block && !content.starts_with(['|', '#', '<'])
            }
        };
        let can_be_wrapped = content
            .trim_start_matches(['/', '*', '-', '#', '!', ' '])
            .contains(' ');
        let is_wide = is_prose && can_be_wrapped && line.chars().count() > COLUMNS;
        is_wide.then_some(index + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(language: Language, text: &str) -> Vec<usize> {
        wide_lines(language, text).collect()
    }

    #[test]
    fn a_comment_ends_at_the_hundredth_column() {
        let rust = Language::of("a.rs").expect("has comments");
        let fits = format!("    /// {}", "é ".repeat(46));
        assert_eq!(wide(rust, &fits), Vec::<usize>::new());
        assert_eq!(wide(rust, &format!("{fits}é")), vec![1]);
        let code = format!("let text = \"{}\";", "a ".repeat(60));
        assert_eq!(wide(rust, &code), Vec::<usize>::new());
    }

    #[test]
    fn tables_blocks_and_long_words_stay_as_they_are() {
        let markdown = Language::of("docs/a.md").expect("is prose");
        let words = "ab ".repeat(40);
        let text = format!(
            "{words}\n| {words} |\n```\n{words}\n```\n{}\n{words}",
            "a".repeat(120)
        );
        assert_eq!(wide(markdown, &text), vec![1, 7]);
    }

    #[test]
    fn what_has_no_prose_is_left_out() {
        assert_eq!(Language::of("client/dist/index.html"), None);
        assert_eq!(Language::of("LICENSE"), None);
        assert!(is_generated("client/dist/app.css"));
    }
}
