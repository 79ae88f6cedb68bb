//! Persons: each has a session or an account.

use papo_domain::{PersonId, SessionId, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::rows;
use crate::StorageError;

/// Makes a person, unless they exist.
pub(super) fn make(db: &Connection, person: PersonId, at: Timestamp) -> Result<(), StorageError> {
    db.prepare_cached(
        "INSERT INTO person (id, created_at) VALUES (?1, ?2) ON CONFLICT (id) DO NOTHING",
    )?
    .execute(params![person.0.cast_signed(), at.as_millis()])?;
    Ok(())
}

/// The person of a session.
pub(super) fn of_session(
    db: &Connection,
    session: SessionId,
) -> Result<Option<PersonId>, StorageError> {
    let mut statement = db.prepare_cached("SELECT person_id FROM session WHERE id = ?1")?;
    let person = statement.query_row([session.0], |row| rows::person(row, 0));
    Ok(person.optional()?)
}

/// Removes a person who has neither a session nor an account, with their memberships: nobody can be
/// that person again. Their messages stay.
pub(super) fn remove_if_gone(db: &Connection, person: PersonId) -> Result<(), StorageError> {
    db.prepare_cached(
        "DELETE FROM person WHERE id = ?1 \
         AND NOT EXISTS (SELECT 1 FROM session WHERE person_id = ?1) \
         AND NOT EXISTS (SELECT 1 FROM account WHERE person_id = ?1)",
    )?
    .execute([person.0.cast_signed()])?;
    Ok(())
}
