//! Revocations: written by whatever takes a right away, in its transaction, and read by every node.

use std::time::Duration;

use papo_domain::{RoomId, SessionId};

use super::accounts::LOCKS;
use super::connection::Connection;
use super::errors::{Failure, damaged};
use super::rows;
use crate::{Revocation, RevocationId, Revoked};

const LEFT: i16 = 1;
const ENDED: i16 = 2;
const RENAMED: i16 = 3;
/// Of the locks that are Papo's, the one of whoever adds revocations: they become visible in the order of their ids.
const REVOKING: i32 = 3;

/// Adds some; the transaction ought to end soon after, for others wait to add theirs.
pub(super) async fn add(
    db: &Connection,
    revocations: Vec<(SessionId, Revoked)>,
) -> Result<(), Failure> {
    if revocations.is_empty() {
        return Ok(());
    }
    db.rows("SELECT pg_advisory_xact_lock($1, $2)", &[&LOCKS, &REVOKING])
        .await?;
    for (session, revoked) in revocations {
        let (kind, room, username) = match &revoked {
            Revoked::Left(room) => (LEFT, Some(room.0), None),
            Revoked::Ended => (ENDED, None, None),
            Revoked::Renamed(room, username) => (RENAMED, Some(room.0), Some(username.as_str())),
        };
        let sql = "WITH added AS (INSERT INTO revocation (session_id, room_id, kind, username) \
            VALUES ($1, $2, $3, $4) RETURNING id) \
            UPDATE papo SET last_revocation = id FROM added";
        db.execute(sql, &[&session.0, &room, &kind, &username])
            .await?;
    }
    Ok(())
}

/// Those after one.
pub(super) async fn after(
    db: &Connection,
    after: RevocationId,
    limit: usize,
) -> Result<Vec<Revocation>, Failure> {
    let sql = "SELECT id, session_id, room_id, kind, username FROM revocation \
        WHERE id > $1 ORDER BY id LIMIT $2";
    let found = db.rows(sql, &[&after.0, &rows::count(limit)]).await?;
    let revocations = found.iter().map(|row| {
        let room = row.try_get::<_, Option<i64>>(2)?.map(RoomId);
        let revoked = match (row.try_get(3)?, room, rows::username(row, 4)?) {
            (LEFT, Some(room), None) => Revoked::Left(room),
            (ENDED, None, None) => Revoked::Ended,
            (RENAMED, Some(room), Some(username)) => Revoked::Renamed(room, username),
            (kind, ..) => return Err(damaged(format!("a revocation of kind {kind}")).into()),
        };
        Ok(Revocation {
            id: RevocationId(row.try_get(0)?),
            session: SessionId(row.try_get(1)?),
            revoked,
        })
    });
    revocations.collect()
}

/// The last that there ever was.
pub(super) async fn last(db: &Connection) -> Result<RevocationId, Failure> {
    let row = db.row("SELECT last_revocation FROM papo", &[]).await?;
    let row = row.ok_or_else(|| damaged("no row of Papo's"))?;
    Ok(RevocationId(row.try_get(0)?))
}

/// Forgets those that are older than this; how many.
pub(super) async fn forget(db: &Connection, age: Duration) -> Result<u64, Failure> {
    let sql = "DELETE FROM revocation WHERE at <= clock_timestamp() - make_interval(secs => $1)";
    db.execute(sql, &[&age.as_secs_f64()]).await
}
