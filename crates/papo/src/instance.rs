//! An instance of Papo: its storage, opened and not empty, and the application on it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use papo_app::{App, RoomFilter, Settings};
use papo_channel_layer::nats::{NatsRelay, NatsSettings};
use papo_domain::{RoomDescription, RoomName, RoomState, Timestamp};
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
    /// What people can do.
    pub(crate) app: Arc<App>,
    /// Where it is kept.
    pub(crate) storage: Arc<dyn Storage>,
    /// The same, by what it is.
    pub(crate) database: Database,
    /// Whether there was none before.
    is_new: bool,
    /// What joins it to other nodes.
    relay: Option<Arc<NatsRelay>>,
}

impl Instance {
    /// Opens the configured database, with the first rooms if it has none, and starts the
    /// application; as a node of several, when it is told what joins them.
    pub(crate) async fn open(config: &Config, nats: Option<&NatsSettings>) -> Result<Self> {
        relay::check(config, nats)?;
        let now = config.app.clock.now();
        let mut instance = Self::on(Database::open(config).await?, config, nats).await?;
        instance.is_new = instance.make_first_rooms(now).await?;
        Ok(instance)
    }

    /// The same, if there is a database. It makes no rooms and relays nothing.
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

    /// A line that says where an instance was made, if one was: it may be the wrong place.
    pub(crate) fn news(&self, config: &Config) -> Option<String> {
        (self.is_new).then(|| format!("New chat in {}", Database::place(config)))
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

    /// Rooms are never removed, so a database without any is a new one. All are made in one
    /// transaction: a start that is cut off leaves all or none, and waits for the disk once. Of
    /// nodes that start together one makes them, and the others wait. Whether there were none.
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
        });
        let made = self.storage.create_first_rooms(states.into(), created_at);
        made.await.context("making the first rooms")?;
        Ok(true)
    }
}

/// Does something on the configured instance, which is made and told of if there is none, and
/// closes it.
pub(crate) fn with_instance(
    config: &Config,
    work: impl AsyncFnOnce(&Instance) -> Result<String>,
) -> Result<String> {
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
    /// Passwords are hashed there and answers compressed, two at once each; the largest answers
    /// are made there, one at a time, and the database is closed there.
    const BLOCKING_THREADS: usize = 6;
    let mut builder = Builder::new_multi_thread();
    builder
        .worker_threads(threads)
        .max_blocking_threads(BLOCKING_THREADS);
    builder.enable_all().build().context("can't start threads")
}
