//! The check of a whole database.

use async_trait::async_trait;
use papo_domain::{RoomId, Seq};

use super::connection::Connection;
use super::errors::Failure;
use super::pool::Kind;
use super::{PostgresStorage, instance, rows};
use crate::{Check, StorageError, damage};

/// Queries that return a line of text for each fault.
const RULES: [&str; 9] = [
    // A log is 1, 2, 3… to its end.
    "SELECT 'room ' || room.id || ' has ' || count(log.seq) || ' events up to ' \
        || coalesce(max(log.seq), 0) || ', its last seq is ' || room.last_seq \
     FROM room LEFT JOIN (SELECT room_id, seq FROM message UNION ALL SELECT room_id, seq FROM event) AS log \
     ON log.room_id = room.id GROUP BY room.id \
     HAVING count(log.seq) <> room.last_seq OR coalesce(max(log.seq), 0) <> room.last_seq",
    "SELECT 'room ' || room_id || ' has two events ' || seq FROM event JOIN message USING (room_id, seq)",
    "SELECT 'message ' || seq || ' belongs to room ' || room_id || ', which is missing' \
     FROM message WHERE NOT EXISTS (SELECT 1 FROM room WHERE room.id = message.room_id)",
    "SELECT 'event ' || event.seq || ' of room ' || event.room_id || ' has no message ' \
        || event.target \
     FROM event LEFT JOIN message \
     ON message.room_id = event.room_id AND message.seq = event.target \
     WHERE event.target IS NOT NULL AND message.seq IS NULL",
    "SELECT 'message ' || event.target || ' of room ' || event.room_id || ' was deleted, and is there' \
     FROM event JOIN message ON message.room_id = event.room_id AND message.seq = event.target \
     WHERE event.kind = 3 AND (message.content IS NOT NULL OR message.content_folded IS NOT NULL)",
    // A damaged event may have been the deletion.
    "SELECT 'message ' || message.seq || ' of room ' || message.room_id || ' is deleted by no event' \
     FROM message WHERE content IS NULL AND NOT EXISTS (SELECT 1 FROM event \
     WHERE event.room_id = message.room_id AND event.seq > message.seq \
     AND (event.kind = 3 AND coalesce(event.target, message.seq) = message.seq \
     OR event.kind NOT IN (2, 3, 4)))",
    "SELECT 'person ' || id || ' has neither a session nor an account' FROM person \
     WHERE NOT EXISTS (SELECT 1 FROM session WHERE person_id = person.id) \
     AND NOT EXISTS (SELECT 1 FROM account WHERE person_id = person.id)",
    "SELECT 'person ' || person_id || ' has read up to ' || read_seq || ' in room ' || room_id \
        || ', its last seq is ' || last_seq \
     FROM membership JOIN room ON room.id = room_id WHERE read_seq NOT BETWEEN 0 AND last_seq",
    "SELECT 'event ' || seq || ' is of room ' || room_id || ', which is missing' FROM event \
     WHERE NOT EXISTS (SELECT 1 FROM room WHERE room.id = event.room_id)",
];

#[async_trait]
impl Check for PostgresStorage {
    async fn check(&self) -> Result<Vec<String>, StorageError> {
        self.pool
            .run(Kind::LongRead, (), |db, ()| Box::pin(check(db)))
            .await
    }
}

/// What is wrong with the database, as of the moment of the caller's transaction.
pub(super) async fn check(db: &Connection) -> Result<Vec<String>, Failure> {
    let mut all = wrong(db).await?;
    for row in db.rows(damage::SUSPECTS, &[]).await? {
        let (room, seq) = (RoomId(row.try_get(0)?), Seq(row.try_get(1)?));
        all.extend(damage::of_event(room, seq, rows::stored_event(&row, 2)?));
    }
    Ok(all)
}

/// What is wrong with its structure.
pub(super) async fn wrong(db: &Connection) -> Result<Vec<String>, Failure> {
    let mut wrong = Vec::new();
    for rule in RULES {
        for row in db.rows(rule, &[]).await? {
            wrong.push(row.try_get(0)?);
        }
    }
    let (epoch, key) = (instance::epoch(db).await, instance::relay_key(db).await);
    for found in [epoch.map(drop), key.map(drop)] {
        match found {
            Err(Failure::Final(error)) => wrong.push(error.to_string()),
            other => other?,
        }
    }
    Ok(wrong)
}
