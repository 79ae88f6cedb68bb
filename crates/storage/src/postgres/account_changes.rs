//! Changes of accounts, and their sessions.
//!
//! Every change of an account holds the lock on all names. So if two administrators remove each
//! other, one remains.

use async_trait::async_trait;
use papo_domain::{AccountId, Denial, PersonId, SessionId, Timestamp};

use super::connection::Connection;
use super::errors::Failure;
use super::locks::{self, Lock};
use super::{
    PostgresStorage, accounts, administrators, audit, devices, memberships, passwords, rows,
    sessions, setup_token,
};
use crate::audit::AuditNote;
use crate::{AccountChange, AccountChanges, AccountRefusal, AccountSession, By, StorageError};

#[async_trait]
impl AccountChanges for PostgresStorage {
    async fn account_sessions(
        &self,
        account: AccountId,
    ) -> Result<Vec<AccountSession>, StorageError> {
        self.read(account, |db, &account| Box::pin(sessions_of(db, account)))
            .await
    }

    async fn change_account(
        &self,
        by: By,
        account: AccountId,
        change: AccountChange,
        at: Timestamp,
    ) -> Result<Result<Vec<SessionId>, AccountRefusal>, StorageError> {
        let with = (by, account, change, at);
        self.write(with, |db, (by, account, change, at)| {
            Box::pin(apply(db, *by, *account, change, *at))
        })
        .await
    }
}

/// The sessions of an account, the latest first.
pub(super) async fn sessions_of(
    db: &Connection,
    account: AccountId,
) -> Result<Vec<AccountSession>, Failure> {
    match accounts::by_id(db, account).await? {
        Some(account) => devices::of_person(db, account.person).await,
        None => Ok(Vec::new()),
    }
}

/// Changes an account. Returns the sessions that ended.
pub(super) async fn apply(
    db: &Connection,
    by: By,
    id: AccountId,
    change: &AccountChange,
    at: Timestamp,
) -> Result<Result<Vec<SessionId>, AccountRefusal>, Failure> {
    locks::take(db, Lock::Names).await?;
    let by = match author(db, by, id, change).await? {
        Ok(by) => by,
        Err(denial) => return Ok(Err(denial.into())),
    };
    let Some(account) = accounts::by_id(db, id).await? else {
        return Ok(Err(AccountRefusal::NoAccount));
    };
    if change.takes_administrator(&account) && !others_administer(db, id).await? {
        return Ok(Err(AccountRefusal::LastAdministrator));
    }
    let act = change.act(&account);
    audit::add(db, &AuditNote { by, at, act }).await?;
    let (person, was_admin) = (account.person, account.is_admin);
    let after = change.applied(account);
    let (is_admin, is_suspended) = after
        .as_ref()
        .map_or((false, true), |after| (after.is_admin, after.is_suspended));
    let password = match change {
        AccountChange::Password(password) => Some(password.0.as_str()),
        _ => None,
    };
    // This comes first. A sign-in holds the row until its session is visible.
    let sql = "UPDATE account SET is_admin = $2, is_suspended = $3, \
        password = coalesce($4, password) WHERE id = $1";
    db.execute(sql, &[&id.0, &is_admin, &is_suspended, &password])
        .await?;
    if password.is_some() {
        passwords::end_link(db, id).await?;
    }
    if after.is_none() {
        db.execute("DELETE FROM account WHERE id = $1", &[&id.0])
            .await?;
    }
    let ended = if change.ends_sessions() {
        sessions::end_all(db, person).await?
    } else {
        Vec::new()
    };
    if after.is_some() && is_admin && !is_suspended {
        setup_token::end(db).await?;
    }
    if after.is_some() && is_admin != was_admin {
        memberships::change_mark(db, person).await?;
    }
    Ok(Ok(ended))
}

/// Who makes a change: an administrator, or a person who removes their own account. Locks what that
/// depends on, accounts before sessions as everywhere.
async fn author(
    db: &Connection,
    by: By,
    id: AccountId,
    change: &AccountChange,
) -> Result<Result<Option<PersonId>, Denial>, Failure> {
    let (By::Member(session), AccountChange::Remove) = (by, change) else {
        return administrators::check(db, by).await;
    };
    let sql = "SELECT person_id FROM account WHERE id = $1 FOR SHARE";
    let Some(account) = db.row(sql, &[&id.0]).await? else {
        return Ok(Err(Denial::NoSession));
    };
    let person = rows::person(&account, 0)?;
    let sql = "SELECT 1 FROM session WHERE id = $1 AND person_id = $2 FOR SHARE";
    let owner = person.0.cast_signed();
    let session = db.row(sql, &[&session.0, &owner]).await?;
    Ok(session.map(|_| Some(person)).ok_or(Denial::NoSession))
}

/// Whether another administrator can sign in.
async fn others_administer(db: &Connection, id: AccountId) -> Result<bool, Failure> {
    let sql = "SELECT 1 FROM account WHERE is_admin AND NOT is_suspended AND id <> $1";
    Ok(!db.rows(sql, &[&id.0]).await?.is_empty())
}
