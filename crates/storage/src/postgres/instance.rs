//! The epoch, and the nodes' key.

use async_trait::async_trait;
use papo_domain::{Epoch, RelayKey};

use super::PostgresStorage;
use super::connection::Connection;
use super::errors::{Failure, damaged};
use crate::{Instance, StorageError};

#[async_trait]
impl Instance for PostgresStorage {
    async fn epoch(&self) -> Result<Epoch, StorageError> {
        self.read((), |db, ()| Box::pin(epoch(db))).await
    }

    async fn relay_key(&self) -> Result<RelayKey, StorageError> {
        self.read((), |db, ()| Box::pin(relay_key(db))).await
    }
}

/// The name of this history.
pub(super) async fn epoch(db: &Connection) -> Result<Epoch, Failure> {
    let row = db.row("SELECT epoch FROM papo", &[]).await?;
    let row = row.ok_or_else(|| damaged("no epoch"))?;
    let epoch: i64 = row.try_get(0)?;
    Ok(Epoch(epoch.cast_unsigned()))
}

/// The key of the nodes of this database.
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
