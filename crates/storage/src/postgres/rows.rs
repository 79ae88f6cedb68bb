//! The conversion of rows to types of the domain.

use papo_domain::{
    Account, AccountId, AccountName, ClientId, Event, EventKind, Mark, MemberRole, Message,
    MessageText, PersonId, Posted, Room, RoomDescription, RoomId, RoomKind, RoomName, RoomTerms,
    Seq, StoredEvent, Timestamp, Username,
};
use tokio_postgres::Row;

use super::errors::{Failure, damaged};
use crate::TokenHash;
use crate::ledger::StoredMessage;

/// The columns for [`room`].
pub(super) const ROOM: &str =
    "id, name, description, is_active, created_at, last_seq, kind, is_announcement";
/// The columns for [`message`].
pub(super) const MESSAGE: &str = "room_id, seq, sender, username, content, timestamp, edited, client_id, \
     (SELECT is_admin FROM account WHERE account.person_id = message.sender)";
/// The query for [`event`]: from the room `$1`, after the seq `$2`, in order, at most `$3`. A
/// message is the event that posted it. It reads each table in the order of its key, no further
/// than the limit. The arguments are the column of the sender's mark, the column of the text that
/// an event changed, and the join for it.
macro_rules! log {
    ($mark:literal, $text:literal, $join:literal) => {
        concat!(
            "SELECT * FROM ( \
            (SELECT seq, timestamp AS at, NULL::smallint AS kind, NULL::bigint AS target, \
            NULL::text AS body, content, sender, username, client_id, edited, ",
            $mark,
            " AS is_admin FROM message WHERE room_id = $1 AND seq > $2 ORDER BY seq LIMIT $3) \
            UNION ALL \
            (SELECT event.seq, event.at, event.kind, event.target, event.body, ",
            $text,
            ", NULL, NULL, NULL, NULL, NULL FROM event ",
            $join,
            " WHERE event.room_id = $1 AND event.seq > $2 ORDER BY event.seq LIMIT $3)) AS log \
            ORDER BY seq LIMIT $3"
        )
    };
}
/// The query for [`event`] with everything that people see.
pub(super) const EVENTS: &str = log!(
    "(SELECT is_admin FROM account WHERE account.person_id = message.sender)",
    "message.content",
    "LEFT JOIN message ON message.room_id = event.room_id AND message.seq = event.target"
);
/// The query for [`event`] in a transfer. It leaves out marks, which follow from the accounts. It
/// leaves out texts in events that edited a message, since the message has its text. It ends after
/// the event that brings the texts to `$4` bytes.
pub(super) const BARE_EVENTS: &str = concat!(
    "SELECT * FROM (SELECT *, sum(octet_length(content)) \
    OVER (ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM (",
    log!("NULL::boolean", "NULL", ""),
    ") AS found) AS weighed WHERE coalesce(before, 0) < $4 ORDER BY seq"
);
/// The columns of table `message` for [`stored_message`].
pub(super) const POSTED: &str = "message.room_id, message.seq, message.timestamp, message.sender, \
    message.username, message.content, message.client_id, message.edited, \
    (SELECT is_admin FROM account WHERE account.person_id = message.sender)";
/// The columns for [`account`].
pub(super) const ACCOUNT: &str = "account.id, account.name, account.person_id, account.is_admin, account.created_at, \
     account.is_suspended";

/// A room, from the columns [`ROOM`].
pub(super) fn room(row: &Row) -> Result<Room, Failure> {
    Ok(Room {
        id: RoomId(row.try_get(0)?),
        name: RoomName::from_stored(row.try_get(1)?),
        description: RoomDescription::from_stored(row.try_get(2)?),
        is_active: row.try_get(3)?,
        created_at: timestamp(row, 4)?,
        last_seq: Seq(row.try_get(5)?),
        kind: RoomKind::from_code(row.try_get(6)?),
        is_announcement: row.try_get(7)?,
    })
}

/// A room's terms, from the columns `kind`, `is_announcement` and `is_active`, the first of them at
/// `first`.
pub(super) fn terms(row: &Row, first: usize) -> Result<RoomTerms, Failure> {
    Ok(RoomTerms {
        kind: RoomKind::from_code(row.try_get(first)?),
        is_announcement: row.try_get(first + 1)?,
        is_active: row.try_get(first + 2)?,
    })
}

/// A member's role, if there is one.
pub(super) fn member_role(row: &Row, column: usize) -> Result<Option<MemberRole>, Failure> {
    let code: Option<i16> = row.try_get(column)?;
    Ok(code.map(MemberRole::from_code))
}

/// A message that isn't deleted, from the columns [`MESSAGE`].
pub(super) fn message(row: &Row) -> Result<Message, Failure> {
    Ok(Message {
        room: RoomId(row.try_get(0)?),
        seq: Seq(row.try_get(1)?),
        sender: person(row, 2)?,
        username: Username::from_stored(row.try_get::<_, &str>(3)?),
        mark: mark(row, 8)?,
        text: MessageText::from_stored(row.try_get::<_, &str>(4)?),
        timestamp: timestamp(row, 5)?,
        edited: time(row, 6)?,
        client_id: client_id(row, 7)?,
    })
}

/// An event, from the columns of [`EVENTS`]: one without a kind posted a message.
pub(super) fn event(room: RoomId, row: &Row) -> Result<Event, Failure> {
    let seq = Seq(row.try_get(0)?);
    let text = text(row, 5)?;
    let kind = if row.try_get::<_, Option<i16>>(2)?.is_some() {
        let kind = EventKind::from_stored(stored_event(row, 2)?, text);
        kind.unwrap_or(EventKind::Damaged)
    } else {
        EventKind::Posted(Posted {
            sender: person(row, 6)?,
            username: Username::from_stored(row.try_get::<_, &str>(7)?),
            mark: mark(row, 10)?,
            text,
            client_id: client_id(row, 8)?,
            edited: time(row, 9)?,
        })
    };
    Ok(Event {
        room,
        seq,
        timestamp: timestamp(row, 1)?,
        kind,
    })
}

/// An event's kind, target and body, from the column `first` on.
pub(super) fn stored_event(row: &Row, first: usize) -> Result<StoredEvent, Failure> {
    Ok(StoredEvent {
        code: row.try_get(first)?,
        target: row.try_get::<_, Option<i64>>(first + 1)?.map(Seq),
        body: row.try_get(first + 2)?,
    })
}

/// A message as the event that posted it shows it, from the columns [`POSTED`].
pub(super) fn stored_message(row: &Row) -> Result<StoredMessage, Failure> {
    Ok(StoredMessage {
        room: RoomId(row.try_get(0)?),
        seq: Seq(row.try_get(1)?),
        timestamp: timestamp(row, 2)?,
        posted: Posted {
            sender: person(row, 3)?,
            username: Username::from_stored(row.try_get::<_, &str>(4)?),
            mark: mark(row, 8)?,
            text: text(row, 5)?,
            client_id: client_id(row, 6)?,
            edited: time(row, 7)?,
        },
    })
}

/// An account, from the columns [`ACCOUNT`], the first of them at `first`.
pub(super) fn account(row: &Row, first: usize) -> Result<Account, Failure> {
    Ok(Account {
        id: AccountId(row.try_get(first)?),
        name: AccountName::from_stored(row.try_get(first + 1)?),
        person: person(row, first + 2)?,
        is_admin: row.try_get(first + 3)?,
        created_at: timestamp(row, first + 4)?,
        is_suspended: row.try_get(first + 5)?,
    })
}

/// A person's 64 bits, kept in a signed column.
pub(super) fn person(row: &Row, column: usize) -> Result<PersonId, Failure> {
    let signed: i64 = row.try_get(column)?;
    Ok(PersonId(signed.cast_unsigned()))
}

/// The mark of an account, from the column that says whether it is an administrator's.
pub(super) fn mark(row: &Row, column: usize) -> Result<Option<Mark>, Failure> {
    let is_admin: Option<bool> = row.try_get(column)?;
    Ok(is_admin.map(Mark::of))
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

/// A limit or an offset. A number that doesn't fit exceeds any table.
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
