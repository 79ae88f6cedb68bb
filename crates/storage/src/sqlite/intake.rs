//! The intake of a whole instance in one transaction: an interrupted one leaves nothing.

use std::path::Path;

use async_trait::async_trait;
use rusqlite::{Connection, params};

use super::{check, connection, errors, pages, rows, schema, served, setup_token, tables};
use crate::transfer::{
    Blocking, ChangeRow, EventRow, Filling, InstanceRow, Intake, Pages, Place, Record,
};
use crate::{Served, StorageError};

/// A database that takes an instance in.
pub(super) struct SqliteIntake(Blocking<Connection>);

impl SqliteIntake {
    /// Opens the database in this file, or makes it, and begins the transaction.
    /// [`StorageError::Exists`] when it holds an instance. Blocks.
    pub(super) fn begin(path: &Path) -> Result<Self, StorageError> {
        connection::create_file(path)?;
        let mut db = connection::open_writer(path)?;
        schema::migrate(&mut db)?;
        db.execute_batch("BEGIN IMMEDIATE")?;
        let sql = "SELECT EXISTS (SELECT 1 FROM room) OR EXISTS (SELECT 1 FROM account) \
            OR EXISTS (SELECT 1 FROM person)";
        if db.query_row(sql, [], |row| row.get(0))? {
            return Err(StorageError::Exists("an instance"));
        }
        Ok(Self(Blocking::new(db)))
    }
}

#[async_trait]
impl Pages for SqliteIntake {
    async fn page(&mut self, place: Place, limit: usize) -> Result<Vec<Record>, StorageError> {
        self.0.run(move |db| pages::page(db, place, limit)).await
    }
}

#[async_trait]
impl Intake for SqliteIntake {
    async fn take(&mut self, records: Vec<Record>) -> Result<(), StorageError> {
        self.0.run(move |db| store(db, &records)).await
    }
}

#[async_trait]
impl Filling for SqliteIntake {
    async fn finish(self: Box<Self>) -> Result<(), StorageError> {
        self.0.finish(finish).await
    }
}

/// A log's time is that of its last event, which comes after the room.
const ENDS: &str = "UPDATE room SET last_at = coalesce( \
    (SELECT timestamp FROM message WHERE room_id = room.id AND seq = room.last_seq), \
    (SELECT at FROM event WHERE room_id = room.id AND seq = room.last_seq), created_at)";

/// What follows is another history than the saved one, so it gets another epoch.
fn finish(db: Connection) -> Result<(), StorageError> {
    db.execute(ENDS, [])?;
    schema::renew_epoch(&db)?;
    if let Some(wrong) = check::wrong(&db)?.first() {
        return Err(StorageError::Other(wrong.clone()));
    }
    db.execute_batch("COMMIT").map_err(errors::at_commit)?;
    // Everything is stored. The rest only tidies up.
    if let Err(error) = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
        tracing::warn!(%error, "the checkpoint failed");
    }
    connection::close(db);
    Ok(())
}

/// Stores records, which come in the order of an instance. Each run of one kind is stored at once.
fn store(db: &Connection, records: &[Record]) -> Result<(), StorageError> {
    let table = |record: &Record| record.row().map(|(table, _)| table);
    for some in records.chunk_by(|one, next| table(one) == table(next)) {
        if let Some(table) = some.first().and_then(table) {
            tables::store(db, table, some)?;
            continue;
        }
        for record in some {
            match record {
                Record::Instance(instance) => store_instance(db, instance)?,
                Record::Event(event) => store_event(db, event)?,
                _ => {}
            }
        }
    }
    Ok(())
}

fn store_instance(db: &Connection, instance: &InstanceRow) -> Result<(), StorageError> {
    if let Some(token) = instance.setup_token {
        setup_token::set(db, token)?;
    }
    served::set(db, Served(instance.served))?;
    for (table, last) in [
        ("account", instance.last_account),
        ("room", instance.last_room),
        ("session", instance.last_session),
        ("revocation", instance.last_revocation),
        ("inbox", instance.last_inbox),
    ] {
        db.execute("DELETE FROM sqlite_sequence WHERE name = ?1", [table])?;
        if last > 0 {
            let sql = "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)";
            db.execute(sql, params![table, last])?;
        }
    }
    Ok(())
}

fn store_event(db: &Connection, event: &EventRow) -> Result<(), StorageError> {
    let EventRow { room, seq, at, .. } = event;
    match &event.change {
        ChangeRow::Posted(message) => db
            .prepare_cached(
                "INSERT INTO message (room_id, seq, sender, username, content, timestamp, edited, client_id) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                room,
                seq,
                message.sender,
                message.username,
                message.content,
                at,
                message.edited,
                message.client_id,
            ])?,
        ChangeRow::Other { kind, target, body } => db
            .prepare_cached(rows::INSERT_EVENT)?
            .execute(params![room, seq, kind, target, at, body])?,
    };
    Ok(())
}
