//! Changes of accounts, and their sessions.

use async_trait::async_trait;
use papo_domain::{AccountId, Denial, PersonId, SessionId, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    SqliteStorage, accounts, administrators, audit, devices, memberships, passwords, persons, rows,
    sessions, setup_token,
};
use crate::audit::AuditNote;
use crate::{AccountChange, AccountChanges, AccountRefusal, AccountSession, By, StorageError};

#[async_trait]
impl AccountChanges for SqliteStorage {
    async fn account_sessions(
        &self,
        account: AccountId,
    ) -> Result<Vec<AccountSession>, StorageError> {
        self.read(move |db| sessions_of(db, account)).await
    }

    async fn change_account(
        &self,
        by: By,
        account: AccountId,
        change: AccountChange,
        at: Timestamp,
    ) -> Result<Result<Vec<SessionId>, AccountRefusal>, StorageError> {
        self.write(move |db| apply(db, by, account, &change, at))
            .await
    }
}

/// The sessions of an account, the latest first.
pub(super) fn sessions_of(
    db: &Connection,
    account: AccountId,
) -> Result<Vec<AccountSession>, StorageError> {
    match accounts::by_id(db, account)? {
        Some(account) => devices::of_person(db, account.person),
        None => Ok(Vec::new()),
    }
}

/// Changes an account. Returns the sessions that ended.
pub(super) fn apply(
    db: &Connection,
    by: By,
    id: AccountId,
    change: &AccountChange,
    at: Timestamp,
) -> Result<Result<Vec<SessionId>, AccountRefusal>, StorageError> {
    let by = match author(db, by, id, change)? {
        Ok(by) => by,
        Err(denial) => return Ok(Err(denial.into())),
    };
    let Some(account) = accounts::by_id(db, id)? else {
        return Ok(Err(AccountRefusal::NoAccount));
    };
    if change.takes_administrator(&account) && !others_administer(db, id)? {
        return Ok(Err(AccountRefusal::LastAdministrator));
    }
    let act = change.act(&account);
    audit::add(db, &AuditNote { by, at, act })?;
    let ended = if change.ends_sessions() {
        sessions::end_all(db, account.person)?
    } else {
        Vec::new()
    };
    if let AccountChange::Password(password) = change {
        passwords::set(db, id, password)?;
    }
    let (person, was_admin) = (account.person, account.is_admin);
    let Some(account) = change.applied(account) else {
        db.prepare_cached("DELETE FROM account WHERE id = ?1")?
            .execute([id.0])?;
        persons::remove_if_gone(db, person)?;
        return Ok(Ok(ended));
    };
    db.prepare_cached("UPDATE account SET is_admin = ?2, is_suspended = ?3 WHERE id = ?1")?
        .execute(params![id.0, account.is_admin, account.is_suspended])?;
    if account.is_admin && !account.is_suspended {
        setup_token::end(db)?;
    }
    if account.is_admin != was_admin {
        memberships::change_mark(db, person)?;
    }
    Ok(Ok(ended))
}

/// Who makes a change: an administrator, or a person who removes their own account.
fn author(
    db: &Connection,
    by: By,
    id: AccountId,
    change: &AccountChange,
) -> Result<Result<Option<PersonId>, Denial>, StorageError> {
    let (By::Member(session), AccountChange::Remove) = (by, change) else {
        return administrators::check(db, by);
    };
    let mut statement = db.prepare_cached(
        "SELECT person_id FROM session JOIN account USING (person_id) \
         WHERE session.id = ?1 AND account.id = ?2",
    )?;
    let person = statement.query_row([session.0, id.0], |row| rows::person(row, 0));
    Ok(person.optional()?.map(Some).ok_or(Denial::NoSession))
}

/// Whether another administrator can sign in.
fn others_administer(db: &Connection, id: AccountId) -> Result<bool, StorageError> {
    let sql = "SELECT 1 FROM account WHERE is_admin AND NOT is_suspended AND id <> ?1";
    Ok(db.prepare_cached(sql)?.exists([id.0])?)
}
