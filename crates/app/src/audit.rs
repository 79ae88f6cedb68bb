//! The audit: what administrators and moderators did. The storage notes it in the transaction of
//! each act.

use papo_domain::AuditEntry;
use papo_storage::{AUDIT_KEPT, AuditFilter, StorageError};

use crate::{Administrator, App, Error};

impl App {
    /// Entries of the audit, the latest first.
    pub async fn find_audit(
        &self,
        _by: &Administrator,
        filter: AuditFilter,
    ) -> Result<Vec<AuditEntry>, Error> {
        Ok(self.storage.audit(filter).await?)
    }

    /// Deletes entries that are kept no longer.
    pub(crate) async fn forget_audit(&self) -> Result<(), StorageError> {
        self.storage.forget_audit(AUDIT_KEPT).await?;
        Ok(())
    }
}
