//! The one-time token that makes the first administrator.

use async_trait::async_trait;
use papo_domain::{Account, Likeness};

use super::accounts::{self, NO_ADMINISTRATOR};
use super::connection::Connection;
use super::errors::Failure;
use super::locks::{self, Lock};
use super::{PostgresStorage, setup_token};
use crate::{NewAccount, Setup, StorageError, TokenHash};

#[async_trait]
impl Setup for PostgresStorage {
    async fn set_setup_token(&self, token: TokenHash) -> Result<(), StorageError> {
        self.write(token, |db, &token| Box::pin(setup_token::set(db, token)))
            .await
    }

    async fn is_setup_token(&self, token: TokenHash) -> Result<bool, StorageError> {
        self.read(token, |db, &token| {
            Box::pin(setup_token::matches(db, token))
        })
        .await
    }

    async fn claim_setup(
        &self,
        token: TokenHash,
        account: NewAccount,
    ) -> Result<Option<Account>, StorageError> {
        let likeness = Likeness::of(account.name.as_str());
        let with = (token, account, likeness);
        self.write(with, |db, (token, account, likeness)| {
            Box::pin(claim_setup(db, *token, account, likeness))
        })
        .await
    }
}

/// Makes the account and deletes the one-time token, unless there is an administrator.
pub(super) async fn claim_setup(
    db: &Connection,
    token: TokenHash,
    account: &NewAccount,
    likeness: &Likeness,
) -> Result<Option<Account>, Failure> {
    // This lock comes first, as in every transaction that makes an account.
    locks::take(db, Lock::Names).await?;
    let sql =
        format!("UPDATE papo SET setup_token = NULL WHERE setup_token = $1 AND {NO_ADMINISTRATOR}");
    if db.execute(&sql, &[&token.0.as_slice()]).await? == 0 {
        return Ok(None);
    }
    accounts::create(db, account, likeness).await.map(Some)
}
