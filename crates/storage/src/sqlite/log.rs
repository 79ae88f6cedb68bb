//! The rooms' logs: how a batch of changes is stored, and events are read.

use async_trait::async_trait;
use papo_domain::{Event, RoomId, Seq};
use rusqlite::{Connection, params};

use super::errors::damaged;
use super::facts::StoredFacts;
use super::{SqliteStorage, effects, rows};
use crate::ledger::Ledger;
use crate::{Appended, Batch, Log, NewEvent, Refusal, StorageError};

#[async_trait]
impl Log for SqliteStorage {
    fn append(&self, batch: Box<dyn Batch>) {
        self.threads.append(batch);
    }

    async fn events_after(
        &self,
        room: RoomId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Event>, StorageError> {
        self.read(move |db| events_after(db, room, after, limit))
            .await
    }

    async fn last_seqs(&self, rooms: Vec<RoomId>) -> Result<Vec<(RoomId, Seq)>, StorageError> {
        self.read(move |db| last_seqs(db, &rooms)).await
    }
}

/// Stores a batch.
pub(super) fn append(
    db: &Connection,
    changes: &[NewEvent],
) -> Result<Vec<Result<Appended, Refusal>>, StorageError> {
    for looks in [false, true] {
        let mut ledger = Ledger::new(StoredFacts::new(db, looks)?);
        for change in changes {
            ledger.decide(change)?;
        }
        let effects = ledger.into_effects();
        if effects::write(db, &effects)? {
            return Ok(effects.into_answers());
        }
    }
    Err(damaged(
        "a message can't be stored, for it is there, and isn't found",
    ))
}

/// The events of a room after `after`, in order.
pub(super) fn events_after(
    db: &Connection,
    room: RoomId,
    after: Seq,
    limit: usize,
) -> Result<Vec<Event>, StorageError> {
    let mut statement = db.prepare_cached(rows::EVENTS)?;
    let parameters = params![room.0, after.0, rows::count(limit)];
    let events = statement.query_map(parameters, |row| rows::event(room, row))?;
    Ok(events.collect::<Result<_, _>>()?)
}

/// The end of each of these rooms' logs.
pub(super) fn last_seqs(
    db: &Connection,
    rooms: &[RoomId],
) -> Result<Vec<(RoomId, Seq)>, StorageError> {
    let rooms: Vec<i64> = rooms.iter().map(|room| room.0).collect();
    let mut statement = db.prepare_cached(
        "SELECT id, last_seq FROM room WHERE id IN (SELECT value FROM json_each(?1))",
    )?;
    let rooms = serde_json::Value::from(rooms).to_string();
    let seqs = statement.query_map([rooms], |row| Ok((RoomId(row.get(0)?), Seq(row.get(1)?))))?;
    Ok(seqs.collect::<Result<_, _>>()?)
}
