//! `/account/`: what people change about themselves. Guests have settings; the other pages need an
//! account.

pub(crate) mod delete;
pub(crate) mod devices;
pub(crate) mod name;
pub(crate) mod offers;
pub(crate) mod password;
pub(crate) mod settings;

use serde::Deserialize;

use crate::language::Key;

/// What was just done, as the address of the page says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Done {
    Saved,
    Renamed,
    Password,
    Ended,
    Offered,
}

impl Done {
    /// The text that says so.
    pub(crate) const fn key(self) -> Key {
        match self {
            Self::Saved => Key("account-done-saved"),
            Self::Renamed => Key("account-done-renamed"),
            Self::Password => Key("account-done-password"),
            Self::Ended => Key("account-done-ended"),
            Self::Offered => Key("account-done-offered"),
        }
    }
}

/// The query of a page that says what was done.
#[derive(Deserialize)]
pub(crate) struct DoneQuery {
    pub(super) done: Option<Done>,
}
