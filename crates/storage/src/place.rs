//! The settings of the place.

use async_trait::async_trait;
use papo_domain::{Denial, Place, Timestamp};

use crate::{By, StorageError};

/// The settings that hold for everybody.
#[async_trait]
pub trait PlaceSettings: Send + Sync {
    /// The settings, or the default ones until somebody changes them.
    async fn place(&self) -> Result<StoredPlace, StorageError>;

    /// Replaces the settings, if they still are those of this version. The same transaction stores
    /// a revocation, by which every node learns of it. Returns the new version.
    async fn set_place(
        &self,
        by: By,
        before: PlaceVersion,
        place: Place,
        at: Timestamp,
    ) -> Result<Result<PlaceVersion, PlaceRefusal>, StorageError>;
}

/// How often the settings were changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlaceVersion(pub i64);

/// The settings, and their version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredPlace {
    /// The version.
    pub version: PlaceVersion,
    /// The settings.
    pub place: Place,
}

/// Why the settings weren't changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlaceRefusal {
    /// The person has no right to it.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// Somebody has changed them since this version.
    #[error("the settings were changed meanwhile")]
    Changed,
}

/// The settings as a database stores them.
pub(crate) fn to_stored(place: &Place) -> String {
    serde_json::to_string(place).expect("the settings have string keys and no fallible parts")
}

/// The settings that a database stores.
pub(crate) fn from_stored(settings: &str) -> Result<Place, StorageError> {
    serde_json::from_str(settings).map_err(|error| {
        let text = format!("the settings of the place can't be read: {error}");
        StorageError::Damaged(text)
    })
}
