//! Bringing the tables to the form that this program knows.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{accounts, connection, errors};
use crate::StorageError;
use crate::random::{random_number, random_relay_key};

/// The steps, in order; the first makes version 1. A step that has been released is never changed.
const MIGRATIONS: [&str; 4] = [
    include_str!("migrations/0001_rooms_sessions_accounts.sql"),
    include_str!("migrations/0002_messages_are_events.sql"),
    include_str!("migrations/0003_revocations.sql"),
    include_str!("migrations/0004_relay_key.sql"),
];
/// The step since which there is a key.
const RELAY_KEY_STEP: i64 = 3;

/// Runs the steps that are missing, each in a transaction of its own.
pub(super) fn migrate(db: &mut Connection) -> Result<(), StorageError> {
    for (step, sql) in (0_i64..).zip(MIGRATIONS) {
        if version(db)? > step {
            continue;
        }
        let transaction =
            Transaction::new(db, TransactionBehavior::Immediate).map_err(StorageError::from)?;
        // Another process may have been here first.
        if version(&transaction)? == step {
            transaction.execute_batch(sql)?;
            match step {
                0 => {
                    connection::mark_as_papo(&transaction)?;
                    accounts::set_meta(&transaction, accounts::EPOCH, random_number()?)?;
                }
                RELAY_KEY_STEP => renew_relay_key(&transaction)?,
                _ => {}
            }
            transaction.pragma_update(None, "user_version", step + 1)?;
        }
        transaction.commit().map_err(errors::at_commit)?;
    }
    let found = version(db)?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(StorageError::TooNew { found, known });
    }
    Ok(())
}

/// Gives the history a new name, so that nobody takes its seqs for another's, and a new key.
pub(super) fn renew_epoch(db: &Connection) -> Result<(), StorageError> {
    accounts::set_meta(db, accounts::EPOCH, random_number()?)?;
    renew_relay_key(db)
}

fn renew_relay_key(db: &Connection) -> Result<(), StorageError> {
    accounts::set_meta(db, accounts::RELAY_KEY, random_relay_key()?.bytes())
}

fn version(db: &Connection) -> Result<i64, StorageError> {
    Ok(db.pragma_query_value(None, "user_version", |row| row.get(0))?)
}
