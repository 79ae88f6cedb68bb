//! How long the database has been served, in table `meta`.

use rusqlite::Connection;

use super::instance;
use crate::{Served, StorageError};

/// Key of table `meta`.
const SERVED: &str = "served";

/// How long the database has been served.
pub(super) fn get(db: &Connection) -> Result<Served, StorageError> {
    Ok(Served(instance::meta(db, SERVED)?.unwrap_or(0)))
}

/// Sets it.
pub(super) fn set(db: &Connection, served: Served) -> Result<(), StorageError> {
    instance::set_meta(db, SERVED, served.0)
}

/// Moves it forward to at least this.
pub(super) fn advance(db: &Connection, at_least: Served) -> Result<Served, StorageError> {
    let served = get(db)?.max(at_least);
    set(db, served)?;
    Ok(served)
}
