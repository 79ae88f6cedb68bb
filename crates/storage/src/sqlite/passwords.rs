//! Other passwords: by somebody who knows the one before, or by a one-time link.

use async_trait::async_trait;
use papo_domain::{Account, AccountId, SessionId};
use rusqlite::{Connection, OptionalExtension, params};

use super::{SqliteStorage, accounts, devices, rows, sessions};
use crate::{Passwords, Served, StorageError, StoredPassword, TokenHash};

#[async_trait]
impl Passwords for SqliteStorage {
    async fn change_password(
        &self,
        session: SessionId,
        before: StoredPassword,
        after: StoredPassword,
    ) -> Result<Option<Vec<SessionId>>, StorageError> {
        self.write(move |db| change(db, session, &before, &after))
            .await
    }

    async fn set_password_link(
        &self,
        account: AccountId,
        link: TokenHash,
        until: Served,
    ) -> Result<bool, StorageError> {
        self.write(move |db| set_link(db, account, link, until))
            .await
    }

    async fn password_link(
        &self,
        link: TokenHash,
        now: Served,
    ) -> Result<Option<Account>, StorageError> {
        self.read(move |db| find(db, link, now)).await
    }

    async fn claim_password_link(
        &self,
        link: TokenHash,
        now: Served,
        password: StoredPassword,
    ) -> Result<Option<(Account, Vec<SessionId>)>, StorageError> {
        self.write(move |db| claim(db, link, now, &password)).await
    }
}

/// Changes the password of a session's account, which has the password `before` now.
pub(super) fn change(
    db: &Connection,
    session: SessionId,
    before: &StoredPassword,
    after: &StoredPassword,
) -> Result<Option<Vec<SessionId>>, StorageError> {
    let mut statement = db.prepare_cached(
        "SELECT account.id FROM account JOIN session USING (person_id) \
         WHERE session.id = ?1 AND account.password = ?2",
    )?;
    let account = statement.query_row(params![session.0, before.0], |row| row.get(0));
    let Some(account) = account.optional()?.map(AccountId) else {
        return Ok(None);
    };
    set(db, account, after)?;
    devices::end_others(db, session).map(Some)
}

/// Sets an account's password, and ends its one-time link.
pub(super) fn set(
    db: &Connection,
    account: AccountId,
    password: &StoredPassword,
) -> Result<(), StorageError> {
    db.prepare_cached("UPDATE account SET password = ?2 WHERE id = ?1")?
        .execute(params![account.0, password.0])?;
    db.prepare_cached("DELETE FROM password_link WHERE account_id = ?1")?
        .execute([account.0])?;
    Ok(())
}

/// Makes a one-time link.
pub(super) fn set_link(
    db: &Connection,
    account: AccountId,
    link: TokenHash,
    until: Served,
) -> Result<bool, StorageError> {
    if accounts::by_id(db, account)?.is_none() {
        return Ok(false);
    }
    db.prepare_cached(
        "INSERT INTO password_link (account_id, token, until) VALUES (?1, ?2, ?3) \
         ON CONFLICT (account_id) DO UPDATE SET token = excluded.token, until = excluded.until",
    )?
    .execute(params![account.0, link.0, until.0])?;
    Ok(true)
}

/// The account of a one-time link that holds.
pub(super) fn find(
    db: &Connection,
    link: TokenHash,
    now: Served,
) -> Result<Option<Account>, StorageError> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {} FROM password_link JOIN account ON account.id = password_link.account_id \
         WHERE token = ?1 AND until > ?2",
        rows::ACCOUNT
    ))?;
    let account = statement.query_row(params![link.0, now.0], |row| rows::account(row, 0));
    Ok(account.optional()?)
}

/// Uses a one-time link.
pub(super) fn claim(
    db: &Connection,
    link: TokenHash,
    now: Served,
    password: &StoredPassword,
) -> Result<Option<(Account, Vec<SessionId>)>, StorageError> {
    let Some(account) = find(db, link, now)? else {
        return Ok(None);
    };
    set(db, account.id, password)?;
    let ended = sessions::end_all(db, account.person)?;
    Ok(Some((account, ended)))
}
