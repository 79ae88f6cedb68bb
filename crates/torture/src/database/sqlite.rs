//! A file of SQLite's.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use rusqlite::{Connection, OpenFlags};

use super::Row;
use crate::history::{Database, RoomLog};

/// The database's file in a data folder.
pub(crate) fn file(folder: &Path) -> std::path::PathBuf {
    folder.join("papo.sqlite3")
}

/// Reads every room's log and messages, as of one moment.
pub(super) fn read(path: &Path) -> Result<Database> {
    let mut connection = open(path)?;
    let moment = connection.transaction()?;
    let epoch: i64 = moment
        .query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| {
            row.get(0)
        })
        .context("the epoch")?;
    let mut rooms: BTreeMap<i64, RoomLog> = BTreeMap::new();
    let mut statement = moment.prepare(
        "SELECT room_id, seq, 1, NULL, sender, client_id, content FROM message UNION ALL \
         SELECT event.room_id, event.seq, event.kind, event.target, NULL, NULL, message.content \
         FROM event LEFT JOIN message ON message.room_id = event.room_id AND message.seq = event.target \
         ORDER BY 1, 2",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let room: i64 = row.get(0)?;
        let event = Row {
            seq: row.get(1)?,
            kind: row.get(2)?,
            target: row.get(3)?,
            sender: row.get(4)?,
            client_id: row.get(5)?,
            text: row.get(6)?,
        };
        rooms.entry(room).or_default().events.push(event.event()?);
    }
    let mut statement =
        moment.prepare("SELECT room_id, seq, content FROM message WHERE content IS NOT NULL")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let room: i64 = row.get(0)?;
        let messages = &mut rooms.entry(room).or_default().messages;
        messages.insert(row.get(1)?, row.get(2)?);
    }
    Ok(Database {
        epoch: super::epoch(epoch),
        rooms,
    })
}

/// The end of a room's log.
pub(super) fn end(path: &Path, room: i64) -> Result<i64> {
    let sql = "SELECT max(ifnull((SELECT max(seq) FROM message WHERE room_id = ?1), 0), \
               ifnull((SELECT max(seq) FROM event WHERE room_id = ?1), 0))";
    Ok(open(path)?.query_row(sql, [room], |row| row.get(0))?)
}

/// What SQLite itself and a count of each log say is wrong.
pub(super) fn integrity(path: &Path) -> Result<Vec<String>> {
    let mut wrong = lines(path, "PRAGMA integrity_check")?;
    wrong.retain(|line| line != "ok");
    let sql = "SELECT 'room ' || id || ' ends at ' || last_seq FROM room \
               WHERE last_seq <> (SELECT count(*) FROM event WHERE room_id = id) \
               + (SELECT count(*) FROM message WHERE room_id = id)";
    wrong.extend(lines(path, sql)?);
    Ok(wrong)
}

/// Changes it.
pub(super) fn execute(path: &Path, sql: &str) -> Result<()> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .with_context(|| format!("opening {}", path.display()))?;
    connection.busy_timeout(papo_testing::PATIENCE)?;
    Ok(connection.execute_batch(sql)?)
}

/// The texts in the only column of a query.
pub(super) fn lines(path: &Path, sql: &str) -> Result<Vec<String>> {
    let connection = open(path)?;
    let mut statement = connection.prepare(sql)?;
    let lines = statement.query_map([], |row| row.get(0))?;
    Ok(lines.collect::<Result<_, _>>()?)
}

fn open(path: &Path) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .with_context(|| format!("opening {}", path.display()))?;
    connection.busy_timeout(papo_testing::PATIENCE)?;
    Ok(connection)
}
