//! The messages of one person, in all rooms.

use async_trait::async_trait;
use papo_domain::{PersonId, RoomId, Seq, Username};
use rusqlite::{Connection, params};

use super::{SqliteStorage, rows};
use crate::{Authors, StorageError};

#[async_trait]
impl Authors for SqliteStorage {
    async fn messages_of(
        &self,
        person: PersonId,
        after: (RoomId, Seq),
        limit: usize,
    ) -> Result<Vec<(RoomId, Seq)>, StorageError> {
        self.read(move |db| messages_of(db, person, after, limit))
            .await
    }

    async fn rename_messages_of(
        &self,
        person: PersonId,
        after: (RoomId, Seq),
        limit: usize,
        name: Username,
    ) -> Result<Vec<(RoomId, Seq)>, StorageError> {
        // The search reads many rows, and keeps no post waiting.
        let found = self.read(move |db| messages_of(db, person, after, limit));
        let found = found.await?;
        self.write(move |db| {
            let mut statement = db.prepare_cached(
                "UPDATE message SET username = ?3 WHERE room_id = ?1 AND seq = ?2",
            )?;
            for (room, seq) in &found {
                statement.execute(params![room.0, seq.0, name.as_str()])?;
            }
            Ok(found)
        })
        .await
    }
}

/// A person's messages after this one. It reads on in the logs, which have no index by persons.
pub(super) fn messages_of(
    db: &Connection,
    person: PersonId,
    (room, seq): (RoomId, Seq),
    limit: usize,
) -> Result<Vec<(RoomId, Seq)>, StorageError> {
    let mut statement = db.prepare_cached(
        "SELECT room_id, seq FROM message WHERE (room_id, seq) > (?2, ?3) \
         AND sender = ?1 AND content IS NOT NULL ORDER BY room_id, seq LIMIT ?4",
    )?;
    let limit = rows::count(limit);
    let parameters = params![person.0.cast_signed(), room.0, seq.0, limit];
    let found = statement.query_map(parameters, |row| {
        Ok((RoomId(row.get(0)?), Seq(row.get(1)?)))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}
