//! From a row to a type of the domain.

use papo_domain::{
    Account, AccountId, AccountName, ClientId, Event, EventKind, Message, MessageText, Posted,
    Room, RoomDescription, RoomId, RoomName, RoomState, SenderId, Seq, Timestamp, Username,
};
use rusqlite::Row;

use super::errors::damaged;
use crate::StorageError;

/// The kinds of events, as they are stored; those that posted a message are the messages.
pub(super) mod kind {
    pub(in crate::sqlite) const POSTED: i64 = 1;
    pub(in crate::sqlite) const EDITED: i64 = 2;
    pub(in crate::sqlite) const DELETED: i64 = 3;
    pub(in crate::sqlite) const ROOM: i64 = 4;
}

/// What [`room`] reads.
pub(super) const ROOM: &str = "id, name, description, is_active, created_at, last_seq";
/// What [`message`] reads.
pub(super) const MESSAGE: &str =
    "room_id, seq, sender, username, content, timestamp, edited, client_id";
/// What [`event`] reads: from the room `?1`, after the seq `?2`, in order, at most `?3`. Both parts are read in the order of their
/// keys and merged, and no further than the limit.
pub(super) const EVENTS: &str = "\
    SELECT seq, timestamp, 1, NULL, NULL, NULL, NULL, sender, username, content, client_id, edited \
    FROM message WHERE room_id = ?1 AND seq > ?2 \
    UNION ALL \
    SELECT event.seq, event.at, event.kind, event.target, event.name, event.description, event.is_active, \
    NULL, NULL, message.content, NULL, NULL \
    FROM event LEFT JOIN message \
    ON message.room_id = event.room_id AND message.seq = event.target \
    WHERE event.room_id = ?1 AND event.seq > ?2 \
    ORDER BY 1 LIMIT ?3";
/// What [`account`] reads.
pub(super) const ACCOUNT: &str =
    "account.id, account.name, account.sender, account.is_admin, account.created_at";

/// A room, from the columns [`ROOM`].
pub(super) fn room(row: &Row<'_>) -> Result<Room, rusqlite::Error> {
    Ok(Room {
        id: RoomId(row.get(0)?),
        name: RoomName::from_stored(row.get(1)?),
        description: RoomDescription::from_stored(row.get(2)?),
        is_active: row.get(3)?,
        created_at: timestamp(row, 4)?,
        last_seq: Seq(row.get(5)?),
    })
}

/// A message that isn't deleted, from the columns [`MESSAGE`].
pub(super) fn message(row: &Row<'_>) -> Result<Message, rusqlite::Error> {
    Ok(Message {
        room: RoomId(row.get(0)?),
        seq: Seq(row.get(1)?),
        sender: sender(row, 2)?,
        username: Username::from_stored(row.get(3)?),
        text: MessageText::from_stored(row.get(4)?),
        timestamp: timestamp(row, 5)?,
        edited: row.get::<_, Option<i64>>(6)?.map(Timestamp::from_millis),
        client_id: client_id(row, 7)?,
    })
}

/// An event, from the columns of [`EVENTS`].
pub(super) fn event(room: RoomId, row: &Row<'_>) -> Result<Event, StorageError> {
    let seq = Seq(row.get(0)?);
    let text = || -> Result<_, rusqlite::Error> {
        let text = row.get::<_, Option<String>>(9)?;
        Ok(text.map(MessageText::from_stored))
    };
    let target = || row.get(3).map(Seq);
    let kind = match row.get(2)? {
        kind::POSTED => EventKind::Posted(Posted {
            sender: sender(row, 7)?,
            username: Username::from_stored(row.get(8)?),
            text: text()?,
            client_id: client_id(row, 10)?,
            edited: row.get::<_, Option<i64>>(11)?.map(Timestamp::from_millis),
        }),
        kind::EDITED => EventKind::Edited {
            target: target()?,
            text: text()?,
        },
        kind::DELETED => EventKind::Deleted { target: target()? },
        kind::ROOM => EventKind::Room(RoomState {
            name: RoomName::from_stored(row.get(4)?),
            description: RoomDescription::from_stored(row.get(5)?),
            is_active: row.get(6)?,
        }),
        unknown => {
            return Err(damaged(format_args!(
                "event {seq} of room {room} has kind {unknown}"
            )));
        }
    };
    Ok(Event {
        room,
        seq,
        timestamp: timestamp(row, 1)?,
        kind,
    })
}

/// An account, from the columns [`ACCOUNT`], the first of them at `first`.
pub(super) fn account(row: &Row<'_>, first: usize) -> Result<Account, rusqlite::Error> {
    Ok(Account {
        id: AccountId(row.get(first)?),
        name: AccountName::from_stored(row.get(first + 1)?),
        sender: sender(row, first + 2)?,
        is_admin: row.get(first + 3)?,
        created_at: timestamp(row, first + 4)?,
    })
}

/// A sender's 64 bits, kept in a signed column.
pub(super) fn sender(row: &Row<'_>, column: usize) -> Result<SenderId, rusqlite::Error> {
    let signed: i64 = row.get(column)?;
    Ok(SenderId(signed.cast_unsigned()))
}

/// A time.
pub(super) fn timestamp(row: &Row<'_>, column: usize) -> Result<Timestamp, rusqlite::Error> {
    row.get(column).map(Timestamp::from_millis)
}

/// A limit or an offset; what doesn't fit is more than there can be.
pub(super) fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn client_id(row: &Row<'_>, column: usize) -> Result<Option<ClientId>, rusqlite::Error> {
    let text = row.get::<_, Option<String>>(column)?;
    Ok(text.map(ClientId::from_stored))
}
