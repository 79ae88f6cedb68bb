//! Persons: each has a session or an account.

use async_trait::async_trait;
use papo_domain::{PersonId, PersonSettings, SessionId, Timestamp};

use super::PostgresStorage;
use super::connection::Connection;
use super::errors::Failure;
use crate::{Persons, StorageError};

#[async_trait]
impl Persons for PostgresStorage {
    async fn set_settings(
        &self,
        session: SessionId,
        settings: PersonSettings,
    ) -> Result<bool, StorageError> {
        self.write((session, settings), |db, (session, settings)| {
            Box::pin(set_settings(db, *session, settings))
        })
        .await
    }
}

async fn set_settings(
    db: &Connection,
    session: SessionId,
    settings: &PersonSettings,
) -> Result<bool, Failure> {
    let sql = "UPDATE person SET settings = $2 \
        WHERE id = (SELECT person_id FROM session WHERE id = $1)";
    let settings = settings.to_stored();
    let changed = db.execute(sql, &[&session.0, &settings]).await?;
    Ok(changed > 0)
}

/// Makes a person, unless they exist. Then nobody removes them until the transaction ends.
pub(super) async fn make(db: &Connection, person: PersonId, at: Timestamp) -> Result<(), Failure> {
    let sql = "INSERT INTO person (id, created_at) VALUES ($1, $2) ON CONFLICT (id) \
        DO UPDATE SET id = excluded.id";
    let (person, at) = (person.0.cast_signed(), at.as_millis());
    db.execute(sql, &[&person, &at]).await?;
    Ok(())
}

/// Removes those of these persons who have neither a session nor an account, with their
/// memberships: nobody can be them again. Their messages stay. The caller has locked the rooms that
/// they are in.
pub(super) async fn remove_the_gone(db: &Connection, persons: &[PersonId]) -> Result<(), Failure> {
    let numbers = numbers(persons);
    // A transaction that makes an account for one of them holds the row until the account is
    // visible.
    let sql = "SELECT id FROM person WHERE id = ANY($1) ORDER BY id FOR UPDATE";
    db.rows(sql, &[&numbers]).await?;
    let sql = "DELETE FROM person WHERE id = ANY($1) \
        AND NOT EXISTS (SELECT 1 FROM session WHERE person_id = person.id) \
        AND NOT EXISTS (SELECT 1 FROM account WHERE person_id = person.id)";
    db.execute(sql, &[&numbers]).await?;
    Ok(())
}

/// Their numbers as the database has them.
pub(super) fn numbers(persons: &[PersonId]) -> Vec<i64> {
    let numbers = persons.iter().map(|person| person.0.cast_signed());
    numbers.collect()
}
