//! The whole database, page by page.

use async_trait::async_trait;
use papo_domain::RoomId;

use super::connection::{Connection, Connector, Value};
use super::errors::Failure;
use super::instance;
use super::{rows, schema, tables};
use crate::StorageError;
use crate::transfer::{InstanceRow, PAGE_BYTES, Pages, Place, Record};

/// A connection in a transaction, which reads as of one moment.
pub(super) struct PostgresPages {
    db: Connection,
    /// Read at the beginning, since the last ids belong to no transaction.
    instance: InstanceRow,
}

impl PostgresPages {
    /// Begins, as of now.
    pub(super) async fn begin(connector: &Connector) -> Result<Self, StorageError> {
        let db = connector.connect_patiently("export").await?;
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        db.batch(begin).await.map_err(Failure::into_error)?;
        // The first read sets a transaction's moment.
        let instance = instance(&db).await.map_err(Failure::into_error)?;
        Ok(Self { db, instance })
    }
}

#[async_trait]
impl Pages for PostgresPages {
    async fn page(&mut self, place: Place, limit: usize) -> Result<Vec<Record>, StorageError> {
        if place == Place::Instance {
            return Ok(vec![Record::Instance(self.instance.clone())]);
        }
        let page = page(&self.db, place, limit).await;
        page.map_err(Failure::into_error)
    }
}

/// The next records at this place.
pub(super) async fn page(
    db: &Connection,
    place: Place,
    limit: usize,
) -> Result<Vec<Record>, Failure> {
    let limit = rows::count(limit);
    match place {
        Place::Instance => Ok(vec![Record::Instance(instance(db).await?)]),
        Place::Rows(table, after) => tables::page(db, table, after, limit).await,
        Place::Events { room, after } => {
            let values: [Value<'_>; 4] = [&room, &after, &limit, &rows::count(PAGE_BYTES)];
            let found = db.rows(rows::BARE_EVENTS, &values).await?;
            let events = found.iter().map(|row| rows::event(RoomId(room), row));
            events.map(|event| Ok(Record::from(event?))).collect()
        }
    }
}

async fn instance(db: &Connection) -> Result<InstanceRow, Failure> {
    let sql = "SELECT setup_token, last_revocation, last_inbox, served FROM papo";
    let row = db.row(sql, &[]).await?;
    let row = row.ok_or_else(|| super::errors::damaged("no row of Papo's"))?;
    Ok(InstanceRow {
        // While a migration fills the database, this is the epoch of the source.
        epoch: match schema::filling(db).await? {
            Some(epoch) => epoch.0.cast_signed(),
            None => instance::epoch(db).await?.0.cast_signed(),
        },
        setup_token: row
            .try_get::<_, Option<Vec<u8>>>(0)?
            .map(rows::token)
            .transpose()?,
        last_account: last(db, "account").await?,
        last_room: last(db, "room").await?,
        last_session: last(db, "session").await?,
        last_revocation: row.try_get(1)?,
        last_inbox: row.try_get(2)?,
        served: row.try_get(3)?,
    })
}

/// The highest id that a row of this table ever had.
async fn last(db: &Connection, table: &str) -> Result<i64, Failure> {
    let sql = format!(
        "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('{table}', 'id')::regclass), 0)"
    );
    schema::one(db, &sql).await
}
