//! Accounts.

use async_trait::async_trait;
use papo_domain::{
    Account, AccountId, AccountName, AuditAccount, AuditAct, Likeness, PersonId, RoomId, SessionId,
    skeleton,
};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    SqliteStorage, administrators, audit, memberships, persons, revocations, rows, setup_token,
};
use crate::audit::AuditNote;
use crate::names::{self, Owner};
use crate::{AccountRefusal, Accounts, NewAccount, Revoked, StorageError, StoredPassword};

/// A condition: no administrator can sign in.
pub(super) const NO_ADMINISTRATOR: &str =
    "NOT EXISTS (SELECT 1 FROM account WHERE is_admin AND NOT is_suspended)";

#[async_trait]
impl Accounts for SqliteStorage {
    async fn create_account(&self, account: NewAccount) -> Result<Account, StorageError> {
        // This takes too long for the writer's thread: posts would wait for it.
        let likeness = Likeness::of(account.name.as_str());
        self.write(move |db| create(db, account, &likeness)).await
    }

    async fn accounts(&self) -> Result<Vec<Account>, StorageError> {
        self.read(accounts).await
    }

    async fn has_administrator(&self) -> Result<bool, StorageError> {
        self.read(has_administrator).await
    }

    async fn rename_account(
        &self,
        session: SessionId,
        name: AccountName,
    ) -> Result<Result<(), AccountRefusal>, StorageError> {
        let likeness = Likeness::of(name.as_str());
        self.write(move |db| rename(db, session, &name, &likeness))
            .await
    }

    async fn account(&self, account: AccountId) -> Result<Option<Account>, StorageError> {
        self.read(move |db| by_id(db, account)).await
    }

    async fn account_password(
        &self,
        name: AccountName,
    ) -> Result<Option<(Account, StoredPassword)>, StorageError> {
        self.read(move |db| password(db, &name)).await
    }
}

/// Makes an account, and removes others who have its name from their rooms. An administrator's
/// account ends the one-time token. `likeness` is the name's.
pub(super) fn create(
    db: &Connection,
    account: NewAccount,
    likeness: &Likeness,
) -> Result<Account, StorageError> {
    if account.is_signed_up && !memberships::holders(db, likeness)?.is_empty() {
        return Err(StorageError::Exists("an account with a name like this"));
    }
    let skeleton = skeleton(account.name.as_str());
    persons::make(db, account.person, account.at)?;
    let stored = db
        .prepare_cached(
            "INSERT INTO account (person_id, name, skeleton, password, is_admin, created_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            account.person.0.cast_signed(),
            account.name.as_str(),
            skeleton,
            account.password.0,
            account.is_admin,
            account.at.as_millis(),
        ])?;
    if stored == 0 {
        return Err(StorageError::Exists("an account with this name"));
    }
    let id = AccountId(db.last_insert_rowid());
    put_out(db, &skeleton, account.person)?;
    memberships::join_first(db, &account, likeness)?;
    if let Some(by) = account.made_by {
        let by = administrators::check(db, by)?.ok().flatten();
        let act = AuditAct::AccountMade(AuditAccount::new(id, account.name.as_str()));
        let at = account.at;
        audit::add(db, &AuditNote { by, at, act })?;
    }
    if account.is_admin {
        setup_token::end(db)?;
    }
    Ok(Account {
        id,
        name: account.name,
        person: account.person,
        is_admin: account.is_admin,
        is_suspended: false,
        created_at: account.at,
    })
}

/// Gives the account of a session another name. `likeness` is the name's.
pub(super) fn rename(
    db: &Connection,
    session: SessionId,
    name: &AccountName,
    likeness: &Likeness,
) -> Result<Result<(), AccountRefusal>, StorageError> {
    let account = db
        .prepare_cached(&format!(
            "SELECT {} FROM account JOIN session USING (person_id) WHERE session.id = ?1",
            rows::ACCOUNT
        ))?
        .query_row([session.0], |row| rows::account(row, 0))
        .optional()?;
    let Some(account) = account else {
        return Ok(Err(AccountRefusal::NoAccount));
    };
    let holders = memberships::holders(db, likeness)?;
    if let Err(refusal) = names::check_account(likeness, Owner::from(&account), &holders) {
        return Ok(Err(refusal));
    }
    let skeleton = skeleton(name.as_str());
    db.prepare_cached("UPDATE account SET name = ?2, skeleton = ?3 WHERE id = ?1")?
        .execute(params![account.id.0, name.as_str(), skeleton])?;
    put_out(db, &skeleton, account.person)?;
    memberships::rename(db, &account, name, likeness)?;
    Ok(Ok(()))
}

/// Removes everyone but `owner` from the rooms where their name could be mistaken for the one with
/// this skeleton. It reads all memberships: accounts are rarely made, and joining stays cheap.
fn put_out(db: &Connection, skeleton: &str, owner: PersonId) -> Result<(), StorageError> {
    let mut statement = db.prepare_cached(
        "DELETE FROM membership WHERE instr(likeness, ' ' || ?1 || ' ') > 0 \
         AND person_id <> ?2 RETURNING person_id, room_id",
    )?;
    let ended = statement.query_map(params![skeleton, owner.0.cast_signed()], |row| {
        Ok((rows::person(row, 0)?, RoomId(row.get(1)?)))
    })?;
    for (person, room) in ended.collect::<Result<Vec<_>, _>>()? {
        revocations::add(db, person, &Revoked::Left(room))?;
    }
    Ok(())
}

/// All accounts by name.
pub(super) fn accounts(db: &Connection) -> Result<Vec<Account>, StorageError> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {} FROM account ORDER BY fold(name), id",
        rows::ACCOUNT
    ))?;
    let accounts = statement.query_map([], |row| rows::account(row, 0))?;
    Ok(accounts.collect::<Result<_, _>>()?)
}

/// One account.
pub(super) fn by_id(db: &Connection, account: AccountId) -> Result<Option<Account>, StorageError> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {} FROM account WHERE id = ?1",
        rows::ACCOUNT
    ))?;
    let account = statement.query_row([account.0], |row| rows::account(row, 0));
    Ok(account.optional()?)
}

/// The account with this name, and its password's hash.
pub(super) fn password(
    db: &Connection,
    name: &AccountName,
) -> Result<Option<(Account, StoredPassword)>, StorageError> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT password, {} FROM account WHERE skeleton = ?1",
        rows::ACCOUNT
    ))?;
    let account = statement.query_row([skeleton(name.as_str())], |row| {
        Ok((rows::account(row, 1)?, StoredPassword(rows::text(row, 0)?)))
    });
    Ok(account.optional()?)
}

/// Whether somebody can sign in and administer.
pub(super) fn has_administrator(db: &Connection) -> Result<bool, StorageError> {
    let sql = format!("SELECT NOT {NO_ADMINISTRATOR}");
    Ok(db.prepare_cached(&sql)?.query_row([], |row| row.get(0))?)
}
