//! An instance of Papo: its open storage and the application on it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use papo_app::{App, RoomFilter, Settings};
use papo_channel_layer::nats::{NatsRelay, NatsSettings};
use papo_domain::{RoomDescription, RoomKind, RoomName, RoomState, Timestamp};
use papo_storage::Storage;
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
    /// The application.
    pub(crate) app: Arc<App>,
    /// The storage.
    pub(crate) storage: Arc<dyn Storage>,
    /// The storage, by its kind.
    pub(crate) database: Database,
    /// Whether this start made it.
    is_new: bool,
    /// The relay to other nodes.
    relay: Option<Arc<NatsRelay>>,
}

impl Instance {
    /// Opens the configured database, makes the first rooms if it has none, and starts the
    /// application. With `nats` it is a node of several.
    pub(crate) async fn open(config: &Config, nats: Option<&NatsSettings>) -> Result<Self> {
        relay::check(config, nats)?;
        let now = config.app.clock.now();
        let mut instance = Self::on(Database::open(config).await?, config, nats).await?;
        instance.is_new = instance.make_first_rooms(now).await?;
        Ok(instance)
    }

    /// The same for an existing database. It makes no rooms and has no relay.
    async fn open_existing(config: &Config) -> Result<Self> {
        Self::on(Database::open_existing(config).await?, config, None).await
    }

    async fn on(database: Database, config: &Config, nats: Option<&NatsSettings>) -> Result<Self> {
        let storage = database.storage();
        let settings = Settings {
            is_shared: Database::is_shared(config),
            ..config.app.clone()
        };
        let (relay, nodes) = match nats {
            Some(nats) => Some(relay::join(nats, &*storage, &settings.random).await?),
            None => None,
        }
        .unzip();
        let app = App::start(Arc::clone(&storage), settings, nodes).await?;
        Ok(Self {
            app,
            storage,
            database,
            is_new: false,
            relay,
        })
    }

    /// A line that says where a new instance was made: it may be the wrong place.
    pub(crate) fn news(&self, config: &Config) -> Option<String> {
        (self.is_new).then(|| format!("New chat in {}", Database::place(config)))
    }

    /// Finishes the work in progress, and closes the database.
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

    /// Makes the first rooms in a new database, which is one without rooms, since rooms are never
    /// removed. One transaction makes all of them, with one wait for the disk. An interrupted start
    /// leaves all or none. If nodes start together, one makes them and the others wait. Returns
    /// whether there were none.
    async fn make_first_rooms(&self, created_at: Timestamp) -> Result<bool> {
        let one = RoomFilter {
            limit: Some(1),
            ..RoomFilter::default()
        };
        if !self.storage.rooms(one).await?.is_empty() {
            return Ok(false);
        }
        let states = FIRST_ROOMS.map(|(name, description)| RoomState {
            name: RoomName::from_stored(name.to_owned()),
            description: RoomDescription::from_stored(description.to_owned()),
            is_active: true,
            kind: RoomKind::Public,
            is_announcement: false,
        });
        let made = self.storage.create_first_rooms(states.into(), created_at);
        made.await.context("making the first rooms")?;
        Ok(true)
    }
}

/// Runs work on the configured instance, and closes it. Makes an instance if there is none, and
/// says so.
pub(crate) fn with_instance(
    config: &Config,
    work: impl AsyncFnOnce(&Instance) -> Result<String>,
) -> Result<String> {
    Database::refuse_elsewhere(config)?;
    with(Instance::open(config, None), async |instance| {
        let Some(news) = instance.news(config) else {
            return work(instance).await;
        };
        match work(instance).await {
            Ok(text) => Ok(format!("{news}\n{text}")),
            Err(error) => Err(error.context(format!("{news}, but nothing else was done"))),
        }
    })
}

/// The same on an existing instance. A wrong folder is an error, not an empty chat.
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
    /// They hash passwords and compress answers, two at once each, make the largest answers, one at
    /// a time, and close the database.
    const BLOCKING_THREADS: usize = 6;
    let mut builder = Builder::new_multi_thread();
    builder
        .worker_threads(threads)
        .max_blocking_threads(BLOCKING_THREADS);
    builder.enable_all().build().context("can't start threads")
}
