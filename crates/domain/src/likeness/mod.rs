//! Names that could be mistaken for an account's, or for a part of Papo. This is only for
//! comparing; names are stored as typed.
//!
//! An account has one key, its [`skeleton`], whatever the case of its letters. Any other name has a
//! key for each way to read it, its [`Likeness`]: with its signs as letters (`b3to`, `Be7@`),
//! without them (`✅ Ana`), and without roles and titles around it (`Ana (oficial)`). A small letter
//! that looks like another one than its capital (`ν` and `Ν`) is read as both. So is a small `cl`,
//! which looks like `d`, and a letter that looks like two others (`þ`).
//!
//! A number tells people apart: `Ana 2` is another Ana. It doesn't do so behind a teacher's title,
//! since `Profa Ana 2` claims to be the Profa Ana whom everybody knows.

mod doubles;
mod letters;
mod look_alikes;
mod words;

use std::collections::BTreeSet;

use words::{Kind, Word};

/// The key of an account's name: two names with one skeleton can be mistaken for each other. Never
/// empty.
pub fn skeleton(name: &str) -> String {
    let name = letters::without_case(name);
    let words = words::read(&letters::with_signs_as_letters(&name, false));
    joined(&words).unwrap_or_else(|| letters::picture(&name))
}

/// What a name could be mistaken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Likeness {
    keys: BTreeSet<String>,
    is_role: bool,
}

impl Likeness {
    /// Reads a name in every possible way.
    pub fn of(name: &str) -> Self {
        let mut likeness = Self {
            keys: BTreeSet::from([skeleton(name)]),
            is_role: name.chars().any(letters::is_shape_of_mark),
        };
        for name in [name, &letters::without_case(name)] {
            for reading in [
                letters::with_signs_as_letters(name, false),
                letters::with_signs_as_letters(name, true),
                letters::without_signs(name),
            ] {
                for reading in doubles::readings(&reading) {
                    likeness.add(&words::read(&reading));
                }
            }
        }
        likeness
    }

    /// The skeletons of accounts for which the name could be mistaken.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(String::as_str)
    }

    /// All keys in one text, each between spaces.
    pub fn text(&self) -> String {
        let keys: Vec<&str> = self.keys().collect();
        format!(" {} ", keys.join(" "))
    }

    /// Whether the name is a role's (`Admin`, `Equipe Papo`) or claims one (`Ana Moderadora`), or
    /// has a mark in it that only Papo gives (`Ana (conta)`, `Ana ✔`).
    pub fn is_role(&self) -> bool {
        self.is_role
    }

    fn add(&mut self, words: &[Word]) {
        self.is_role |= words::name_a_role(words);
        let leading = words.iter().take_while(|word| word.kind.is_around_names());
        let leading = leading.count();
        let has_title = words.iter().any(|word| word.kind == Kind::Teacher);
        let is_after =
            |word: &Word| word.kind.is_around_names() || (has_title && word.kind == Kind::Number);
        let trailing = words.iter().rev().take_while(|word| is_after(word)).count();
        for first in 0..=leading {
            for last in words.len() - trailing..=words.len() {
                if let Some(name) = words.get(first..last) {
                    self.add_name(name);
                }
            }
        }
    }

    fn add_name(&mut self, words: &[Word]) {
        let Some(key) = joined(words) else {
            return;
        };
        for role in words::long_roles() {
            let without = [key.strip_suffix(role), key.strip_prefix(role)];
            let without = without
                .into_iter()
                .flatten()
                .filter(|rest| !rest.is_empty());
            self.keys.extend(without.map(str::to_owned));
        }
        if let [title, rest @ ..] = words
            && title.kind == Kind::Teacher
        {
            self.add_with_titles(rest);
            if let [.., last] = rest
                && let Some(bare) = last.without_number()
            {
                let bare = [&rest[..rest.len() - 1], &[bare]].concat();
                self.add_with_titles(&bare);
            }
        }
        self.keys.insert(key);
    }

    /// Adds a teacher's name under each form of the title.
    fn add_with_titles(&mut self, name: &[Word]) {
        if let Some(name) = joined(name) {
            let titles = words::teachers();
            self.keys
                .extend(titles.map(|title| format!("{title}{name}")));
        }
    }
}

fn joined(words: &[Word]) -> Option<String> {
    let key: String = words.iter().map(|word| word.key.as_str()).collect();
    (!key.is_empty()).then_some(key)
}

#[cfg(test)]
mod tests;
