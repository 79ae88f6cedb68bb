//! The old database: opened for reading only, and the version of its tables.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use papo_domain::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rusqlite::functions::{Context as Arguments, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags};

/// How long to wait for a Django that is writing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// A database of the Django chat, as of the moment when it was opened.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) db: Connection,
    pub(super) layout: Layout,
}

/// What differs between the versions of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) author: Author,
    /// Whether messages may be to one person.
    pub(super) has_private_messages: bool,
}

/// Where a message's author is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Author {
    /// In its own column `sender`.
    Sender,
    /// In `auth_user`, by `user_id`.
    User,
}

impl Source {
    /// Opens the file, checks that it has the chat's tables, and starts to read as of now.
    pub(super) fn open(file: &Path) -> Result<Self> {
        if !file.is_file() {
            bail!("there is no such file");
        }
        let db = open_for_reading(file)?;
        db.busy_timeout(BUSY_TIMEOUT)?;
        db.pragma_update(None, "trusted_schema", false)?;
        let deterministic = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
        db.create_scalar_function(
            "moment",
            1,
            deterministic,
            |arguments: &mut Arguments<'_>| {
                let time = text(arguments.get_raw(0)).and_then(|text| timestamp(&text));
                Ok(time.map(Timestamp::as_millis))
            },
        )?;
        db.execute_batch("BEGIN")?;
        let layout = layout(&db)?;
        Ok(Self { db, layout })
    }
}

/// Opens the file. In write-ahead mode even a reader makes files beside it. Where it can't, this
/// reads the file alone, if that holds everything.
fn open_for_reading(file: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(file, flags).context("can't open it")?;
    let read = db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()));
    let code = read.err().and_then(|error| error.sqlite_error_code());
    if !matches!(code, Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen)) {
        return Ok(db);
    }
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        bail!(
            "its last changes are in {} beside it, which can't be read in a folder that can't be written; \
             stop Django, copy both files into another folder, and import from there",
            Path::new(&log).display()
        );
    }
    let bytes = file.as_os_str().as_encoded_bytes();
    let name = percent_encode(bytes, NON_ALPHANUMERIC);
    let uri = format!("file:{name}?immutable=1");
    Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI).context("can't open it")
}

/// A value that should be text. Bytes that aren't UTF-8 are replaced: the rest of the text is worth
/// having.
pub(super) fn text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Blob(_) => None,
    }
}

/// A time in Django's form, `2025-03-01 18:56:34.120000`; in UTC unless it says otherwise.
pub(super) fn timestamp(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let time = text.parse().or_else(|_| format!("{text}Z").parse());
    time.ok()
}

fn layout(db: &Connection) -> Result<Layout> {
    require(
        db,
        "chat_room",
        &["id", "name", "description", "created_at", "is_active"],
    )?;
    let columns = require(
        db,
        "chat_message",
        &["id", "room_id", "content", "timestamp"],
    )?;
    let author = if columns.contains("sender") {
        Author::Sender
    } else if columns.contains("user_id") {
        require(db, "auth_user", &["id", "username"])?;
        Author::User
    } else {
        bail!("its table chat_message has neither the column sender nor user_id");
    };
    Ok(Layout {
        author,
        has_private_messages: columns.contains("user_to_id"),
    })
}

/// The columns of a table, which must have these.
fn require(db: &Connection, table: &str, needed: &[&str]) -> Result<BTreeSet<String>> {
    let mut statement = db.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let columns = statement.query_map([table], |row| row.get(0))?;
    let columns: BTreeSet<String> = columns.collect::<Result<_, _>>()?;
    if columns.is_empty() {
        bail!("it has no table {table}, so it isn't a database of the Django chat");
    }
    let missing: Vec<_> = needed
        .iter()
        .copied()
        .filter(|&column| !columns.contains(column))
        .collect();
    if !missing.is_empty() {
        bail!("its table {table} has no column {}", missing.join(", "));
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_unless_they_say_otherwise() {
        let expected = timestamp("2025-03-01T18:56:34.120Z");
        assert!(expected.is_some());
        for text in [
            "2025-03-01 18:56:34.120000",
            "2025-03-01 18:56:34.120",
            "2025-03-01T18:56:34.120000",
            "2025-03-01 18:56:34.120000+00:00",
            "2025-03-01 15:56:34.12-03:00",
        ] {
            assert_eq!(timestamp(text), expected, "{text}");
        }
        assert!(timestamp("2025-03-01 18:56:34").is_some());
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "yesterday",
            "2025-13-01 00:00:00",
            "2025-03-01 25:00:00",
            "1740855394",
        ] {
            assert_eq!(timestamp(text), None, "{text}");
        }
    }
}
