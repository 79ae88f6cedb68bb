//! How messages are read in their present form.

use async_trait::async_trait;
use papo_domain::{Message, RoomId, Seq, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::{SqliteStorage, rooms, rows};
use crate::fold::fold;
use crate::{MessageFilter, MessagePage, Messages, Snapshot, StorageError};

#[async_trait]
impl Messages for SqliteStorage {
    async fn snapshot(&self, room: RoomId, limit: usize) -> Result<Option<Snapshot>, StorageError> {
        self.read(move |db| snapshot(db, room, limit)).await
    }

    async fn messages_before(
        &self,
        room: RoomId,
        before: Seq,
        limit: usize,
    ) -> Result<MessagePage, StorageError> {
        self.read(move |db| page_before(db, room, before, limit))
            .await
    }

    async fn find_messages(&self, filter: MessageFilter) -> Result<MessagePage, StorageError> {
        self.read(move |db| find(db, &filter)).await
    }
}

/// A room and its last messages, as of one moment.
pub(super) fn snapshot(
    db: &Connection,
    room: RoomId,
    limit: usize,
) -> Result<Option<Snapshot>, StorageError> {
    let moment = db.unchecked_transaction()?;
    let Some(room) = rooms::by_id(&moment, room)? else {
        return Ok(None);
    };
    let page = page_before(&moment, room.id, room.last_seq.next(), limit)?;
    let mut end =
        moment.prepare_cached("SELECT last_at FROM room WHERE id = ?1 AND last_seq > 0")?;
    let at = end.query_row([room.id.0], |row| rows::timestamp(row, 0));
    let at = at.optional()?;
    Ok(Some(Snapshot { room, page, at }))
}

/// The messages before `before`, in order.
pub(super) fn page_before(
    db: &Connection,
    room: RoomId,
    before: Seq,
    limit: usize,
) -> Result<MessagePage, StorageError> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {} FROM message WHERE room_id = ?1 AND seq < ?2 AND content IS NOT NULL \
         ORDER BY seq DESC LIMIT ?3",
        rows::MESSAGE
    ))?;
    let parameters = params![room.0, before.0, rows::count(limit.saturating_add(1))];
    let messages = statement.query_map(parameters, rows::message)?;
    let mut page = page(messages.collect::<Result<_, _>>()?, limit);
    page.messages.reverse();
    Ok(page)
}

/// Messages of listed rooms for an administrator, newest first.
pub(super) fn find(db: &Connection, filter: &MessageFilter) -> Result<MessagePage, StorageError> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {} FROM message WHERE content IS NOT NULL \
         AND (?1 IS NULL OR room_id = ?1) \
         AND (SELECT kind FROM room WHERE room.id = message.room_id) < 2 \
         AND timestamp >= ?2 AND timestamp < ?3 \
         AND (?4 IS NULL OR instr(fold(content), ?4) > 0 OR instr(fold(username), ?4) > 0) \
         ORDER BY timestamp DESC, room_id DESC, seq DESC LIMIT ?5 OFFSET ?6",
        rows::MESSAGE
    ))?;
    let parameters = params![
        filter.room.map(|room| room.0),
        filter.from.map_or(i64::MIN, Timestamp::as_millis),
        filter.until.map_or(i64::MAX, Timestamp::as_millis),
        filter.search.as_deref().map(fold),
        rows::count(filter.limit.saturating_add(1)),
        rows::count(filter.offset),
    ];
    let messages = statement.query_map(parameters, rows::message)?;
    Ok(page(messages.collect::<Result<_, _>>()?, filter.limit))
}

/// A page of `limit` messages. One more was read, to show whether there are more.
fn page(mut messages: Vec<Message>, limit: usize) -> MessagePage {
    let more = messages.len() > limit;
    messages.truncate(limit);
    MessagePage { messages, more }
}
