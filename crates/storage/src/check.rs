//! The check of a whole database.

use async_trait::async_trait;

use crate::StorageError;

/// What is wrong with the database.
#[async_trait]
pub trait Check: Send + Sync {
    /// Reads the whole database and says what is wrong with it; empty when nothing is.
    async fn check(&self) -> Result<Vec<String>, StorageError>;
}
