//! How long the database has been served, and what the clocks say.

use async_trait::async_trait;
use papo_domain::Timestamp;

use super::connection::Connection;
use super::errors::{Failure, damaged};
use super::{PostgresStorage, rows, served};
use crate::{Clocks, Served, StorageError, Times};

#[async_trait]
impl Times for PostgresStorage {
    async fn serve(&self, at_least: Served) -> Result<Served, StorageError> {
        let stored = self.read((), |db, ()| Box::pin(served::get(db))).await?;
        let served = if stored < at_least {
            self.write(at_least, |db, &at_least| {
                Box::pin(served::advance(db, at_least))
            })
            .await?
        } else {
            stored
        };
        self.present.note(served);
        Ok(served)
    }

    async fn clocks(&self) -> Result<Clocks, StorageError> {
        self.read((), |db, ()| Box::pin(clocks(db))).await
    }
}

/// What the clocks say.
pub(super) async fn clocks(db: &Connection) -> Result<Clocks, Failure> {
    let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint, \
        greatest((SELECT greatest(max(created_at), max(last_activity)) FROM room), \
        (SELECT max(created_at) FROM session))";
    let found = db.rows(sql, &[]).await?;
    let row = found.first().ok_or_else(|| damaged("no answer"))?;
    let latest: Option<i64> = row.try_get(1)?;
    Ok(Clocks {
        database: rows::timestamp(row, 0)?,
        latest: latest.map(Timestamp::from_millis),
    })
}
