//! Journals: tables of changes that every node must learn of, in the order of commits.
//! `revocations.rs` and `inboxes.rs` have one each. The number of an entry is its place, and no
//! other entry ever gets it. One lock keeps transactions that add entries apart, to any journal,
//! since they also update one row. So entries become visible in the order of their numbers.

use std::time::Duration;

use tokio_postgres::Row;

use super::connection::{Connection, Value};
use super::errors::{Failure, damaged};
use super::locks::{self, Lock};
use super::{rows, served};
use crate::transfer::list;

/// A journal.
pub(super) struct Journal {
    /// Its table. Each has a column `id` and, in the time of service, `at`. Table `papo` has the
    /// number of its last entry.
    pub(super) table: &'static str,
    /// The table's other columns, each with its type.
    pub(super) columns: &'static [(&'static str, &'static str)],
}

impl Journal {
    /// Adds entries with these values, an array for each of the columns. A transaction does so
    /// last and should end soon after, since others wait to add theirs.
    pub(super) async fn add(&self, db: &Connection, values: &[Value<'_>]) -> Result<(), Failure> {
        locks::take(db, Lock::Journals).await?;
        let (table, columns) = (self.table, self.names());
        let arrays = (1..).zip(self.columns);
        let arrays = list(arrays.map(|(number, (_, kind))| format!("${number}::{kind}[]")));
        let sql = format!(
            "WITH added AS ( \
            INSERT INTO {table} ({columns}, at) SELECT {columns}, (SELECT served FROM papo) \
            FROM unnest({arrays}) WITH ORDINALITY AS new ({columns}, place) \
            ORDER BY place RETURNING id) \
            UPDATE papo SET last_{table} = (SELECT max(id) FROM added)"
        );
        db.execute(&sql, values).await?;
        Ok(())
    }

    /// The entries after this one, in order, at most `limit`. `read` gets the id and the columns.
    pub(super) async fn after<Entry>(
        &self,
        db: &Connection,
        after: i64,
        limit: usize,
        read: fn(&Row) -> Result<Entry, Failure>,
    ) -> Result<Vec<Entry>, Failure> {
        let (table, columns) = (self.table, self.names());
        let sql = format!("SELECT id, {columns} FROM {table} WHERE id > $1 ORDER BY id LIMIT $2");
        let found = db.rows(&sql, &[&after, &rows::count(limit)]).await?;
        found.iter().map(read).collect()
    }

    /// The number of the last entry that ever was, or 0.
    pub(super) async fn last(&self, db: &Connection) -> Result<i64, Failure> {
        let sql = format!("SELECT last_{} FROM papo", self.table);
        let row = db.row(&sql, &[]).await?;
        let row = row.ok_or_else(|| damaged("no row of Papo's"))?;
        Ok(row.try_get(0)?)
    }

    /// Deletes the entries that are older than this. Returns how many.
    pub(super) async fn forget(&self, db: &Connection, age: Duration) -> Result<u64, Failure> {
        let until = served::get(db).await?.before(age);
        let sql = format!("DELETE FROM {} WHERE at <= $1", self.table);
        db.execute(&sql, &[&until.0]).await
    }

    fn names(&self) -> String {
        list(self.columns.iter().map(|(name, _)| (*name).to_owned()))
    }
}
