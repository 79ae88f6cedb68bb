//! Reading the whole database to see what is wrong with it.

use super::accounts;
use super::connection::Connection;
use super::errors::Failure;

/// What is wrong, each as one line of text that a query gives.
const RULES: [&str; 8] = [
    // A log is 1, 2, 3… to its end.
    "SELECT 'room ' || room.id || ' has ' || count(event.seq) || ' events up to ' \
        || coalesce(max(event.seq), 0) || ', its last seq is ' || room.last_seq \
     FROM room LEFT JOIN event ON event.room_id = room.id GROUP BY room.id \
     HAVING count(event.seq) <> room.last_seq OR coalesce(max(event.seq), 0) <> room.last_seq",
    "SELECT 'event ' || seq || ' of room ' || event.room_id || ' posted a message that is missing' \
     FROM event LEFT JOIN message USING (room_id, seq) \
     WHERE kind = 1 AND message.sender IS NULL",
    "SELECT 'message ' || seq || ' of room ' || message.room_id || ' has no event that posted it' \
     FROM message LEFT JOIN event USING (room_id, seq) \
     WHERE event.kind IS DISTINCT FROM 1",
    "SELECT 'event ' || event.seq || ' of room ' || event.room_id || ' has no message ' \
        || coalesce(event.target::text, 'as its target') \
     FROM event LEFT JOIN message \
     ON message.room_id = event.room_id AND message.seq = event.target \
     WHERE event.kind IN (2, 3) AND message.seq IS NULL",
    "SELECT 'message ' || event.target || ' of room ' || event.room_id || ' was deleted, and is there' \
     FROM event JOIN message ON message.room_id = event.room_id AND message.seq = event.target \
     WHERE event.kind = 3 AND (message.content IS NOT NULL OR message.content_folded IS NOT NULL)",
    "SELECT 'message ' || message.seq || ' of room ' || message.room_id || ' is deleted by no event' \
     FROM message WHERE content IS NULL AND NOT EXISTS (SELECT 1 FROM event \
     WHERE event.room_id = message.room_id AND event.target = message.seq AND event.kind = 3)",
    "SELECT 'event ' || seq || ' of room ' || room_id || ' lacks the room''s state' FROM event \
     WHERE kind = 4 AND (name IS NULL OR description IS NULL OR is_active IS NULL)",
    "SELECT 'event ' || seq || ' is of room ' || room_id || ', which is missing' FROM event \
     WHERE NOT EXISTS (SELECT 1 FROM room WHERE room.id = event.room_id)",
];

/// What is wrong with the database, as of the moment of the caller's transaction.
pub(super) async fn check(db: &Connection) -> Result<Vec<String>, Failure> {
    let mut wrong = Vec::new();
    for rule in RULES {
        for row in db.rows(rule, &[]).await? {
            wrong.push(row.try_get(0)?);
        }
    }
    let (epoch, key) = (accounts::epoch(db).await, accounts::relay_key(db).await);
    for found in [epoch.map(drop), key.map(drop)] {
        match found {
            Err(Failure::Final(error)) => wrong.push(error.to_string()),
            other => other?,
        }
    }
    Ok(wrong)
}
