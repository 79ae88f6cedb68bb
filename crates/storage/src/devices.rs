//! A person's devices, as the person sees and ends them. Each is a session.

use async_trait::async_trait;
use papo_domain::{DeviceText, SessionId};

use crate::{AccountSession, StorageError};

/// The devices of a person, whom one of their sessions identifies.
#[async_trait]
pub trait Devices: Send + Sync {
    /// Notes what a session's device is.
    async fn note_device(&self, session: SessionId, device: DeviceText)
    -> Result<(), StorageError>;

    /// The devices of a session's person, the latest first. None when the session has ended.
    async fn devices(&self, session: SessionId) -> Result<Vec<AccountSession>, StorageError>;

    /// Ends a session of a session's person. `false`, and no change, when the first has ended, or
    /// the other is somebody else's or has ended.
    async fn end_device(&self, session: SessionId, device: SessionId)
    -> Result<bool, StorageError>;

    /// Ends all other sessions of a session's person, and returns them.
    async fn end_other_devices(&self, session: SessionId) -> Result<Vec<SessionId>, StorageError>;
}
