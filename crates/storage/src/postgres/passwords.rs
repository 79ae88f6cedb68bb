//! Other passwords: by somebody who knows the one before, or by a one-time link.
//!
//! Each takes the lock on all names first, as every change of an account does.

use async_trait::async_trait;
use papo_domain::{Account, AccountId, SessionId};

use super::connection::Connection;
use super::errors::Failure;
use super::locks::{self, Lock};
use super::{PostgresStorage, accounts, devices, rows, sessions};
use crate::{Passwords, Served, StorageError, StoredPassword, TokenHash};

#[async_trait]
impl Passwords for PostgresStorage {
    async fn change_password(
        &self,
        session: SessionId,
        before: StoredPassword,
        after: StoredPassword,
    ) -> Result<Option<Vec<SessionId>>, StorageError> {
        let with = (session, before, after);
        self.write(with, |db, (session, before, after)| {
            Box::pin(change(db, *session, before, after))
        })
        .await
    }

    async fn set_password_link(
        &self,
        account: AccountId,
        link: TokenHash,
        until: Served,
    ) -> Result<bool, StorageError> {
        self.write((account, link, until), |db, &(account, link, until)| {
            Box::pin(set_link(db, account, link, until))
        })
        .await
    }

    async fn password_link(
        &self,
        link: TokenHash,
        now: Served,
    ) -> Result<Option<Account>, StorageError> {
        self.read((link, now), |db, &(link, now)| {
            Box::pin(find(db, link, now))
        })
        .await
    }

    async fn claim_password_link(
        &self,
        link: TokenHash,
        now: Served,
        password: StoredPassword,
    ) -> Result<Option<(Account, Vec<SessionId>)>, StorageError> {
        self.write((link, now, password), |db, (link, now, password)| {
            Box::pin(claim(db, *link, *now, password))
        })
        .await
    }
}

/// Changes the password of a session's account, which has the password `before` now. It ends the
/// sessions last: a sign-in with the password of before holds the account's row until its session
/// is visible.
async fn change(
    db: &Connection,
    session: SessionId,
    before: &StoredPassword,
    after: &StoredPassword,
) -> Result<Option<Vec<SessionId>>, Failure> {
    locks::take(db, Lock::Names).await?;
    let sql = "SELECT account.id FROM account JOIN session USING (person_id) \
        WHERE session.id = $1 AND account.password = $2";
    let Some(row) = db.row(sql, &[&session.0, &before.0]).await? else {
        return Ok(None);
    };
    set(db, AccountId(row.try_get(0)?), after).await?;
    devices::end_others(db, session).await.map(Some)
}

/// Sets an account's password, and ends its one-time link.
async fn set(
    db: &Connection,
    account: AccountId,
    password: &StoredPassword,
) -> Result<(), Failure> {
    let sql = "UPDATE account SET password = $2 WHERE id = $1";
    db.execute(sql, &[&account.0, &password.0]).await?;
    end_link(db, account).await
}

/// Ends an account's one-time link.
pub(super) async fn end_link(db: &Connection, account: AccountId) -> Result<(), Failure> {
    let sql = "DELETE FROM password_link WHERE account_id = $1";
    db.execute(sql, &[&account.0]).await?;
    Ok(())
}

async fn set_link(
    db: &Connection,
    account: AccountId,
    link: TokenHash,
    until: Served,
) -> Result<bool, Failure> {
    locks::take(db, Lock::Names).await?;
    if accounts::by_id(db, account).await?.is_none() {
        return Ok(false);
    }
    let sql = "INSERT INTO password_link (account_id, token, until) VALUES ($1, $2, $3) \
        ON CONFLICT (account_id) DO UPDATE SET token = excluded.token, until = excluded.until";
    db.execute(sql, &[&account.0, &link.0.as_slice(), &until.0])
        .await?;
    Ok(true)
}

/// The account of a one-time link that holds.
async fn find(db: &Connection, link: TokenHash, now: Served) -> Result<Option<Account>, Failure> {
    let sql = format!(
        "SELECT {} FROM password_link JOIN account ON account.id = password_link.account_id \
         WHERE token = $1 AND until > $2",
        rows::ACCOUNT
    );
    let row = db.row(&sql, &[&link.0.as_slice(), &now.0]).await?;
    row.as_ref().map(|row| rows::account(row, 0)).transpose()
}

/// Uses a one-time link. The lock on all names keeps a second use waiting.
async fn claim(
    db: &Connection,
    link: TokenHash,
    now: Served,
    password: &StoredPassword,
) -> Result<Option<(Account, Vec<SessionId>)>, Failure> {
    locks::take(db, Lock::Names).await?;
    let Some(account) = find(db, link, now).await? else {
        return Ok(None);
    };
    set(db, account.id, password).await?;
    let ended = sessions::end_all(db, account.person).await?;
    Ok(Some((account, ended)))
}
