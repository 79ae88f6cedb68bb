//! The conversion of rows to types of the domain.

use std::sync::Arc;

use papo_domain::{
    Account, AccountId, AccountName, ClientId, Event, EventKind, Mark, MemberRole, Message,
    MessageText, PersonId, Posted, Room, RoomDescription, RoomId, RoomKind, RoomName, RoomTerms,
    Seq, StoredEvent, Timestamp, Username,
};
use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::defects;

/// The columns for [`room`].
pub(super) const ROOM: &str =
    "id, name, description, is_active, created_at, last_seq, kind, is_announcement";
/// The columns for [`message`].
pub(super) const MESSAGE: &str = "room_id, seq, sender, username, content, timestamp, edited, client_id, \
     (SELECT is_admin FROM account WHERE account.person_id = message.sender)";
/// The query for [`event`]: from the room `?1`, after the seq `?2`, in order, at most `?3`. It
/// reads both tables in the order of their keys and merges them, no further than the limit. The
/// arguments are the column of the sender's mark, the column of the text that an event changed, and
/// the join for it.
macro_rules! log {
    ($mark:literal, $text:literal, $join:literal) => {
        concat!(
            "SELECT seq, timestamp, NULL, NULL, NULL, content, sender, username, client_id, edited, ",
            $mark,
            " FROM message WHERE room_id = ?1 AND seq > ?2 \
            UNION ALL \
            SELECT event.seq, event.at, ifnull(event.kind, 0), event.target, event.body, ",
            $text,
            ", NULL, NULL, NULL, NULL, NULL FROM event ",
            $join,
            " WHERE event.room_id = ?1 AND event.seq > ?2 ORDER BY 1 LIMIT ?3"
        )
    };
}
/// The query for [`event`] with everything that people see.
pub(super) const EVENTS: &str = log!(
    "(SELECT is_admin FROM account WHERE account.person_id = message.sender)",
    "message.content",
    "LEFT JOIN message ON message.room_id = event.room_id AND message.seq = event.target"
);
/// The query for [`event`] in a transfer. It leaves out texts in events that edited a message,
/// since the message has its text. It leaves out marks, which follow from the accounts.
pub(super) const BARE_EVENTS: &str = log!("NULL", "NULL", "");
/// Inserts an event that isn't a message.
pub(super) const INSERT_EVENT: &str = "\
    INSERT INTO event (room_id, seq, kind, target, at, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
/// The columns for [`account`].
pub(super) const ACCOUNT: &str = "account.id, account.name, account.person_id, account.is_admin, account.created_at, \
     account.is_suspended";

/// A room, from the columns [`ROOM`].
pub(super) fn room(row: &Row<'_>) -> Result<Room, rusqlite::Error> {
    Ok(Room {
        id: RoomId(row.get(0)?),
        name: RoomName::from_stored(text(row, 1)?),
        description: RoomDescription::from_stored(text(row, 2)?),
        is_active: row.get(3)?,
        created_at: timestamp(row, 4)?,
        last_seq: Seq(row.get(5)?),
        kind: RoomKind::from_code(row.get(6)?),
        is_announcement: row.get(7)?,
    })
}

/// A room's terms, from the columns `kind`, `is_announcement` and `is_active`, the first of them at
/// `first`.
pub(super) fn terms(row: &Row<'_>, first: usize) -> Result<RoomTerms, rusqlite::Error> {
    Ok(RoomTerms {
        kind: RoomKind::from_code(row.get(first)?),
        is_announcement: row.get(first + 1)?,
        is_active: row.get(first + 2)?,
    })
}

/// A member's role, if there is one.
pub(super) fn member_role(
    row: &Row<'_>,
    column: usize,
) -> Result<Option<MemberRole>, rusqlite::Error> {
    let code: Option<i16> = row.get(column)?;
    Ok(code.map(MemberRole::from_code))
}

/// A message that isn't deleted, from the columns [`MESSAGE`].
pub(super) fn message(row: &Row<'_>) -> Result<Message, rusqlite::Error> {
    Ok(Message {
        room: RoomId(row.get(0)?),
        seq: Seq(row.get(1)?),
        sender: person(row, 2)?,
        username: username(row, 3)?,
        mark: mark(row, 8)?,
        text: match message_text(row, 4)? {
            Some(text) => text,
            None => MessageText::from_stored(row.get::<_, Arc<str>>(4)?),
        },
        timestamp: timestamp(row, 5)?,
        edited: time(row, 6)?,
        client_id: client_id(row, 7)?,
    })
}

/// An event, from the columns of [`EVENTS`]: one without a kind posted a message.
pub(super) fn event(room: RoomId, row: &Row<'_>) -> Result<Event, rusqlite::Error> {
    let content = message_text(row, 5)?;
    let kind = if let ValueRef::Null = row.get_ref(2)? {
        EventKind::Posted(Posted {
            sender: person(row, 6)?,
            username: username(row, 7)?,
            mark: mark(row, 10)?,
            text: content,
            client_id: client_id(row, 8)?,
            edited: time(row, 9)?,
        })
    } else {
        let kind = EventKind::from_stored(stored_event(row, 2)?, content);
        kind.unwrap_or(EventKind::Damaged)
    };
    Ok(Event {
        room,
        seq: Seq(row.get(0)?),
        timestamp: timestamp(row, 1)?,
        kind,
    })
}

/// An event's kind, target and body, from the column `first` on. A damaged column counts as an
/// unknown kind or as missing. It spoils this event and no other.
pub(super) fn stored_event(row: &Row<'_>, first: usize) -> Result<StoredEvent, rusqlite::Error> {
    let code = row.get_ref(first)?.as_i64();
    let target = row.get_ref(first + 1)?.as_i64();
    let body = row.get_ref(first + 2)?.as_bytes();
    Ok(StoredEvent {
        code: code.ok().and_then(|code| code.try_into().ok()).unwrap_or(0),
        target: target.ok().map(Seq),
        body: body
            .ok()
            .map(|body| String::from_utf8_lossy(body).into_owned()),
    })
}

/// An account, from the columns [`ACCOUNT`], the first of them at `first`.
pub(super) fn account(row: &Row<'_>, first: usize) -> Result<Account, rusqlite::Error> {
    Ok(Account {
        id: AccountId(row.get(first)?),
        name: AccountName::from_stored(text(row, first + 1)?),
        person: person(row, first + 2)?,
        is_admin: row.get(first + 3)?,
        created_at: timestamp(row, first + 4)?,
        is_suspended: row.get(first + 5)?,
    })
}

/// A person's 64 bits, kept in a signed column.
pub(super) fn person(row: &Row<'_>, column: usize) -> Result<PersonId, rusqlite::Error> {
    let signed: i64 = row.get(column)?;
    Ok(PersonId(signed.cast_unsigned()))
}

/// The mark of an account, from the column that says whether it is an administrator's.
pub(super) fn mark(row: &Row<'_>, column: usize) -> Result<Option<Mark>, rusqlite::Error> {
    Ok(row.get::<_, Option<bool>>(column)?.map(Mark::of))
}

/// A time.
pub(super) fn timestamp(row: &Row<'_>, column: usize) -> Result<Timestamp, rusqlite::Error> {
    row.get(column).map(Timestamp::from_millis)
}

/// A text. A byte that the disk has damaged spoils itself, not the whole page.
pub(super) fn text(row: &Row<'_>, column: usize) -> Result<String, rusqlite::Error> {
    match optional_text(row, column)? {
        Some(text) => Ok(text),
        None => row.get(column),
    }
}

/// A text in a column that may be null.
pub(super) fn optional_text(
    row: &Row<'_>,
    column: usize,
) -> Result<Option<String>, rusqlite::Error> {
    match row.get_ref(column)? {
        ValueRef::Text(bytes) if !defects::has("strict-texts") => {
            Ok(Some(String::from_utf8_lossy(bytes).into_owned()))
        }
        _ => row.get(column),
    }
}

/// A name that somebody has in a room.
pub(super) fn username(row: &Row<'_>, column: usize) -> Result<Username, rusqlite::Error> {
    match optional_username(row, column)? {
        Some(name) => Ok(name),
        None => row.get::<_, Arc<str>>(column).map(Username::from_stored),
    }
}

/// The same for a column that may be null.
pub(super) fn optional_username(
    row: &Row<'_>,
    column: usize,
) -> Result<Option<Username>, rusqlite::Error> {
    let name = shared_text(row, column)?;
    Ok(name.map(Username::from_stored))
}

/// A message's text, marked if it is damaged; `None` for a deleted message.
pub(super) fn message_text(
    row: &Row<'_>,
    column: usize,
) -> Result<Option<MessageText>, rusqlite::Error> {
    if let ValueRef::Text(bytes) = row.get_ref(column)?
        && str::from_utf8(bytes).is_err()
        && !defects::has("strict-texts")
    {
        return Ok(Some(MessageText::from_damaged(bytes)));
    }
    let text = row.get::<_, Option<Arc<str>>>(column)?;
    Ok(text.map(MessageText::from_stored))
}

/// A limit or an offset. A number that doesn't fit exceeds any table.
pub(super) fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A client id, if there is one.
pub(super) fn client_id(row: &Row<'_>, column: usize) -> Result<Option<ClientId>, rusqlite::Error> {
    let text = shared_text(row, column)?;
    Ok(text.map(ClientId::from_stored))
}

/// A time, if there is one.
pub(super) fn time(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>, rusqlite::Error> {
    let millis = row.get::<_, Option<i64>>(column)?;
    Ok(millis.map(Timestamp::from_millis))
}

/// A text that many may share.
fn shared_text(row: &Row<'_>, column: usize) -> Result<Option<Arc<str>>, rusqlite::Error> {
    match row.get_ref(column)? {
        ValueRef::Text(bytes) if !defects::has("strict-texts") => {
            Ok(Some(String::from_utf8_lossy(bytes).into()))
        }
        _ => row.get(column),
    }
}
