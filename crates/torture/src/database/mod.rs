//! Reads and changes a database with SQL of its own, without Papo's code.

pub(crate) mod postgres;
mod sqlite;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::history::{Database, Event, Kind};

pub(crate) use sqlite::file;

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A file of SQLite's, such as a backup.
    File(PathBuf),
    /// On a PostgreSQL server: the URL in Papo's form. The first schema of its `search_path` is
    /// read.
    Server(String),
}

impl Place {
    /// The database of a data folder.
    pub(crate) fn folder(folder: &Path) -> Self {
        Self::File(file(folder))
    }

    /// Reads every room's log and messages, as of one moment. Blocks.
    pub(crate) fn read(&self) -> Result<Database> {
        match self {
            Self::File(path) => sqlite::read(path),
            Self::Server(url) => postgres::read(url),
        }
    }

    /// The end of a room's log. Blocks.
    pub(crate) fn end(&self, room: i64) -> Result<i64> {
        match self {
            Self::File(path) => sqlite::end(path, room),
            Self::Server(url) => postgres::end(url, room),
        }
    }

    /// Changes the database. Blocks.
    pub(crate) fn execute(&self, sql: &str) -> Result<()> {
        match self {
            Self::File(path) => sqlite::execute(path, sql),
            Self::Server(url) => postgres::run(url, sql),
        }
    }

    /// The texts in the only column of a query. Blocks.
    pub(crate) fn lines(&self, sql: &str) -> Result<Vec<String>> {
        match self {
            Self::File(path) => sqlite::lines(path, sql),
            Self::Server(url) => postgres::lines(url, sql),
        }
    }

    /// Faults that the database itself and a count of each log find. Blocks.
    pub(crate) fn integrity(&self) -> Result<Vec<String>> {
        match self {
            Self::File(path) => sqlite::integrity(path),
            Self::Server(url) => postgres::integrity(url),
        }
    }
}

/// An epoch in the form for clients.
fn epoch(kept: i64) -> String {
    papo_domain::Epoch(kept.cast_unsigned()).to_string()
}

/// A row of a log, as both kinds of database can give it.
struct Row {
    seq: i64,
    kind: i64,
    target: Option<i64>,
    /// The sender of a posted message.
    sender: Option<i64>,
    client_id: Option<String>,
    /// The present text of what was posted or changed.
    text: Option<String>,
}

impl Row {
    fn event(self) -> Result<Event> {
        let incomplete = || anyhow::anyhow!("event {} is incomplete", self.seq);
        let kind = match self.kind {
            1 => Kind::Posted {
                sender: papo_domain::PersonId(self.sender.ok_or_else(incomplete)?.cast_unsigned())
                    .to_string(),
                client_id: self.client_id,
                text: self.text,
            },
            2 => Kind::Edited {
                target: self.target.ok_or_else(incomplete)?,
                text: self.text,
            },
            3 => Kind::Deleted {
                target: self.target.ok_or_else(incomplete)?,
            },
            _ => Kind::Room,
        };
        Ok(Event {
            seq: self.seq,
            kind,
        })
    }
}
