//! The database of an instance: in its data folder, or on a PostgreSQL server. Only this file
//! distinguishes the two for commands that work on an instance.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, anyhow, bail};
use papo_storage::postgres::{DatabaseUrl, PostgresStorage};
use papo_storage::sqlite::{SqliteStorage, log_left, note_of_events};
use papo_storage::transfer::{Filling, Pages};
use papo_storage::{Storage, StorageError};

use crate::config::Config;
use crate::data_folder::{
    DataFolder, ServerLock, advice, database_in, refuse_file, refuse_server_elsewhere,
};

/// The advice when a database can't be opened and its disk isn't full.
pub(crate) const CHECK_FOLDER: &str = "check who owns the folder and what is free";

/// The advice when there is no instance.
const BEGIN: &str = "begin a new chat there with `papo serve`";

/// An open database.
pub(crate) enum Database {
    /// In the data folder.
    Sqlite(Arc<SqliteStorage>),
    /// On a server.
    Postgres(Arc<PostgresStorage>),
}

impl Database {
    /// Opens the configured database, and makes it if there is none.
    pub(crate) async fn open(config: &Config) -> Result<Self> {
        let Some(url) = &config.database_url else {
            let folder = DataFolder::open_or_create(&config.data_dir)?;
            return open_file(&folder.database()).map(Self::Sqlite);
        };
        match PostgresStorage::open(url).await {
            Ok(storage) => Ok(Self::Postgres(Arc::new(storage))),
            Err(error) => Err(server_error(config, url, error)),
        }
    }

    /// Opens the configured database, if there is one.
    pub(crate) async fn open_existing(config: &Config) -> Result<Self> {
        match &config.database_url {
            None => {
                existing(config)?;
            }
            Some(url) => {
                let survey = PostgresStorage::survey(url).await;
                let survey = survey.map_err(|error| server_error(config, url, error))?;
                if survey.version.is_none() {
                    bail!(
                        "there is nothing of Papo's in the {url}; check {}, or {BEGIN}",
                        config.database_origin
                    );
                }
            }
        }
        Self::open(config).await
    }

    /// Fails when a server of another machine may have the database in the data folder open.
    pub(crate) fn refuse_elsewhere(config: &Config) -> Result<()> {
        match config.database_url {
            Some(_) => Ok(()),
            None => refuse_server_elsewhere(&config.data_dir),
        }
    }

    /// Begins the intake of an instance into the configured database.
    pub(crate) async fn fill(config: &Config) -> Result<Box<dyn Filling>> {
        const EMPTY: &str = "it takes an empty data folder or database";
        let Some(url) = &config.database_url else {
            let path = DataFolder::open_or_create(&config.data_dir)?.database();
            return SqliteStorage::fill(&path).map_err(|error| match error {
                StorageError::Exists(_) => {
                    anyhow!(
                        "there is an instance in {} already; {EMPTY}",
                        path.display()
                    )
                }
                error => file_error(&path, error),
            });
        };
        let filling = PostgresStorage::fill(url).await;
        filling.map_err(|error| match error {
            StorageError::Exists(_) => {
                anyhow!("there is an instance in the {url} already; {EMPTY}")
            }
            error => server_error(config, url, error),
        })
    }

    /// The place of the configured database, for people.
    pub(crate) fn place(config: &Config) -> String {
        match &config.database_url {
            None => config.data_dir.display().to_string(),
            Some(url) => format!("the {url}"),
        }
    }

    /// Whether several nodes can use the configured database.
    pub(crate) fn is_shared(config: &Config) -> bool {
        config.database_url.is_some()
    }

    /// Locks the data folder against other servers, if the database is in it. On a PostgreSQL
    /// server there may be several.
    pub(crate) fn lock(config: &Config) -> Result<Option<ServerLock>> {
        if config.database_url.is_some() {
            return Ok(None);
        }
        DataFolder::open_or_create(&config.data_dir)?
            .lock()
            .map(Some)
    }

    /// The storage, for the rest of the program.
    pub(crate) fn storage(&self) -> Arc<dyn Storage> {
        match self {
            Self::Sqlite(storage) => Arc::clone(storage) as _,
            Self::Postgres(storage) => Arc::clone(storage) as _,
        }
    }

    /// Everything in it, as of now.
    pub(crate) async fn pages(&self) -> Result<Box<dyn Pages>, StorageError> {
        match self {
            Self::Sqlite(storage) => storage.pages(),
            Self::Postgres(storage) => storage.pages().await,
        }
    }

    /// Gives its history another epoch.
    pub(crate) async fn renew_epoch(&self) -> Result<(), StorageError> {
        match self {
            Self::Sqlite(storage) => storage.renew_epoch().await,
            Self::Postgres(storage) => storage.renew_epoch().await,
        }
    }

    /// Finishes the work in progress, and closes the database.
    pub(crate) async fn close(&self) -> Result<(), StorageError> {
        match self {
            Self::Sqlite(storage) => storage.close().await,
            Self::Postgres(storage) => storage.close().await,
        }
    }

    /// Closes the database after it was only read. A failure then doesn't affect what was read.
    pub(crate) async fn close_after_reading(&self) {
        if let Err(error) = self.close().await {
            tracing::warn!(%error, "the database didn't close well");
        }
    }
}

/// The file of the data folder's database; fails when there is none.
pub(crate) fn existing(config: &Config) -> Result<PathBuf> {
    refuse_file(&config.data_dir)?;
    refuse_server_elsewhere(&config.data_dir)?;
    let (path, folder) = (database_in(&config.data_dir), config.data_dir.display());
    // Opening a database that was taken away gives a better message.
    let is_left = || log_left(&path).is_some() || note_of_events(&path).is_some();
    match has_content(&path).map(|has_content| has_content || is_left()) {
        Ok(true) => Ok(path),
        Ok(false) => bail!(
            "there is no database in the data folder {folder}; name another with --data-dir, or {BEGIN}"
        ),
        Err(error) => bail!("can't look into the data folder {folder}: {error}; check who owns it"),
    }
}

/// Whether the database has content. An interrupted first start may leave an empty file.
fn has_content(database: &Path) -> io::Result<bool> {
    let has_bytes = |path: &Path| match path.metadata() {
        Ok(found) => Ok(found.len() > 0),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    };
    Ok(has_bytes(database)? || has_bytes(&database.with_extension("sqlite3-wal"))?)
}

/// The database's own message, without the storage's prefix.
pub(crate) fn plain(error: StorageError) -> anyhow::Error {
    match error {
        StorageError::Unavailable(text)
        | StorageError::Full(text)
        | StorageError::Damaged(text)
        | StorageError::Other(text) => anyhow!(text),
        error => error.into(),
    }
}

/// Where a database was moved to, and how to use it all the same.
pub(crate) fn moved(path: &Path, to: &str) -> String {
    format!(
        "{} was moved to the {to}, and its history goes on there: name that in PAPO_DATABASE_URL; \
         if the migration was cut off before it said so, run it again; \
         or have this one go on as another history, with `papo migrate --undo`",
        path.display()
    )
}

fn open_file(path: &Path) -> Result<Arc<SqliteStorage>> {
    match SqliteStorage::open(path) {
        Ok(storage) => Ok(Arc::new(storage)),
        Err(error) => Err(file_error(path, error)),
    }
}

/// The error for a database in a file, with advice.
pub(crate) fn file_error(path: &Path, error: StorageError) -> anyhow::Error {
    match error {
        error @ (StorageError::TooNew { .. } | StorageError::Unreleased) => {
            anyhow!("{}: {error}", path.display())
        }
        StorageError::Moved(to) => anyhow!(moved(path, &to)),
        StorageError::Unavailable(text) | StorageError::Full(text) => anyhow!(
            "the database can't be opened: {text}; {}",
            advice(path.parent().unwrap_or(path), CHECK_FOLDER)
        ),
        StorageError::Damaged(text) | StorageError::Other(text) => anyhow!(
            "the database can't be used: {text}; bring back a backup, or name another folder with --data-dir"
        ),
        error => error.into(),
    }
}

/// The error for a database on a server, with advice.
pub(crate) fn server_error(
    config: &Config,
    url: &DatabaseUrl,
    error: StorageError,
) -> anyhow::Error {
    match error {
        error @ (StorageError::TooNew { .. } | StorageError::Unreleased) => {
            anyhow!("{url}: {error}")
        }
        StorageError::Unfinished => anyhow!(
            "the {url} isn't complete: an unfinished migration fills it; run the same `papo migrate` again, \
             which goes on from where it was, or drop the database and make it again"
        ),
        StorageError::Unavailable(text) => anyhow!(
            "the database can't be reached: {text}; check {} and the server",
            config.database_origin
        ),
        StorageError::Other(text) => anyhow!("the database can't be used: {text}"),
        error => error.into(),
    }
}
