//! A database that is moved elsewhere: locked meanwhile, and marked at the end.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use papo_domain::Epoch;
use rusqlite::Connection;

use super::{aside, connection, cut, errors, instance, named, pages, reach, schema};
use crate::StorageError;
use crate::transfer::{ArrivalId, Blocking, Mark, Pages, Place, Record};

/// Where it was moved to and the number of the arrival there, in table `meta`.
const MOVED_TO: &str = "moved_to";
const ARRIVAL: &str = "arrival";

/// A database that is locked for its move.
pub struct Departure {
    path: PathBuf,
    db: Blocking<Connection>,
    epoch: Epoch,
    mark: Option<Mark>,
}

impl Departure {
    /// Opens the database in this file, migrates its tables, and locks out other writers. Blocks.
    pub fn begin(path: &Path) -> Result<Self, StorageError> {
        connection::check_sqlite_version()?;
        Self::hold(path).map_err(|error| named(path, error))
    }

    fn hold(path: &Path) -> Result<Self, StorageError> {
        let path = aside::resolve(path);
        cut::mend(&path)?;
        let reach = reach::read(&path);
        let mut db = connection::open_writer(&path)?;
        schema::migrate(&mut db)?;
        if moved_to(&db)?.is_none() {
            reach::mend(reach, &path, &db)?;
        }
        // Only the mark commits this transaction. After an interruption nothing has happened.
        db.execute_batch("BEGIN IMMEDIATE")?;
        Ok(Self {
            epoch: instance::epoch(&db)?,
            mark: mark(&db)?,
            db: Blocking::new(db),
            path,
        })
    }

    /// The name of the history.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Its mark, if it was moved.
    pub fn mark(&self) -> Option<&Mark> {
        self.mark.as_ref()
    }

    /// Marks it as moved. Papo doesn't open it any more.
    pub async fn finish(self, mark: Mark) -> Result<(), StorageError> {
        let finish = move |db: Connection| {
            instance::set_meta(&db, MOVED_TO, mark.to)?;
            instance::set_meta(&db, ARRIVAL, mark.arrival.0)?;
            db.execute_batch("COMMIT").map_err(errors::at_commit)?;
            connection::close(db);
            Ok(())
        };
        let finished = self.db.finish(finish).await;
        finished.map_err(|error| named(&self.path, error))
    }

    /// Removes the mark, so that Papo opens the database again. It becomes another history, since
    /// its own may have gone on elsewhere.
    pub async fn undo(self) -> Result<(), StorageError> {
        let undo = |db: Connection| {
            let sql = "DELETE FROM meta WHERE key IN (?1, ?2)";
            db.execute(sql, [MOVED_TO, ARRIVAL])?;
            schema::renew_epoch(&db)?;
            db.execute_batch("COMMIT").map_err(errors::at_commit)?;
            connection::close(db);
            Ok(())
        };
        let undone = self.db.finish(undo).await;
        undone.map_err(|error| named(&self.path, error))
    }
}

#[async_trait]
impl Pages for Departure {
    async fn page(&mut self, place: Place, limit: usize) -> Result<Vec<Record>, StorageError> {
        let page = self.db.run(move |db| pages::page(db, place, limit)).await;
        page.map_err(|error| named(&self.path, error))
    }
}

/// Refuses a database that was moved. Each write transaction checks this too, since it may have
/// waited for the end of the move.
pub(super) fn refuse_moved(db: &Connection) -> Result<(), StorageError> {
    match moved_to(db)? {
        None => Ok(()),
        Some(to) => Err(StorageError::Moved(to)),
    }
}

fn mark(db: &Connection) -> Result<Option<Mark>, StorageError> {
    let Some(to) = moved_to(db)? else {
        return Ok(None);
    };
    let arrival = instance::meta(db, ARRIVAL)?;
    let arrival = arrival.ok_or_else(|| errors::damaged("it was moved, and nobody knows how"))?;
    Ok(Some(Mark {
        to,
        arrival: ArrivalId(arrival),
    }))
}

fn moved_to(db: &Connection) -> Result<Option<String>, StorageError> {
    instance::meta(db, MOVED_TO)
}
