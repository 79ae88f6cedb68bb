//! The instance that a database holds: the name of its history, and its nodes' key.

use async_trait::async_trait;
use papo_domain::{Epoch, RelayKey};

use crate::StorageError;

/// What names a history, and what its nodes share.
#[async_trait]
pub trait Instance: Send + Sync {
    /// The name of this history.
    async fn epoch(&self) -> Result<Epoch, StorageError>;

    /// The key with which the nodes of this database sign their signals. Each epoch has its own.
    async fn relay_key(&self) -> Result<RelayKey, StorageError>;
}
