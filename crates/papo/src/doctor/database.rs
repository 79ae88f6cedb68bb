//! The database: is it Papo's, of which version, and whole.

use std::path::Path;

use anyhow::Result;
use papo_app::RoomFilter;
use papo_domain::Timestamp;
use papo_storage::sqlite::SqliteStorage;
use papo_storage::{Storage as _, StorageError};
use rusqlite::{Connection, OpenFlags};

use super::Finding;
use crate::config::Config;
use crate::data_folder::database_in;
use crate::instance;

const SUBJECT: &str = "database";
/// How many of the things that are wrong are shown.
const SHOWN: usize = 5;
/// A clock may have been off by this much.
const CLOCK_TOLERANCE_MILLIS: i64 = 60_000;

/// What there is to say about the database; makes none where there is none.
pub(super) fn check(config: &Config) -> Result<Vec<Finding>> {
    let path = database_in(&config.data_dir);
    if !path.exists() {
        let text = "there is none yet; `papo serve` makes it".to_owned();
        return Ok(vec![Finding::fine(SUBJECT, text)]);
    }
    let version = match version(&path) {
        Ok(version) => version,
        Err(error) => {
            let text = format!(
                "{} can't be read: {error}; bring back a backup",
                path.display()
            );
            return Ok(vec![Finding::problem(SUBJECT, text)]);
        }
    };
    let checked = instance::runtime(1)?.block_on(check_whole(&path));
    let (wrong, latest) = match checked {
        Ok(checked) => checked,
        Err(error) => return Ok(vec![Finding::problem(SUBJECT, unusable(&path, &error))]),
    };
    let mut findings = vec![whole(&path, version, &wrong)];
    let ahead = latest.filter(|latest| {
        latest.as_millis() > config.app.clock.now().as_millis() + CLOCK_TOLERANCE_MILLIS
    });
    if let Some(latest) = ahead {
        let text = format!(
            "the last message is of {latest}, which is yet to come: this machine's clock is or was wrong; set it"
        );
        findings.push(Finding::warning("last message", text));
    }
    Ok(findings)
}

/// Reads the version without changing anything: opening a database as Papo does would bring an older one up to date.
fn version(path: &Path) -> rusqlite::Result<i64> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// What is wrong with it, and the time of its last message.
async fn check_whole(path: &Path) -> Result<(Vec<String>, Option<Timestamp>), StorageError> {
    let storage = SqliteStorage::open(path)?;
    let wrong = storage.check().await?;
    let rooms = storage.rooms(RoomFilter::default()).await?;
    storage.close().await?;
    let latest = rooms
        .iter()
        .filter_map(|overview| overview.last_activity)
        .max();
    Ok((wrong, latest))
}

fn whole(path: &Path, version: i64, wrong: &[String]) -> Finding {
    let shown = path.display();
    if wrong.is_empty() {
        return Finding::fine(SUBJECT, format!("{shown} is whole, version {version}"));
    }
    let first: Vec<&str> = wrong.iter().take(SHOWN).map(String::as_str).collect();
    let text = format!(
        "{shown} is damaged in {} places, such as: {}; keep a copy of the folder, and bring back a backup",
        wrong.len(),
        first.join("; ")
    );
    Finding::problem(SUBJECT, text)
}

fn unusable(path: &Path, error: &StorageError) -> String {
    let shown = path.display();
    match error {
        StorageError::TooNew { .. } => format!("{shown}: {error}"),
        StorageError::Unavailable(text) => {
            format!("it can't be opened: {text}; check who owns the folder and what is free")
        }
        StorageError::Broken(_) | StorageError::Exists(_) | StorageError::Other(_) => {
            format!("{error}; bring back a backup, or name another folder with --data-dir")
        }
    }
}
