//! The whole database, page by page.

use async_trait::async_trait;
use papo_domain::RoomId;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{instance, rows, served, setup_token, tables};
use crate::StorageError;
use crate::transfer::{Blocking, InstanceRow, PAGE_BYTES, Pages, Place, Record};

/// A connection in a transaction, which reads as of one moment.
pub(super) struct SqlitePages(Blocking<Connection>);

impl SqlitePages {
    /// Begins, as of now.
    pub(super) fn begin(db: Connection) -> Result<Self, StorageError> {
        db.execute_batch("BEGIN")?;
        // The first read sets a transaction's moment.
        instance::epoch(&db)?;
        Ok(Self(Blocking::new(db)))
    }
}

#[async_trait]
impl Pages for SqlitePages {
    async fn page(&mut self, place: Place, limit: usize) -> Result<Vec<Record>, StorageError> {
        self.0.run(move |db| page(db, place, limit)).await
    }
}

/// The next records at this place.
pub(super) fn page(
    db: &Connection,
    place: Place,
    limit: usize,
) -> Result<Vec<Record>, StorageError> {
    let limit = rows::count(limit);
    match place {
        Place::Instance => Ok(vec![Record::Instance(instance(db)?)]),
        Place::Rows(table, after) => tables::page(db, table, after, limit),
        Place::Events { room, after } => events(db, room, after, limit),
    }
}

/// A page of the events of a room after a seq.
fn events(db: &Connection, room: i64, after: i64, limit: i64) -> Result<Vec<Record>, StorageError> {
    let mut statement = db.prepare_cached(rows::BARE_EVENTS)?;
    let found = statement.query_and_then(params![room, after, limit], |row| {
        rows::event(RoomId(room), row)
    })?;
    let (mut page, mut bytes) = (Vec::new(), 0);
    for event in found {
        let record = Record::from(event?);
        bytes += record.text_bytes();
        page.push(record);
        if bytes >= PAGE_BYTES {
            break;
        }
    }
    Ok(page)
}

fn instance(db: &Connection) -> Result<InstanceRow, StorageError> {
    let last = |table: &str| -> Result<i64, StorageError> {
        let sql = "SELECT seq FROM sqlite_sequence WHERE name = ?1";
        let last = db.prepare_cached(sql)?.query_row([table], |row| row.get(0));
        Ok(last.optional()?.unwrap_or(0))
    };
    Ok(InstanceRow {
        epoch: instance::epoch(db)?.0.cast_signed(),
        setup_token: setup_token::get(db)?,
        last_account: last("account")?,
        last_room: last("room")?,
        last_session: last("session")?,
        last_revocation: last("revocation")?,
        last_inbox: last("inbox")?,
        served: served::get(db)?.0,
    })
}
