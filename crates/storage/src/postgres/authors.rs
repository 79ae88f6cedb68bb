//! The messages of one person, in all rooms.

use async_trait::async_trait;
use papo_domain::{PersonId, RoomId, Seq, Username};
use tokio_postgres::Row;

use super::connection::{Connection, Value};
use super::errors::Failure;
use super::{PostgresStorage, rows};
use crate::fold::fold;
use crate::{Authors, StorageError};

#[async_trait]
impl Authors for PostgresStorage {
    async fn messages_of(
        &self,
        person: PersonId,
        after: (RoomId, Seq),
        limit: usize,
    ) -> Result<Vec<(RoomId, Seq)>, StorageError> {
        self.read((person, after, limit), |db, &(person, after, limit)| {
            Box::pin(messages_of(db, person, after, limit))
        })
        .await
    }

    async fn rename_messages_of(
        &self,
        person: PersonId,
        after: (RoomId, Seq),
        limit: usize,
        name: Username,
    ) -> Result<Vec<(RoomId, Seq)>, StorageError> {
        let with = (person, after, limit, name);
        self.write(with, |db, (person, after, limit, name)| {
            Box::pin(rename(db, *person, *after, *limit, name))
        })
        .await
    }
}

/// A person's messages after this one. It reads on in the logs, which have no index by persons.
async fn messages_of(
    db: &Connection,
    person: PersonId,
    (room, seq): (RoomId, Seq),
    limit: usize,
) -> Result<Vec<(RoomId, Seq)>, Failure> {
    let sql = "SELECT room_id, seq FROM message WHERE (room_id, seq) > ($2, $3) \
        AND sender = $1 AND content IS NOT NULL ORDER BY room_id, seq LIMIT $4";
    let (person, limit) = (person.0.cast_signed(), rows::count(limit));
    let values: [Value<'_>; 4] = [&person, &room.0, &seq.0, &limit];
    let found = db.rows(sql, &values).await?;
    let key = |row: &Row| Ok((RoomId(row.try_get(0)?), Seq(row.try_get(1)?)));
    found.iter().map(key).collect()
}

async fn rename(
    db: &Connection,
    person: PersonId,
    after: (RoomId, Seq),
    limit: usize,
    name: &Username,
) -> Result<Vec<(RoomId, Seq)>, Failure> {
    let found = messages_of(db, person, after, limit).await?;
    let rooms: Vec<i64> = found.iter().map(|(room, _)| room.0).collect();
    let seqs: Vec<i64> = found.iter().map(|(_, seq)| seq.0).collect();
    let (name, folded) = (name.as_str(), fold(name.as_str()));
    let folded = (folded != name).then_some(folded);
    let sql = "UPDATE message SET username = $3, username_folded = $4 \
        FROM unnest($1::bigint[], $2::bigint[]) AS found (room_id, seq) \
        WHERE message.room_id = found.room_id AND message.seq = found.seq";
    db.execute(sql, &[&rooms, &seqs, &name, &folded]).await?;
    Ok(found)
}
