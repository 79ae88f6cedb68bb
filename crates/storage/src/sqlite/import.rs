//! The import of rooms and messages.

use async_trait::async_trait;
use papo_domain::{RoomId, RoomKind, RoomState, Seq};
use rusqlite::{Connection, params};

use super::{SqliteStorage, rooms};
use crate::{Import, ImportReport, ImportedMessage, ImportedRoom, StorageError};

#[async_trait]
impl Import for SqliteStorage {
    async fn import(
        &self,
        rooms: Box<dyn Iterator<Item = Result<ImportedRoom, String>> + Send>,
    ) -> Result<ImportReport, StorageError> {
        self.write(move |db| import(db, rooms)).await
    }
}

/// Imports everything; the caller's transaction makes it all or nothing. It reads the rooms and
/// messages as it goes, on the writer's thread, so nothing else is written meanwhile.
pub(super) fn import(
    db: &Connection,
    rooms: impl Iterator<Item = Result<ImportedRoom, String>>,
) -> Result<ImportReport, StorageError> {
    let mut report = ImportReport::default();
    for room in rooms {
        import_room(db, room.map_err(StorageError::Other)?, &mut report)?;
    }
    Ok(report)
}

fn import_room(
    db: &Connection,
    room: ImportedRoom,
    report: &mut ImportReport,
) -> Result<(), StorageError> {
    let (id, mut last_seq) = find_or_create(db, &room, report)?;
    let (mut last_at, mut last_activity) = (None, None);
    for message in room.messages {
        let message = message.map_err(StorageError::Other)?;
        let seq = last_seq.next();
        if store(db, id, seq, &message)? {
            last_seq = seq;
            last_at = Some(message.timestamp.as_millis());
            last_activity = last_activity.max(last_at);
            report.messages_stored += 1;
        } else {
            report.messages_known += 1;
        }
    }
    if last_at.is_some() {
        db.prepare_cached(
            "UPDATE room SET last_seq = ?2, last_at = ?3, \
             last_activity = max(ifnull(last_activity, ?4), ?4) WHERE id = ?1",
        )?
        .execute(params![id.0, last_seq.0, last_at, last_activity])?;
    }
    Ok(())
}

fn find_or_create(
    db: &Connection,
    room: &ImportedRoom,
    report: &mut ImportReport,
) -> Result<(RoomId, Seq), StorageError> {
    if let Some(id) = rooms::by_name(db, &room.name)? {
        report.rooms_merged += 1;
        let mut statement = db.prepare_cached("SELECT last_seq FROM room WHERE id = ?1")?;
        let last_seq = statement.query_row([id.0], |row| row.get(0).map(Seq))?;
        return Ok((id, last_seq));
    }
    report.rooms_created += 1;
    let state = RoomState {
        name: room.name.clone(),
        description: room.description.clone(),
        is_active: room.is_active,
        kind: RoomKind::Public,
        is_announcement: false,
    };
    let room = rooms::create(db, state, room.created_at)?;
    Ok((room.id, room.last_seq))
}

/// Stores a message; `false` when it was stored already.
fn store(
    db: &Connection,
    room: RoomId,
    seq: Seq,
    message: &ImportedMessage,
) -> Result<bool, StorageError> {
    let stored = db
        .prepare_cached(
            "INSERT INTO message (room_id, seq, sender, username, content, timestamp, client_id) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
             ON CONFLICT (sender, client_id) WHERE client_id IS NOT NULL DO NOTHING",
        )?
        .execute(params![
            room.0,
            seq.0,
            message.sender.0.cast_signed(),
            message.username.as_str(),
            message.text.as_str(),
            message.timestamp.as_millis(),
            message.client_id.as_str(),
        ])?;
    Ok(stored > 0)
}
