//! The import of rooms and messages.
//!
//! The import collects the messages in a temporary table and stores them in the rooms at the end.
//! It locks the rooms only for that, and not while it reads the input.

use async_trait::async_trait;
use papo_domain::{RoomId, RoomKind, RoomState};

use super::connection::Connection;
use super::errors::{Failure, damaged};
use super::{PostgresStorage, rooms, schema};
use crate::fold::fold;
use crate::{Import, ImportReport, ImportedMessage, ImportedRoom, StorageError};

/// How many messages are sent at once.
const AT_ONCE: usize = 1_000;

/// Begins without time limits. A restore of an instance holds the other lock on that table. So it
/// doesn't wait for the names of these rooms while these wait for the table.
const BEGIN: &str = "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL enable_seqscan = on; \
    SET LOCAL idle_in_transaction_session_timeout = 0; LOCK TABLE papo IN ROW SHARE MODE; \
    CREATE TEMPORARY TABLE imported (number bigint GENERATED ALWAYS AS IDENTITY, room_id bigint, \
    sender bigint, username text, username_folded text, content text, content_folded text, \
    timestamp bigint, client_id text COLLATE \"C\") ON COMMIT DROP";
const GATHER: &str = "INSERT INTO imported (room_id, sender, username, username_folded, content, \
    content_folded, timestamp, client_id) \
    SELECT $1::bigint, * FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], \
    $7::bigint[], $8::text[])";
/// Of several messages with one key, the first is stored, unless the key is known. At this point
/// `seq` is the place among the room's new messages.
const CHOOSE: &str = "ANALYZE imported; \
    CREATE TEMPORARY TABLE new_message ON COMMIT DROP AS \
    SELECT row_number() OVER (PARTITION BY room_id ORDER BY number) AS place, first.* \
    FROM (SELECT DISTINCT ON (sender, client_id) * FROM imported \
    ORDER BY sender, client_id, number) AS first \
    WHERE NOT EXISTS (SELECT 1 FROM message WHERE message.sender = first.sender \
    AND message.client_id = first.client_id); \
    ANALYZE new_message";
const STORE_MESSAGES: &str = "INSERT INTO message (room_id, seq, sender, username, username_folded, \
    content, content_folded, timestamp, client_id) \
    SELECT room_id, last_seq + place, sender, username, username_folded, content, content_folded, \
    timestamp, client_id FROM new_message JOIN room ON room.id = room_id ORDER BY room_id, place";
const MOVE_ENDS: &str = "UPDATE room SET last_seq = room.last_seq + new.count, last_at = new.last_at, \
    last_activity = greatest(room.last_activity, new.last_activity) \
    FROM (SELECT room_id, count(*) AS count, max(timestamp) AS last_activity, \
    (array_agg(timestamp ORDER BY place DESC))[1] AS last_at \
    FROM new_message GROUP BY room_id) AS new WHERE room.id = new.room_id";

#[async_trait]
impl Import for PostgresStorage {
    async fn import(
        &self,
        rooms: Box<dyn Iterator<Item = Result<ImportedRoom, String>> + Send>,
    ) -> Result<ImportReport, StorageError> {
        let (db, place) = self.pool.take().await?;
        let runtime = tokio::runtime::Handle::current();
        // Reading the next message may block.
        let importing = tokio::task::spawn_blocking(move || {
            let imported = runtime.block_on(import(&db, rooms));
            (db, place, imported)
        });
        let (db, _place, imported) = importing.await.map_err(|error| {
            let text = format!("the program failed at it: {error}");
            StorageError::Other(text)
        })?;
        // A failure ends the connection, and the transaction with it.
        let report = imported.map_err(Failure::into_error)?;
        match db.batch("COMMIT").await {
            Ok(()) => {
                self.pool.put(db);
                Ok(report)
            }
            Err(Failure::Lost(text)) => Err(StorageError::Unknown(text)),
            Err(failure) => Err(failure.into_error()),
        }
    }
}

/// Imports everything, without the commit. It reads the rooms and messages as it goes, which may
/// block the thread.
pub(super) async fn import(
    db: &Connection,
    rooms: impl Iterator<Item = Result<ImportedRoom, String>>,
) -> Result<ImportReport, Failure> {
    db.batch(BEGIN).await?;
    let mut report = ImportReport::default();
    let (mut ids, mut messages) = (Vec::new(), 0);
    for room in rooms {
        let room = room.map_err(StorageError::Other)?;
        let id = find_or_create(db, &room, &mut report).await?;
        ids.push(id);
        messages += gather(db, id, room).await?;
    }
    rooms::lock(db, &ids).await?;
    db.batch(CHOOSE).await?;
    report.messages_stored = db.execute(STORE_MESSAGES, &[]).await?;
    report.messages_known = messages - report.messages_stored;
    db.execute(MOVE_ENDS, &[]).await?;
    // This comes last, since no right can end while it is held.
    schema::hold_unfilled(db).await?;
    Ok(report)
}

async fn find_or_create(
    db: &Connection,
    room: &ImportedRoom,
    report: &mut ImportReport,
) -> Result<RoomId, Failure> {
    if let Some(id) = rooms::by_name(db, &room.name).await? {
        report.rooms_merged += 1;
        return Ok(id);
    }
    let state = RoomState {
        name: room.name.clone(),
        description: room.description.clone(),
        is_active: room.is_active,
        kind: RoomKind::Public,
        is_announcement: false,
    };
    if let Some(made) = rooms::insert(db, &state, None, room.created_at).await? {
        report.rooms_created += 1;
        return Ok(made.id);
    }
    // Another process has just made it.
    report.rooms_merged += 1;
    let id = rooms::by_name(db, &room.name).await?;
    id.ok_or_else(|| damaged("a room that is there isn't found").into())
}

/// Sends a room's messages to the temporary table. Returns how many.
async fn gather(db: &Connection, id: RoomId, room: ImportedRoom) -> Result<u64, Failure> {
    let (mut messages, mut count) = (room.messages, 0);
    loop {
        let some = messages
            .by_ref()
            .take(AT_ONCE)
            .collect::<Result<Vec<_>, _>>();
        let some = some.map_err(StorageError::Other)?;
        if some.is_empty() {
            return Ok(count);
        }
        count += some.len() as u64;
        hand_over(db, id, &some).await?;
    }
}

async fn hand_over(db: &Connection, room: RoomId, some: &[ImportedMessage]) -> Result<(), Failure> {
    fn column<'a, T>(
        some: &'a [ImportedMessage],
        value: impl Fn(&'a ImportedMessage) -> T,
    ) -> Vec<T> {
        some.iter().map(value).collect()
    }
    let folded = |text: &str| Some(fold(text).into_owned()).filter(|folded| folded != text);
    db.execute(
        GATHER,
        &[
            &room.0,
            &column(some, |message| message.sender.0.cast_signed()),
            &column(some, |message| message.username.as_str()),
            &column(some, |message| folded(message.username.as_str())),
            &column(some, |message| message.text.as_str()),
            &column(some, |message| folded(message.text.as_str())),
            &column(some, |message| message.timestamp.as_millis()),
            &column(some, |message| message.client_id.as_str()),
        ],
    )
    .await?;
    Ok(())
}
