//! The languages of the pages: which one a reader gets, its texts, dates and numbers.
//!
//! The chat screen has its own texts (`locales/*/chat.ftl`). The page gives it the language.

mod dates;
mod negotiation;
mod texts;

pub(crate) use negotiation::{COOKIE, negotiate};
pub(crate) use texts::Key;

use papo_domain::PlaceLanguage;

/// A language that Papo speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Portuguese,
    English,
}

impl From<PlaceLanguage> for Language {
    fn from(language: PlaceLanguage) -> Self {
        match language {
            PlaceLanguage::Portuguese => Self::Portuguese,
            PlaceLanguage::English => Self::English,
        }
    }
}

impl Language {
    /// All of them, in the order in which the switch shows them.
    pub(crate) const ALL: [Self; 2] = [Self::Portuguese, Self::English];

    /// Its tag, as in `lang="pt-BR"`.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Portuguese => "pt-BR",
            Self::English => "en",
        }
    }

    /// Its own name for itself.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Portuguese => "Português",
            Self::English => "English",
        }
    }

    /// The chat's script with the texts of this language.
    pub(crate) const fn chat_script(self) -> &'static str {
        match self {
            Self::Portuguese => "chat.js",
            Self::English => "chat-en.js",
        }
    }

    /// The language with this tag.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|language| language.code() == code)
    }
}
