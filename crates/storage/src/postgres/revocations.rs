//! Revocations. The transaction that ends a right writes one, and every node reads them.

use std::time::Duration;

use async_trait::async_trait;
use papo_domain::{PersonId, RoomId, SessionId};
use tokio_postgres::Row;

use super::connection::{Connection, Value};
use super::errors::Failure;
use super::journal::Journal;
use super::pool::Work;
use super::{PostgresStorage, rows};
use crate::{Revocation, RevocationId, Revocations, Revoked, StorageError};

static JOURNAL: Journal = Journal {
    table: "revocation",
    columns: &[
        ("person_id", "bigint"),
        ("kind", "smallint"),
        ("room_id", "bigint"),
        ("session_id", "bigint"),
        ("username", "text"),
    ],
};

const LEFT: i16 = 1;
const ENDED: i16 = 2;
const RENAMED: i16 = 3;
const PLACE: i16 = 4;

#[async_trait]
impl Revocations for PostgresStorage {
    async fn revocations_after(
        &self,
        after: RevocationId,
        limit: usize,
    ) -> Result<Vec<Revocation>, StorageError> {
        let work: Work<_, _> =
            |db, &(after, limit)| Box::pin(JOURNAL.after(db, after, limit, read));
        self.rights.read_here((after.0, limit), work).await
    }

    async fn last_revocation(&self) -> Result<RevocationId, StorageError> {
        let last = self.read((), |db, ()| Box::pin(JOURNAL.last(db))).await?;
        Ok(RevocationId(last))
    }

    async fn forget_revocations(&self, age: Duration) -> Result<u64, StorageError> {
        self.write(age, |db, &age| Box::pin(JOURNAL.forget(db, age)))
            .await
    }
}

/// Adds revocations. The transaction does so last, but for the inbox's entries.
pub(super) async fn add(
    db: &Connection,
    revocations: Vec<(PersonId, Revoked)>,
) -> Result<(), Failure> {
    if revocations.is_empty() {
        return Ok(());
    }
    let (mut persons, mut kinds, mut rooms) = (vec![], vec![], vec![]);
    let (mut sessions, mut usernames) = (vec![], vec![]);
    for (person, revoked) in &revocations {
        let (kind, room, session, username) = match revoked {
            Revoked::Left(room) => (LEFT, Some(room.0), None, None),
            Revoked::Ended(session) => (ENDED, None, Some(session.0), None),
            Revoked::Renamed(room, username) => {
                (RENAMED, Some(room.0), None, Some(username.as_str()))
            }
            Revoked::Place => (PLACE, None, None, None),
        };
        persons.push(person.0.cast_signed());
        kinds.push(kind);
        rooms.push(room);
        sessions.push(session);
        usernames.push(username);
    }
    let values: [Value<'_>; 5] = [&persons, &kinds, &rooms, &sessions, &usernames];
    JOURNAL.add(db, &values).await
}

fn read(row: &Row) -> Result<Revocation, Failure> {
    let room = row.try_get::<_, Option<i64>>(3)?.map(RoomId);
    let session = row.try_get::<_, Option<i64>>(4)?.map(SessionId);
    let username = rows::username(row, 5)?;
    let revoked = match (row.try_get::<_, i16>(2)?, room, session, username) {
        (LEFT, Some(room), None, None) => Some(Revoked::Left(room)),
        (ENDED, None, Some(session), None) => Some(Revoked::Ended(session)),
        (RENAMED, Some(room), None, Some(username)) => Some(Revoked::Renamed(room, username)),
        (PLACE, None, None, None) => Some(Revoked::Place),
        _ => None,
    };
    Ok(Revocation {
        id: RevocationId(row.try_get(0)?),
        person: rows::person(row, 1)?,
        revoked,
    })
}
