//! The people who have an account, as administrators look for them.

use async_trait::async_trait;
use papo_domain::Account;

use crate::{Served, StorageError};

/// The people who have an account.
#[async_trait]
pub trait People: Send + Sync {
    /// Accounts by name (case-insensitively ordered), with their sessions.
    async fn find_accounts(
        &self,
        filter: AccountFilter,
    ) -> Result<Vec<AccountOverview>, StorageError>;
}

/// Which accounts to list; all conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountFilter {
    /// The name contains this, whatever its case; no character has a special meaning.
    pub search: Option<String>,
    /// Only administrators (`true`) or others (`false`).
    pub is_admin: Option<bool>,
    /// Only suspended (`true`) or other accounts (`false`).
    pub is_suspended: Option<bool>,
    /// How many to skip.
    pub offset: usize,
    /// How many at most.
    pub limit: usize,
}

/// An account as the list of people shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountOverview {
    /// The account.
    pub account: Account,
    /// How many sessions it has.
    pub sessions: u64,
    /// When one of them was last used.
    pub last_used: Option<Served>,
}
