//! The one-time token that makes the first administrator.

use async_trait::async_trait;
use papo_domain::Account;
use rusqlite::{Connection, params};

use super::accounts::{self, NO_ADMINISTRATOR};
use super::{SqliteStorage, instance};
use crate::{NewAccount, Setup, StorageError, TokenHash};

/// Key of table `meta`.
const SETUP_TOKEN: &str = "setup_token";

#[async_trait]
impl Setup for SqliteStorage {
    async fn set_setup_token(&self, token: TokenHash) -> Result<(), StorageError> {
        self.write(move |db| set_setup_token(db, token)).await
    }

    async fn is_setup_token(&self, token: TokenHash) -> Result<bool, StorageError> {
        self.read(move |db| is_setup_token(db, token)).await
    }

    async fn claim_setup(
        &self,
        token: TokenHash,
        account: NewAccount,
    ) -> Result<Option<Account>, StorageError> {
        self.write(move |db| claim_setup(db, token, account)).await
    }
}

/// Stores the hash of a new one-time token.
pub(super) fn set_setup_token(db: &Connection, token: TokenHash) -> Result<(), StorageError> {
    instance::set_meta(db, SETUP_TOKEN, token.0)
}

/// The hash of the one-time token, if there is one.
pub(super) fn setup_token(db: &Connection) -> Result<Option<TokenHash>, StorageError> {
    Ok(instance::meta(db, SETUP_TOKEN)?.map(TokenHash))
}

/// Whether this is the one-time token.
pub(super) fn is_setup_token(db: &Connection, token: TokenHash) -> Result<bool, StorageError> {
    let mut statement = db.prepare_cached("SELECT 1 FROM meta WHERE key = ?1 AND value = ?2")?;
    Ok(statement.exists(params![SETUP_TOKEN, token.0])?)
}

/// Makes the account and deletes the one-time token, unless there is an administrator.
pub(super) fn claim_setup(
    db: &Connection,
    token: TokenHash,
    account: NewAccount,
) -> Result<Option<Account>, StorageError> {
    let sql = format!("DELETE FROM meta WHERE key = ?1 AND value = ?2 AND {NO_ADMINISTRATOR}");
    let used = db
        .prepare_cached(&sql)?
        .execute(params![SETUP_TOKEN, token.0])?;
    if used == 0 {
        return Ok(None);
    }
    accounts::create(db, account).map(Some)
}

/// Deletes the one-time token: there is an administrator.
pub(super) fn end_setup_token(db: &Connection) -> Result<(), StorageError> {
    db.prepare_cached("DELETE FROM meta WHERE key = ?1")?
        .execute([SETUP_TOKEN])?;
    Ok(())
}
