//! The right to administer, checked in the transaction that uses it.

use papo_domain::{Denial, PersonId};
use rusqlite::{Connection, OptionalExtension};

use super::rows;
use crate::{By, StorageError};

/// The person who administers; `None` for the system. Denied when the right or the session has
/// ended.
pub(super) fn check(
    db: &Connection,
    by: By,
) -> Result<Result<Option<PersonId>, Denial>, StorageError> {
    let session = match by {
        By::System => return Ok(Ok(None)),
        By::Member(_) => return Ok(Err(Denial::NotAdministrator)),
        By::Administrator(session) => session,
    };
    let mut statement = db.prepare_cached(
        "SELECT person_id FROM session JOIN account USING (person_id) \
         WHERE session.id = ?1 AND is_admin AND NOT is_suspended",
    )?;
    let person = statement.query_row([session.0], |row| rows::person(row, 0));
    Ok(person.optional()?.map(Some).ok_or(Denial::NotAdministrator))
}
