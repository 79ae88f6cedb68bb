//! Locks that keep nodes apart where no row does: each is held to the end of the transaction.

use super::connection::Connection;
use super::errors::Failure;

/// "Papo" in ASCII, before the number of each of its locks.
const PAPO: i32 = 0x5061_706f;

/// One of Papo's locks, by its number in the database.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lock {
    /// On all names. A transaction that makes or changes an account takes it; one that gives a
    /// guest a name shares it.
    Names = 1,
    /// Of the node that migrates.
    Migration = 2,
    /// Of the transaction that adds revocations: they become visible in the order of their ids.
    Revocations = 3,
    /// Of the node that makes the first rooms.
    FirstRooms = 4,
}

/// Takes a lock that no other transaction has then.
pub(super) async fn take(db: &Connection, lock: Lock) -> Result<(), Failure> {
    let sql = "SELECT pg_advisory_xact_lock($1, $2)";
    db.rows(sql, &[&PAPO, &(lock as i32)]).await?;
    Ok(())
}

/// Takes a lock together with other transactions that share it.
pub(super) async fn share(db: &Connection, lock: Lock) -> Result<(), Failure> {
    let sql = "SELECT pg_advisory_xact_lock_shared($1, $2)";
    db.rows(sql, &[&PAPO, &(lock as i32)]).await?;
    Ok(())
}
