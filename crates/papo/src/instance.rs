//! An instance of Papo: its storage, opened and not empty, and the application on it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use papo_app::{App, RoomFilter, Settings};
use papo_channel_layer::nats::{NatsRelay, NatsSettings};
use papo_domain::{RoomDescription, RoomName, Timestamp};
use papo_storage::sqlite::SqliteStorage;
use papo_storage::{ImportedRoom, Storage as _, StorageError};
use tokio::runtime::{Builder, Runtime};

use crate::config::Config;
use crate::data_folder::DataFolder;
use crate::relay;

/// The rooms of an empty database, in the order of their numbers.
const FIRST_ROOMS: [(&str, &str); 3] = [
    (
        "Geral",
        "Para conversar sobre qualquer assunto. Puxe uma cadeira!",
    ),
    (
        "Tecnologia",
        "Programação, ferramentas, novidades e dúvidas de tecnologia.",
    ),
    (
        "Jogos",
        "De tabuleiro ou de videogame: dicas, partidas e companhia para jogar.",
    ),
];
/// Whether several nodes can have the database in common.
const IS_SHARED: bool = false;
/// How long the application's tasks may take to end.
const STOP_LIMIT: Duration = Duration::from_secs(4);

/// An open instance.
pub(crate) struct Instance {
    /// What people can do.
    pub(crate) app: Arc<App>,
    /// Where it is kept.
    pub(crate) storage: Arc<SqliteStorage>,
    /// What joins it to other nodes.
    relay: Option<Arc<NatsRelay>>,
}

impl Instance {
    /// Opens the database of the folder, with the first rooms if it has none, and starts the application; as a node of several,
    /// when it is told what joins them.
    pub(crate) async fn open(
        folder: &DataFolder,
        settings: Settings,
        nats: Option<&NatsSettings>,
    ) -> Result<Self> {
        relay::check(nats, IS_SHARED)?;
        let path = folder.database();
        let storage = open_storage(&path)?;
        let now = settings.clock.now();
        let (relay, nodes) = match nats {
            Some(nats) => Some(relay::join(nats, &*storage, &settings.random).await?),
            None => None,
        }
        .unzip();
        let settings = Settings {
            is_shared: IS_SHARED,
            ..settings
        };
        let app = App::start(Arc::clone(&storage) as _, settings, nodes).await?;
        let instance = Self {
            app,
            storage,
            relay,
        };
        instance.make_first_rooms(now).await?;
        Ok(instance)
    }

    /// Finishes what is being done, and closes the database.
    pub(crate) async fn close(self) -> Result<()> {
        if tokio::time::timeout(STOP_LIMIT, self.app.stop())
            .await
            .is_err()
        {
            tracing::warn!("the application's tasks didn't end in time");
        }
        if let Some(relay) = &self.relay
            && tokio::time::timeout(STOP_LIMIT, relay.close())
                .await
                .is_err()
        {
            tracing::warn!("the relay didn't end in time");
        }
        self.storage.close().await.context("closing the database")
    }

    /// Rooms are never removed, so a database without any is a new one. All are made in one transaction: a start that
    /// is cut off leaves all or none, and waits for the disk once.
    async fn make_first_rooms(&self, created_at: Timestamp) -> Result<()> {
        let one = RoomFilter {
            limit: Some(1),
            ..RoomFilter::default()
        };
        if !self.storage.rooms(one).await?.is_empty() {
            return Ok(());
        }
        let rooms = FIRST_ROOMS.map(|(name, description)| ImportedRoom {
            name: RoomName::from_stored(name.to_owned()),
            description: RoomDescription::from_stored(description.to_owned()),
            is_active: true,
            created_at,
            messages: Box::new(std::iter::empty()),
        });
        // If another process came here at the same moment, these are its rooms, and stay as they are.
        let made = self
            .storage
            .import(Box::new(rooms.into_iter().map(Ok)), created_at);
        made.await.context("making the first rooms")?;
        Ok(())
    }
}

/// Does something on the instance in the configured folder, and closes it.
pub(crate) fn with_instance(
    config: &Config,
    work: impl AsyncFnOnce(&Instance) -> Result<String>,
) -> Result<String> {
    runtime(1)?.block_on(async {
        let folder = DataFolder::open_or_create(&config.data_dir)?;
        let instance = Instance::open(&folder, config.app.clone(), None).await?;
        let done = work(&instance).await;
        let closed = instance.close().await;
        let text = done?;
        closed?;
        Ok(text)
    })
}

/// A runtime with this many threads for tasks.
pub(crate) fn runtime(threads: usize) -> Result<Runtime> {
    /// Passwords are hashed there, two at once, and the database is closed there; nothing else blocks.
    const BLOCKING_THREADS: usize = 4;
    let mut builder = Builder::new_multi_thread();
    builder
        .worker_threads(threads)
        .max_blocking_threads(BLOCKING_THREADS);
    builder.enable_all().build().context("can't start threads")
}

fn open_storage(path: &Path) -> Result<Arc<SqliteStorage>> {
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
