//! Changes that administrators make to an account. The rules are the same for every database.

use async_trait::async_trait;
use papo_domain::{
    Account, AccountId, AuditAccount, AuditAct, Denial, DeviceText, SessionId, Timestamp,
};

use crate::{By, Served, StorageError, StoredPassword};

/// Changes of accounts, and their sessions.
#[async_trait]
pub trait AccountChanges: Send + Sync {
    /// The sessions of an account, the latest first.
    async fn account_sessions(
        &self,
        account: AccountId,
    ) -> Result<Vec<AccountSession>, StorageError>;

    /// Changes an account, and returns the sessions that ended.
    async fn change_account(
        &self,
        by: By,
        account: AccountId,
        change: AccountChange,
        at: Timestamp,
    ) -> Result<Result<Vec<SessionId>, AccountRefusal>, StorageError>;
}

/// A change of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountChange {
    /// Sets another password. Ends the account's sessions.
    Password(StoredPassword),
    /// Ends the account's sessions, and nothing else.
    EndSessions,
    /// Refuses sign-ins until the account is restored. It keeps its name. Ends its sessions.
    Suspend,
    /// Allows sign-ins again.
    Restore,
    /// Removes the account and frees its name. Its messages stay. Ends its sessions and
    /// memberships.
    Remove,
    /// Gives the right to administer, or takes it.
    SetAdmin(bool),
}

impl AccountChange {
    /// Whether the change ends the account's sessions.
    pub(crate) const fn ends_sessions(&self) -> bool {
        match self {
            Self::Password(_) | Self::EndSessions | Self::Suspend | Self::Remove => true,
            Self::Restore | Self::SetAdmin(_) => false,
        }
    }

    /// Whether the change takes an administrator who can sign in. Somebody else must be one then.
    pub(crate) const fn takes_administrator(&self, account: &Account) -> bool {
        let takes = matches!(self, Self::Suspend | Self::Remove | Self::SetAdmin(false));
        takes && account.is_admin && !account.is_suspended
    }

    /// The change in the audit.
    pub(crate) fn act(&self, account: &Account) -> AuditAct {
        let about = AuditAccount::new(account.id, account.name.as_str());
        match self {
            Self::Password(_) => AuditAct::PasswordSet(about),
            Self::EndSessions => AuditAct::SessionsEnded(about),
            Self::Suspend => AuditAct::AccountSuspended(about),
            Self::Restore => AuditAct::AccountRestored(about),
            Self::Remove => AuditAct::AccountRemoved(about),
            Self::SetAdmin(true) => AuditAct::AdministratorMade(about),
            Self::SetAdmin(false) => AuditAct::AdministratorUnmade(about),
        }
    }

    /// The account after the change; `None` when it is removed.
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
    /// The person has no right to it.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// There is no such account.
    #[error("no such account")]
    NoAccount,
    /// The change would leave no administrator.
    #[error("the last administrator")]
    LastAdministrator,
    /// Another account has the name, or one that could be mistaken for it.
    #[error("another account has a name like this")]
    NameTaken,
    /// The name is a role's, or claims one.
    #[error("the name is that of a role")]
    NameReserved,
}

/// One of a person's sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSession {
    /// Its row.
    pub id: SessionId,
    /// When somebody signed in.
    pub created_at: Timestamp,
    /// When it was last used, as far as was noted.
    pub last_used: Served,
    /// What its device is.
    pub device: DeviceText,
}
