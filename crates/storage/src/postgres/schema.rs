//! The migrations of the tables, by one node at a time.

use papo_domain::Epoch;

use super::connection::{Connection, HOME};
use super::errors::Failure;
use super::locks::{self, Lock};
use crate::StorageError;
pub(super) use crate::random::random_number;
use crate::random::random_relay_key;

/// The steps, in order; the first makes version 1. A released step never changes.
const MIGRATIONS: [&str; 1] = [include_str!("migrations/0001_rooms_and_persons.sql")];
/// The oldest PostgreSQL that Papo works with.
const OLDEST_SERVER: i32 = 130_000;

/// Runs the missing steps, all or none, while other nodes wait. If the history isn't at its home,
/// it gets another epoch. Refuses an incomplete database. Returns the home.
pub(super) async fn migrate(db: &Connection) -> Result<String, Failure> {
    let home = begin(db).await?;
    if filling(db).await?.is_some() {
        return Err(StorageError::Unfinished.into());
    }
    db.batch("COMMIT").await?;
    Ok(home)
}

/// Begins a transaction without time limits that has done the same.
pub(super) async fn begin(db: &Connection) -> Result<String, Failure> {
    check_server(db).await?;
    db.batch("BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '60s'")
        .await?;
    locks::take(db, Lock::Migration).await?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let found = version(db).await?;
    if found > known {
        return Err(StorageError::TooNew { found, known }.into());
    }
    for (step, sql) in (0_i64..).zip(MIGRATIONS) {
        if step < found {
            continue;
        }
        db.batch(sql).await?;
        if step == 0 {
            let sql = "INSERT INTO papo (version, epoch, home) VALUES (0, 0, '')";
            db.execute(sql, &[]).await?;
        }
        db.execute("UPDATE papo SET version = $1", &[&(step + 1)])
            .await?;
    }
    let home: String = one(db, HOME).await?;
    // The database may be a copy of one that is being filled. Nobody knows on which of the two the
    // migration goes on.
    let sql = "UPDATE papo SET home = $1, arrival = NULL WHERE home <> $1";
    if db.execute(sql, &[&home]).await? > 0 {
        renew_epoch(db).await?;
        if found > 0 {
            tracing::warn!("the database was restored or has moved: its history has a new epoch");
        }
    }
    // An operator deleted the key, to get another.
    let sql = "UPDATE papo SET relay_key = $1 WHERE relay_key IS NULL";
    db.execute(sql, &[&&random_relay_key()?.bytes()[..]])
        .await?;
    Ok(home)
}

/// Gives the history a new epoch and a new key, so that nobody mistakes its seqs for another's.
pub(super) async fn renew_epoch(db: &Connection) -> Result<(), Failure> {
    let sql = "UPDATE papo SET epoch = $1, relay_key = $2";
    db.execute(sql, &[&random_number()?, &&random_relay_key()?.bytes()[..]])
        .await?;
    Ok(())
}

/// Refuses a database that a migration fills. A migration that begins later waits for the end of
/// the transaction, and so finds what it has stored. The transaction should end soon, since the end
/// of a right waits too.
pub(super) async fn hold_unfilled(db: &Connection) -> Result<(), Failure> {
    let sql = "SELECT 1 FROM papo WHERE filling IS NULL FOR SHARE";
    if db.rows(sql, &[]).await?.is_empty() {
        return Err(StorageError::Unfinished.into());
    }
    Ok(())
}

/// The epoch of the unfinished migration that fills the database, if there is one.
pub(super) async fn filling(db: &Connection) -> Result<Option<Epoch>, Failure> {
    let epoch: Option<i64> = one(db, "SELECT filling FROM papo").await?;
    Ok(epoch.map(|epoch| Epoch(epoch.cast_unsigned())))
}

/// Refuses a server that Papo can't work with.
pub(super) async fn check_server(db: &Connection) -> Result<(), Failure> {
    let other = |text: String| Err(StorageError::Other(text).into());
    let version: i32 = one(db, "SELECT current_setting('server_version_num')::integer").await?;
    if version < OLDEST_SERVER {
        return other(format!(
            "PostgreSQL {} is too old; 13 or newer is needed",
            version / 10_000
        ));
    }
    let encoding: String = one(db, "SELECT current_setting('server_encoding')").await?;
    if encoding != "UTF8" {
        return other(format!(
            "its encoding is {encoding}; make a database with ENCODING 'UTF8'"
        ));
    }
    if one::<Option<String>>(db, "SELECT current_schema()::text")
        .await?
        .is_none()
    {
        return other("there is no schema of the search path".into());
    }
    Ok(())
}

/// The version of the tables. Refuses a schema with the tables of another program or from before
/// the first release. The versions of the latter had the same numbers, but no persons.
pub(super) async fn version(db: &Connection) -> Result<i64, Failure> {
    let ours = "SELECT to_regclass(format('%I.papo', current_schema())) IS NOT NULL";
    if one(db, ours).await? {
        let has_persons = "SELECT to_regclass(format('%I.person', current_schema())) IS NOT NULL";
        if !one::<bool>(db, has_persons).await? {
            return Err(StorageError::Unreleased.into());
        }
        let row = db.row("SELECT version FROM papo", &[]).await?;
        return Ok(row.map(|row| row.try_get(0)).transpose()?.unwrap_or(0));
    }
    let foreign = "SELECT count(*) FROM pg_class \
        WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')";
    if one::<i64>(db, foreign).await? > 0 {
        let text = "there are tables in it that aren't Papo's; name an empty database";
        return Err(StorageError::Other(text.into()).into());
    }
    Ok(0)
}

/// The one value of a statement without values.
pub(super) async fn one<T>(db: &Connection, sql: &str) -> Result<T, Failure>
where
    T: for<'a> tokio_postgres::types::FromSql<'a>,
{
    let rows = db.rows(sql, &[]).await?;
    let row = rows
        .first()
        .ok_or_else(|| super::errors::damaged("no answer"))?;
    Ok(row.try_get(0)?)
}
