//! Nodes on one storage, and people who read and write on them.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use papo_app::{
    Admitted, App, Connection, Frame, Member, Nodes, Notice, PostRequest, Read, Settings,
    StartingPoint, Subscription, Visitor, Wants,
};
use papo_channel_layer::NodeId;
use papo_channel_layer::nats::{NatsRelay, NatsSettings};
use papo_channel_layer::testing::{Bus, nats_url};
use papo_domain::{
    RoomDescription, RoomId, RoomKind, RoomName, RoomState, Seq, Timestamp, Username,
};
use papo_storage::Storage;
use papo_storage::sqlite::SqliteStorage;
use parking_lot::Mutex;
use tempfile::TempDir;
use tokio::time::{Instant, timeout_at};

use crate::faulty::Faulty;

/// The limit of all waits, unless they have their own.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);
/// Within this time everything stored is seen, whatever the relay does.
pub(crate) const HEALED: Duration = Duration::from_secs(2);
pub(crate) const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// How nodes are joined.
pub(crate) enum Way {
    Memory(Bus),
    Nats(NatsSettings, Mutex<Vec<Arc<NatsRelay>>>),
    /// By their database only.
    Nothing,
}

impl Way {
    pub(crate) fn memory(seed: u64) -> Self {
        Self::Memory(Bus::new(seed))
    }

    pub(crate) fn nats() -> Self {
        Self::nats_at(&nats_url())
    }

    pub(crate) fn nats_at(url: &str) -> Self {
        Self::Nats(NatsSettings::parse(url).unwrap(), Mutex::default())
    }

    async fn join(&self, storage: &Arc<dyn Storage>) -> Option<Nodes> {
        match self {
            Self::Memory(bus) => Some(bus.join()),
            Self::Nats(settings, relays) => {
                let node = NodeId(u64::try_from(relays.lock().len()).unwrap() + 1);
                let epoch = storage.epoch().await.unwrap();
                let key = storage.relay_key().await.unwrap();
                let (relay, nodes) = NatsRelay::start(settings, epoch, &key, node).await.unwrap();
                relays.lock().push(relay);
                Some(nodes)
            }
            Self::Nothing => None,
        }
    }
}

pub(crate) struct World {
    pub(crate) way: Way,
    pub(crate) room: RoomId,
    pub(crate) a: Arc<App>,
    pub(crate) b: Arc<App>,
    /// The nodes' ways to the storage.
    pub(crate) at_a: Faulty,
    pub(crate) at_b: Faulty,
    sqlite: Arc<SqliteStorage>,
    _folder: TempDir,
}

impl World {
    pub(crate) async fn new(way: Way) -> Self {
        let world = Self::new_away(way).await;
        world.wait_for_relays(true).await;
        world
    }

    /// Without waiting for the relays.
    pub(crate) async fn new_away(way: Way) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = SqliteStorage::open(&folder.path().join("papo.sqlite3")).unwrap();
        let sqlite = Arc::new(sqlite);
        let storage: Arc<dyn Storage> = Arc::clone(&sqlite) as _;
        let state = RoomState {
            name: RoomName::parse("Geral").unwrap(),
            description: RoomDescription::parse("").unwrap(),
            is_active: true,
            kind: RoomKind::Public,
            is_announcement: false,
        };
        let at = Timestamp::from_millis(1_795_000_000_000);
        let room = storage.create_room(state, at).await.unwrap().id;
        let (at_a, at_b) = (Faulty::new(&storage), Faulty::new(&storage));
        let a = node(&way, &at_a).await;
        let b = node(&way, &at_b).await;
        Self {
            way,
            room,
            a,
            b,
            at_a,
            at_b,
            sqlite,
            _folder: folder,
        }
    }

    /// Waits until all relays are connected, or none is.
    pub(crate) async fn wait_for_relays(&self, are_up: bool) {
        let relays = self.relays();
        until("the relays to come or go", LIMIT, || {
            relays.iter().all(|relay| relay.is_connected() == are_up)
        })
        .await;
    }

    pub(crate) fn relays(&self) -> Vec<Arc<NatsRelay>> {
        match &self.way {
            Way::Nats(_, relays) => relays.lock().clone(),
            Way::Memory(_) | Way::Nothing => Vec::new(),
        }
    }

    pub(crate) fn bus(&self) -> &Bus {
        match &self.way {
            Way::Memory(bus) => bus,
            Way::Nats(..) | Way::Nothing => panic!("there is no bus"),
        }
    }

    pub(crate) async fn stop(self) {
        self.a.stop().await;
        self.b.stop().await;
        for relay in self.relays() {
            relay.close().await;
        }
        self.sqlite.close().await.unwrap();
    }

    /// The room's log as frames.
    pub(crate) async fn log(&self) -> Vec<Frame> {
        let reader = Guest::join(&self.a, self.room, "Leitor").await;
        let reader = reader.member(&self.a).await;
        let mut frames: Vec<Frame> = Vec::new();
        loop {
            let cursor = frames.last().map_or(Seq::START, |frame| frame.seq);
            let page = self.a.frames_after(&reader, cursor, usize::MAX).await;
            let page = page.unwrap();
            if page.is_empty() {
                return frames;
            }
            frames.extend(page);
        }
    }
}

async fn node(way: &Way, storage: &Faulty) -> Arc<App> {
    let storage: Arc<dyn Storage> = Arc::new(storage.clone());
    let settings = Settings {
        rate_limits: false,
        is_shared: true,
        ..Settings::default()
    };
    let nodes = way.join(&storage).await;
    App::start(storage, settings, nodes).await.unwrap()
}

/// A guest with a session, in the room.
pub(crate) struct Guest {
    token: String,
    room: RoomId,
}

impl Guest {
    pub(crate) async fn join(app: &App, room: RoomId, name: &str) -> Self {
        let Admitted { token } = app.join(None, room, name, ADDRESS).await.unwrap();
        let token = token.unwrap();
        Self { token, room }
    }

    /// Joins again, or goes by another name.
    pub(crate) async fn join_as(&self, app: &App, name: &str) {
        let visitor = self.visitor(app).await;
        app.join(Some(&visitor), self.room, name, ADDRESS)
            .await
            .unwrap();
    }

    pub(crate) async fn visitor(&self, app: &App) -> Visitor {
        let visitor = app.visitor(Some(&self.token), Some(self.room)).await;
        visitor.unwrap().unwrap()
    }

    pub(crate) async fn member(&self, app: &App) -> Member {
        let visitor = self.visitor(app).await;
        let member = app.enter(Some(&visitor), self.room, ADDRESS).await;
        member.unwrap()
    }

    pub(crate) async fn leave(&self, app: &App) {
        let visitor = self.visitor(app).await;
        app.leave(&visitor, Some(self.room)).await.unwrap();
    }

    /// Opens a connection that follows the room.
    pub(crate) async fn follow(&self, app: &Arc<App>) -> Socket {
        let visitor = self.visitor(app).await;
        let connection = app.connect(&visitor, Some(self.room), ADDRESS).await;
        let connection = connection.unwrap();
        let subscription = subscribe(app, &connection, self.room).await;
        Socket {
            app: Arc::clone(app),
            connection,
            subscription,
            seen: Vec::new(),
            presence: None,
        }
    }
}

/// A connection that follows the room.
pub(crate) struct Socket {
    app: Arc<App>,
    pub(crate) connection: Arc<Connection>,
    pub(crate) subscription: Subscription,
    /// All frames, in the order in which they came.
    pub(crate) seen: Vec<Frame>,
    /// What was last told of who is there.
    pub(crate) presence: Option<String>,
}

async fn subscribe(app: &App, connection: &Arc<Connection>, room: RoomId) -> Subscription {
    let from = StartingPoint::After(app.epoch(), Seq::START, None);
    let subscribed = app.subscribe(connection, room, Wants::Everything, from);
    subscribed.await.unwrap()
}

impl Socket {
    /// Has the same connection follow the room anew.
    pub(crate) async fn subscribe_again(&mut self) {
        let room = self.subscription.follower.room.id;
        self.subscription = subscribe(&self.app, &self.connection, room).await;
    }

    /// Reads whatever there is.
    pub(crate) async fn read(&mut self) {
        let follower = &self.subscription.follower;
        loop {
            let mut fresh = Vec::new();
            let cursor = follower.cursor();
            let read = follower.room.read(cursor, 65_536, &mut fresh);
            if read == Read::Behind {
                let member = &self.subscription.member;
                let frames = self.app.frames_after(member, cursor, 65_536).await;
                fresh = frames.unwrap();
            }
            if let Some(last) = fresh.last() {
                follower.set_cursor(last.seq);
            }
            self.seen.extend(fresh);
            if read == Read::End {
                break;
            }
        }
        if let Some(frame) = follower.room.presence_after(0) {
            self.presence = Some(text(&frame.bytes));
        }
    }

    /// Reads until it has seen as much as the log has by then.
    pub(crate) async fn read_to(&mut self, end: Seq, limit: Duration) {
        let deadline = Instant::now() + limit;
        loop {
            self.read().await;
            if self.subscription.follower.cursor() >= end {
                return;
            }
            let woken = timeout_at(deadline, self.connection.woken()).await;
            assert!(
                woken.is_ok(),
                "{} of {end} after {limit:?}",
                self.subscription.follower.cursor()
            );
        }
    }

    /// Reads until the list has exactly these people.
    pub(crate) async fn read_people(&mut self, online: usize, names: &[&str], limit: Duration) {
        let deadline = Instant::now() + limit;
        loop {
            self.read().await;
            let told = self.presence.clone().unwrap_or_default();
            if told.contains(&format!("\"online\":{online},"))
                && told.matches("\"username\"").count() == names.len()
                && names
                    .iter()
                    .all(|name| told.contains(&format!("\"{name}\"")))
            {
                return;
            }
            let woken = timeout_at(deadline, self.connection.woken()).await;
            assert!(woken.is_ok(), "not {online} {names:?} but {told}");
        }
    }

    /// Waits for a notice.
    pub(crate) async fn notice(&self, limit: Duration) -> Notice {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(notice) = self.connection.take_notices().pop() {
                return notice;
            }
            let woken = timeout_at(deadline, self.connection.woken()).await;
            assert!(woken.is_ok(), "no notice within {limit:?}");
        }
    }

    /// Waits for the notice that the person's membership has changed. Returns the name in the room
    /// then.
    pub(crate) async fn changed(&self, limit: Duration) -> Option<Username> {
        let room = self.subscription.follower.room.id;
        assert_eq!(self.notice(limit).await, Notice::Changed(room));
        self.look_again().await
    }

    /// Asks for the name in the room.
    pub(crate) async fn look_again(&self) -> Option<Username> {
        let room = self.subscription.follower.room.id;
        let member = self.app.look_again(&self.connection, room).await.unwrap();
        member.map(|member| member.username().clone())
    }

    /// Posts a message and waits until it is stored.
    pub(crate) async fn post(&self, message: &str) -> Seq {
        let (sender, stored) = tokio::sync::oneshot::channel();
        let request = PostRequest {
            room: self.subscription.follower.room.id,
            client_id: None,
            message: message.to_owned(),
        };
        let reply = move |_: &Connection, result: Result<papo_app::Committed, _>| {
            let _ = sender.send(result);
        };
        let posted = self.app.post(&self.connection, request, Box::new(reply));
        posted.unwrap();
        stored.await.unwrap().unwrap().seq
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.app.disconnect(&self.connection);
    }
}

/// Asserts that this is what the log is, once and in order.
pub(crate) fn assert_same(seen: &[Frame], log: &[Frame]) {
    let seqs: Vec<_> = seen.iter().map(|frame| frame.seq.0).collect();
    let expected: Vec<_> = (1..).take(log.len()).collect();
    assert_eq!(seqs, expected);
    assert!(seen == log, "other frames than those of the log");
}

/// A frame that another node might tell.
pub(crate) fn relayed(seq: i64, frame: &Frame) -> Frame {
    Frame {
        seq: Seq(seq),
        ..frame.clone()
    }
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, limit: Duration, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + limit;
    while !holds() {
        assert!(Instant::now() < deadline, "waited {limit:?} for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) fn text(frame: &[u8]) -> String {
    String::from_utf8_lossy(frame).into_owned()
}
