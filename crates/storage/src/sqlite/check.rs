//! Reading the whole database to see what is wrong with it.

use rusqlite::Connection;

use super::accounts;
use crate::StorageError;

/// What is wrong, each as one line of text that a query gives.
const RULES: [&str; 8] = [
    // A log is 1, 2, 3… to its end.
    "SELECT 'room ' || room.id || ' has ' || count(log.seq) || ' events up to ' \
        || ifnull(max(log.seq), 0) || ', its last seq is ' || room.last_seq \
     FROM room LEFT JOIN (SELECT room_id, seq FROM message UNION ALL SELECT room_id, seq FROM event) AS log \
     ON log.room_id = room.id GROUP BY room.id \
     HAVING count(log.seq) <> room.last_seq OR ifnull(max(log.seq), 0) <> room.last_seq",
    "SELECT 'room ' || room_id || ' has two events ' || seq FROM event JOIN message USING (room_id, seq)",
    "SELECT 'message ' || seq || ' belongs to room ' || room_id || ', which is missing' \
     FROM message WHERE room_id NOT IN (SELECT id FROM room)",
    "SELECT 'event ' || event.seq || ' of room ' || event.room_id || ' has no message ' \
        || ifnull(event.target, 'as its target') \
     FROM event LEFT JOIN message \
     ON message.room_id = event.room_id AND message.seq = event.target \
     WHERE event.kind IN (2, 3) AND message.seq IS NULL",
    "SELECT 'message ' || event.target || ' of room ' || event.room_id || ' was deleted, and is there' \
     FROM event JOIN message ON message.room_id = event.room_id AND message.seq = event.target \
     WHERE event.kind = 3 AND message.content IS NOT NULL",
    "SELECT 'message ' || message.seq || ' of room ' || message.room_id || ' is deleted by no event' \
     FROM message WHERE content IS NULL AND NOT EXISTS (SELECT 1 FROM event \
     WHERE event.room_id = message.room_id AND event.target = message.seq AND event.kind = 3)",
    "SELECT 'event ' || seq || ' of room ' || room_id || ' lacks the room''s state' FROM event \
     WHERE kind = 4 AND (name IS NULL OR description IS NULL OR is_active IS NULL)",
    "SELECT 'a row of ' || \"table\" || ' belongs to a row of ' || parent || ' that is missing' \
     FROM pragma_foreign_key_check",
];

/// What is wrong with the database.
pub(super) fn check(db: &Connection) -> Result<Vec<String>, StorageError> {
    let moment = db.unchecked_transaction()?;
    wrong(&moment)
}

/// The same within the caller's transaction.
pub(super) fn wrong(db: &Connection) -> Result<Vec<String>, StorageError> {
    let mut wrong = texts(db, "PRAGMA integrity_check")?;
    wrong.retain(|line| line != "ok");
    for rule in RULES {
        wrong.extend(texts(db, rule)?);
    }
    let errors = [accounts::epoch(db).err(), accounts::relay_key(db).err()];
    wrong.extend(errors.iter().flatten().map(ToString::to_string));
    Ok(wrong)
}

fn texts(db: &Connection, sql: &str) -> Result<Vec<String>, StorageError> {
    let mut statement = db.prepare(sql)?;
    let lines = statement.query_map([], |row| row.get(0))?;
    Ok(lines.collect::<Result<_, _>>()?)
}
