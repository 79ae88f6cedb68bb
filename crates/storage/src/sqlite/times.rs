//! How long the database has been served, and what the clocks say.

use async_trait::async_trait;
use papo_domain::Timestamp;
use rusqlite::Connection;

use super::{SqliteStorage, rows, served};
use crate::{Clocks, Served, StorageError, Times};

#[async_trait]
impl Times for SqliteStorage {
    async fn serve(&self, at_least: Served) -> Result<Served, StorageError> {
        let stored = self.read(served::get).await?;
        let served = if stored < at_least {
            self.write(move |db| served::advance(db, at_least)).await?
        } else {
            stored
        };
        self.present.note(served);
        Ok(served)
    }

    async fn clocks(&self) -> Result<Clocks, StorageError> {
        self.read(clocks).await
    }
}

/// What the clocks say.
pub(super) fn clocks(db: &Connection) -> Result<Clocks, StorageError> {
    let sql = "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER), \
        (SELECT max(max(created_at), ifnull(max(last_activity), max(created_at))) FROM room), \
        (SELECT max(created_at) FROM session)";
    Ok(db.query_row(sql, [], |row| {
        let latest: [Option<i64>; 2] = [row.get(1)?, row.get(2)?];
        Ok(Clocks {
            database: rows::timestamp(row, 0)?,
            latest: latest
                .into_iter()
                .flatten()
                .max()
                .map(Timestamp::from_millis),
        })
    })?)
}
