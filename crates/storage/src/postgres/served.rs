//! How long the database has been served, in table `papo`.

use super::connection::Connection;
use super::errors::{Failure, damaged};
use crate::Served;

/// How long the database has been served.
pub(super) async fn get(db: &Connection) -> Result<Served, Failure> {
    let row = db.row("SELECT served FROM papo", &[]).await?;
    let row = row.ok_or_else(|| damaged("no row of Papo's"))?;
    Ok(Served(row.try_get(0)?))
}

/// Moves it forward to at least this.
pub(super) async fn advance(db: &Connection, at_least: Served) -> Result<Served, Failure> {
    let sql = "UPDATE papo SET served = greatest(served, $1) RETURNING served";
    let row = db.row(sql, &[&at_least.0]).await?;
    let row = row.ok_or_else(|| damaged("no row of Papo's"))?;
    Ok(Served(row.try_get(0)?))
}
