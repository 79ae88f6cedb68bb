//! How the records of an instance are stored, many in one statement.

use super::connection::{Connection, Value};
use super::errors::Failure;
use super::{schema, tables};
use crate::fold::fold;
use crate::transfer::{ChangeRow, EventRow, InstanceRow, MessageRow, Record, Table};

const OCCUPIED: &str = "SELECT EXISTS (SELECT 1 FROM room) OR EXISTS (SELECT 1 FROM account) \
    OR EXISTS (SELECT 1 FROM person)";
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

/// Stores records, which come in the order of an instance. Each run of one kind is stored at once.
pub(super) async fn store(db: &Connection, records: &[Record]) -> Result<(), Failure> {
    let table = |record: &Record| record.row().map(|(table, _)| table);
    for some in records.chunk_by(|one, next| table(one) == table(next)) {
        if let Some(table) = some.first().and_then(table) {
            tables::store(db, table, some).await?;
            continue;
        }
        let (mut events, mut messages) = (vec![], vec![]);
        for record in some {
            match record {
                Record::Instance(instance) => store_instance(db, instance).await?,
                Record::Event(event) => match &event.change {
                    ChangeRow::Posted(message) => messages.push((event, message)),
                    change @ ChangeRow::Other { .. } => events.push((event, change)),
                },
                _ => {}
            }
        }
        store_events(db, &events).await?;
        store_messages(db, &messages).await?;
    }
    Ok(())
}

/// Has the database analyse the tables. The first statements on them need their sizes for plans.
pub(super) async fn analyze(db: &Connection) -> Result<(), Failure> {
    let tables = Table::ALL.iter().map(|table| table.description().name);
    let tables: Vec<_> = tables.chain(["event", "message"]).collect();
    db.batch(&format!("ANALYZE {}", tables.join(", "))).await
}

/// Deletes everything except the logs.
pub(super) async fn clear(db: &Connection) -> Result<(), Failure> {
    // Rows that others refer to go last.
    for table in Table::ALL.iter().rev() {
        let name = table.description().name;
        db.batch(&format!("DELETE FROM {name}")).await?;
    }
    Ok(())
}

/// Sets the columns of the rooms' rows that follow from their logs.
pub(super) async fn set_ends(db: &Connection) -> Result<(), Failure> {
    db.execute(ENDS, &[]).await?;
    Ok(())
}

/// Sets the numbers of the last job and of the last entry of the audit to those of the last ones
/// stored. No record holds them, since no such number is known elsewhere. It belongs to no
/// transaction.
pub(super) async fn set_last_numbers(db: &Connection) -> Result<(), Failure> {
    for table in ["job", "audit"] {
        let sql = format!(
            "SELECT setval(pg_get_serial_sequence('{table}', 'id'), coalesce(max(id), 1), \
            max(id) IS NOT NULL) FROM {table}"
        );
        db.rows(&sql, &[]).await?;
    }
    Ok(())
}

/// Sets the highest ids that ever were. It belongs to no transaction: a rollback doesn't undo it.
pub(super) async fn set_last_ids(db: &Connection, instance: &InstanceRow) -> Result<(), Failure> {
    for (table, last) in [
        ("account", instance.last_account),
        ("room", instance.last_room),
        ("session", instance.last_session),
        ("revocation", instance.last_revocation),
        ("inbox", instance.last_inbox),
    ] {
        let sql = format!(
            "SELECT setval(pg_get_serial_sequence('{table}', 'id'), greatest($1::bigint, 1), $1::bigint > 0)"
        );
        db.rows(&sql, &[&last]).await?;
    }
    Ok(())
}

async fn store_instance(db: &Connection, instance: &InstanceRow) -> Result<(), Failure> {
    let token = instance.setup_token.map(|token| token.0.to_vec());
    let sql =
        "UPDATE papo SET setup_token = $1, last_revocation = $2, last_inbox = $3, served = $4";
    let values: [Value<'_>; 4] = [
        &token,
        &instance.last_revocation,
        &instance.last_inbox,
        &instance.served,
    ];
    db.execute(sql, &values).await?;
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
