//! What the people who run an instance change about an account: the same rules for every database.

use async_trait::async_trait;
use papo_domain::{Account, AccountId, SessionId, Timestamp};

use crate::{Served, StorageError, StoredPassword};

/// Changes of accounts, and their sessions.
#[async_trait]
pub trait AccountChanges: Send + Sync {
    /// The sessions of an account, the last one first.
    async fn account_sessions(
        &self,
        account: AccountId,
    ) -> Result<Vec<AccountSession>, StorageError>;

    /// Changes an account; which of its sessions ended.
    async fn change_account(
        &self,
        account: AccountId,
        change: AccountChange,
    ) -> Result<Result<Vec<SessionId>, AccountRefusal>, StorageError>;
}

/// A change of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountChange {
    /// Has another password. Ends its sessions.
    Password(StoredPassword),
    /// Ends its sessions, and nothing else.
    EndSessions,
    /// Can't sign in until it is restored, and keeps its name. Ends its sessions.
    Suspend,
    /// Can sign in again.
    Restore,
    /// Is gone, and its name free. Its messages stay. Ends its sessions and its memberships.
    Remove,
    /// May administer, or may not any more.
    SetAdmin(bool),
}

impl AccountChange {
    /// Whether the account's sessions end with it.
    pub(crate) const fn ends_sessions(&self) -> bool {
        match self {
            Self::Password(_) | Self::EndSessions | Self::Suspend | Self::Remove => true,
            Self::Restore | Self::SetAdmin(_) => false,
        }
    }

    /// Whether nobody administers after it, when nobody but this account does.
    pub(crate) const fn takes_administrator(&self, account: &Account) -> bool {
        let takes = matches!(self, Self::Suspend | Self::Remove | Self::SetAdmin(false));
        takes && account.is_admin && !account.is_suspended
    }

    /// The account after it; `None` when it is gone.
    pub(crate) fn applied(&self, account: Account) -> Option<Account> {
        let (is_admin, is_suspended) = match self {
            Self::Remove => return None,
            Self::Password(_) | Self::EndSessions => (account.is_admin, account.is_suspended),
            Self::Suspend => (account.is_admin, true),
            Self::Restore => (account.is_admin, false),
            Self::SetAdmin(is_admin) => (*is_admin, account.is_suspended),
        };
        Some(Account {
            is_admin,
            is_suspended,
            ..account
        })
    }
}

/// Why an account wasn't changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccountRefusal {
    /// There is no such account.
    #[error("no such account")]
    NoAccount,
    /// Nobody could administer any more.
    #[error("the last administrator")]
    LastAdministrator,
}

/// One of an account's sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSession {
    /// Its row.
    pub id: SessionId,
    /// When somebody signed in.
    pub created_at: Timestamp,
    /// When it was last noted to be used.
    pub last_used: Served,
}
