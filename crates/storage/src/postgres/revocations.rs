//! Revocations. The transaction that ends a right writes one, and every node reads them.

use std::time::Duration;

use async_trait::async_trait;
use papo_domain::{PersonId, RoomId, SessionId};

use super::connection::Connection;
use super::errors::{Failure, damaged};
use super::locks::{self, Lock};
use super::pool::Work;
use super::{PostgresStorage, rows, served};
use crate::{Revocation, RevocationId, Revocations, Revoked, StorageError};

const LEFT: i16 = 1;
const ENDED: i16 = 2;
const RENAMED: i16 = 3;

#[async_trait]
impl Revocations for PostgresStorage {
    async fn revocations_after(
        &self,
        after: RevocationId,
        limit: usize,
    ) -> Result<Vec<Revocation>, StorageError> {
        let work: Work<_, _> = |db, &(after, limit)| Box::pin(read_after(db, after, limit));
        self.rights.read_here((after, limit), work).await
    }

    async fn last_revocation(&self) -> Result<RevocationId, StorageError> {
        self.read((), |db, ()| Box::pin(last(db))).await
    }

    async fn forget_revocations(&self, age: Duration) -> Result<u64, StorageError> {
        self.write(age, |db, &age| Box::pin(forget(db, age))).await
    }
}

/// Adds revocations. The transaction should end soon after, since others wait to add theirs.
pub(super) async fn add(
    db: &Connection,
    revocations: Vec<(PersonId, Revoked)>,
) -> Result<(), Failure> {
    if revocations.is_empty() {
        return Ok(());
    }
    locks::take(db, Lock::Revocations).await?;
    let (mut persons, mut kinds, mut rooms) = (vec![], vec![], vec![]);
    let (mut sessions, mut usernames) = (vec![], vec![]);
    for (person, revoked) in &revocations {
        let (kind, room, session, username) = match revoked {
            Revoked::Left(room) => (LEFT, Some(room.0), None, None),
            Revoked::Ended(session) => (ENDED, None, Some(session.0), None),
            Revoked::Renamed(room, username) => {
                (RENAMED, Some(room.0), None, Some(username.as_str()))
            }
        };
        persons.push(person.0.cast_signed());
        kinds.push(kind);
        rooms.push(room);
        sessions.push(session);
        usernames.push(username);
    }
    let sql = "WITH added AS ( \
        INSERT INTO revocation (person_id, kind, room_id, session_id, username, at) \
        SELECT person_id, kind, room_id, session_id, username, (SELECT served FROM papo) \
        FROM unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::bigint[], $5::text[]) \
        WITH ORDINALITY AS new (person_id, kind, room_id, session_id, username, place) \
        ORDER BY place RETURNING id) \
        UPDATE papo SET last_revocation = (SELECT max(id) FROM added)";
    db.execute(sql, &[&persons, &kinds, &rooms, &sessions, &usernames])
        .await?;
    Ok(())
}

/// The revocations after this one.
pub(super) async fn read_after(
    db: &Connection,
    after: RevocationId,
    limit: usize,
) -> Result<Vec<Revocation>, Failure> {
    let sql = "SELECT id, person_id, kind, room_id, session_id, username FROM revocation \
        WHERE id > $1 ORDER BY id LIMIT $2";
    let found = db.rows(sql, &[&after.0, &rows::count(limit)]).await?;
    let revocations = found.iter().map(|row| {
        let room = row.try_get::<_, Option<i64>>(3)?.map(RoomId);
        let session = row.try_get::<_, Option<i64>>(4)?.map(SessionId);
        let username = rows::username(row, 5)?;
        let revoked = match (row.try_get::<_, i16>(2)?, room, session, username) {
            (LEFT, Some(room), None, None) => Some(Revoked::Left(room)),
            (ENDED, None, Some(session), None) => Some(Revoked::Ended(session)),
            (RENAMED, Some(room), None, Some(username)) => Some(Revoked::Renamed(room, username)),
            _ => None,
        };
        Ok(Revocation {
            id: RevocationId(row.try_get(0)?),
            person: rows::person(row, 1)?,
            revoked,
        })
    });
    revocations.collect()
}

/// The last revocation that ever was.
pub(super) async fn last(db: &Connection) -> Result<RevocationId, Failure> {
    let row = db.row("SELECT last_revocation FROM papo", &[]).await?;
    let row = row.ok_or_else(|| damaged("no row of Papo's"))?;
    Ok(RevocationId(row.try_get(0)?))
}

/// Deletes the revocations that are older than this. Returns how many.
pub(super) async fn forget(db: &Connection, age: Duration) -> Result<u64, Failure> {
    let until = served::get(db).await?.before(age);
    let sql = "DELETE FROM revocation WHERE at <= $1";
    db.execute(sql, &[&until.0]).await
}
