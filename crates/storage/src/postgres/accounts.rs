//! Accounts, and the one-time token that makes the first of them; and the name of this history and its nodes' key.

use papo_domain::{Account, AccountId, AccountName, Epoch, RelayKey, RoomId, SessionId, skeleton};

use super::connection::Connection;
use super::errors::{Failure, damaged};
use super::{revocations, rooms, rows};
use crate::fold::fold;
use crate::{NewAccount, Revoked, StorageError, StoredPassword, TokenHash};

/// Of the locks that are Papo's, the one on all names: whoever makes an account holds it alone, who takes a name as a guest with others.
const NAMES: i32 = 1;
/// "Papo" in ASCII, before the number of each of its locks.
pub(super) const LOCKS: i32 = 0x5061_706f;

/// The name of this history.
pub(super) async fn epoch(db: &Connection) -> Result<Epoch, Failure> {
    let row = db.row("SELECT epoch FROM papo", &[]).await?;
    let row = row.ok_or_else(|| damaged("no epoch"))?;
    let epoch: i64 = row.try_get(0)?;
    Ok(Epoch(epoch.cast_unsigned()))
}

/// The secret of the nodes of this database.
pub(super) async fn relay_key(db: &Connection) -> Result<RelayKey, Failure> {
    let row = db.row("SELECT relay_key FROM papo", &[]).await?;
    let key: Option<&[u8]> = row
        .as_ref()
        .map(|row| row.try_get(0))
        .transpose()?
        .flatten();
    let key = key.and_then(|key| key.try_into().ok());
    Ok(RelayKey::new(key.ok_or_else(|| damaged("no relay key"))?))
}

/// Makes an account, and takes its name from those who went by it. An administrator's ends the one-time token, with which the first is made.
pub(super) async fn create(db: &Connection, account: &NewAccount) -> Result<Account, Failure> {
    lock_names(db).await?;
    let skeleton = skeleton(account.name.as_str());
    let sender = account.sender.0.cast_signed();
    let sql = format!(
        "INSERT INTO account (name, name_key, skeleton, password, sender, is_admin, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (skeleton) DO NOTHING RETURNING {}",
        rows::ACCOUNT
    );
    let made = db
        .row(
            &sql,
            &[
                &account.name.as_str(),
                &fold(account.name.as_str()),
                &skeleton,
                &account.password.0,
                &sender,
                &account.is_admin,
                &account.at.as_millis(),
            ],
        )
        .await?;
    let Some(made) = made else {
        return Err(StorageError::Exists("an account with this name").into());
    };
    take_name(db, &skeleton, sender).await?;
    if account.is_admin {
        db.execute("UPDATE papo SET setup_token = NULL", &[])
            .await?;
    }
    rows::account(&made, 0)
}

/// Accounts are made one after the other.
async fn lock_names(db: &Connection) -> Result<(), Failure> {
    db.rows("SELECT pg_advisory_xact_lock($1, $2)", &[&LOCKS, &NAMES])
        .await?;
    Ok(())
}

/// Nobody else keeps this name: not in the rooms that they are in, and nobody takes it meanwhile.
async fn take_name(db: &Connection, skeleton: &str, owner: i64) -> Result<(), Failure> {
    let sql = "SELECT DISTINCT membership.room_id FROM membership \
        JOIN session ON session.id = membership.session_id \
        WHERE membership.skeleton = $1 AND session.sender <> $2";
    let found = db.rows(sql, &[&skeleton, &owner]).await?;
    let found = found.iter().map(|row| Ok(RoomId(row.try_get(0)?)));
    rooms::lock(db, &found.collect::<Result<Vec<_>, Failure>>()?).await?;
    let sql = "DELETE FROM membership WHERE skeleton = $1 \
        AND session_id IN (SELECT id FROM session WHERE sender <> $2) RETURNING session_id, room_id";
    let ended = db.rows(sql, &[&skeleton, &owner]).await?;
    let ended = ended.iter().map(|row| {
        let room = Revoked::Left(RoomId(row.try_get(1)?));
        Ok((SessionId(row.try_get(0)?), room))
    });
    revocations::add(db, ended.collect::<Result<Vec<_>, Failure>>()?).await
}

/// Has no account made until the end of the transaction.
pub(super) async fn hold_names(db: &Connection) -> Result<(), Failure> {
    let sql = "SELECT pg_advisory_xact_lock_shared($1, $2)";
    db.rows(sql, &[&LOCKS, &NAMES]).await?;
    Ok(())
}

/// All accounts by name.
pub(super) async fn accounts(db: &Connection) -> Result<Vec<Account>, Failure> {
    let sql = format!(
        "SELECT {} FROM account ORDER BY name_key, id",
        rows::ACCOUNT
    );
    let found = db.rows(&sql, &[]).await?;
    found.iter().map(|row| rows::account(row, 0)).collect()
}

/// One account.
pub(super) async fn account(
    db: &Connection,
    account: AccountId,
) -> Result<Option<Account>, Failure> {
    let sql = format!("SELECT {} FROM account WHERE id = $1", rows::ACCOUNT);
    let row = db.row(&sql, &[&account.0]).await?;
    row.as_ref().map(|row| rows::account(row, 0)).transpose()
}

/// The account with this name, and its password's hash.
pub(super) async fn password(
    db: &Connection,
    name: &AccountName,
) -> Result<Option<(Account, StoredPassword)>, Failure> {
    let sql = format!(
        "SELECT password, {} FROM account WHERE skeleton = $1",
        rows::ACCOUNT
    );
    let Some(row) = db.row(&sql, &[&skeleton(name.as_str())]).await? else {
        return Ok(None);
    };
    Ok(Some((
        rows::account(&row, 1)?,
        StoredPassword(row.try_get(0)?),
    )))
}

/// A one-time token makes the first administrator, and no other.
const NO_ADMINISTRATOR: &str = "NOT EXISTS (SELECT 1 FROM account WHERE is_admin)";

/// Keeps the hash of a new one-time token.
pub(super) async fn set_setup_token(db: &Connection, token: TokenHash) -> Result<(), Failure> {
    let sql = "UPDATE papo SET setup_token = $1";
    db.execute(sql, &[&token.0.as_slice()]).await?;
    Ok(())
}

/// Whether this is the one-time token.
pub(super) async fn is_setup_token(db: &Connection, token: TokenHash) -> Result<bool, Failure> {
    let sql = "SELECT 1 FROM papo WHERE setup_token = $1";
    Ok(db.row(sql, &[&token.0.as_slice()]).await?.is_some())
}

/// Uses the one-time token up, and makes the account, unless there is an administrator.
pub(super) async fn claim_setup(
    db: &Connection,
    token: TokenHash,
    account: &NewAccount,
) -> Result<Option<Account>, Failure> {
    // Before anything else, as whoever makes an account does.
    lock_names(db).await?;
    let sql =
        format!("UPDATE papo SET setup_token = NULL WHERE setup_token = $1 AND {NO_ADMINISTRATOR}");
    if db.execute(&sql, &[&token.0.as_slice()]).await? == 0 {
        return Ok(None);
    }
    create(db, account).await.map(Some)
}
