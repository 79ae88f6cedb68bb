//! The one-time token that makes the first administrator.

use async_trait::async_trait;
use papo_domain::Account;

use crate::{NewAccount, StorageError, TokenHash};

/// The one-time token that makes the first administrator.
#[async_trait]
pub trait Setup: Send + Sync {
    /// Stores the token's hash, in place of an earlier one.
    async fn set_setup_token(&self, token: TokenHash) -> Result<(), StorageError>;

    /// Whether this is the token, and still unused.
    async fn is_setup_token(&self, token: TokenHash) -> Result<bool, StorageError>;

    /// Makes the account and deletes the token: both or neither. `None` when it isn't the token. Of
    /// several calls at once, one succeeds.
    async fn claim_setup(
        &self,
        token: TokenHash,
        account: NewAccount,
    ) -> Result<Option<Account>, StorageError>;
}
