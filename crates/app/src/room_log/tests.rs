use std::sync::atomic::{AtomicUsize, Ordering};

use papo_channel_layer::Connection;
use papo_domain::{
    MessageText, PersonId, RoomDescription, RoomKind, RoomName, RoomState, SessionId, Username,
};
use papo_storage::sqlite::SqliteStorage;
use papo_storage::{
    Act, By, Memberships as _, NewSession, Rooms as _, Served, Sessions as _, TokenHash,
};
use tempfile::TempDir;

use super::*;
use crate::{App, Settings};

/// An app with a room and somebody in it.
struct World {
    folder: TempDir,
    storage: Arc<SqliteStorage>,
    app: Arc<App>,
    room: RoomId,
    session: SessionId,
    connection: Arc<Connection>,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = SqliteStorage::open(&folder.path().join("papo.sqlite3")).unwrap();
        let storage = Arc::new(storage);
        let at = Clock::system().now();
        let state = RoomState {
            name: RoomName::parse("Testes").unwrap(),
            description: RoomDescription::default(),
            is_active: true,
            kind: RoomKind::Public,
            is_announcement: false,
        };
        let room = storage.create_room(state, at).await.unwrap().id;
        let session = NewSession {
            token: TokenHash([7; 32]),
            at,
            used: Served(0),
        };
        let session = storage.create_session(PersonId(7), session).await.unwrap();
        let name = Username::parse("Ana").unwrap();
        storage
            .join(session, room, name, at)
            .await
            .unwrap()
            .unwrap();
        let app = App::start(storage.clone(), Settings::default(), None).await;
        Self {
            folder,
            storage,
            app: app.unwrap(),
            room,
            session,
            connection: Arc::new(Connection::new(session, PersonId(7), None)),
        }
    }

    /// A request of the connection, whose reply calls this with the answer.
    fn answer(&self, call: impl FnOnce(Result<Committed, Error>) + Send + 'static) -> Answer {
        Answer::Reply {
            request: self.connection.request(),
            room: self.room,
            reply: Box::new(move |_, result| call(result)),
        }
    }

    fn post(&self, text: &str) -> Change {
        Change {
            by: By::Member(self.session),
            act: Act::Post {
                client_id: None,
                text: MessageText::parse(text).unwrap(),
            },
        }
    }

    /// Keeps the storage from writing until this connection is dropped.
    fn lock(&self) -> rusqlite::Connection {
        let db = rusqlite::Connection::open(self.folder.path().join("papo.sqlite3")).unwrap();
        db.busy_timeout(Duration::from_secs(10)).unwrap();
        db.execute_batch("BEGIN IMMEDIATE").unwrap();
        db
    }

    /// The same, with one change in progress, which occupies the writer until then.
    async fn occupy(&self, answer: Answer) -> rusqlite::Connection {
        let lock = self.lock();
        let log = &self.app.log;
        log.submit(self.room, self.post("primeira"), answer);
        while log.waiting() > 0 {
            tokio::task::yield_now().await;
        }
        lock
    }

    /// A batch, as if the storage had it.
    fn group(&self) -> Group {
        let writer = Arc::clone(&self.app.log.writer);
        writer.line.lock().is_storing = true;
        Group {
            writer,
            answers: Vec::new(),
            started: None,
            is_told: false,
        }
    }
}

/// Counts the answers to a change: stored, refused.
#[derive(Default)]
struct Tally {
    stored: AtomicUsize,
    refused: AtomicUsize,
    last: Mutex<Seq>,
}

impl Tally {
    fn answer(self: &Arc<Self>, world: &World) -> Answer {
        let tally = Arc::clone(self);
        world.answer(move |result| match result {
            Ok(Committed { seq, .. }) => {
                let before = std::mem::replace(&mut *tally.last.lock(), seq);
                assert!(before < seq, "out of order");
                tally.stored.fetch_add(1, Ordering::SeqCst);
            }
            Err(error) => {
                assert!(
                    matches!(error, Error::Unavailable(_) | Error::Storage(_)),
                    "{error}"
                );
                tally.refused.fetch_add(1, Ordering::SeqCst);
            }
        })
    }

    fn counts(&self) -> (usize, usize) {
        let count = |number: &AtomicUsize| number.load(Ordering::SeqCst);
        (count(&self.stored), count(&self.refused))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_can_wait_is_refused_and_the_rest_is_stored_in_order() {
    let world = World::new().await;
    let tally = Arc::new(Tally::default());
    let lock = world.occupy(tally.answer(&world)).await;
    let log = &world.app.log;
    for number in 0..WAITING + 3 {
        log.submit(
            world.room,
            world.post(&format!("{number}")),
            tally.answer(&world),
        );
    }
    assert_eq!((log.waiting(), tally.counts()), (WAITING, (0, 3)));
    drop(lock);
    log.close().await;
    assert_eq!(tally.counts(), (WAITING + 1, 3));
    assert_eq!(log.waiting(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_longest_messages_fewer_wait_and_are_stored_together() {
    let world = World::new().await;
    let tally = Arc::new(Tally::default());
    let _lock = world.occupy(tally.answer(&world)).await;
    let log = &world.app.log;
    let text = "😀".repeat(papo_domain::MESSAGE_CHARACTERS);
    let longest = world.post(&text);
    let fit = WAITING_BYTES / text.len();
    for _ in 0..fit + 3 {
        log.submit(world.room, longest.clone(), tally.answer(&world));
    }
    assert_eq!((log.waiting(), tally.counts()), (fit, (0, 3)));
    let mut group = Group {
        writer: Arc::clone(&log.writer),
        answers: Vec::new(),
        started: None,
        is_told: true,
    };
    assert_eq!(group.take().len(), BATCH_BYTES.div_ceil(text.len()));
    // There is room again.
    log.submit(world.room, longest, tally.answer(&world));
    assert_eq!(tally.counts(), (0, 3));
    log.writer.stall();
    assert_eq!(log.writer.line.lock().bytes, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_taken_after_the_end_and_nothing_taken_is_left_unanswered() {
    let world = World::new().await;
    let tally = Arc::new(Tally::default());
    for number in 0..100 {
        let change = world.post(&format!("{number}"));
        world
            .app
            .log
            .submit(world.room, change, tally.answer(&world));
    }
    world.app.log.close().await;
    assert_eq!(tally.counts(), (100, 0));
    let change = world.post("tarde demais");
    world
        .app
        .log
        .submit(world.room, change, tally.answer(&world));
    assert_eq!(tally.counts(), (100, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_storage_refuses_all_that_waits() {
    let world = World::new().await;
    world.storage.close().await.unwrap();
    let tally = Arc::new(Tally::default());
    for number in 0..3_000 {
        let change = world.post(&format!("{number}"));
        world
            .app
            .log
            .submit(world.room, change, tally.answer(&world));
    }
    world.app.log.close().await;
    assert_eq!(tally.counts(), (0, 3_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_panics_takes_no_answer_along_of_the_same_batch() {
    let world = World::new().await;
    let tally = Arc::new(Tally::default());
    let log = &world.app.log;
    let lock = world.occupy(tally.answer(&world)).await;
    log.submit(world.room, world.post("uma"), tally.answer(&world));
    log.submit(
        world.room,
        world.post("outra"),
        world.answer(|_| panic!("a reply that panics")),
    );
    log.submit(world.room, world.post("terceira"), tally.answer(&world));
    assert_eq!((log.waiting(), world.connection.requests()), (3, 4));
    drop(lock);
    log.close().await;
    assert_eq!((tally.counts(), *tally.last.lock()), ((3, 0), Seq(4)));
    assert_eq!(world.connection.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_panics_takes_no_answer_along_of_the_next_batch() {
    let world = World::new().await;
    let tally = Arc::new(Tally::default());
    let log = &world.app.log;
    let lock = world
        .occupy(world.answer(|_| panic!("a reply that panics")))
        .await;
    log.submit(world.room, world.post("outra"), tally.answer(&world));
    assert_eq!((log.waiting(), world.connection.requests()), (1, 2));
    drop(lock);
    log.close().await;
    assert_eq!((tally.counts(), *tally.last.lock()), ((1, 0), Seq(2)));
    assert_eq!(world.connection.requests(), 0);
}

#[tokio::test]
async fn a_batch_that_is_lost_answers_everybody_and_the_next_one_goes_on() {
    let world = World::new().await;
    let log = &world.app.log;
    let mut group = world.group();
    let (sender, answers) = std::sync::mpsc::channel();
    let answer = || {
        let sender = sender.clone();
        world.answer(move |result| sender.send(result).unwrap())
    };
    log.submit(world.room, world.post("uma"), answer());
    log.submit(
        world.room,
        world.post("outra"),
        world.answer(|_| panic!("a reply that panics")),
    );
    log.submit(world.room, world.post("terceira"), answer());
    assert_eq!(group.take().len(), 3);
    log.submit(world.room, world.post("seguinte"), answer());
    drop(group);
    log.close().await;
    let answers: Vec<_> = answers.try_iter().collect();
    let is_right = matches!(
        answers[..],
        [Err(Error::Internal), Err(Error::Internal), Ok(_)]
    );
    assert!(is_right, "{answers:?}");
    assert_eq!(world.connection.requests(), 0);
}

#[tokio::test]
async fn nobody_waits_behind_a_batch_whose_outcome_takes_long() {
    let world = World::new().await;
    let log = &world.app.log;
    let mut group = world.group();
    let append = |text: &str| {
        let (log, room, change) = (log.clone(), world.room, world.post(text));
        tokio::spawn(async move { log.append(room, change).await })
    };
    let line_has_one = async || {
        while log.waiting() == 0 {
            tokio::task::yield_now().await;
        }
    };
    let stored = append("unknown");
    line_has_one().await;
    assert_eq!(group.take().len(), 1);
    let waiting = append("waits");
    line_has_one().await;
    group.stall();
    for refused in [waiting, append("comes")] {
        assert!(matches!(refused.await.unwrap(), Err(Error::Unavailable(_))));
    }
    assert!(!stored.is_finished());
    Box::new(group).tell(Err(StorageError::Unknown("nobody knows".into())));
    assert!(stored.await.unwrap().is_err());
    assert!(append("afterwards").await.unwrap().is_ok());
}
