//! The rooms' logs: storing a batch of changes, and reading on.

use papo_domain::{Event, RoomId, Seq};
use rusqlite::{Connection, params};

use super::batch::Batch;
use super::errors::damaged;
use super::known::Stop;
use super::rows;
use crate::{Appended, NewEvent, Refusal, StorageError};

/// Stores a batch.
pub(super) fn append(
    db: &Connection,
    events: Vec<NewEvent>,
) -> Result<Vec<Result<Appended, Refusal>>, StorageError> {
    let mut batch = Batch::new(db)?;
    let mut answers = Vec::with_capacity(events.len());
    for event in events {
        answers.push(match batch.store(event) {
            Ok(appended) => Ok(appended),
            Err(Stop::Refused(refusal)) => Err(refusal),
            Err(Stop::Failed(error)) => return Err(error),
        });
    }
    batch.finish()?;
    Ok(answers)
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
    let events = statement.query_and_then(parameters, |row| rows::event(room, row))?;
    events.collect()
}

/// One event.
pub(super) fn event(db: &Connection, room: RoomId, seq: Seq) -> Result<Event, StorageError> {
    let before = Seq(seq.0 - 1);
    let event = events_after(db, room, before, 1)?.pop();
    event
        .filter(|event| event.seq == seq)
        .ok_or_else(|| damaged(format_args!("room {room} lacks event {seq}")))
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
