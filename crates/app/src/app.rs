//! The application: its parts, its start and its stop.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use papo_channel_layer::{Connection, Hub, Nodes, Signal, TailLimits};
use papo_domain::Epoch;
use papo_protocol::Limits;
use papo_storage::{Served, Storage, StorageError};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::broken::Broken;
use crate::devices::Devices;
use crate::doubts::Doubts;
use crate::entry_states::EntryStates;
use crate::fan_out::FanOut;
use crate::jobs::Bell;
use crate::lease::RightsLease;
use crate::leaving::Others;
use crate::live::Tails;
use crate::metrics::Metrics;
use crate::nodes::Bells;
use crate::pages::Pages;
use crate::passwords::Passwords;
use crate::place::KnownPlace;
use crate::reading::Marks;
use crate::room_log::RoomLog;
use crate::served::Service;
use crate::{Clock, Error, Random, RateLimits};

/// How many pages of messages are read at the same time. Each takes up to 3 MiB until it is
/// encoded.
const PAGES_AT_ONCE: usize = 8;

/// The settings of an app.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether there are rate limits.
    pub rate_limits: bool,
    /// The most connections of one session.
    pub session_connections: usize,
    /// The most rooms followed on one socket.
    pub rooms: usize,
    /// The longest message, in Unicode characters; [`papo_domain::MESSAGE_CHARACTERS`] at most.
    /// Older messages may be longer.
    pub message_characters: usize,
    /// The most requests waiting for an answer on one socket.
    pub in_flight: usize,
    /// The most missed events that a client gets one by one.
    pub resume_events: usize,
    /// The client's heartbeat.
    pub heartbeat: Duration,
    /// How much of the logs' ends is kept in memory.
    pub tails: TailLimits,
    /// Whether other nodes write into the same database. They do if there is a relay.
    pub is_shared: bool,
    /// Time.
    pub clock: Clock,
    /// Randomness.
    pub random: Random,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rate_limits: true,
            session_connections: 50,
            rooms: 100,
            message_characters: 4_000,
            in_flight: 64,
            resume_events: 10_000,
            heartbeat: Duration::from_secs(25),
            tails: TailLimits::default(),
            is_shared: false,
            clock: Clock::system(),
            random: Random::system(),
        }
    }
}

/// Everything that people can do, on one storage and one channel layer.
pub struct App {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) tails: Arc<Tails>,
    pub(crate) log: RoomLog,
    pub(crate) rate_limits: RateLimits,
    /// Read positions that wait to be stored.
    pub(crate) marks: Marks,
    /// What the database said of memberships after the last entries of inboxes.
    pub(crate) entry_states: EntryStates,
    pub(crate) passwords: Passwords,
    pub(crate) devices: Devices,
    /// Permits to read a page of messages.
    pub(crate) reading: Semaphore,
    pub(crate) settings: Settings,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) epoch: Epoch,
    pub(crate) doubts: Doubts,
    pub(crate) stopping: CancellationToken,
    /// Whether connections have the notice that the server stops.
    pub(crate) is_leaving: AtomicBool,
    pub(crate) bells: Bells,
    pub(crate) others: Others,
    pub(crate) tasks: TaskTracker,
    pub(crate) service: Service,
    pub(crate) job_bell: Bell,
    pub(crate) place: KnownPlace,
    broken: Broken,
}

impl App {
    /// Starts on a storage, as one of its nodes: the writer, and the tasks that keep live state
    /// correct.
    pub async fn start(
        storage: Arc<dyn Storage>,
        settings: Settings,
        nodes: Option<Nodes>,
    ) -> Result<Arc<Self>, Error> {
        let is_shared = settings.is_shared || nodes.is_some();
        // This comes before anybody connects whose rights could end. A single node needs it too,
        // since commands end rights.
        let asked = Instant::now();
        let last_revocation = storage.last_revocation().await?;
        let last_entry = storage.last_inbox_entry().await?;
        let place = storage.place().await?;
        let (relay, incoming) = nodes.map(|nodes| (nodes.relay, nodes.incoming)).unzip();
        let hub = Arc::new(Hub::with_relay(settings.tails, relay));
        let metrics = Arc::new(Metrics::new());
        let tasks = TaskTracker::new();
        let tails = Arc::new(Tails {
            storage: Arc::clone(&storage),
            pages: Pages::new(settings.message_characters),
            lease: RightsLease::new(asked),
            metrics: Arc::clone(&metrics),
            is_shared,
            fan_out: FanOut::new(Arc::clone(&metrics), tasks.clone()),
        });
        let broken = Broken::default();
        let log = RoomLog::new(
            Arc::clone(&storage),
            Arc::clone(&hub),
            Arc::clone(&tails),
            Arc::clone(&metrics),
            settings.clock.clone(),
            broken.clone(),
        );
        let app = Arc::new(Self {
            epoch: storage.epoch().await?,
            doubts: Doubts::default(),
            devices: Devices::new(&storage.relay_key().await?),
            service: Service::of(storage.serve(Served::default()).await?),
            storage,
            hub,
            tails,
            metrics,
            log,
            rate_limits: RateLimits::new(settings.rate_limits),
            marks: Marks::default(),
            entry_states: EntryStates::default(),
            passwords: Passwords::new(),
            reading: Semaphore::new(PAGES_AT_ONCE),
            settings,
            stopping: CancellationToken::new(),
            is_leaving: AtomicBool::new(false),
            bells: Bells::default(),
            others: Others::default(),
            job_bell: Bell::default(),
            place: KnownPlace::new(place),
            broken,
            tasks,
        });
        app.tasks.spawn(Arc::clone(&app).poll_log());
        app.tasks.spawn(Arc::clone(&app).tell_presence());
        app.tasks.spawn(Arc::clone(&app).tell_heads());
        app.tasks.spawn(Arc::clone(&app).keep_house());
        app.tasks.spawn(Arc::clone(&app).keep_time());
        app.tasks.spawn(Arc::clone(&app).watch_clock());
        app.tasks.spawn(Arc::clone(&app).store_marks());
        app.tasks.spawn(Arc::clone(&app).watch_inboxes(last_entry));
        app.tasks.spawn(Arc::clone(&app).watch_place());
        app.start_watching(last_revocation)?;
        if let Some(incoming) = incoming {
            app.tasks.spawn(Arc::clone(&app).hear_nodes(incoming));
        }
        Ok(app)
    }

    /// Stops: finishes the changes in flight and ends the tasks.
    pub async fn stop(&self) {
        self.stopping.cancel();
        self.log.close().await;
        self.hub.tell(Signal::Stopped);
        self.tasks.close();
        self.tasks.wait().await;
        self.end_service().await;
    }

    /// Records a storage failure met by a polling task: it may be the one that [`Self::broken`]
    /// waits for.
    pub(crate) fn note_failure(&self, error: &StorageError) {
        self.broken.note(error);
    }

    /// Completes when the storage can't be relied on any more and the process must restart. Returns
    /// why.
    pub async fn broken(&self) -> String {
        self.broken.wait().await
    }

    /// Whether the app can serve people.
    pub async fn ready(&self) -> Result<(), Error> {
        if self.broken.is_noted() || self.stopping.is_cancelled() {
            return Err(Error::Unavailable(Duration::from_secs(5)));
        }
        let asked = self.storage.last_seqs(Vec::new()).await;
        if let Err(error) = &asked {
            self.note_failure(error);
        }
        asked?;
        Ok(())
    }

    /// The metrics.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Updates the metrics that are read rather than counted.
    pub fn refresh_metrics(&self) {
        let figure = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
        self.metrics
            .connections
            .set(figure(self.hub.connection_count()));
        self.metrics.rooms.set(figure(self.hub.rooms().len()));
        self.metrics.tail_bytes.set(figure(self.hub.tail_bytes()));
        self.metrics.waiting.set(figure(self.log.waiting()));
    }

    /// The history's name.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The limits that the server announces to clients.
    pub fn limits(&self) -> Limits {
        Limits {
            message_characters: self.settings.message_characters,
            frame_bytes: papo_protocol::frame_bytes(self.settings.message_characters),
            rooms: self.settings.rooms,
            in_flight: self.settings.in_flight,
            resume_events: self.settings.resume_events,
        }
    }

    /// The client's heartbeat.
    pub fn heartbeat(&self) -> Duration {
        self.settings.heartbeat
    }

    /// Random bytes.
    pub fn random(&self) -> &Random {
        &self.settings.random
    }

    /// Forgets a connection that has been closed.
    pub fn disconnect(&self, connection: &Connection) {
        self.hub.disconnect(connection);
    }
}
