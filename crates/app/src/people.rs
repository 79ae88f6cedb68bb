//! The people who have an account, for administrators.

use papo_domain::{Account, AccountId};
use papo_storage::{AccountFilter, AccountOverview};

use crate::{Administrator, App, Error};

impl App {
    /// Accounts by name.
    pub async fn find_accounts(
        &self,
        _by: &Administrator,
        filter: AccountFilter,
    ) -> Result<Vec<AccountOverview>, Error> {
        Ok(self.storage.find_accounts(filter).await?)
    }

    /// One account.
    pub async fn any_account(&self, _by: &Administrator, id: AccountId) -> Result<Account, Error> {
        self.storage.account(id).await?.ok_or(Error::NoAccount)
    }
}
