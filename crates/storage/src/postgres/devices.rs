//! A person's devices, as the person sees and ends them.

use async_trait::async_trait;
use papo_domain::{DeviceText, PersonId, SessionId};

use super::connection::Connection;
use super::errors::Failure;
use super::{PostgresStorage, rows, sessions};
use crate::{AccountSession, Devices, Served, StorageError};

#[async_trait]
impl Devices for PostgresStorage {
    async fn note_device(
        &self,
        session: SessionId,
        device: DeviceText,
    ) -> Result<(), StorageError> {
        self.write((session, device), |db, (session, device)| {
            Box::pin(note(db, *session, device))
        })
        .await
    }

    async fn devices(&self, session: SessionId) -> Result<Vec<AccountSession>, StorageError> {
        self.read(session, |db, &session| Box::pin(of_session(db, session)))
            .await
    }

    async fn end_device(
        &self,
        session: SessionId,
        device: SessionId,
    ) -> Result<bool, StorageError> {
        self.write((session, device), |db, &(session, device)| {
            Box::pin(end(db, session, device))
        })
        .await
    }

    async fn end_other_devices(&self, session: SessionId) -> Result<Vec<SessionId>, StorageError> {
        self.write(session, |db, &session| Box::pin(end_others(db, session)))
            .await
    }
}

async fn note(db: &Connection, session: SessionId, device: &DeviceText) -> Result<(), Failure> {
    let sql = "UPDATE session SET device = $2 WHERE id = $1";
    db.execute(sql, &[&session.0, &device.as_str()]).await?;
    Ok(())
}

async fn of_session(db: &Connection, session: SessionId) -> Result<Vec<AccountSession>, Failure> {
    let sql = "SELECT person_id FROM session WHERE id = $1";
    match db.row(sql, &[&session.0]).await? {
        Some(row) => of_person(db, rows::person(&row, 0)?).await,
        None => Ok(Vec::new()),
    }
}

/// The sessions of a person, the latest first.
pub(super) async fn of_person(
    db: &Connection,
    person: PersonId,
) -> Result<Vec<AccountSession>, Failure> {
    let sql = "SELECT id, created_at, last_used, device FROM session \
        WHERE person_id = $1 ORDER BY id DESC";
    let found = db.rows(sql, &[&person.0.cast_signed()]).await?;
    let sessions = found.iter().map(|row| {
        Ok(AccountSession {
            id: SessionId(row.try_get(0)?),
            created_at: rows::timestamp(row, 1)?,
            last_used: Served(row.try_get(2)?),
            device: DeviceText::from_stored(row.try_get(3)?),
        })
    });
    sessions.collect()
}

/// Ends a session of a session's person.
async fn end(db: &Connection, session: SessionId, device: SessionId) -> Result<bool, Failure> {
    let sql = "SELECT FROM session AS own JOIN session AS other USING (person_id) \
        WHERE own.id = $1 AND other.id = $2";
    if db.row(sql, &[&session.0, &device.0]).await?.is_none() {
        return Ok(false);
    }
    sessions::end(db, device).await?;
    Ok(true)
}

/// Ends all other sessions of a session's person.
pub(super) async fn end_others(
    db: &Connection,
    session: SessionId,
) -> Result<Vec<SessionId>, Failure> {
    let others = "id <> $1 AND person_id = (SELECT person_id FROM session WHERE id = $1)";
    sessions::end_where(db, others, session.0).await
}
