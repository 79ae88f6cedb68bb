//! Storing the records of an instance, many in one statement.

use papo_domain::skeleton;

use super::connection::Connection;
use super::errors::Failure;
use super::rows::kind;
use super::schema;
use crate::fold::fold;
use crate::transfer::{
    AccountRow, ChangeRow, EventRow, InstanceRow, MembershipRow, MessageRow, Record, RoomRow,
    SessionRow,
};

/// Whoever plans the first statements on all this had better know how much it is.
pub(super) const ANALYZE: &str = "ANALYZE account, room, session, membership, event, message";

const OCCUPIED: &str = "SELECT EXISTS (SELECT 1 FROM room) OR EXISTS (SELECT 1 FROM account) \
    OR EXISTS (SELECT 1 FROM session)";
const ACCOUNTS: &str = "INSERT INTO account (id, name, name_key, skeleton, password, sender, is_admin, created_at) \
    OVERRIDING SYSTEM VALUE SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], \
    $5::text[], $6::bigint[], $7::boolean[], $8::bigint[])";
/// The log's time is that of its end, which comes later.
const ROOMS: &str = "INSERT INTO room (id, name, name_key, description, description_folded, is_active, \
    created_at, last_at, last_seq, last_activity) \
    OVERRIDING SYSTEM VALUE SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], \
    $5::text[], $6::boolean[], $7::bigint[], $7::bigint[], $8::bigint[], $9::bigint[])";
const SESSIONS: &str = "INSERT INTO session (id, token, sender, account_id, last_username, last_used, created_at) \
    OVERRIDING SYSTEM VALUE SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bigint[], \
    $5::text[], $6::bigint[], $7::bigint[])";
const MEMBERSHIPS: &str = "INSERT INTO membership (session_id, room_id, username, skeleton, joined_at) \
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[])";
const EVENTS: &str = "INSERT INTO event (room_id, seq, at, kind, target, name, description, is_active) \
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::bigint[], \
    $6::text[], $7::text[], $8::boolean[])";
const MESSAGES: &str = "INSERT INTO message (room_id, seq, timestamp, sender, username, username_folded, \
    content, content_folded, edited, client_id) \
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], \
    $7::text[], $8::text[], $9::bigint[], $10::text[])";
const ENDS: &str = "UPDATE room SET last_at = event.at FROM event \
    WHERE event.room_id = room.id AND event.seq = room.last_seq AND room.last_at <> event.at";

/// Whether there is an instance in the database already.
pub(super) async fn is_occupied(db: &Connection) -> Result<bool, Failure> {
    schema::one(db, OCCUPIED).await
}

/// Stores records, which come in the order of an instance.
pub(super) async fn store(db: &Connection, records: &[Record]) -> Result<(), Failure> {
    let mut kinds = Kinds::default();
    for record in records {
        match record {
            Record::Instance(instance) => store_instance(db, instance).await?,
            Record::Account(account) => kinds.accounts.push(account),
            Record::Room(room) => kinds.rooms.push(room),
            Record::Session(session) => kinds.sessions.push(session),
            Record::Membership(membership) => kinds.memberships.push(membership),
            Record::Event(event) => {
                kinds.events.push(event);
                if let ChangeRow::Posted(message) = &event.change {
                    kinds.messages.push((event, message));
                }
            }
        }
    }
    // What others refer to goes first.
    store_accounts(db, &kinds.accounts).await?;
    store_rooms(db, &kinds.rooms).await?;
    store_sessions(db, &kinds.sessions).await?;
    store_memberships(db, &kinds.memberships).await?;
    store_events(db, &kinds.events).await?;
    store_messages(db, &kinds.messages).await
}

/// Sets what the rooms' rows have of the ends of their logs.
pub(super) async fn set_ends(db: &Connection) -> Result<(), Failure> {
    db.execute(ENDS, &[]).await?;
    Ok(())
}

/// Sets the highest ids that there ever were. That belongs to no transaction: whoever undoes everything else has it all the same.
pub(super) async fn set_last_ids(db: &Connection, instance: &InstanceRow) -> Result<(), Failure> {
    for (table, last) in [
        ("account", instance.last_account),
        ("room", instance.last_room),
        ("session", instance.last_session),
        ("revocation", instance.last_revocation),
    ] {
        let sql = format!(
            "SELECT setval(pg_get_serial_sequence('{table}', 'id'), greatest($1::bigint, 1), $1::bigint > 0)"
        );
        db.rows(&sql, &[&last]).await?;
    }
    Ok(())
}

#[derive(Default)]
struct Kinds<'a> {
    accounts: Vec<&'a AccountRow>,
    rooms: Vec<&'a RoomRow>,
    sessions: Vec<&'a SessionRow>,
    memberships: Vec<&'a MembershipRow>,
    events: Vec<&'a EventRow>,
    messages: Vec<(&'a EventRow, &'a MessageRow)>,
}

async fn store_instance(db: &Connection, instance: &InstanceRow) -> Result<(), Failure> {
    let token = instance.setup_token.map(|token| token.0.to_vec());
    let sql = "UPDATE papo SET setup_token = $1, last_revocation = $2";
    db.execute(sql, &[&token, &instance.last_revocation])
        .await?;
    Ok(())
}

async fn store_accounts(db: &Connection, some: &[&AccountRow]) -> Result<(), Failure> {
    if some.is_empty() {
        return Ok(());
    }
    db.execute(
        ACCOUNTS,
        &[
            &column(some, |account| account.id),
            &column(some, |account| account.name.as_str()),
            &column(some, |account| fold(&account.name)),
            &column(some, |account| skeleton(&account.name)),
            &column(some, |account| account.password.0.as_str()),
            &column(some, |account| account.sender),
            &column(some, |account| account.is_admin),
            &column(some, |account| account.created_at),
        ],
    )
    .await?;
    Ok(())
}

async fn store_rooms(db: &Connection, some: &[&RoomRow]) -> Result<(), Failure> {
    if some.is_empty() {
        return Ok(());
    }
    db.execute(
        ROOMS,
        &[
            &column(some, |room| room.id),
            &column(some, |room| room.name.as_str()),
            &column(some, |room| fold(&room.name)),
            &column(some, |room| room.description.as_str()),
            &column(some, |room| fold(&room.description)),
            &column(some, |room| room.is_active),
            &column(some, |room| room.created_at),
            &column(some, |room| room.last_seq),
            &column(some, |room| room.last_activity),
        ],
    )
    .await?;
    Ok(())
}

async fn store_sessions(db: &Connection, some: &[&SessionRow]) -> Result<(), Failure> {
    if some.is_empty() {
        return Ok(());
    }
    db.execute(
        SESSIONS,
        &[
            &column(some, |session| session.id),
            &column(some, |session| session.token.0.as_slice()),
            &column(some, |session| session.sender),
            &column(some, |session| session.account),
            &column(some, |session| session.last_username.as_deref()),
            &column(some, |session| session.last_used),
            &column(some, |session| session.created_at),
        ],
    )
    .await?;
    Ok(())
}

async fn store_memberships(db: &Connection, some: &[&MembershipRow]) -> Result<(), Failure> {
    if some.is_empty() {
        return Ok(());
    }
    db.execute(
        MEMBERSHIPS,
        &[
            &column(some, |membership| membership.session),
            &column(some, |membership| membership.room),
            &column(some, |membership| membership.username.as_str()),
            &column(some, |membership| skeleton(&membership.username)),
            &column(some, |membership| membership.joined_at),
        ],
    )
    .await?;
    Ok(())
}

async fn store_events(db: &Connection, some: &[&EventRow]) -> Result<(), Failure> {
    if some.is_empty() {
        return Ok(());
    }
    let state = |event: &EventRow| match &event.change {
        ChangeRow::Room {
            name,
            description,
            is_active,
        } => Some((name.clone(), description.clone(), *is_active)),
        _ => None,
    };
    db.execute(
        EVENTS,
        &[
            &column(some, |event| event.room),
            &column(some, |event| event.seq),
            &column(some, |event| event.at),
            &column(some, |event| kind_and_target(&event.change).0),
            &column(some, |event| kind_and_target(&event.change).1),
            &column(some, |event| state(event).map(|(name, ..)| name)),
            &column(some, |event| {
                state(event).map(|(_, description, _)| description)
            }),
            &column(some, |event| state(event).map(|(.., is_active)| is_active)),
        ],
    )
    .await?;
    Ok(())
}

async fn store_messages(db: &Connection, some: &[(&EventRow, &MessageRow)]) -> Result<(), Failure> {
    if some.is_empty() {
        return Ok(());
    }
    let folded = |text: &str| Some(fold(text).into_owned()).filter(|folded| folded != text);
    let content_folded = |message: &MessageRow| message.content.as_deref().and_then(folded);
    db.execute(
        MESSAGES,
        &[
            &column(some, |(event, _)| event.room),
            &column(some, |(event, _)| event.seq),
            &column(some, |(event, _)| event.at),
            &column(some, |(_, message)| message.sender),
            &column(some, |(_, message)| message.username.as_str()),
            &column(some, |(_, message)| folded(&message.username)),
            &column(some, |(_, message)| message.content.as_deref()),
            &column(some, |(_, message)| content_folded(message)),
            &column(some, |(_, message)| message.edited),
            &column(some, |(_, message)| message.client_id.as_deref()),
        ],
    )
    .await?;
    Ok(())
}

fn kind_and_target(change: &ChangeRow) -> (i16, Option<i64>) {
    match change {
        ChangeRow::Posted(_) => (kind::POSTED, None),
        ChangeRow::Edited { target } => (kind::EDITED, Some(*target)),
        ChangeRow::Deleted { target } => (kind::DELETED, Some(*target)),
        ChangeRow::Room { .. } => (kind::ROOM, None),
    }
}

/// One value of each.
fn column<'a, Row: Copy, T: 'a>(some: &'a [Row], value: impl Fn(Row) -> T) -> Vec<T> {
    some.iter().map(|row| value(*row)).collect()
}
