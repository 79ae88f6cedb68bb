//! The database, wherever it is: is it Papo's, of which version, and whole.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use papo_app::RoomFilter;
use papo_domain::Timestamp;
use papo_storage::StorageError;
use papo_storage::postgres::{DatabaseUrl, PostgresStorage};
use papo_storage::sqlite::SqliteStorage;
use rusqlite::{Connection, OpenFlags};

use super::Finding;
use crate::config::Config;
use crate::data_folder::{advice, database_in};
use crate::database::{CHECK_FOLDER, Database, moved, server_error};
use crate::instance;

const SUBJECT: &str = "database";
/// How many of the things that are wrong are shown.
const SHOWN: usize = 5;
/// A clock may have been off by this much.
const CLOCK_TOLERANCE_MILLIS: i64 = 60_000;

/// What there is to say about the database; makes none where there is none.
pub(super) fn check(config: &Config) -> Result<Vec<Finding>> {
    match &config.database_url {
        None => check_file(config, &database_in(&config.data_dir)),
        Some(url) => check_server(config, url),
    }
}

fn check_file(config: &Config, path: &Path) -> Result<Vec<Finding>> {
    if !path.exists() {
        let text = "there is none yet; `papo serve` makes it".to_owned();
        return Ok(vec![Finding::fine(SUBJECT, text)]);
    }
    let version = match version(path) {
        Ok(version) => version,
        Err(error) => {
            let text = format!(
                "{} can't be read: {error}; {}",
                path.display(),
                advice(&config.data_dir, "bring back a backup")
            );
            return Ok(vec![Finding::problem(SUBJECT, text)]);
        }
    };
    let checking = async {
        let database = Database::Sqlite(Arc::new(SqliteStorage::open(path)?));
        check_whole(&database).await
    };
    Ok(match instance::runtime(1)?.block_on(checking) {
        Ok(checked) => {
            let advice = "keep a copy of the folder, and bring back a backup";
            whole(config, &path.display(), version, &checked, advice)
        }
        Err(error) => vec![Finding::problem(SUBJECT, unusable(path, &error))],
    })
}

fn check_server(config: &Config, url: &DatabaseUrl) -> Result<Vec<Finding>> {
    const SERVER: &str = "PostgreSQL";
    let runtime = instance::runtime(1)?;
    let survey = match runtime.block_on(PostgresStorage::survey(url)) {
        Ok(survey) => survey,
        Err(error) => return Ok(vec![Finding::problem(SUBJECT, error.to_string())]),
    };
    let server = &survey.server;
    let mut findings = vec![if survey.is_durable {
        Finding::fine(SERVER, format!("{server}, keeps what it commits"))
    } else {
        let text = format!(
            "{server} may lose what it has committed: set fsync and full_page_writes to on"
        );
        Finding::problem(SERVER, text)
    }];
    let Some(version) = survey.version else {
        let text = format!("{url} has no tables yet; `papo serve` makes them");
        findings.push(Finding::fine(SUBJECT, text));
        return Ok(findings);
    };
    let checking = async {
        let database = Database::Postgres(Arc::new(PostgresStorage::open(url).await?));
        check_whole(&database).await
    };
    match runtime.block_on(checking) {
        Ok(checked) => {
            let advice = "save it with pg_dump, and bring back a backup";
            findings.extend(whole(config, url, version, &checked, advice));
        }
        Err(error) => {
            let text = server_error(url, error).to_string();
            findings.push(Finding::problem(SUBJECT, text));
        }
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
struct Checked {
    wrong: Vec<String>,
    latest: Option<Timestamp>,
}

async fn check_whole(database: &Database) -> Result<Checked, StorageError> {
    let storage = database.storage();
    let wrong = storage.check().await?;
    let rooms = storage.rooms(RoomFilter::default()).await?;
    database.close().await?;
    let latest = rooms.iter().filter_map(|overview| overview.last_activity);
    Ok(Checked {
        wrong,
        latest: latest.max(),
    })
}

fn whole(
    config: &Config,
    shown: &dyn Display,
    version: i64,
    checked: &Checked,
    advice: &str,
) -> Vec<Finding> {
    let wrong = &checked.wrong;
    let mut findings = vec![if wrong.is_empty() {
        Finding::fine(SUBJECT, format!("{shown} is whole, version {version}"))
    } else {
        let first: Vec<&str> = wrong.iter().take(SHOWN).map(String::as_str).collect();
        let text = format!(
            "{shown} is damaged in {} places, such as: {}; {advice}",
            wrong.len(),
            first.join("; ")
        );
        Finding::problem(SUBJECT, text)
    }];
    let ahead = checked.latest.filter(|latest| {
        latest.as_millis() > config.app.clock.now().as_millis() + CLOCK_TOLERANCE_MILLIS
    });
    if let Some(latest) = ahead {
        let text = format!(
            "the last message is of {latest}, which is yet to come: this machine's clock is or was wrong; set it"
        );
        findings.push(Finding::warning("last message", text));
    }
    findings
}

fn unusable(path: &Path, error: &StorageError) -> String {
    let shown = path.display();
    match error {
        StorageError::TooNew { .. } => format!("{shown}: {error}"),
        StorageError::Moved(to) => moved(path, to),
        StorageError::Unavailable(text) => {
            let folder = path.parent().unwrap_or(path);
            format!(
                "it can't be opened: {text}; {}",
                advice(folder, CHECK_FOLDER)
            )
        }
        StorageError::Broken(_)
        | StorageError::Unknown(_)
        | StorageError::Unfinished
        | StorageError::Exists(_)
        | StorageError::Other(_) => {
            format!("{error}; bring back a backup, or name another folder with --data-dir")
        }
    }
}
