//! The whole database, page by page.

use async_trait::async_trait;
use papo_domain::RoomId;
use tokio_postgres::Row;

use super::connection::{Connection, Connector, Value};
use super::errors::Failure;
use super::instance;
use super::{rows, schema};
use crate::transfer::{
    AccountRow, InstanceRow, MembershipRow, PAGE_BYTES, Pages, PersonRow, Place, Record, RoomRow,
    SessionRow,
};
use crate::{StorageError, StoredPassword};

/// A connection that reads as of the moment of its transaction.
pub(super) struct PostgresPages {
    db: Connection,
    /// Read at the beginning, since the last ids belong to no transaction.
    instance: InstanceRow,
}

impl PostgresPages {
    /// Begins, as of now.
    pub(super) async fn begin(connector: &Connector) -> Result<Self, StorageError> {
        let db = connector.connect_patiently("export").await?;
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        db.batch(begin).await.map_err(Failure::into_error)?;
        // The first read sets a transaction's moment.
        let instance = instance(&db).await.map_err(Failure::into_error)?;
        Ok(Self { db, instance })
    }
}

#[async_trait]
impl Pages for PostgresPages {
    async fn page(&mut self, place: Place, limit: usize) -> Result<Vec<Record>, StorageError> {
        if place == Place::Instance {
            return Ok(vec![Record::Instance(self.instance.clone())]);
        }
        let page = page(&self.db, place, limit).await;
        page.map_err(Failure::into_error)
    }
}

/// The next records at this place.
pub(super) async fn page(
    db: &Connection,
    place: Place,
    limit: usize,
) -> Result<Vec<Record>, Failure> {
    let limit = rows::count(limit);
    match place {
        Place::Instance => Ok(vec![Record::Instance(instance(db).await?)]),
        Place::Persons(from) => {
            let sql = "SELECT id, last_username, created_at FROM person \
                WHERE id >= $1 ORDER BY id LIMIT $2";
            records(db, sql, &[&from, &limit], person).await
        }
        Place::Accounts(after) => {
            let sql = "SELECT id, person_id, name, password, is_admin, is_suspended, created_at FROM account \
                WHERE id > $1 ORDER BY id LIMIT $2";
            records(db, sql, &[&after, &limit], account).await
        }
        Place::Rooms(after) => {
            let sql = "SELECT id, name, description, is_active, created_at, last_seq, last_activity \
                FROM room WHERE id > $1 ORDER BY id LIMIT $2";
            records(db, sql, &[&after, &limit], room).await
        }
        Place::Sessions(after) => {
            let sql = "SELECT id, token, person_id, last_used, created_at \
                FROM session WHERE id > $1 ORDER BY id LIMIT $2";
            records(db, sql, &[&after, &limit], session).await
        }
        Place::Memberships(person, room) => {
            let sql = "SELECT person_id, room_id, username, joined_at, role, read_seq, level \
                FROM membership WHERE (person_id, room_id) > ($1, $2) \
                ORDER BY person_id, room_id LIMIT $3";
            records(db, sql, &[&person, &room, &limit], membership).await
        }
        Place::Events { room, after } => {
            let values: [Value<'_>; 4] = [&room, &after, &limit, &rows::count(PAGE_BYTES)];
            let found = db.rows(rows::BARE_EVENTS, &values).await?;
            let events = found.iter().map(|row| rows::event(RoomId(room), row));
            events.map(|event| Ok(Record::from(event?))).collect()
        }
    }
}

async fn records(
    db: &Connection,
    sql: &str,
    values: &[Value<'_>],
    record: fn(&Row) -> Result<Record, Failure>,
) -> Result<Vec<Record>, Failure> {
    db.rows(sql, values).await?.iter().map(record).collect()
}

async fn instance(db: &Connection) -> Result<InstanceRow, Failure> {
    let sql = "SELECT setup_token, last_revocation, served FROM papo";
    let row = db.row(sql, &[]).await?;
    let row = row.ok_or_else(|| super::errors::damaged("no row of Papo's"))?;
    Ok(InstanceRow {
        // While a migration fills the database, this is the epoch of the source.
        epoch: match schema::filling(db).await? {
            Some(epoch) => epoch.0.cast_signed(),
            None => instance::epoch(db).await?.0.cast_signed(),
        },
        setup_token: row
            .try_get::<_, Option<Vec<u8>>>(0)?
            .map(rows::token)
            .transpose()?,
        last_account: last(db, "account").await?,
        last_room: last(db, "room").await?,
        last_session: last(db, "session").await?,
        last_revocation: row.try_get(1)?,
        served: row.try_get(2)?,
    })
}

/// The highest id that a row of this table ever had.
async fn last(db: &Connection, table: &str) -> Result<i64, Failure> {
    let sql = format!(
        "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('{table}', 'id')::regclass), 0)"
    );
    schema::one(db, &sql).await
}

fn person(row: &Row) -> Result<Record, Failure> {
    Ok(Record::Person(PersonRow {
        id: row.try_get(0)?,
        last_username: row.try_get(1)?,
        created_at: row.try_get(2)?,
    }))
}

fn account(row: &Row) -> Result<Record, Failure> {
    Ok(Record::Account(AccountRow {
        id: row.try_get(0)?,
        person: row.try_get(1)?,
        name: row.try_get(2)?,
        password: StoredPassword(row.try_get(3)?),
        is_admin: row.try_get(4)?,
        is_suspended: row.try_get(5)?,
        created_at: row.try_get(6)?,
    }))
}

fn room(row: &Row) -> Result<Record, Failure> {
    Ok(Record::Room(RoomRow {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        description: row.try_get(2)?,
        is_active: row.try_get(3)?,
        created_at: row.try_get(4)?,
        last_seq: row.try_get(5)?,
        last_activity: row.try_get(6)?,
    }))
}

fn session(row: &Row) -> Result<Record, Failure> {
    Ok(Record::Session(SessionRow {
        id: row.try_get(0)?,
        token: rows::token(row.try_get(1)?)?,
        person: row.try_get(2)?,
        last_used: row.try_get(3)?,
        created_at: row.try_get(4)?,
    }))
}

fn membership(row: &Row) -> Result<Record, Failure> {
    Ok(Record::Membership(MembershipRow {
        person: row.try_get(0)?,
        room: row.try_get(1)?,
        username: row.try_get(2)?,
        joined_at: row.try_get(3)?,
        role: row.try_get(4)?,
        read_seq: row.try_get(5)?,
        level: row.try_get(6)?,
    }))
}
