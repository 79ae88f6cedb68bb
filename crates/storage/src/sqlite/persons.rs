//! Persons: each has a session or an account.

use async_trait::async_trait;
use papo_domain::{PersonId, PersonSettings, SessionId, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::{SqliteStorage, rows};
use crate::{Persons, StorageError};

#[async_trait]
impl Persons for SqliteStorage {
    async fn set_settings(
        &self,
        session: SessionId,
        settings: PersonSettings,
    ) -> Result<bool, StorageError> {
        self.write(move |db| set_settings(db, session, &settings))
            .await
    }
}

/// Sets the settings of a session's person.
pub(super) fn set_settings(
    db: &Connection,
    session: SessionId,
    settings: &PersonSettings,
) -> Result<bool, StorageError> {
    let changed = db
        .prepare_cached(
            "UPDATE person SET settings = ?2 \
             WHERE id = (SELECT person_id FROM session WHERE id = ?1)",
        )?
        .execute(params![session.0, settings.to_stored()])?;
    Ok(changed > 0)
}

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
