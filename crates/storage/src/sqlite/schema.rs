//! The migrations of the tables.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{connection, errors, instance, served};
use crate::random::{random_number, random_relay_key};
use crate::{Served, StorageError};

/// The steps, in order; the first makes version 1. A released step never changes.
const MIGRATIONS: [&str; 1] = [include_str!("migrations/0001_rooms_and_persons.sql")];

/// Runs the missing steps, each in a transaction of its own.
pub(super) fn migrate(db: &mut Connection) -> Result<(), StorageError> {
    refuse_unreleased(db)?;
    for (step, sql) in (0_i64..).zip(MIGRATIONS) {
        if version(db)? > step {
            continue;
        }
        let transaction =
            Transaction::new(db, TransactionBehavior::Immediate).map_err(StorageError::from)?;
        // Another process may have run it already.
        if version(&transaction)? == step {
            transaction.execute_batch(sql)?;
            if step == 0 {
                connection::mark_as_papo(&transaction)?;
                served::set(&transaction, Served::default())?;
                renew_epoch(&transaction)?;
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

/// Gives the history a new epoch and a new key, so that nobody mistakes its seqs for another's.
pub(super) fn renew_epoch(db: &Connection) -> Result<(), StorageError> {
    instance::set_meta(db, instance::EPOCH, random_number()?)?;
    instance::set_meta(db, instance::RELAY_KEY, random_relay_key()?.bytes())
}

/// Refuses tables from before the first release. Their versions had the same numbers, but they had
/// no persons.
fn refuse_unreleased(db: &Connection) -> Result<(), StorageError> {
    let has_persons = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'person')";
    if version(db)? > 0 && !db.query_row(has_persons, [], |row| row.get::<_, bool>(0))? {
        return Err(StorageError::Unreleased);
    }
    Ok(())
}

fn version(db: &Connection) -> Result<i64, StorageError> {
    Ok(db.pragma_query_value(None, "user_version", |row| row.get(0))?)
}
