//! The check of the database: whether it is Papo's, its version, and whether it is whole.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use papo_domain::Timestamp;
use papo_storage::postgres::{DatabaseUrl, PostgresStorage};
use papo_storage::sqlite::{
    SqliteStorage, copy_of_cut_log, cut_log, log_left, lost_history, note_of_events,
    note_of_lost_history,
};
use papo_storage::{Clocks, DeadJob, StorageError};
use rusqlite::{Connection, OpenFlags};

use super::Finding;
use crate::config::Config;
use crate::data_folder::{advice, database_in, refuse_server_elsewhere};
use crate::database::{CHECK_FOLDER, Database, moved, server_error};
use crate::instance;

const SUBJECT: &str = "database";
const LOG: &str = "write-ahead log";
/// How many faults are shown.
const SHOWN: usize = 5;
/// How many dead jobs are counted.
const DEAD_JOBS: usize = 1_000;
/// The largest difference of clocks that isn't reported.
const CLOCK_TOLERANCE_MILLIS: i64 = 60_000;

/// Checks the database, and makes none.
pub(super) fn check(config: &Config) -> Result<Vec<Finding>> {
    match &config.database_url {
        None => check_file(config, &database_in(&config.data_dir)),
        Some(url) => check_server(config, url),
    }
}

fn check_file(config: &Config, path: &Path) -> Result<Vec<Finding>> {
    if !path.exists() {
        let mut findings = logs_kept(path);
        if let Some(note) = note_of_events(path) {
            let text = format!(
                "there is none, and {} says that there was one with messages: put it or a backup \
                 back, or remove that file to begin a new chat",
                note.display()
            );
            findings.push(Finding::problem(SUBJECT, text));
        }
        if findings.is_empty() {
            let text = "there is none yet; `papo serve` makes it".to_owned();
            findings.push(Finding::fine(SUBJECT, text));
        }
        return Ok(findings);
    }
    if let Err(error) = refuse_server_elsewhere(&config.data_dir) {
        return Ok(vec![Finding::problem(SUBJECT, error.to_string())]);
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
    match cut_log(path) {
        Ok(None) => {}
        // Opening it would go on without what is lost.
        Ok(Some(cut)) => {
            let text = format!(
                "{}: {cut}; keep a copy of the folder; `papo serve` goes on from what can be read, \
                 as another history, or bring back a backup",
                path.display()
            );
            return Ok(vec![Finding::problem(LOG, text)]);
        }
        Err(error) => return Ok(vec![Finding::problem(LOG, unusable(path, &error))]),
    }
    // The same holds here. If it can't be read, what follows says so.
    if let Ok(Some(lost)) = lost_history(path) {
        let text = format!(
            "{}: {lost}; keep a copy of the folder; `papo serve` goes on from what is there, as \
             another history, or bring back a backup",
            path.display()
        );
        return Ok(vec![Finding::problem(SUBJECT, text)]);
    }
    let checking = async {
        let database = Database::Sqlite(Arc::new(SqliteStorage::open(path)?));
        check_whole(&database).await
    };
    let mut findings = logs_kept(path);
    findings.extend(match instance::runtime(1)?.block_on(checking) {
        Ok(checked) => {
            let advice = "keep a copy of the folder, and bring back a backup";
            whole(config, &path.display(), version, &checked, advice)
        }
        Err(error) => vec![Finding::problem(SUBJECT, unusable(path, &error))],
    });
    Ok(findings)
}

/// Kept write-ahead logs that belong to no database any more.
fn logs_kept(path: &Path) -> Vec<Finding> {
    let cut = copy_of_cut_log(path).map(|log| {
        let text = format!(
            "it was damaged once, and what was acknowledged last before that start is lost; \
             {} is what there was: remove it when nobody needs it",
            log.display()
        );
        Finding::warning(LOG, text)
    });
    let left = log_left(path).map(|log| {
        let text = format!(
            "a database was taken away while it was in use; {} is its log: if that database is \
             back, stop papo and give the log the name {}-wal again, or remove it",
            log.display(),
            path.display()
        );
        Finding::warning(LOG, text)
    });
    let lost = note_of_lost_history(path).map(|note| {
        let text = format!(
            "something that was stored was gone at a start; {} says how far the history had come: \
             remove it when nobody needs it",
            note.display()
        );
        Finding::warning(SUBJECT, text)
    });
    cut.into_iter().chain(left).chain(lost).collect()
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
            let text = server_error(config, url, error).to_string();
            findings.push(Finding::problem(SUBJECT, text));
        }
    }
    Ok(findings)
}

/// Reads the version without changing anything; opening a database as Papo does would migrate it.
fn version(path: &Path) -> rusqlite::Result<i64> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Its faults, what the clocks say, and the jobs that failed too often.
struct Checked {
    wrong: Vec<String>,
    clocks: Clocks,
    dead: Vec<DeadJob>,
}

async fn check_whole(database: &Database) -> Result<Checked, StorageError> {
    let storage = database.storage();
    let wrong = storage.check().await?;
    let clocks = storage.clocks().await?;
    let dead = storage.dead_jobs(DEAD_JOBS).await?;
    database.close().await?;
    Ok(Checked {
        wrong,
        clocks,
        dead,
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
    findings.extend(compare(config.app.clock.now(), &checked.clocks));
    findings.extend(failed(&checked.dead));
    findings
}

/// The jobs that failed too often, if there are any.
fn failed(dead: &[DeadJob]) -> Option<Finding> {
    let first = dead.first()?;
    let number = match dead.len() {
        1 => "a job".to_owned(),
        some if some == DEAD_JOBS => format!("{some} jobs or more"),
        some => format!("{some} jobs"),
    };
    let text = format!(
        "{number} failed too often, such as {} {}: {}; see `papo job list`, and retry or remove \
         them when the cause is gone",
        first.queue, first.key, first.error
    );
    Some(Finding::warning("jobs", text))
}

/// Compares the clock with the database's.
fn compare(now: Timestamp, clocks: &Clocks) -> Vec<Finding> {
    let mut findings = Vec::new();
    let off = now.as_millis() - clocks.database.as_millis();
    if off.abs() > CLOCK_TOLERANCE_MILLIS {
        let text = format!(
            "this machine says {now}, the database's server {}; set the wrong one",
            clocks.database
        );
        findings.push(Finding::warning("clocks", text));
    }
    let ahead = clocks
        .latest
        .filter(|latest| latest.as_millis() > now.as_millis() + CLOCK_TOLERANCE_MILLIS);
    if let Some(latest) = ahead {
        let text = format!(
            "something in the database is of {latest}, which is yet to come: a clock is or was wrong; set it if it still is"
        );
        findings.push(Finding::warning("latest time", text));
    }
    findings
}

fn unusable(path: &Path, error: &StorageError) -> String {
    let shown = path.display();
    match error {
        StorageError::TooNew { .. } | StorageError::Unreleased => format!("{shown}: {error}"),
        StorageError::Moved(to) => moved(path, to),
        StorageError::Unavailable(text) | StorageError::Full(text) => {
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
        | StorageError::Damaged(_)
        | StorageError::Other(_) => {
            format!("{error}; bring back a backup, or name another folder with --data-dir")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_differ_and_times_to_come_are_warned_of() {
        let at = |minutes: i64| Timestamp::from_millis(minutes * 60_000);
        let subjects = |now, database, latest| -> Vec<_> {
            let clocks = Clocks { database, latest };
            let found = compare(now, &clocks);
            found.iter().map(|finding| finding.subject).collect()
        };
        assert!(subjects(at(5), at(6), Some(at(6))).is_empty());
        assert!(subjects(at(5), at(4), None).is_empty());
        assert_eq!(subjects(at(5), at(7), None), ["clocks"]);
        assert_eq!(subjects(at(5), at(3), Some(at(4))), ["clocks"]);
        assert_eq!(subjects(at(5), at(5), Some(at(7))), ["latest time"]);
        assert_eq!(
            subjects(at(5), at(7), Some(at(7))),
            ["clocks", "latest time"]
        );
    }
}
