//! The whole database, page by page.

use async_trait::async_trait;
use papo_domain::RoomId;
use tokio_postgres::Row;

use super::accounts;
use super::connection::{Connection, Connector, Value};
use super::errors::Failure;
use super::{rows, schema};
use crate::transfer::{
    AccountRow, InstanceRow, MembershipRow, PAGE_BYTES, Pages, Place, Record, RoomRow, SessionRow,
};
use crate::{StorageError, StoredPassword};

/// What [`rows::event`] reads, as [`rows::EVENT`], but without the texts of messages that were edited, which the events that posted them hold;
/// and nothing after the one with which the texts have come to so many bytes.
const EVENTS: &str = "SELECT * FROM (SELECT *, \
    sum(octet_length(content)) OVER (ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before \
    FROM (SELECT event.seq, event.at, event.kind, event.target, event.name, event.description, event.is_active, \
    message.sender, message.username, message.content, message.client_id, message.edited \
    FROM event LEFT JOIN message ON message.room_id = event.room_id AND message.seq = event.seq \
    WHERE event.room_id = $1 AND event.seq > $2 ORDER BY event.seq LIMIT $3) AS found) AS weighed \
    WHERE coalesce(before, 0) < $4 ORDER BY seq";

/// A connection that reads as of the moment of its transaction.
pub(super) struct PostgresPages {
    db: Connection,
    /// Read at once: the last ids are no part of any transaction.
    instance: InstanceRow,
}

impl PostgresPages {
    /// As of now.
    pub(super) async fn begin(connector: &Connector) -> Result<Self, StorageError> {
        let db = connector.connect_patiently("export").await?;
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        db.batch(begin).await.map_err(Failure::into_error)?;
        // A transaction's moment is that of its first reading.
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

/// The records that come next at this place.
pub(super) async fn page(
    db: &Connection,
    place: Place,
    limit: usize,
) -> Result<Vec<Record>, Failure> {
    let limit = rows::count(limit);
    match place {
        Place::Instance => Ok(vec![Record::Instance(instance(db).await?)]),
        Place::Accounts(after) => {
            let sql = "SELECT id, name, password, sender, is_admin, created_at FROM account \
                WHERE id > $1 ORDER BY id LIMIT $2";
            records(db, sql, &[&after, &limit], account).await
        }
        Place::Rooms(after) => {
            let sql = "SELECT id, name, description, is_active, created_at, last_seq, last_activity \
                FROM room WHERE id > $1 ORDER BY id LIMIT $2";
            records(db, sql, &[&after, &limit], room).await
        }
        Place::Sessions(after) => {
            let sql = "SELECT id, token, sender, account_id, last_username, last_used, created_at \
                FROM session WHERE id > $1 ORDER BY id LIMIT $2";
            records(db, sql, &[&after, &limit], session).await
        }
        Place::Memberships(session, room) => {
            let sql = "SELECT session_id, room_id, username, joined_at FROM membership \
                WHERE (session_id, room_id) > ($1, $2) ORDER BY session_id, room_id LIMIT $3";
            records(db, sql, &[&session, &room, &limit], membership).await
        }
        Place::Events { room, after } => {
            let values: [Value<'_>; 4] = [&room, &after, &limit, &rows::count(PAGE_BYTES)];
            let found = db.rows(EVENTS, &values).await?;
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
    let sql = "SELECT setup_token, last_revocation FROM papo";
    let row = db.row(sql, &[]).await?;
    let row = row.ok_or_else(|| super::errors::damaged("no row of Papo's"))?;
    Ok(InstanceRow {
        // While it is filled, that is the one of what it is filled with.
        epoch: match schema::filling(db).await? {
            Some(epoch) => epoch.0.cast_signed(),
            None => accounts::epoch(db).await?.0.cast_signed(),
        },
        setup_token: row
            .try_get::<_, Option<Vec<u8>>>(0)?
            .map(rows::token)
            .transpose()?,
        last_account: last(db, "account").await?,
        last_room: last(db, "room").await?,
        last_session: last(db, "session").await?,
        last_revocation: row.try_get(1)?,
    })
}

/// The highest id that a row of this table ever had.
async fn last(db: &Connection, table: &str) -> Result<i64, Failure> {
    let sql = format!(
        "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('{table}', 'id')::regclass), 0)"
    );
    schema::one(db, &sql).await
}

fn account(row: &Row) -> Result<Record, Failure> {
    Ok(Record::Account(AccountRow {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        password: StoredPassword(row.try_get(2)?),
        sender: row.try_get(3)?,
        is_admin: row.try_get(4)?,
        created_at: row.try_get(5)?,
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
        sender: row.try_get(2)?,
        account: row.try_get(3)?,
        last_username: row.try_get(4)?,
        last_used: row.try_get(5)?,
        created_at: row.try_get(6)?,
    }))
}

fn membership(row: &Row) -> Result<Record, Failure> {
    Ok(Record::Membership(MembershipRow {
        session: row.try_get(0)?,
        room: row.try_get(1)?,
        username: row.try_get(2)?,
        joined_at: row.try_get(3)?,
    }))
}
