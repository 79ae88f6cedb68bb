//! How messages are read in their present form.

use async_trait::async_trait;
use futures_util::future::join;
use papo_domain::{Message, RoomId, Seq, Timestamp};

use super::connection::Connection;
use super::errors::Failure;
use super::pool::Kind;
use super::{PostgresStorage, rows};
use crate::fold::fold;
use crate::{MessageFilter, MessagePage, Messages, Snapshot, StorageError};

/// When a room's last event was stored.
const LAST_EVENT: &str = "SELECT last_at FROM room WHERE id = $1 AND last_seq > 0";

#[async_trait]
impl Messages for PostgresStorage {
    async fn snapshot(&self, room: RoomId, limit: usize) -> Result<Option<Snapshot>, StorageError> {
        self.read((room, limit), |db, &(room, limit)| {
            Box::pin(snapshot(db, room, limit))
        })
        .await
    }

    async fn messages_before(
        &self,
        room: RoomId,
        before: Seq,
        limit: usize,
    ) -> Result<MessagePage, StorageError> {
        self.read((room, before, limit), |db, &(room, before, limit)| {
            Box::pin(page_before(db, room, before, limit))
        })
        .await
    }

    async fn find_messages(&self, filter: MessageFilter) -> Result<MessagePage, StorageError> {
        self.pool
            .run(Kind::Search, filter, |db, filter| {
                Box::pin(find(db, filter))
            })
            .await
    }
}

/// A room and its last messages, as of one moment.
pub(super) async fn snapshot(
    db: &Connection,
    room: RoomId,
    limit: usize,
) -> Result<Option<Snapshot>, Failure> {
    let of_room = format!("SELECT {} FROM room WHERE id = $1", rows::ROOM);
    let of_messages = before_sql();
    let (of_room, of_messages, of_end) = (
        db.statement(&of_room).await?,
        db.statement(&of_messages).await?,
        db.statement(LAST_EVENT).await?,
    );
    let asked = rows::count(limit.saturating_add(1));
    // All statements are sent together, and answered in this order.
    let ((begun, found), ((messages, last), ended)) = join(
        join(
            db.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
            db.client().query(&of_room, &[&room.0]),
        ),
        join(
            join(
                db.client()
                    .query(&of_messages, &[&room.0, &i64::MAX, &asked]),
                db.client().query(&of_end, &[&room.0]),
            ),
            db.batch("COMMIT"),
        ),
    )
    .await;
    begun?;
    let (found, messages, last) = (found?, messages?, last?);
    ended?;
    let Some(room) = found.first().map(rows::room).transpose()? else {
        return Ok(None);
    };
    let messages = messages
        .iter()
        .map(rows::message)
        .collect::<Result<_, _>>()?;
    let mut page = page(messages, limit);
    page.messages.reverse();
    let at: Option<i64> = last.first().map(|row| row.try_get(0)).transpose()?;
    Ok(Some(Snapshot {
        room,
        page,
        at: at.map(Timestamp::from_millis),
    }))
}

/// The messages before `before`, in order.
pub(super) async fn page_before(
    db: &Connection,
    room: RoomId,
    before: Seq,
    limit: usize,
) -> Result<MessagePage, Failure> {
    let asked = rows::count(limit.saturating_add(1));
    let found = db
        .rows(&before_sql(), &[&room.0, &before.0, &asked])
        .await?;
    let messages = found.iter().map(rows::message).collect::<Result<_, _>>()?;
    let mut page = page(messages, limit);
    page.messages.reverse();
    Ok(page)
}

/// Messages of listed rooms for an administrator, newest first.
pub(super) async fn find(db: &Connection, filter: &MessageFilter) -> Result<MessagePage, Failure> {
    let search = filter.search.as_deref().map(fold);
    if search.as_ref().is_some_and(|search| search.contains('\0')) {
        // No stored text has this character, and PostgreSQL refuses it.
        return Ok(page(Vec::new(), filter.limit));
    }
    let sql = format!(
        "SELECT {} FROM message WHERE content IS NOT NULL \
         AND ($1::bigint IS NULL OR room_id = $1) \
         AND (SELECT kind FROM room WHERE room.id = message.room_id) < 2 \
         AND timestamp >= $2 AND timestamp < $3 \
         AND ($4::text IS NULL OR position($4 IN coalesce(content_folded, content)) > 0 \
         OR position($4 IN coalesce(username_folded, username)) > 0) \
         ORDER BY timestamp DESC, room_id DESC, seq DESC LIMIT $5 OFFSET $6",
        rows::MESSAGE
    );
    let found = db
        .rows(
            &sql,
            &[
                &filter.room.map(|room| room.0),
                &filter.from.map_or(i64::MIN, Timestamp::as_millis),
                &filter.until.map_or(i64::MAX, Timestamp::as_millis),
                &search,
                &rows::count(filter.limit.saturating_add(1)),
                &rows::count(filter.offset),
            ],
        )
        .await?;
    let messages = found.iter().map(rows::message).collect::<Result<_, _>>()?;
    Ok(page(messages, filter.limit))
}

fn before_sql() -> String {
    format!(
        "SELECT {} FROM message WHERE room_id = $1 AND seq < $2 AND content IS NOT NULL \
         ORDER BY seq DESC LIMIT $3",
        rows::MESSAGE
    )
}

/// A page of `limit` messages. One more was read, to show whether there are more.
fn page(mut messages: Vec<Message>, limit: usize) -> MessagePage {
    let more = messages.len() > limit;
    messages.truncate(limit);
    MessagePage { messages, more }
}
