//! The epoch, the nodes' key, and the table `meta`.

use async_trait::async_trait;
use papo_domain::{Epoch, RelayKey};
use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, ToSql, params};

use super::SqliteStorage;
use super::errors::damaged;
use crate::{Instance, StorageError};

/// Keys of table `meta`.
pub(super) const EPOCH: &str = "epoch";
pub(super) const RELAY_KEY: &str = "relay_key";

#[async_trait]
impl Instance for SqliteStorage {
    async fn epoch(&self) -> Result<Epoch, StorageError> {
        self.read(epoch).await
    }

    async fn relay_key(&self) -> Result<RelayKey, StorageError> {
        self.read(relay_key).await
    }
}

/// The name of this history.
pub(super) fn epoch(db: &Connection) -> Result<Epoch, StorageError> {
    let epoch: Option<i64> = meta(db, EPOCH)?;
    let epoch = epoch.ok_or_else(|| damaged("no epoch"))?;
    Ok(Epoch(epoch.cast_unsigned()))
}

/// The key of the nodes of this database.
pub(super) fn relay_key(db: &Connection) -> Result<RelayKey, StorageError> {
    let key: Option<[u8; RelayKey::BYTES]> = meta(db, RELAY_KEY)?;
    let key = key.ok_or_else(|| damaged("no relay key"))?;
    Ok(RelayKey::new(key))
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
