//! The instance that a database holds: the name of its history, and its nodes' key.

use async_trait::async_trait;
use papo_domain::{Epoch, RelayKey};

use crate::StorageError;

/// What names a history, and what its nodes share.
#[async_trait]
pub trait Instance: Send + Sync {
    /// The name of this history.
    async fn epoch(&self) -> Result<Epoch, StorageError>;

    /// The secret by which the nodes of this database know each other's signals. Another epoch has
    /// another one.
    async fn relay_key(&self) -> Result<RelayKey, StorageError>;
}
