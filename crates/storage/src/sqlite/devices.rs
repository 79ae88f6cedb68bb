//! A person's devices, as the person sees and ends them.

use async_trait::async_trait;
use papo_domain::{DeviceText, PersonId, SessionId};
use rusqlite::{Connection, params};

use super::{SqliteStorage, persons, rows, sessions};
use crate::{AccountSession, Devices, Served, StorageError};

#[async_trait]
impl Devices for SqliteStorage {
    async fn note_device(
        &self,
        session: SessionId,
        device: DeviceText,
    ) -> Result<(), StorageError> {
        self.write(move |db| note(db, session, &device)).await
    }

    async fn devices(&self, session: SessionId) -> Result<Vec<AccountSession>, StorageError> {
        self.read(move |db| match persons::of_session(db, session)? {
            Some(person) => of_person(db, person),
            None => Ok(Vec::new()),
        })
        .await
    }

    async fn end_device(
        &self,
        session: SessionId,
        device: SessionId,
    ) -> Result<bool, StorageError> {
        self.write(move |db| end(db, session, device)).await
    }

    async fn end_other_devices(&self, session: SessionId) -> Result<Vec<SessionId>, StorageError> {
        self.write(move |db| end_others(db, session)).await
    }
}

/// Notes what a session's device is.
pub(super) fn note(
    db: &Connection,
    session: SessionId,
    device: &DeviceText,
) -> Result<(), StorageError> {
    db.prepare_cached("UPDATE session SET device = ?2 WHERE id = ?1")?
        .execute(params![session.0, device.as_str()])?;
    Ok(())
}

/// The sessions of a person, the latest first.
pub(super) fn of_person(
    db: &Connection,
    person: PersonId,
) -> Result<Vec<AccountSession>, StorageError> {
    let mut statement = db.prepare_cached(
        "SELECT id, created_at, last_used, device FROM session \
         WHERE person_id = ?1 ORDER BY id DESC",
    )?;
    let sessions = statement.query_map([person.0.cast_signed()], |row| {
        Ok(AccountSession {
            id: SessionId(row.get(0)?),
            created_at: rows::timestamp(row, 1)?,
            last_used: Served(row.get(2)?),
            device: DeviceText::from_stored(&rows::text(row, 3)?),
        })
    })?;
    Ok(sessions.collect::<Result<_, _>>()?)
}

/// Ends a session of a session's person.
pub(super) fn end(
    db: &Connection,
    session: SessionId,
    device: SessionId,
) -> Result<bool, StorageError> {
    let (person, owner) = (
        persons::of_session(db, session)?,
        persons::of_session(db, device)?,
    );
    if person.is_none() || person != owner {
        return Ok(false);
    }
    sessions::end(db, device)?;
    Ok(true)
}

/// Ends all other sessions of a session's person.
pub(super) fn end_others(
    db: &Connection,
    session: SessionId,
) -> Result<Vec<SessionId>, StorageError> {
    let ended = "DELETE FROM session WHERE id <> ?1 \
        AND person_id = (SELECT person_id FROM session WHERE id = ?1) RETURNING id, person_id";
    sessions::end_some(db, ended, session.0)
}
