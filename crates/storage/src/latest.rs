//! What time it is for sessions: the storage has no clock of its own.

use std::sync::atomic::{AtomicI64, Ordering};

use papo_domain::Timestamp;

/// A session that wasn't used for this long, 30 days, has ended.
pub const SESSION_LIFETIME_MILLIS: i64 = 30 * 24 * 60 * 60 * 1_000;

/// The latest time that the storage was told about sessions.
pub(crate) struct Latest(AtomicI64);

impl Latest {
    /// The latest time so far.
    pub(crate) fn of(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.as_millis()))
    }

    /// Notes that it is at least this late.
    pub(crate) fn note(&self, at: Timestamp) {
        self.0.fetch_max(at.as_millis(), Ordering::Relaxed);
    }

    /// Sessions used since then go on.
    pub(crate) fn used_since(&self) -> Timestamp {
        let latest = self.0.load(Ordering::Relaxed);
        Timestamp::from_millis(latest.saturating_sub(SESSION_LIFETIME_MILLIS))
    }
}
