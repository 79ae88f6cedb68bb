//! Journals: tables of changes that every node must learn of, in the order of commits.
//! `revocations.rs` and `inboxes.rs` have one each. The number of an entry is its place, and no
//! other entry ever gets it. SQLite has one writer, so entries become visible in that order.

use std::time::Duration;

use rusqlite::{Connection, Row, ToSql, params, params_from_iter};

use super::{rows, served};
use crate::StorageError;

/// A journal.
pub(super) struct Journal {
    /// Its table. Each has a column `id` and, in the time of service, `at`.
    pub(super) table: &'static str,
    /// The table's other columns.
    pub(super) columns: &'static [&'static str],
}

impl Journal {
    /// Adds an entry with these values of the columns.
    pub(super) fn add(&self, db: &Connection, values: &[&dyn ToSql]) -> Result<(), StorageError> {
        let (table, columns) = (self.table, self.columns.join(", "));
        let places = ", ?".repeat(self.columns.len());
        let sql = format!("INSERT INTO {table} (at, {columns}) VALUES (?{places})");
        let at: &dyn ToSql = &served::get(db)?.0;
        let values = std::iter::once(at).chain(values.iter().copied());
        db.prepare_cached(&sql)?.execute(params_from_iter(values))?;
        Ok(())
    }

    /// The entries after this one, in order, at most `limit`. `read` gets the id and the columns.
    pub(super) fn after<Entry>(
        &self,
        db: &Connection,
        after: i64,
        limit: usize,
        read: fn(&Row<'_>) -> Result<Entry, rusqlite::Error>,
    ) -> Result<Vec<Entry>, StorageError> {
        let (table, columns) = (self.table, self.columns.join(", "));
        let mut statement = db.prepare_cached(&format!(
            "SELECT id, {columns} FROM {table} WHERE id > ?1 ORDER BY id LIMIT ?2"
        ))?;
        let entries = statement.query_map(params![after, rows::count(limit)], read)?;
        Ok(entries.collect::<Result<_, _>>()?)
    }

    /// The number of the last entry that ever was, or 0.
    pub(super) fn last(&self, db: &Connection) -> Result<i64, StorageError> {
        let sql = "SELECT ifnull((SELECT seq FROM sqlite_sequence WHERE name = ?1), 0)";
        let mut statement = db.prepare_cached(sql)?;
        Ok(statement.query_row([self.table], |row| row.get(0))?)
    }

    /// Deletes the entries that are older than this. Returns how many.
    pub(super) fn forget(&self, db: &Connection, age: Duration) -> Result<u64, StorageError> {
        let until = served::get(db)?.before(age);
        let sql = format!("DELETE FROM {} WHERE at <= ?1", self.table);
        let forgotten = db.prepare_cached(&sql)?.execute([until.0])?;
        Ok(u64::try_from(forgotten).unwrap_or(u64::MAX))
    }
}
