//! Passwords that are easy to guess. Nothing here needs the account or the database.
//!
//! `zxcvbn` estimates how many guesses a password takes. It knows English words and what people
//! with a keyboard do. The words here and the names of the account and the place come on top.

use std::fmt;

use zxcvbn::feedback::Warning;
use zxcvbn::zxcvbn;

/// A password takes at least this power of ten of guesses. The rate of a name lets through less
/// than that in three years.
const LEAST_GUESSES: f64 = 8.0;
/// A name's part of fewer characters says nothing about a password.
const PART_CHARACTERS: usize = 3;

/// Words that passwords of Papo's people often have, the most frequent first.
const WORDS: [&str; 48] = [
    "senha",
    "minhasenha",
    "mudar",
    "trocar",
    "acesso",
    "entrar",
    "segredo",
    "brasil",
    "flamengo",
    "corinthians",
    "palmeiras",
    "saopaulo",
    "santos",
    "gremio",
    "vasco",
    "botafogo",
    "cruzeiro",
    "internacional",
    "fluminense",
    "atletico",
    "deus",
    "jesus",
    "jesuscristo",
    "deusefiel",
    "amor",
    "meuamor",
    "teamo",
    "familia",
    "felicidade",
    "princesa",
    "estrela",
    "escola",
    "turma",
    "aluno",
    "professora",
    "professor",
    "papo",
    "batepapo",
    "conversa",
    "abacaxi",
    "cachorro",
    "futebol",
    "gabriel",
    "lucas",
    "matheus",
    "maria",
    "vitoria",
    "bemvindo",
];

/// Why a password is easy to guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Guess {
    /// It is mostly the name of the account or of the place.
    Name,
    /// It is among the most frequent passwords, or nearly.
    Common,
    /// It repeats, counts, dates or follows the keys.
    Pattern,
    /// It is a frequent word or two.
    Words,
}

impl fmt::Display for Guess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "it is made of a name that others know",
            Self::Common => "many people have it",
            Self::Pattern => "it repeats, counts, or follows the keys",
            Self::Words => "it is made of frequent words",
        })
    }
}

impl Guess {
    /// Why this password is easy to guess for somebody who knows these names; `None` if it isn't.
    pub(crate) fn of(password: &str, names: &[String]) -> Option<Self> {
        let names: Vec<String> = names.iter().flat_map(|name| parts(name)).collect();
        let known: Vec<&str> = names.iter().map(String::as_str).chain(WORDS).collect();
        let estimate = zxcvbn(password, &known);
        if estimate.guesses_log10() >= LEAST_GUESSES {
            return None;
        }
        let password = plain(password);
        if names.iter().any(|name| password.contains(name)) {
            return Some(Self::Name);
        }
        let warning = estimate
            .feedback()
            .and_then(zxcvbn::feedback::Feedback::warning);
        Some(match warning {
            Some(
                Warning::ThisIsATop10Password
                | Warning::ThisIsATop100Password
                | Warning::ThisIsACommonPassword
                | Warning::ThisIsSimilarToACommonlyUsedPassword,
            ) => Self::Common,
            Some(
                Warning::StraightRowsOfKeysAreEasyToGuess
                | Warning::ShortKeyboardPatternsAreEasyToGuess
                | Warning::RepeatsLikeAaaAreEasyToGuess
                | Warning::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess
                | Warning::SequencesLikeAbcAreEasyToGuess
                | Warning::RecentYearsAreEasyToGuess
                | Warning::DatesAreOftenEasyToGuess,
            ) => Self::Pattern,
            _ => Self::Words,
        })
    }
}

/// A name without its spaces, and each of its words.
fn parts(name: &str) -> Vec<String> {
    let name = plain(name);
    let whole: String = name.split_whitespace().collect();
    let words = name.split(|character: char| !character.is_alphanumeric());
    let all = words.map(str::to_owned).chain([whole]);
    all.filter(|part| part.chars().count() >= PART_CHARACTERS)
        .collect()
}

/// A text in small letters.
fn plain(text: &str) -> String {
    text.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(password: &str) -> Option<Guess> {
        Guess::of(password, &["Ana Júlia".into(), "Escola Sol".into()])
    }

    #[test]
    fn what_anybody_would_guess_is_refused_with_its_reason() {
        for (password, expected) in [
            ("aaaaaaaaaaaa", Guess::Pattern),
            ("1234567890", Guess::Common),
            ("qwertyuiop", Guess::Common),
            ("abcdefghijkl", Guess::Pattern),
            ("abcabcabcabc", Guess::Pattern),
            ("password123", Guess::Common),
            ("minhasenha", Guess::Words),
            ("senhasenha", Guess::Pattern),
            ("flamengo2024", Guess::Words),
            ("Corinthians1", Guess::Words),
            ("anajúlia1", Guess::Name),
            ("escolasol2026", Guess::Name),
            ("AnaAnaAna123", Guess::Name),
        ] {
            assert_eq!(guess(password), Some(expected), "{password}");
        }
    }

    #[test]
    fn what_takes_work_is_taken() {
        for password in [
            "correct horse battery",
            "another good password",
            "girafa toca violino",
            "vT9#kq2Lz!",
            "ana e o guarda-chuva roxo",
            "çãéüß漢字かな交じり",
        ] {
            assert_eq!(guess(password), None, "{password}");
        }
    }

    #[test]
    fn the_longest_password_is_judged_at_once() {
        let begun = std::time::Instant::now();
        for password in ["a1".repeat(100), "password".repeat(25)] {
            guess(&password);
        }
        assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
    }
}
