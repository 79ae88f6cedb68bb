//! An instance of Papo: its storage, opened and not empty, and the application on it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use papo_app::{App, RoomFilter, Settings};
use papo_channel_layer::nats::{NatsRelay, NatsSettings};
use papo_domain::{RoomDescription, RoomName, Timestamp};
use papo_storage::{ImportedRoom, Storage};
use tokio::runtime::{Builder, Runtime};

use crate::config::Config;
use crate::database::Database;
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
/// How long the application's tasks may take to end.
const STOP_LIMIT: Duration = Duration::from_secs(4);

/// An open instance.
pub(crate) struct Instance {
    /// What people can do.
    pub(crate) app: Arc<App>,
    /// Where it is kept.
    pub(crate) storage: Arc<dyn Storage>,
    /// The same, by what it is.
    pub(crate) database: Database,
    /// What joins it to other nodes.
    relay: Option<Arc<NatsRelay>>,
}

impl Instance {
    /// Opens the configured database, with the first rooms if it has none, and starts the application; as a node of several,
    /// when it is told what joins them.
    pub(crate) async fn open(config: &Config, nats: Option<&NatsSettings>) -> Result<Self> {
        relay::check(nats, Database::is_shared(config))?;
        Self::on(Database::open(config).await?, config, nats).await
    }

    /// The same, if there is a database. It relays nothing.
    async fn open_existing(config: &Config) -> Result<Self> {
        Self::on(Database::open_existing(config).await?, config, None).await
    }

    async fn on(database: Database, config: &Config, nats: Option<&NatsSettings>) -> Result<Self> {
        let storage = database.storage();
        let settings = Settings {
            is_shared: Database::is_shared(config),
            ..config.app.clone()
        };
        let now = settings.clock.now();
        let (relay, nodes) = match nats {
            Some(nats) => Some(relay::join(nats, &*storage, &settings.random).await?),
            None => None,
        }
        .unzip();
        let app = App::start(Arc::clone(&storage), settings, nodes).await?;
        let instance = Self {
            app,
            storage,
            database,
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
        self.database.close().await.context("closing the database")
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

/// Does something on the configured instance, which is made if there is none, and closes it.
pub(crate) fn with_instance(
    config: &Config,
    work: impl AsyncFnOnce(&Instance) -> Result<String>,
) -> Result<String> {
    with(Instance::open(config, None), work)
}

/// The same, on one that is there: a wrong folder is a mistake to be told of, and no empty chat.
pub(crate) fn with_existing_instance(
    config: &Config,
    work: impl AsyncFnOnce(&Instance) -> Result<String>,
) -> Result<String> {
    with(Instance::open_existing(config), work)
}

fn with(
    opening: impl Future<Output = Result<Instance>>,
    work: impl AsyncFnOnce(&Instance) -> Result<String>,
) -> Result<String> {
    runtime(1)?.block_on(async {
        let instance = opening.await?;
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
