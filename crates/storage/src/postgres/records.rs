//! How the records of an instance are stored, many in one statement.

use papo_domain::{Likeness, skeleton};

use super::connection::{Connection, Value};
use super::errors::Failure;
use super::schema;
use crate::fold::fold;
use crate::transfer::{
    AccountRow, ChangeRow, EventRow, InstanceRow, MembershipRow, MessageRow, PersonRow, Record,
    RoomRow, SessionRow,
};

/// The first statements on all this need the tables' sizes for their plans.
pub(super) const ANALYZE: &str =
    "ANALYZE person, account, room, session, membership, event, message";

const OCCUPIED: &str = "SELECT EXISTS (SELECT 1 FROM room) OR EXISTS (SELECT 1 FROM account) \
    OR EXISTS (SELECT 1 FROM person)";
const PERSONS: &str = "INSERT INTO person (id, last_username, created_at) \
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[])";
const ACCOUNTS: &str = "INSERT INTO account (id, person_id, name, name_key, skeleton, password, is_admin, \
    is_suspended, created_at) \
    OVERRIDING SYSTEM VALUE SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], \
    $5::text[], $6::text[], $7::boolean[], $8::boolean[], $9::bigint[])";
/// A log's time is that of its last event, which comes later.
const ROOMS: &str = "INSERT INTO room (id, name, name_key, description, description_folded, is_active, \
    created_at, last_at, last_seq, last_activity) \
    OVERRIDING SYSTEM VALUE SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], \
    $5::text[], $6::boolean[], $7::bigint[], $7::bigint[], $8::bigint[], $9::bigint[])";
const SESSIONS: &str = "INSERT INTO session (id, token, person_id, last_used, created_at) \
    OVERRIDING SYSTEM VALUE SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bigint[], \
    $5::bigint[])";
const MEMBERSHIPS: &str = "INSERT INTO membership (person_id, room_id, username, likeness, joined_at, \
    role, read_seq, level) \
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], \
    $6::smallint[], $7::bigint[], $8::smallint[])";
const EVENTS: &str = "INSERT INTO event (room_id, seq, at, kind, target, body) \
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::bigint[], \
    $6::text[])";
const MESSAGES: &str = "INSERT INTO message (room_id, seq, timestamp, sender, username, username_folded, \
    content, content_folded, edited, client_id) \
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], \
    $7::text[], $8::text[], $9::bigint[], $10::text[])";
const ENDS: &str = "UPDATE room SET last_at = log.at \
    FROM (SELECT room_id, seq, timestamp AS at FROM message \
    UNION ALL SELECT room_id, seq, at FROM event) AS log \
    WHERE log.room_id = room.id AND log.seq = room.last_seq AND room.last_at <> log.at";

/// Whether the database already holds an instance.
pub(super) async fn is_occupied(db: &Connection) -> Result<bool, Failure> {
    schema::one(db, OCCUPIED).await
}

/// Stores records, which come in the order of an instance.
pub(super) async fn store(db: &Connection, records: &[Record]) -> Result<(), Failure> {
    let mut kinds = Kinds::default();
    for record in records {
        match record {
            Record::Instance(instance) => store_instance(db, instance).await?,
            Record::Person(person) => kinds.persons.push(person),
            Record::Account(account) => kinds.accounts.push(account),
            Record::Room(room) => kinds.rooms.push(room),
            Record::Session(session) => kinds.sessions.push(session),
            Record::Membership(membership) => kinds.memberships.push(membership),
            Record::Event(event) => {
                // A message is the event that posted it.
                match &event.change {
                    ChangeRow::Posted(message) => kinds.messages.push((event, message)),
                    change @ ChangeRow::Other { .. } => kinds.events.push((event, change)),
                }
            }
        }
    }
    // Rows that others refer to go first.
    store_persons(db, &kinds.persons).await?;
    store_accounts(db, &kinds.accounts).await?;
    store_rooms(db, &kinds.rooms).await?;
    store_sessions(db, &kinds.sessions).await?;
    store_memberships(db, &kinds.memberships).await?;
    store_events(db, &kinds.events).await?;
    store_messages(db, &kinds.messages).await
}

/// Sets the columns of the rooms' rows that follow from their logs.
pub(super) async fn set_ends(db: &Connection) -> Result<(), Failure> {
    db.execute(ENDS, &[]).await?;
    Ok(())
}

/// Sets the highest ids that ever were. It belongs to no transaction: a rollback doesn't undo it.
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
    persons: Vec<&'a PersonRow>,
    accounts: Vec<&'a AccountRow>,
    rooms: Vec<&'a RoomRow>,
    sessions: Vec<&'a SessionRow>,
    memberships: Vec<&'a MembershipRow>,
    events: Vec<(&'a EventRow, &'a ChangeRow)>,
    messages: Vec<(&'a EventRow, &'a MessageRow)>,
}

async fn store_instance(db: &Connection, instance: &InstanceRow) -> Result<(), Failure> {
    let token = instance.setup_token.map(|token| token.0.to_vec());
    let sql = "UPDATE papo SET setup_token = $1, last_revocation = $2, served = $3";
    let values: [Value<'_>; 3] = [&token, &instance.last_revocation, &instance.served];
    db.execute(sql, &values).await?;
    Ok(())
}

async fn store_persons(db: &Connection, some: &[&PersonRow]) -> Result<(), Failure> {
    if some.is_empty() {
        return Ok(());
    }
    let values: [Value<'_>; 3] = [
        &column(some, |person| person.id),
        &column(some, |person| person.last_username.as_deref()),
        &column(some, |person| person.created_at),
    ];
    db.execute(PERSONS, &values).await?;
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
            &column(some, |account| account.person),
            &column(some, |account| account.name.as_str()),
            &column(some, |account| fold(&account.name)),
            &column(some, |account| skeleton(&account.name)),
            &column(some, |account| account.password.0.as_str()),
            &column(some, |account| account.is_admin),
            &column(some, |account| account.is_suspended),
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
            &column(some, |session| session.person),
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
            &column(some, |membership| membership.person),
            &column(some, |membership| membership.room),
            &column(some, |membership| membership.username.as_str()),
            &column(some, |membership| Likeness::of(&membership.username).text()),
            &column(some, |membership| membership.joined_at),
            &column(some, |membership| membership.role),
            &column(some, |membership| membership.read_seq),
            &column(some, |membership| membership.level),
        ],
    )
    .await?;
    Ok(())
}

async fn store_events(db: &Connection, some: &[(&EventRow, &ChangeRow)]) -> Result<(), Failure> {
    if some.is_empty() {
        return Ok(());
    }
    let (mut kinds, mut targets, mut bodies) = (vec![], vec![], vec![]);
    for (_, change) in some {
        if let ChangeRow::Other { kind, target, body } = change {
            kinds.push(*kind);
            targets.push(*target);
            bodies.push(body.as_deref());
        }
    }
    db.execute(
        EVENTS,
        &[
            &column(some, |(event, _)| event.room),
            &column(some, |(event, _)| event.seq),
            &column(some, |(event, _)| event.at),
            &kinds,
            &targets,
            &bodies,
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

/// A column of these rows.
fn column<'a, Row: Copy, T: 'a>(some: &'a [Row], value: impl Fn(Row) -> T) -> Vec<T> {
    some.iter().map(|row| value(*row)).collect()
}
