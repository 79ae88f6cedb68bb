//! Accounts: persons with a password.

use std::fmt;

use crate::{PersonId, Timestamp, Username, UsernameError};

/// An account's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub i64);

/// Why something can't be an account's name.
pub type AccountNameError = UsernameError;

/// The name for signing in. Guests can't have it, nor one that looks like it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountName(Username);

impl AccountName {
    /// Checks what was typed; the rules are those of [`Username`].
    pub fn parse(typed: &str) -> Result<Self, AccountNameError> {
        Username::parse(typed).map(Self)
    }

    /// A name from a database, checked before it was stored.
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

/// The mark that distinguishes an account from a guest. It comes from the database, never from a
/// client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// The person has an account.
    Account,
    /// May open `/admin/`.
    Administrator,
}

impl Mark {
    /// The mark of an account.
    pub const fn of(is_admin: bool) -> Self {
        if is_admin {
            Self::Administrator
        } else {
            Self::Account
        }
    }
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its row.
    pub id: AccountId,
    /// Its unique name.
    pub name: AccountName,
    /// Its person.
    pub person: PersonId,
    /// May open `/admin/`.
    pub is_admin: bool,
    /// Whether it is kept from signing in.
    pub is_suspended: bool,
    /// When it was made.
    pub created_at: Timestamp,
}
