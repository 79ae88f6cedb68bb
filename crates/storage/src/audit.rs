//! The audit: what administrators and moderators did. The transaction of an act stores its entry.

use std::time::Duration;

use async_trait::async_trait;
use papo_domain::{AuditAct, AuditEntry, AuditId, PersonId, Timestamp};

use crate::StorageError;

/// How long an entry is kept, in the time of service.
pub const AUDIT_KEPT: Duration = Duration::from_hours(365 * 24);

/// The entries of the audit.
#[async_trait]
pub trait Audit: Send + Sync {
    /// Entries, the latest first.
    async fn audit(&self, filter: AuditFilter) -> Result<Vec<AuditEntry>, StorageError>;

    /// Deletes the entries that are older than this in service time. Returns how many.
    async fn forget_audit(&self, age: Duration) -> Result<u64, StorageError>;
}

/// Which entries to list; all conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// The name of the person who did it contains this, whatever its case; no character has a
    /// special meaning.
    pub who: Option<String>,
    /// The code of the act.
    pub act: Option<String>,
    /// Since this moment.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// Only entries with lower numbers.
    pub before: Option<AuditId>,
    /// How many to skip.
    pub offset: usize,
    /// How many at most.
    pub limit: usize,
}

/// An entry to be stored. The database adds the name of the person's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuditNote {
    /// Who did it; `None` for the system.
    pub(crate) by: Option<PersonId>,
    /// When.
    pub(crate) at: Timestamp,
    /// What.
    pub(crate) act: AuditAct,
}
