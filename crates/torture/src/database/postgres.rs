//! A database on a PostgreSQL server.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow};
use tokio::runtime::Builder;
use tokio_postgres::{Client, IsolationLevel, NoTls, Transaction};

use super::Row;
use crate::history::{Database, RoomLog};

const EVENTS: &str = "SELECT room_id, seq, 1::bigint, NULL::bigint, sender, client_id, content FROM message \
    UNION ALL \
    SELECT event.room_id, event.seq, event.kind::bigint, event.target, NULL, NULL, message.content \
    FROM event LEFT JOIN message ON message.room_id = event.room_id AND message.seq = event.target \
    ORDER BY 1, 2";
const MESSAGES: &str = "SELECT room_id, seq, content FROM message WHERE content IS NOT NULL";
const END: &str = "SELECT greatest((SELECT max(seq) FROM event WHERE room_id = $1), \
    (SELECT max(seq) FROM message WHERE room_id = $1), 0)";
/// A log's length is its last number, and it has each number once.
const WRONG: &str = "SELECT 'room ' || id || ' ends at ' || last_seq || ', and has ' || events || ' events, ' \
    || numbers || ' numbers up to ' || last \
    FROM room, LATERAL (SELECT count(*) AS events, count(DISTINCT seq) AS numbers, \
    coalesce(max(seq), 0) AS last FROM (SELECT seq FROM message WHERE room_id = room.id \
    UNION ALL SELECT seq FROM event WHERE room_id = room.id) AS one) AS log \
    WHERE last_seq <> events OR last_seq <> numbers OR last_seq <> last";

/// Reads every room's log and messages, as of one moment.
pub(super) fn read(url: &str) -> Result<Database> {
    at_one_moment(url, async |moment| {
        let epoch = moment.query_one("SELECT epoch FROM papo", &[]).await?;
        let mut rooms: BTreeMap<i64, RoomLog> = BTreeMap::new();
        for row in moment.query(EVENTS, &[]).await? {
            let event = Row {
                seq: row.try_get(1)?,
                kind: row.try_get(2)?,
                target: row.try_get(3)?,
                sender: row.try_get(4)?,
                client_id: row.try_get(5)?,
                text: row.try_get(6)?,
            };
            let room = rooms.entry(row.try_get(0)?).or_default();
            room.events.push(event.event()?);
        }
        for row in moment.query(MESSAGES, &[]).await? {
            let messages = &mut rooms.entry(row.try_get(0)?).or_default().messages;
            messages.insert(row.try_get(1)?, row.try_get(2)?);
        }
        Ok(Database {
            epoch: super::epoch(epoch.try_get(0)?),
            rooms,
        })
    })
}

/// The end of a room's log.
pub(super) fn end(url: &str, room: i64) -> Result<i64> {
    at_one_moment(url, async |moment| {
        Ok(moment.query_one(END, &[&room]).await?.try_get(0)?)
    })
}

/// The faults that a count of each log finds.
pub(super) fn integrity(url: &str) -> Result<Vec<String>> {
    lines(url, WRONG)
}

/// The texts in the only column of a query.
pub(super) fn lines(url: &str, sql: &str) -> Result<Vec<String>> {
    at_one_moment(url, async |moment| {
        let mut lines = Vec::new();
        for row in moment.query(sql, &[]).await? {
            lines.push(row.try_get(0)?);
        }
        Ok(lines)
    })
}

/// Runs statements.
pub(crate) fn run(url: &str, sql: &str) -> Result<()> {
    connected(url, async |client| Ok(client.batch_execute(sql).await?))
}

/// Asks in one transaction.
fn at_one_moment<T: Send>(
    url: &str,
    ask: impl AsyncFnOnce(&Transaction<'_>) -> Result<T> + Send,
) -> Result<T> {
    connected(url, async |client| {
        let transaction = client
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true);
        ask(&transaction.start().await?).await
    })
}

/// Works on a thread and a connection of its own: the caller may be a task.
fn connected<T: Send>(
    url: &str,
    work: impl AsyncFnOnce(&mut Client) -> Result<T> + Send,
) -> Result<T> {
    let run = || {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            // The server is one for tests, on this machine.
            let (mut client, connection) = tokio_postgres::connect(url, NoTls)
                .await
                .context("connecting to the database")?;
            let connection = tokio::spawn(connection);
            let answer = work(&mut client).await;
            drop(client);
            // The answer is already here, so its end says nothing new.
            let _ = connection.await;
            answer
        })
    };
    let ran = std::thread::scope(|scope| scope.spawn(run).join());
    ran.map_err(|_| anyhow!("working with the database panicked"))?
}
