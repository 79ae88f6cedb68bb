//! Changes of accounts by administrators: passwords, sessions, suspension, removal, administration.

use papo_domain::{Account, AccountName};
use papo_storage::{AccountChange, AccountRefusal, AccountSession};

use crate::{Administrator, App, Error};

impl App {
    /// The account with this name, or a name that looks like it.
    pub async fn find_account(&self, _by: &Administrator, name: &str) -> Result<Account, Error> {
        let name = AccountName::parse(name)?;
        let found = self.storage.account_password(name).await?;
        let (account, _) = found.ok_or(Error::NoAccount)?;
        Ok(account)
    }

    /// An account's sessions, the latest first.
    pub async fn account_sessions(
        &self,
        _by: &Administrator,
        account: &Account,
    ) -> Result<Vec<AccountSession>, Error> {
        Ok(self.storage.account_sessions(account.id).await?)
    }

    /// Gives an account another password and ends its sessions. Returns how many ended.
    pub async fn set_password(
        &self,
        by: &Administrator,
        account: &Account,
        password: String,
    ) -> Result<usize, Error> {
        let password = self.hash_new(password, &account.name).await?;
        self.change_account(by, account, AccountChange::Password(password))
            .await
    }

    /// Changes an account. Returns how many of its sessions ended, which it also ends on open
    /// connections.
    pub async fn change_account(
        &self,
        by: &Administrator,
        account: &Account,
        change: AccountChange,
    ) -> Result<usize, Error> {
        let at = self.settings.clock.now();
        let changed = self
            .storage
            .change_account(by.by(), account.id, change, at)
            .await?;
        let ended = changed.map_err(|refusal| match refusal {
            AccountRefusal::Denied(denial) => denial.into(),
            AccountRefusal::NoAccount => Error::NoAccount,
            AccountRefusal::LastAdministrator => Error::LastAdministrator,
            AccountRefusal::NameTaken => Error::AccountNameTaken,
            AccountRefusal::NameReserved => Error::NameReserved,
        })?;
        for session in &ended {
            self.hub.end_session(account.person, *session);
        }
        // This node learns of a changed mark from the revocations, as other nodes do.
        self.tell_of_revocations();
        Ok(ended.len())
    }
}
