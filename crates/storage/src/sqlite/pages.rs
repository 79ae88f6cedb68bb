//! The whole database, page by page.

use async_trait::async_trait;
use papo_domain::RoomId;
use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};

use super::{instance, rows, served, setup_token};
use crate::transfer::{
    AccountRow, Blocking, InstanceRow, MembershipRow, PAGE_BYTES, Pages, PersonRow, Place, Record,
    RoomRow, SessionRow,
};
use crate::{StorageError, StoredPassword, TokenHash};

/// A connection that reads as of the moment of its transaction.
pub(super) struct SqlitePages(Blocking<Connection>);

impl SqlitePages {
    /// Begins, as of now.
    pub(super) fn begin(db: Connection) -> Result<Self, StorageError> {
        db.execute_batch("BEGIN")?;
        // The first read sets a transaction's moment.
        instance::epoch(&db)?;
        Ok(Self(Blocking::new(db)))
    }
}

#[async_trait]
impl Pages for SqlitePages {
    async fn page(&mut self, place: Place, limit: usize) -> Result<Vec<Record>, StorageError> {
        self.0.run(move |db| page(db, place, limit)).await
    }
}

/// The next records at this place.
pub(super) fn page(
    db: &Connection,
    place: Place,
    limit: usize,
) -> Result<Vec<Record>, StorageError> {
    let limit = rows::count(limit);
    match place {
        Place::Instance => Ok(vec![Record::Instance(instance(db)?)]),
        Place::Persons(from) => records(
            db,
            "SELECT id, last_username, created_at FROM person WHERE id >= ?1 ORDER BY id LIMIT ?2",
            params![from, limit],
            person,
        ),
        Place::Accounts(after) => records(
            db,
            "SELECT id, person_id, name, password, is_admin, is_suspended, created_at FROM account \
             WHERE id > ?1 ORDER BY id LIMIT ?2",
            params![after, limit],
            account,
        ),
        Place::Rooms(after) => records(
            db,
            "SELECT id, name, description, is_active, created_at, last_seq, last_activity FROM room \
             WHERE id > ?1 ORDER BY id LIMIT ?2",
            params![after, limit],
            room,
        ),
        Place::Sessions(after) => records(
            db,
            "SELECT id, token, person_id, last_used, created_at FROM session \
             WHERE id > ?1 ORDER BY id LIMIT ?2",
            params![after, limit],
            session,
        ),
        Place::Memberships(person, room) => records(
            db,
            "SELECT person_id, room_id, username, joined_at, role, read_seq, level FROM membership \
             WHERE (person_id, room_id) > (?1, ?2) ORDER BY person_id, room_id LIMIT ?3",
            params![person, room, limit],
            membership,
        ),
        Place::Events { room, after } => events(db, room, after, limit),
    }
}

/// A page of the events of a room after a seq.
fn events(db: &Connection, room: i64, after: i64, limit: i64) -> Result<Vec<Record>, StorageError> {
    let mut statement = db.prepare_cached(rows::BARE_EVENTS)?;
    let found = statement.query_and_then(params![room, after, limit], |row| {
        rows::event(RoomId(room), row)
    })?;
    let (mut page, mut bytes) = (Vec::new(), 0);
    for event in found {
        let record = Record::from(event?);
        bytes += record.text_bytes();
        page.push(record);
        if bytes >= PAGE_BYTES {
            break;
        }
    }
    Ok(page)
}

fn records(
    db: &Connection,
    sql: &str,
    parameters: impl Params,
    record: fn(&Row<'_>) -> rusqlite::Result<Record>,
) -> Result<Vec<Record>, StorageError> {
    let mut statement = db.prepare_cached(sql)?;
    let found = statement.query_map(parameters, record)?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn instance(db: &Connection) -> Result<InstanceRow, StorageError> {
    let last = |table: &str| -> Result<i64, StorageError> {
        let sql = "SELECT seq FROM sqlite_sequence WHERE name = ?1";
        let last = db.prepare_cached(sql)?.query_row([table], |row| row.get(0));
        Ok(last.optional()?.unwrap_or(0))
    };
    Ok(InstanceRow {
        epoch: instance::epoch(db)?.0.cast_signed(),
        setup_token: setup_token::get(db)?,
        last_account: last("account")?,
        last_room: last("room")?,
        last_session: last("session")?,
        last_revocation: last("revocation")?,
        served: served::get(db)?.0,
    })
}

fn person(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record::Person(PersonRow {
        id: row.get(0)?,
        last_username: rows::optional_text(row, 1)?,
        created_at: row.get(2)?,
    }))
}

fn account(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record::Account(AccountRow {
        id: row.get(0)?,
        person: row.get(1)?,
        name: rows::text(row, 2)?,
        password: StoredPassword(rows::text(row, 3)?),
        is_admin: row.get(4)?,
        is_suspended: row.get(5)?,
        created_at: row.get(6)?,
    }))
}

fn room(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record::Room(RoomRow {
        id: row.get(0)?,
        name: rows::text(row, 1)?,
        description: rows::text(row, 2)?,
        is_active: row.get(3)?,
        created_at: row.get(4)?,
        last_seq: row.get(5)?,
        last_activity: row.get(6)?,
    }))
}

fn session(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record::Session(SessionRow {
        id: row.get(0)?,
        token: TokenHash(row.get(1)?),
        person: row.get(2)?,
        last_used: row.get(3)?,
        created_at: row.get(4)?,
    }))
}

fn membership(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record::Membership(MembershipRow {
        person: row.get(0)?,
        room: row.get(1)?,
        username: rows::text(row, 2)?,
        joined_at: row.get(3)?,
        role: row.get(4)?,
        read_seq: row.get(5)?,
        level: row.get(6)?,
    }))
}
