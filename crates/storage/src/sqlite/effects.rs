//! How the rows of a batch are written.

use papo_domain::{ClientId, MessageText, Timestamp};
use rusqlite::{Connection, Statement, params};

use super::{audit, rooms, rows};
use crate::StorageError;
use crate::ledger::Effects;

/// Writes all rows, within the batch's transaction. Writes none and returns `false` when a message
/// was stored before, under the same client id.
pub(super) fn write(db: &Connection, effects: &Effects) -> Result<bool, StorageError> {
    if !insert_messages(db, effects)? {
        return Ok(false);
    }
    update_messages(db, effects)?;
    insert_events(db, effects)?;
    for (room, state) in effects.states() {
        rooms::set_state(db, room, state)?;
    }
    for note in &effects.audit {
        audit::add(db, note)?;
    }
    let head = "UPDATE room SET last_seq = ?2, last_at = ?3, last_activity = ?4 WHERE id = ?1";
    for_each(db, head, effects.heads.iter(), |statement, (id, room)| {
        let last_activity = room.last_activity.map(Timestamp::as_millis);
        let last_at = room.last_at.as_millis();
        statement.execute(params![id.0, room.last_seq.0, last_at, last_activity])
    })?;
    Ok(true)
}

fn insert_messages(db: &Connection, effects: &Effects) -> Result<bool, StorageError> {
    let insert = "\
        INSERT INTO message (room_id, seq, sender, username, content, timestamp, edited, client_id) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
        ON CONFLICT (sender, client_id) WHERE client_id IS NOT NULL DO NOTHING";
    let (mut tried, mut inserted) = (0, 0);
    for_each(
        db,
        insert,
        effects.posted(),
        |statement, (event, posted)| {
            tried += 1;
            inserted += statement.execute(params![
                event.room.0,
                event.seq.0,
                posted.sender.0.cast_signed(),
                posted.username.as_str(),
                posted.text.as_ref().map(MessageText::as_str),
                event.timestamp.as_millis(),
                posted.edited.map(Timestamp::as_millis),
                posted.client_id.as_ref().map(ClientId::as_str),
            ])?;
            Ok(inserted)
        },
    )?;
    if inserted == tried {
        return Ok(true);
    }
    let undo = "DELETE FROM message WHERE room_id = ?1 AND seq = ?2";
    for_each(db, undo, effects.posted(), |statement, (event, _)| {
        statement.execute([event.room.0, event.seq.0])
    })?;
    Ok(false)
}

fn update_messages(db: &Connection, effects: &Effects) -> Result<(), StorageError> {
    let update = "UPDATE message SET content = ?3, edited = ?4 WHERE room_id = ?1 AND seq = ?2";
    for_each(db, update, effects.changed.iter(), |statement, message| {
        let posted = &message.posted;
        statement.execute(params![
            message.room.0,
            message.seq.0,
            posted.text.as_ref().map(MessageText::as_str),
            posted.edited.map(Timestamp::as_millis),
        ])
    })
}

fn insert_events(db: &Connection, effects: &Effects) -> Result<(), StorageError> {
    for_each(
        db,
        rows::INSERT_EVENT,
        effects.changes(),
        |statement, event| {
            let stored = event.kind.to_stored();
            statement.execute(params![
                event.room.0,
                event.seq.0,
                stored.code,
                stored.target.map(|target| target.0),
                event.timestamp.as_millis(),
                stored.body,
            ])
        },
    )
}

/// Runs the statement for each row. Without rows it doesn't even prepare it.
fn for_each<Row>(
    db: &Connection,
    sql: &str,
    rows: impl Iterator<Item = Row>,
    mut write: impl FnMut(&mut Statement<'_>, Row) -> Result<usize, rusqlite::Error>,
) -> Result<(), StorageError> {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return Ok(());
    }
    let mut statement = db.prepare_cached(sql)?;
    for row in rows {
        write(&mut statement, row)?;
    }
    Ok(())
}
