//! The one-time token that makes the first administrator.

use async_trait::async_trait;
use papo_domain::{Account, Likeness};
use rusqlite::{Connection, params};

use super::accounts::{self, NO_ADMINISTRATOR};
use super::{SqliteStorage, setup_token};
use crate::{NewAccount, Setup, StorageError, TokenHash};

#[async_trait]
impl Setup for SqliteStorage {
    async fn set_setup_token(&self, token: TokenHash) -> Result<(), StorageError> {
        self.write(move |db| setup_token::set(db, token)).await
    }

    async fn is_setup_token(&self, token: TokenHash) -> Result<bool, StorageError> {
        self.read(move |db| setup_token::matches(db, token)).await
    }

    async fn claim_setup(
        &self,
        token: TokenHash,
        account: NewAccount,
    ) -> Result<Option<Account>, StorageError> {
        let likeness = Likeness::of(account.name.as_str());
        self.write(move |db| claim_setup(db, token, account, &likeness))
            .await
    }
}

/// Makes the account and deletes the one-time token, unless there is an administrator.
pub(super) fn claim_setup(
    db: &Connection,
    token: TokenHash,
    account: NewAccount,
    likeness: &Likeness,
) -> Result<Option<Account>, StorageError> {
    let sql = format!("DELETE FROM meta WHERE key = ?1 AND value = ?2 AND {NO_ADMINISTRATOR}");
    let used = db
        .prepare_cached(&sql)?
        .execute(params![setup_token::KEY, token.0])?;
    if used == 0 {
        return Ok(None);
    }
    accounts::create(db, account, likeness).map(Some)
}
