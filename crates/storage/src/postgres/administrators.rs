//! The right to administer, checked in the transaction that uses it.

use papo_domain::{Denial, PersonId};

use super::connection::Connection;
use super::errors::Failure;
use super::rows;
use crate::By;

/// The person who administers; `None` for the system. Denied when the right or the session has
/// ended. Locks what the right depends on, accounts before sessions as everywhere. So a transaction
/// that ends the right waits, or has committed before.
pub(super) async fn check(
    db: &Connection,
    by: By,
) -> Result<Result<Option<PersonId>, Denial>, Failure> {
    let session = match by {
        By::System => return Ok(Ok(None)),
        By::Member(_) => return Ok(Err(Denial::NotAdministrator)),
        By::Administrator(session) => session,
    };
    let sql = "SELECT person_id FROM account WHERE is_admin AND NOT is_suspended \
        AND person_id = (SELECT person_id FROM session WHERE id = $1) FOR SHARE";
    let Some(account) = db.row(sql, &[&session.0]).await? else {
        return Ok(Err(Denial::NotAdministrator));
    };
    let sql = "SELECT 1 FROM session WHERE id = $1 FOR SHARE";
    if db.row(sql, &[&session.0]).await?.is_none() {
        return Ok(Err(Denial::NotAdministrator));
    }
    Ok(Ok(Some(rows::person(&account, 0)?)))
}
