//! The hash of the one-time token, in table `meta`.

use rusqlite::{Connection, params};

use super::instance;
use crate::{StorageError, TokenHash};

/// Key of table `meta`.
pub(super) const KEY: &str = "setup_token";

/// Stores the hash of a new one-time token.
pub(super) fn set(db: &Connection, token: TokenHash) -> Result<(), StorageError> {
    instance::set_meta(db, KEY, token.0)
}

/// The hash of the one-time token, if there is one.
pub(super) fn get(db: &Connection) -> Result<Option<TokenHash>, StorageError> {
    Ok(instance::meta(db, KEY)?.map(TokenHash))
}

/// Whether this is the one-time token.
pub(super) fn matches(db: &Connection, token: TokenHash) -> Result<bool, StorageError> {
    let mut statement = db.prepare_cached("SELECT 1 FROM meta WHERE key = ?1 AND value = ?2")?;
    Ok(statement.exists(params![KEY, token.0])?)
}

/// Deletes the one-time token: there is an administrator.
pub(super) fn end(db: &Connection) -> Result<(), StorageError> {
    db.prepare_cached("DELETE FROM meta WHERE key = ?1")?
        .execute([KEY])?;
    Ok(())
}
