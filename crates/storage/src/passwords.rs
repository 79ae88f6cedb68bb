//! Other passwords: by somebody who knows the one before, or by a one-time link.

use async_trait::async_trait;
use papo_domain::{Account, AccountId, SessionId};

use crate::{Served, StorageError, StoredPassword, TokenHash};

/// Passwords that their owners change.
#[async_trait]
pub trait Passwords: Send + Sync {
    /// Gives the account of a session another password, ends its other sessions, and returns them.
    /// `None`, and no change, when the session has ended or the account has no such password
    /// `before`. The one-time link ends.
    async fn change_password(
        &self,
        session: SessionId,
        before: StoredPassword,
        after: StoredPassword,
    ) -> Result<Option<Vec<SessionId>>, StorageError>;

    /// Makes a one-time link for another password, in place of an earlier one. `false` when there
    /// is no such account.
    async fn set_password_link(
        &self,
        account: AccountId,
        link: TokenHash,
        until: Served,
    ) -> Result<bool, StorageError>;

    /// The account of a one-time link that holds at this moment.
    async fn password_link(
        &self,
        link: TokenHash,
        now: Served,
    ) -> Result<Option<Account>, StorageError>;

    /// Gives the account of a one-time link another password, and ends the link and the account's
    /// sessions: all or nothing. Returns the sessions. `None` when the link doesn't hold. Of
    /// several calls at once, one succeeds.
    async fn claim_password_link(
        &self,
        link: TokenHash,
        now: Served,
        password: StoredPassword,
    ) -> Result<Option<(Account, Vec<SessionId>)>, StorageError>;
}
