//! Reads what the database holds, past everything of Papo's: with SQL of its own.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use papo_domain::SenderId;
use rusqlite::{Connection, OpenFlags, Row};

use crate::history::{Database, Event, Kind, RoomLog};

/// The database's file in a data folder.
pub(crate) fn file(folder: &Path) -> std::path::PathBuf {
    folder.join("papo.sqlite3")
}

/// Reads every room's log and messages, as of one moment.
pub(crate) fn read(folder: &Path) -> Result<Database> {
    read_file(&file(folder))
}

/// Reads a file, such as a backup.
pub(crate) fn read_file(path: &Path) -> Result<Database> {
    let mut connection = open(path)?;
    let moment = connection.transaction()?;
    let epoch: String = moment
        .query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| {
            epoch(row)
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
        rooms.entry(room).or_default().events.push(event(row)?);
    }
    let mut statement =
        moment.prepare("SELECT room_id, seq, content FROM message WHERE content IS NOT NULL")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let room: i64 = row.get(0)?;
        let messages = &mut rooms.entry(room).or_default().messages;
        messages.insert(row.get(1)?, row.get(2)?);
    }
    Ok(Database { epoch, rooms })
}

/// The end of a room's log.
pub(crate) fn end(folder: &Path, room: i64) -> Result<i64> {
    let sql = "SELECT max(ifnull((SELECT max(seq) FROM message WHERE room_id = ?1), 0), \
               ifnull((SELECT max(seq) FROM event WHERE room_id = ?1), 0))";
    Ok(open(&file(folder))?.query_row(sql, [room], |row| row.get(0))?)
}

/// What SQLite itself and a count of each log say is wrong; empty when nothing is.
pub(crate) fn integrity(path: &Path) -> Result<Vec<String>> {
    let connection = open(path)?;
    let mut statement = connection.prepare("PRAGMA integrity_check")?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut wrong: Vec<String> = lines.collect::<Result<_, _>>()?;
    wrong.retain(|line| line != "ok");
    let sql = "SELECT 'room ' || id || ' ends at ' || last_seq FROM room \
               WHERE last_seq <> (SELECT count(*) FROM event WHERE room_id = id) \
               + (SELECT count(*) FROM message WHERE room_id = id)";
    let mut statement = connection.prepare(sql)?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
    wrong.extend(lines.collect::<Result<Vec<_>, _>>()?);
    Ok(wrong)
}

fn open(path: &Path) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .with_context(|| format!("opening {}", path.display()))?;
    connection.busy_timeout(papo_testing::PATIENCE)?;
    Ok(connection)
}

fn epoch(row: &Row<'_>) -> Result<String, rusqlite::Error> {
    let signed: i64 = row.get(0)?;
    Ok(papo_domain::Epoch(signed.cast_unsigned()).to_string())
}

fn event(row: &Row<'_>) -> Result<Event> {
    let text = row.get(6)?;
    let target = || row.get(3);
    let kind = match row.get(2)? {
        1 => Kind::Posted {
            sender: SenderId(row.get::<_, i64>(4)?.cast_unsigned()).to_string(),
            client_id: row.get(5)?,
            text,
        },
        2 => Kind::Edited {
            target: target()?,
            text,
        },
        3 => Kind::Deleted { target: target()? },
        _ => Kind::Room,
    };
    Ok(Event {
        seq: row.get(1)?,
        kind,
    })
}
