//! Which database an instance is in: the one in its data folder, or one on a PostgreSQL server. The only file that tells them apart
//! for whoever works on an instance.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, anyhow, bail};
use papo_storage::postgres::PostgresStorage;
use papo_storage::sqlite::SqliteStorage;
use papo_storage::{Storage, StorageError};

use crate::config::Config;
use crate::data_folder::{DataFolder, ServerLock};

/// An open database.
pub(crate) enum Database {
    /// In the data folder.
    Sqlite(Arc<SqliteStorage>),
    /// On a server.
    Postgres(Arc<PostgresStorage>),
}

impl Database {
    /// Opens the configured one, and makes it if there is none.
    pub(crate) async fn open(config: &Config) -> Result<Self> {
        let Some(url) = &config.database_url else {
            let folder = DataFolder::open_or_create(&config.data_dir)?;
            return open_file(&folder.database()).map(Self::Sqlite);
        };
        match PostgresStorage::open(url).await {
            Ok(storage) => Ok(Self::Postgres(Arc::new(storage))),
            Err(error @ StorageError::TooNew { .. }) => Err(anyhow!("{url}: {error}")),
            Err(StorageError::Unavailable(text)) => {
                bail!(
                    "the database can't be reached: {text}; check PAPO_DATABASE_URL and the server"
                )
            }
            Err(StorageError::Other(text)) => bail!("the database can't be used: {text}"),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether several nodes can work on the configured one.
    pub(crate) fn is_shared(config: &Config) -> bool {
        config.database_url.is_some()
    }

    /// Makes sure that no other server works on the data folder, when the database is in it. On a PostgreSQL server there may be several.
    pub(crate) fn lock(config: &Config) -> Result<Option<ServerLock>> {
        if config.database_url.is_some() {
            return Ok(None);
        }
        DataFolder::open_or_create(&config.data_dir)?
            .lock()
            .map(Some)
    }

    /// What it is to the rest of the program.
    pub(crate) fn storage(&self) -> Arc<dyn Storage> {
        match self {
            Self::Sqlite(storage) => Arc::clone(storage) as _,
            Self::Postgres(storage) => Arc::clone(storage) as _,
        }
    }

    /// Finishes what was taken, and closes it.
    pub(crate) async fn close(&self) -> Result<(), StorageError> {
        match self {
            Self::Sqlite(storage) => storage.close().await,
            Self::Postgres(storage) => storage.close().await,
        }
    }
}

fn open_file(path: &Path) -> Result<Arc<SqliteStorage>> {
    match SqliteStorage::open(path) {
        Ok(storage) => Ok(Arc::new(storage)),
        Err(error @ StorageError::TooNew { .. }) => Err(anyhow!("{}: {error}", path.display())),
        Err(StorageError::Unavailable(text)) => Err(anyhow!(
            "the database can't be opened: {text}; check who owns the folder and what is free"
        )),
        Err(StorageError::Other(text)) => Err(anyhow!(
            "the database can't be used: {text}; bring back a backup, or name another folder with --data-dir"
        )),
        Err(error) => Err(error.into()),
    }
}
