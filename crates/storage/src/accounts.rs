//! Accounts: a name and a password of a person.

use async_trait::async_trait;
use papo_domain::{Account, AccountId, AccountName, PersonId, RoomId, SessionId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{AccountRefusal, By, StorageError};

/// A name and a password that a person has.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Makes an account for a guest or for a new person. A guest keeps their rooms and messages,
    /// and is signed in from then on. Other persons with a name like this one lose their
    /// memberships under it. The account joins its first rooms under its name, but for those that
    /// its person is in already or that people may not join.
    ///
    /// [`StorageError::Exists`] when an account has this name or one that looks like it, or the
    /// person already has an account. A name that somebody chose without an administrator must not
    /// be mistaken for another account's either.
    async fn create_account(&self, account: NewAccount) -> Result<Account, StorageError>;

    /// All accounts by name.
    async fn accounts(&self) -> Result<Vec<Account>, StorageError>;

    /// Whether there is an administrator who can sign in.
    async fn has_administrator(&self) -> Result<bool, StorageError>;

    /// Gives the account of a session another name. It replaces the name before in the rooms where
    /// its person has that name. Other persons with a name like this one lose their memberships
    /// under it. Refused like a name that somebody signs up with.
    async fn rename_account(
        &self,
        session: SessionId,
        name: AccountName,
    ) -> Result<Result<(), AccountRefusal>, StorageError>;

    /// One account.
    async fn account(&self, account: AccountId) -> Result<Option<Account>, StorageError>;

    /// The account with this name, and its password's hash. The name's skeleton decides.
    async fn account_password(
        &self,
        name: AccountName,
    ) -> Result<Option<(Account, StoredPassword)>, StorageError>;
}

/// An account to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// The name to sign in with.
    pub name: AccountName,
    /// The password's hash.
    pub password: StoredPassword,
    /// The person who signs in with it: a guest, or somebody new.
    pub person: PersonId,
    /// May open `/admin/`.
    pub is_admin: bool,
    /// Whether somebody made it without an administrator.
    pub is_signed_up: bool,
    /// The rooms that it joins.
    pub rooms: Vec<RoomId>,
    /// Who makes it, for the audit; `None` when its person does.
    pub made_by: Option<By>,
    /// Now.
    pub at: Timestamp,
}

/// A password's hash in PHC form (`$argon2id$…`).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPassword(pub String);

impl std::fmt::Debug for StoredPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StoredPassword(…)")
    }
}
