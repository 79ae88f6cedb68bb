//! How long the database has been served, and what the clocks say.

use async_trait::async_trait;
use papo_domain::Timestamp;

use super::connection::Connection;
use super::errors::{Failure, damaged};
use super::{PostgresStorage, rows};
use crate::{Clocks, Served, StorageError, Times};

#[async_trait]
impl Times for PostgresStorage {
    async fn serve(&self, at_least: Served) -> Result<Served, StorageError> {
        let stored = self.read((), |db, ()| Box::pin(served(db))).await?;
        let served = if stored < at_least {
            self.write(at_least, |db, &at_least| Box::pin(serve(db, at_least)))
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

/// How long the database has been served.
pub(super) async fn served(db: &Connection) -> Result<Served, Failure> {
    let row = db.row("SELECT served FROM papo", &[]).await?;
    let row = row.ok_or_else(|| damaged("no row of Papo's"))?;
    Ok(Served(row.try_get(0)?))
}

/// Moves it forward to at least this.
pub(super) async fn serve(db: &Connection, at_least: Served) -> Result<Served, Failure> {
    let sql = "UPDATE papo SET served = greatest(served, $1) RETURNING served";
    let row = db.row(sql, &[&at_least.0]).await?;
    let row = row.ok_or_else(|| damaged("no row of Papo's"))?;
    Ok(Served(row.try_get(0)?))
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
