//! Locks that keep nodes apart where no row does. A transaction holds each to its end.

use super::connection::Connection;
use super::errors::Failure;

/// "Papo" in ASCII, the first half of each lock's number.
const PAPO: i32 = 0x5061_706f;

/// One of Papo's locks, with the second half of its number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lock {
    /// The lock on all names. A transaction that makes or changes an account takes it. One that
    /// gives a guest a name shares it.
    Names = 1,
    /// The lock of the node that migrates.
    Migration = 2,
    /// The lock of the transaction that adds entries to journals, so that they become visible in
    /// the order of their ids.
    Journals = 3,
    /// The lock of the node that makes the first rooms.
    FirstRooms = 4,
}

/// Takes a lock alone.
pub(super) async fn take(db: &Connection, lock: Lock) -> Result<(), Failure> {
    let sql = "SELECT pg_advisory_xact_lock($1, $2)";
    db.rows(sql, &[&PAPO, &(lock as i32)]).await?;
    Ok(())
}

/// Takes a lock, shared with other transactions that share it.
pub(super) async fn share(db: &Connection, lock: Lock) -> Result<(), Failure> {
    let sql = "SELECT pg_advisory_xact_lock_shared($1, $2)";
    db.rows(sql, &[&PAPO, &(lock as i32)]).await?;
    Ok(())
}
