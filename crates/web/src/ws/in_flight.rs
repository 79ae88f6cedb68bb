//! The requests of one socket that wait for an answer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use papo_app::Error;

/// Counts the requests that wait for the writer, and remembers a refusal.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    count: AtomicUsize,
    /// On a plain socket: why a message was refused, which closes it.
    refused: OnceLock<Error>,
}

impl InFlight {
    pub(super) fn begin(self: &Arc<Self>) -> Arc<Self> {
        self.count.fetch_add(1, Ordering::AcqRel);
        Arc::clone(self)
    }

    pub(super) fn end(&self) {
        self.count.fetch_sub(1, Ordering::AcqRel);
    }

    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    pub(super) fn refuse(&self, error: Error) {
        // The first refusal closes the socket; a later one has nothing to add.
        let _ = self.refused.set(error);
    }

    pub(super) fn refused(&self) -> Option<&Error> {
        self.refused.get()
    }
}
