//! Persons: what they have set for themselves.

use async_trait::async_trait;
use papo_domain::{PersonSettings, SessionId};

use crate::StorageError;

/// What persons have set for themselves. A session identifies the person.
#[async_trait]
pub trait Persons: Send + Sync {
    /// Sets the settings of a session's person, for all their devices. `false`, and no change, when
    /// the session has ended.
    async fn set_settings(
        &self,
        session: SessionId,
        settings: PersonSettings,
    ) -> Result<bool, StorageError>;
}
