//! The intake of a whole instance.

use async_trait::async_trait;

use super::connection::{Connection, Connector, WHOLE_TABLES};
use super::errors::Failure;
use super::records::{self, is_occupied};
use super::url::DatabaseUrl;
use super::{check, pages, schema};
use crate::StorageError;
use crate::transfer::{Filling, InstanceRow, Intake, Pages, Place, Record};

/// A database that takes an instance, in one transaction: an interrupted one leaves nothing.
pub(super) struct PostgresIntake {
    db: Connection,
    /// The instance's own row, once it has come.
    instance: Option<InstanceRow>,
}

impl PostgresIntake {
    /// Connects and begins.
    pub(super) async fn begin(url: &DatabaseUrl) -> Result<Self, StorageError> {
        let connector = Connector::new(url.clone())?;
        let db = connector.connect_patiently("restore").await?;
        if let Err(failure) = begin(&db).await {
            db.close().await;
            return Err(connector.named(failure.into_error()));
        }
        Ok(Self { db, instance: None })
    }

    /// Sets the highest ids to those that came with the instance. The tables get theirs at the end.
    fn set_last_ids_of(&self, stored: &mut InstanceRow) {
        if let Some(instance) = &self.instance {
            stored.last_account = instance.last_account;
            stored.last_room = instance.last_room;
            stored.last_session = instance.last_session;
        }
    }
}

/// Makes the tables first, since other nodes wait for that. Then locks the table that every node
/// reads first.
async fn begin(db: &Connection) -> Result<(), Failure> {
    schema::migrate(db).await?;
    db.batch("BEGIN; LOCK TABLE papo IN EXCLUSIVE MODE").await?;
    if is_occupied(db).await? {
        return Err(StorageError::Exists("an instance").into());
    }
    Ok(())
}

#[async_trait]
impl Pages for PostgresIntake {
    async fn page(&mut self, place: Place, limit: usize) -> Result<Vec<Record>, StorageError> {
        let page = pages::page(&self.db, place, limit).await;
        let mut page = page.map_err(Failure::into_error)?;
        for record in &mut page {
            if let Record::Instance(stored) = record {
                self.set_last_ids_of(stored);
            }
        }
        Ok(page)
    }
}

#[async_trait]
impl Intake for PostgresIntake {
    async fn take(&mut self, records: Vec<Record>) -> Result<(), StorageError> {
        let stored = records::store(&self.db, &records).await;
        stored.map_err(Failure::into_error)?;
        for record in records {
            if let Record::Instance(instance) = record {
                self.instance = Some(instance);
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Filling for PostgresIntake {
    async fn prepare_reading(&mut self) -> Result<(), StorageError> {
        let analyzed = records::analyze(&self.db).await;
        analyzed.map_err(Failure::into_error)
    }

    async fn finish(self: Box<Self>) -> Result<(), StorageError> {
        let Self { db, instance } = *self;
        let finished = finish(&db, instance.as_ref()).await;
        db.close().await;
        finished.map_err(Failure::into_error)
    }
}

/// What follows is another history than the saved one, so it gets another epoch.
async fn finish(db: &Connection, instance: Option<&InstanceRow>) -> Result<(), Failure> {
    records::set_ends(db).await?;
    records::analyze(db).await?;
    db.batch(WHOLE_TABLES).await?;
    if let Some(wrong) = check::wrong(db).await?.first() {
        return Err(StorageError::Other(wrong.clone()).into());
    }
    schema::renew_epoch(db).await?;
    // A rollback doesn't undo this, so it is the last before the commit.
    records::set_last_numbers(db).await?;
    if let Some(instance) = instance {
        records::set_last_ids(db, instance).await?;
    }
    commit(db).await
}

/// Commits. Without an answer the outcome is unknown.
pub(super) async fn commit(db: &Connection) -> Result<(), Failure> {
    match db.batch("COMMIT").await {
        Err(Failure::Lost(text)) => Err(StorageError::Unknown(text).into()),
        done => done,
    }
}
