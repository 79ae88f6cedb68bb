//! Accounts: people with a password. So far these are the administrators.

use std::fmt;

use crate::{SenderId, Timestamp, Username, UsernameError};

/// An account's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub i64);

/// Why something can't be an account's name.
pub type AccountNameError = UsernameError;

/// The name one signs in with. Guests can't have it, nor one that looks like it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountName(Username);

impl AccountName {
    /// Checks what was typed; the rules are those of [`Username`].
    pub fn parse(typed: &str) -> Result<Self, AccountNameError> {
        Username::parse(typed).map(Self)
    }

    /// Takes back a name that was checked before it was stored.
    pub fn from_stored(name: String) -> Self {
        Self(Username::from_stored(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The name as others see it in a room.
    pub fn as_username(&self) -> &Username {
        &self.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Somebody who can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its row.
    pub id: AccountId,
    /// Its unique name.
    pub name: AccountName,
    /// Who they are in a room.
    pub sender: SenderId,
    /// May open `/admin/`.
    pub is_admin: bool,
    /// When it was made.
    pub created_at: Timestamp,
}
