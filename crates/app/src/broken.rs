//! The failure after which the storage can't be relied on: the process must end and start again.

use std::sync::{Arc, OnceLock};

use papo_storage::StorageError;
use tokio_util::sync::CancellationToken;

/// The failure, noted once. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Broken {
    why: Arc<OnceLock<String>>,
    token: CancellationToken,
}

impl Broken {
    /// Notes a failure after which nothing may be acknowledged or shown.
    pub(crate) fn note(&self, error: &StorageError) {
        if let StorageError::Broken(why) = error {
            let _ = self.why.set(why.clone());
            self.token.cancel();
        }
    }

    /// Whether there was such a failure.
    pub(crate) fn is_noted(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Waits for such a failure, and returns it.
    pub(crate) async fn wait(&self) -> String {
        self.token.cancelled().await;
        self.why.get().cloned().unwrap_or_default()
    }
}
