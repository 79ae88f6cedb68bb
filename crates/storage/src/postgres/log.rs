//! The rooms' logs: how events are read. `writer.rs` stores them.

use async_trait::async_trait;
use papo_domain::{Event, RoomId, Seq};

use super::connection::{Connection, Value};
use super::errors::Failure;
use super::{PostgresStorage, rows};
use crate::{Batch, Log, StorageError};

#[async_trait]
impl Log for PostgresStorage {
    fn append(&self, batch: Box<dyn Batch>) {
        self.writer.append(batch);
    }

    async fn events_after(
        &self,
        room: RoomId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Event>, StorageError> {
        self.read((room, after, limit), |db, &(room, after, limit)| {
            Box::pin(events_after(db, room, after, limit))
        })
        .await
    }

    async fn last_seqs(&self, rooms: Vec<RoomId>) -> Result<Vec<(RoomId, Seq)>, StorageError> {
        self.read(rooms, |db, rooms| Box::pin(last_seqs(db, rooms)))
            .await
    }
}

/// The events of a room after `after`, in order.
pub(super) async fn events_after(
    db: &Connection,
    room: RoomId,
    after: Seq,
    limit: usize,
) -> Result<Vec<Event>, Failure> {
    let values: [Value<'_>; 3] = [&room.0, &after.0, &rows::count(limit)];
    let found = db.rows(rows::EVENTS, &values).await?;
    found.iter().map(|row| rows::event(room, row)).collect()
}

/// The end of each of these rooms' logs.
pub(super) async fn last_seqs(
    db: &Connection,
    rooms: &[RoomId],
) -> Result<Vec<(RoomId, Seq)>, Failure> {
    let rooms: Vec<i64> = rooms.iter().map(|room| room.0).collect();
    let sql = "SELECT id, last_seq FROM room WHERE id = ANY($1)";
    let found = db.rows(sql, &[&rooms]).await?;
    let seq = |row: &tokio_postgres::Row| Ok((RoomId(row.try_get(0)?), Seq(row.try_get(1)?)));
    found.iter().map(seq).collect()
}
