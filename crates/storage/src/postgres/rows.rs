//! From a row to a type of the domain.

use papo_domain::{
    Account, AccountId, AccountName, ClientId, Event, EventKind, Message, MessageText, Posted,
    Room, RoomDescription, RoomId, RoomName, RoomState, SenderId, Seq, Timestamp, Username,
};
use tokio_postgres::Row;

use super::errors::{Failure, damaged};
use crate::TokenHash;

/// The kinds of events, as they are stored.
pub(super) mod kind {
    pub(in crate::postgres) const POSTED: i16 = 1;
    pub(in crate::postgres) const EDITED: i16 = 2;
    pub(in crate::postgres) const DELETED: i16 = 3;
    pub(in crate::postgres) const ROOM: i16 = 4;
}

/// What [`room`] reads.
pub(super) const ROOM: &str = "id, name, description, is_active, created_at, last_seq";
/// What [`message`] reads.
pub(super) const MESSAGE: &str =
    "room_id, seq, sender, username, content, timestamp, edited, client_id";
/// What [`event`] reads; ends with the `FROM` that it needs.
pub(super) const EVENT: &str = "event.seq, event.at, event.kind, event.target, \
    event.name, event.description, event.is_active, \
    message.sender, message.username, message.content, message.client_id, message.edited \
    FROM event LEFT JOIN message \
    ON message.room_id = event.room_id AND message.seq = coalesce(event.target, event.seq)";
/// What [`posted`] reads, of table `message`.
pub(super) const POSTED: &str = "message.room_id, message.seq, message.timestamp, message.sender, \
    message.username, message.content, message.client_id, message.edited";
/// What [`account`] reads.
pub(super) const ACCOUNT: &str =
    "account.id, account.name, account.sender, account.is_admin, account.created_at";

/// A room, from the columns [`ROOM`].
pub(super) fn room(row: &Row) -> Result<Room, Failure> {
    Ok(Room {
        id: RoomId(row.try_get(0)?),
        name: RoomName::from_stored(row.try_get(1)?),
        description: RoomDescription::from_stored(row.try_get(2)?),
        is_active: row.try_get(3)?,
        created_at: timestamp(row, 4)?,
        last_seq: Seq(row.try_get(5)?),
    })
}

/// A message that isn't deleted, from the columns [`MESSAGE`].
pub(super) fn message(row: &Row) -> Result<Message, Failure> {
    Ok(Message {
        room: RoomId(row.try_get(0)?),
        seq: Seq(row.try_get(1)?),
        sender: sender(row, 2)?,
        username: Username::from_stored(row.try_get(3)?),
        text: MessageText::from_stored(row.try_get(4)?),
        timestamp: timestamp(row, 5)?,
        edited: time(row, 6)?,
        client_id: client_id(row, 7)?,
    })
}

/// An event, from the columns [`EVENT`].
pub(super) fn event(room: RoomId, row: &Row) -> Result<Event, Failure> {
    let seq = Seq(row.try_get(0)?);
    let target = || row.try_get(3).map(Seq);
    let kind = match row.try_get(2)? {
        kind::POSTED => EventKind::Posted(Posted {
            sender: sender(row, 7)?,
            username: Username::from_stored(row.try_get(8)?),
            text: text(row, 9)?,
            client_id: client_id(row, 10)?,
            edited: time(row, 11)?,
        }),
        kind::EDITED => EventKind::Edited {
            target: target()?,
            text: text(row, 9)?,
        },
        kind::DELETED => EventKind::Deleted { target: target()? },
        kind::ROOM => EventKind::Room(RoomState {
            name: RoomName::from_stored(row.try_get(4)?),
            description: RoomDescription::from_stored(row.try_get(5)?),
            is_active: row.try_get(6)?,
        }),
        unknown => {
            let what = format_args!("event {seq} of room {room} has kind {unknown}");
            return Err(damaged(what).into());
        }
    };
    Ok(Event {
        room,
        seq,
        timestamp: timestamp(row, 1)?,
        kind,
    })
}

/// A message as the event that posted it shows it, from the columns [`POSTED`].
pub(super) fn posted(row: &Row) -> Result<(RoomId, Seq, Timestamp, Posted), Failure> {
    let posted = Posted {
        sender: sender(row, 3)?,
        username: Username::from_stored(row.try_get(4)?),
        text: text(row, 5)?,
        client_id: client_id(row, 6)?,
        edited: time(row, 7)?,
    };
    let (room, seq) = (RoomId(row.try_get(0)?), Seq(row.try_get(1)?));
    Ok((room, seq, timestamp(row, 2)?, posted))
}

/// An account, from the columns [`ACCOUNT`], the first of them at `first`.
pub(super) fn account(row: &Row, first: usize) -> Result<Account, Failure> {
    Ok(Account {
        id: AccountId(row.try_get(first)?),
        name: AccountName::from_stored(row.try_get(first + 1)?),
        sender: sender(row, first + 2)?,
        is_admin: row.try_get(first + 3)?,
        created_at: timestamp(row, first + 4)?,
    })
}

/// A sender's 64 bits, kept in a signed column.
pub(super) fn sender(row: &Row, column: usize) -> Result<SenderId, Failure> {
    let signed: i64 = row.try_get(column)?;
    Ok(SenderId(signed.cast_unsigned()))
}

/// A time.
pub(super) fn timestamp(row: &Row, column: usize) -> Result<Timestamp, Failure> {
    Ok(Timestamp::from_millis(row.try_get(column)?))
}

/// A time, if there is one.
pub(super) fn time(row: &Row, column: usize) -> Result<Option<Timestamp>, Failure> {
    let millis: Option<i64> = row.try_get(column)?;
    Ok(millis.map(Timestamp::from_millis))
}

/// A name, if there is one.
pub(super) fn username(row: &Row, column: usize) -> Result<Option<Username>, Failure> {
    let name: Option<String> = row.try_get(column)?;
    Ok(name.map(Username::from_stored))
}

/// A token's hash.
pub(super) fn token(bytes: Vec<u8>) -> Result<TokenHash, Failure> {
    let bytes = bytes.try_into();
    let bytes = bytes.map_err(|_| damaged("a token's hash isn't one"))?;
    Ok(TokenHash(bytes))
}

/// A limit or an offset; what doesn't fit is more than there can be.
pub(super) fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn text(row: &Row, column: usize) -> Result<Option<MessageText>, Failure> {
    let text: Option<String> = row.try_get(column)?;
    Ok(text.map(MessageText::from_stored))
}

fn client_id(row: &Row, column: usize) -> Result<Option<ClientId>, Failure> {
    let text: Option<String> = row.try_get(column)?;
    Ok(text.map(ClientId::from_stored))
}
