//! The check of a whole database.

use async_trait::async_trait;
use papo_domain::{RoomId, Seq};
use rusqlite::Connection;

use super::{SqliteStorage, instance, rows};
use crate::{Check, StorageError, damage};

/// Queries that return a line of text for each fault.
const RULES: [&str; 9] = [
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
        || event.target \
     FROM event LEFT JOIN message \
     ON message.room_id = event.room_id AND message.seq = event.target \
     WHERE event.target IS NOT NULL AND message.seq IS NULL",
    "SELECT 'message ' || event.target || ' of room ' || event.room_id || ' was deleted, and is there' \
     FROM event JOIN message ON message.room_id = event.room_id AND message.seq = event.target \
     WHERE event.kind = 3 AND message.content IS NOT NULL",
    // A damaged event may have been the deletion.
    "SELECT 'message ' || message.seq || ' of room ' || message.room_id || ' is deleted by no event' \
     FROM message WHERE content IS NULL AND NOT EXISTS (SELECT 1 FROM event \
     WHERE event.room_id = message.room_id AND event.seq > message.seq \
     AND (event.kind = 3 AND ifnull(event.target, message.seq) = message.seq \
     OR event.kind NOT IN (2, 3, 4)))",
    "SELECT 'person ' || id || ' has neither a session nor an account' FROM person \
     WHERE id NOT IN (SELECT person_id FROM session) \
     AND id NOT IN (SELECT person_id FROM account)",
    "SELECT 'person ' || person_id || ' has read up to ' || read_seq || ' in room ' || room_id \
        || ', its last seq is ' || last_seq \
     FROM membership JOIN room ON room.id = room_id WHERE read_seq NOT BETWEEN 0 AND last_seq",
    "SELECT 'a row of ' || \"table\" || ' belongs to a row of ' || parent || ' that is missing' \
     FROM pragma_foreign_key_check",
];

/// Queries for texts that aren't UTF-8. They are shown as far as they can be read.
const UNREADABLE: [&str; 9] = [
    "SELECT 'message ' || seq || ' of room ' || room_id || ' is damaged: its text or name isn''t UTF-8' \
     FROM message WHERE NOT (is_readable(content) AND is_readable(username) AND is_readable(client_id)) \
     ORDER BY room_id, seq",
    "SELECT 'event ' || seq || ' of room ' || room_id || ' is damaged: its body isn''t UTF-8' \
     FROM event WHERE NOT is_readable(body) ORDER BY room_id, seq",
    "SELECT 'room ' || id || ' is damaged: its name or description isn''t UTF-8' FROM room \
     WHERE NOT (is_readable(name) AND is_readable(name_key) AND is_readable(description))",
    "SELECT 'account ' || id || ' is damaged: its name isn''t UTF-8' FROM account \
     WHERE NOT (is_readable(name) AND is_readable(skeleton) AND is_readable(password))",
    "SELECT 'a name of person ' || id || ' is damaged: it isn''t UTF-8' FROM person \
     LEFT JOIN membership ON person_id = id WHERE NOT (is_readable(last_username) \
     AND is_readable(username) AND is_readable(likeness)) GROUP BY id",
    "SELECT 'revocation ' || id || ' is damaged: its name isn''t UTF-8' FROM revocation \
     WHERE NOT is_readable(username)",
    "SELECT 'job ' || id || ' is damaged: its key, payload or error isn''t UTF-8' FROM job \
     WHERE NOT (is_readable(queue) AND is_readable(key) AND is_readable(payload) \
     AND is_readable(last_error))",
    "SELECT 'the place''s settings are damaged: they aren''t UTF-8' FROM place \
     WHERE NOT is_readable(settings)",
    "SELECT 'entry ' || id || ' of the audit is damaged: its texts aren''t UTF-8' FROM audit \
     WHERE NOT (is_readable(name) AND is_readable(act) AND is_readable(detail))",
];

#[async_trait]
impl Check for SqliteStorage {
    async fn check(&self) -> Result<Vec<String>, StorageError> {
        self.read(check).await
    }
}

/// What is wrong with the database.
pub(super) fn check(db: &Connection) -> Result<Vec<String>, StorageError> {
    let moment = db.unchecked_transaction()?;
    let mut all = wrong(&moment)?;
    all.extend(unreadable(&moment)?);
    Ok(all)
}

/// What is wrong with its structure, within the caller's transaction.
pub(super) fn wrong(db: &Connection) -> Result<Vec<String>, StorageError> {
    let mut wrong = texts(db, "PRAGMA integrity_check")?;
    wrong.retain(|line| line != "ok");
    for rule in RULES {
        wrong.extend(texts(db, rule)?);
    }
    let errors = [instance::epoch(db).err(), instance::relay_key(db).err()];
    wrong.extend(errors.iter().flatten().map(ToString::to_string));
    Ok(wrong)
}

/// What can be read only in part.
pub(super) fn unreadable(db: &Connection) -> Result<Vec<String>, StorageError> {
    let mut lines = Vec::new();
    for query in UNREADABLE {
        lines.extend(texts(db, query)?);
    }
    lines.extend(unreadable_events(db)?);
    Ok(lines)
}

fn unreadable_events(db: &Connection) -> Result<Vec<String>, StorageError> {
    let mut statement = db.prepare(damage::SUSPECTS)?;
    let lines = statement.query_map([], |row| {
        let (room, seq) = (RoomId(row.get(0)?), Seq(row.get(1)?));
        Ok(damage::of_event(room, seq, rows::stored_event(row, 2)?))
    })?;
    Ok(lines
        .filter_map(Result::transpose)
        .collect::<Result<_, _>>()?)
}

fn texts(db: &Connection, sql: &str) -> Result<Vec<String>, StorageError> {
    let mut statement = db.prepare(sql)?;
    let lines = statement.query_map([], |row| row.get(0))?;
    Ok(lines.collect::<Result<_, _>>()?)
}
