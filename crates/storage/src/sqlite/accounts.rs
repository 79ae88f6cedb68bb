//! Accounts, and the one-time token that makes the first of them; and the other values of table `meta`.

use papo_domain::{Account, AccountId, AccountName, Epoch, RelayKey, RoomId, SessionId, skeleton};
use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, ToSql, params};

use super::errors::damaged;
use super::{revocations, rows};
use crate::{NewAccount, Revoked, StorageError, StoredPassword, TokenHash};

/// Keys of table `meta`.
pub(super) const EPOCH: &str = "epoch";
pub(super) const RELAY_KEY: &str = "relay_key";
const SETUP_TOKEN: &str = "setup_token";

/// The name of this history.
pub(super) fn epoch(db: &Connection) -> Result<Epoch, StorageError> {
    let epoch: Option<i64> = meta(db, EPOCH)?;
    let epoch = epoch.ok_or_else(|| damaged("no epoch"))?;
    Ok(Epoch(epoch.cast_unsigned()))
}

/// The secret of the nodes of this database.
pub(super) fn relay_key(db: &Connection) -> Result<RelayKey, StorageError> {
    let key: Option<[u8; RelayKey::BYTES]> = meta(db, RELAY_KEY)?;
    let key = key.ok_or_else(|| damaged("no relay key"))?;
    Ok(RelayKey::new(key))
}

/// Makes an account, and takes its name from those who went by it. An administrator's ends the one-time token, with which the first is made.
pub(super) fn create(db: &Connection, account: NewAccount) -> Result<Account, StorageError> {
    let skeleton = skeleton(account.name.as_str());
    let sender = account.sender.0.cast_signed();
    let stored = db
        .prepare_cached(
            "INSERT INTO account (name, skeleton, password, sender, is_admin, created_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (skeleton) DO NOTHING",
        )?
        .execute(params![
            account.name.as_str(),
            skeleton,
            account.password.0,
            sender,
            account.is_admin,
            account.at.as_millis(),
        ])?;
    if stored == 0 {
        return Err(StorageError::Exists("an account with this name"));
    }
    let id = AccountId(db.last_insert_rowid());
    put_out(db, &skeleton, sender)?;
    if account.is_admin {
        db.prepare_cached("DELETE FROM meta WHERE key = ?1")?
            .execute([SETUP_TOKEN])?;
    }
    Ok(Account {
        id,
        name: account.name,
        sender: account.sender,
        is_admin: account.is_admin,
        created_at: account.at,
    })
}

/// Puts everyone but `sender` out of the rooms that they are in under a name with this skeleton.
fn put_out(db: &Connection, skeleton: &str, sender: i64) -> Result<(), StorageError> {
    let mut statement = db.prepare_cached(
        "DELETE FROM membership WHERE skeleton = ?1 \
         AND session_id IN (SELECT id FROM session WHERE sender <> ?2) \
         RETURNING session_id, room_id",
    )?;
    let ended = statement.query_map(params![skeleton, sender], |row| {
        Ok((SessionId(row.get(0)?), RoomId(row.get(1)?)))
    })?;
    for (session, room) in ended.collect::<Result<Vec<_>, _>>()? {
        revocations::add(db, session, &Revoked::Left(room))?;
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
pub(super) fn account(
    db: &Connection,
    account: AccountId,
) -> Result<Option<Account>, StorageError> {
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
        Ok((rows::account(row, 1)?, StoredPassword(row.get(0)?)))
    });
    Ok(account.optional()?)
}

/// A one-time token makes the first administrator, and no other.
const NO_ADMINISTRATOR: &str = "NOT EXISTS (SELECT 1 FROM account WHERE is_admin)";

/// Keeps the hash of a new one-time token.
pub(super) fn set_setup_token(db: &Connection, token: TokenHash) -> Result<(), StorageError> {
    set_meta(db, SETUP_TOKEN, token.0)
}

/// The hash of the one-time token, if there is one.
pub(super) fn setup_token(db: &Connection) -> Result<Option<TokenHash>, StorageError> {
    Ok(meta(db, SETUP_TOKEN)?.map(TokenHash))
}

/// Whether this is the one-time token.
pub(super) fn is_setup_token(db: &Connection, token: TokenHash) -> Result<bool, StorageError> {
    let mut statement = db.prepare_cached("SELECT 1 FROM meta WHERE key = ?1 AND value = ?2")?;
    Ok(statement.exists(params![SETUP_TOKEN, token.0])?)
}

/// Uses the one-time token up, and makes the account, unless there is an administrator.
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
    create(db, account).map(Some)
}

/// A value of table `meta`, if it is there.
pub(super) fn meta<T: FromSql>(db: &Connection, key: &str) -> Result<Option<T>, StorageError> {
    let value = db
        .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
        .query_row([key], |row| row.get(0));
    Ok(value.optional()?)
}

/// Sets a value of table `meta`.
pub(super) fn set_meta(db: &Connection, key: &str, value: impl ToSql) -> Result<(), StorageError> {
    db.prepare_cached(
        "INSERT INTO meta (key, value) VALUES (?1, ?2) \
         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    )?
    .execute(params![key, value])?;
    Ok(())
}
