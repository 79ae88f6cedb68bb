//! PostgreSQL, or the way to it, goes away. What was acknowledged is there, what was refused isn't,
//! and the storage goes on by itself.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use papo_domain::{RoomId, Seq};
use papo_storage::postgres::{DatabaseUrl, PostgresStorage};
use papo_storage::{Memberships as _, Rooms as _, StorageError};
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;

use crate::database::Schema;
use crate::proxy::{Proxy, Way};
use crate::world::{Guest, Store as _, World};

/// Tests with a server of their own take turns.
static TURNS: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Longer than a busy machine takes to answer, and shorter than any wait.
const PROMPTLY: Duration = Duration::from_secs(4);

/// A storage whose way to the server can be cut, and a room with somebody in it.
async fn by_proxy() -> (World, Arc<PostgresStorage>, Proxy, RoomId, Guest) {
    let (schema, proxy) = (Schema::new(), Proxy::start().await);
    let url = schema.url_at(&proxy.base());
    let storage = Arc::new(PostgresStorage::open(&url).await.unwrap());
    let world = World::of(storage.clone(), schema);
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    world.post(&ana, room, "antes").await;
    (world, storage, proxy, room, ana)
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_promptly() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let url = format!("postgres://papo:s3cr3t@127.0.0.1:{port}/chat");
    let url = DatabaseUrl::parse(&url).unwrap();
    let start = Instant::now();
    let error = PostgresStorage::open(&url).await.err().unwrap();
    assert!(start.elapsed() < PROMPTLY);
    assert!(matches!(error, StorageError::Unavailable(_)), "{error}");
    let text = error.to_string();
    for part in ["chat", "127.0.0.1", &port.to_string()] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains("s3cr3t"), "{text}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_told_promptly() {
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = mute.local_addr().unwrap().port();
    let url = DatabaseUrl::parse(&format!("postgres://papo@127.0.0.1:{port}/chat")).unwrap();
    let start = Instant::now();
    let error = PostgresStorage::open(&url).await.err().unwrap();
    assert!(start.elapsed() < PROMPTLY);
    assert!(matches!(error, StorageError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused_when_asked() {
    let schema = Schema::new();
    let base = crate::database::server();
    let join = if base.contains('?') { '&' } else { '?' };
    let url = schema.url_at(&format!("{base}{join}sslmode=verify-full"));
    let error = PostgresStorage::open(&url).await.err().unwrap();
    assert!(
        matches!(error, StorageError::Unavailable(_) | StorageError::Other(_)),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_goes_on_by_itself_when_the_server_is_back() {
    let (world, storage, proxy, room, ana) = by_proxy().await;
    proxy.set(Way::Closed);
    let start = Instant::now();
    let refused = storage.store(vec![ana.post(room, None, "durante")]).await;
    assert!(
        matches!(refused, Err(StorageError::Unavailable(_))),
        "{refused:?}"
    );
    let refused = storage.room(room).await;
    assert!(
        matches!(refused, Err(StorageError::Unavailable(_))),
        "{refused:?}"
    );
    let refused = storage.leave(ana.session, Some(room)).await;
    assert!(
        matches!(refused, Err(StorageError::Unavailable(_))),
        "{refused:?}"
    );
    assert!(start.elapsed() < PROMPTLY);
    proxy.set(Way::Open);
    assert_eq!(world.post(&ana, room, "depois").await, Seq(2));
    assert_eq!(world.texts(room).await, ["antes", "depois"]);
    world.is_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_way_that_has_become_silent_is_given_up() {
    let (world, storage, proxy, room, ana) = by_proxy().await;
    proxy.set(Way::Silent);
    let start = Instant::now();
    let (refused, unread) = tokio::join!(
        storage.store(vec![ana.post(room, None, "durante")]),
        storage.room(room),
    );
    assert!(
        matches!(refused, Err(StorageError::Unavailable(_))),
        "{refused:?}"
    );
    assert!(
        matches!(unread, Err(StorageError::Unavailable(_))),
        "{unread:?}"
    );
    assert!(start.elapsed() < 4 * PROMPTLY);
    proxy.set(Way::Closed);
    proxy.set(Way::Open);
    assert_eq!(world.post(&ana, room, "depois").await, Seq(2));
    assert_eq!(world.texts(room).await, ["antes", "depois"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_was_not_answered_is_found_out() {
    let (world, storage, proxy, room, ana) = by_proxy().await;
    for (way, seq) in [
        (Way::CutAfterCommit, 2),
        (Way::CutBeforeCommit, 3),
        (Way::CutAfterCommit, 4),
    ] {
        proxy.set(way);
        // Without a client id, so that only finding out the commit's outcome can be right.
        let answers = storage.store(vec![ana.post(room, None, "uma vez")]).await;
        let posted = answers.unwrap().remove(0).unwrap();
        assert_eq!(posted.event.seq, Seq(seq), "{way:?}");
        assert!(!posted.duplicate);
    }
    assert_eq!(world.texts(room).await.len(), 4);
    world.is_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_what_a_lost_connection_left_behind() {
    let (world, _storage, proxy, room, ana) = by_proxy().await;
    proxy.set(Way::StrandBeforeCommit);
    let start = Instant::now();
    assert_eq!(world.post(&ana, room, "depois").await, Seq(2));
    assert!(start.elapsed() < PROMPTLY, "{:?}", start.elapsed());
    assert_eq!(world.texts(room).await, ["antes", "depois"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_found_out_is_not_told_as_failed() {
    let (world, storage, proxy, room, ana) = by_proxy().await;
    proxy.set(Way::CutAfterCommitAndClose);
    let send = ana.post(room, Some("a"), "uma vez");
    let unknown = storage.store(vec![send.clone()]).await;
    assert!(
        matches!(unknown, Err(StorageError::Unknown(_))),
        "{unknown:?}"
    );
    proxy.set(Way::Open);
    let answers = storage.store(vec![send]).await.unwrap();
    let known = answers[0].clone().unwrap();
    assert!(known.duplicate);
    assert_eq!(known.event.seq, Seq(2));
    assert_eq!(world.texts(room).await, ["antes", "uma vez"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_write_that_was_not_answered_is_not_told_as_failed() {
    let (world, storage, proxy, room, ana) = by_proxy().await;
    proxy.set(Way::CutAfterCommit);
    let unknown = storage.leave(ana.session, Some(room)).await;
    assert!(
        matches!(unknown, Err(StorageError::Unknown(_))),
        "{unknown:?}"
    );
    assert_eq!(
        world.storage.leave(ana.session, Some(room)).await.unwrap(),
        []
    );
    world.join(&ana, room, "Ana").await;
    proxy.set(Way::CutBeforeCommit);
    let unknown = storage.leave(ana.session, Some(room)).await;
    assert!(
        matches!(unknown, Err(StorageError::Unknown(_))),
        "{unknown:?}"
    );
    assert_eq!(
        world.storage.leave(ana.session, Some(room)).await.unwrap(),
        [room]
    );
}

/// Connections end all the time while many clients write, with and without client ids.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ended_connections_lose_and_double_nothing() {
    let ended = under_fire(15, async |schema| {
        let client = schema.client().await;
        schema.end_connections(&client).await
    });
    assert!(ended.await > 20);
}

/// A killed backend makes the server end all others and restart from its log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "crashes its PostgreSQL: cargo xtask test gives it one of its own"]
async fn a_server_that_crashes_loses_and_doubles_nothing() {
    let _turn = TURNS.lock().await;
    let crashed = under_fire(60, async |schema| {
        // It is still away from the crash before.
        let crashed = crash(schema).await;
        crashed.unwrap_or(0)
    });
    assert!(crashed.await > 3);
}

/// When the named replica is away, a commit is on the server's own disk, waits, and is visible to
/// nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "has all commits of its PostgreSQL wait: cargo xtask test gives it one of its own"]
async fn a_commit_that_waits_for_a_replica_is_left_waiting() {
    let _turn = TURNS.lock().await;
    let schema = Arc::new(Schema::new());
    let client = schema.client().await;
    let storage = Arc::new(PostgresStorage::open(&schema.url()).await.unwrap());
    let world = World::of(storage.clone(), schema.clone());
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    world.post(&ana, room, "antes").await;
    set(&client, "SET synchronous_standby_names = 'nobody'").await;
    // Until all of the server knows the setting, commits are answered at once.
    let mut number = 0;
    let (send, waited) = loop {
        number += 1;
        let id = number.to_string();
        let send = ana.post(room, Some(&id), &id);
        let start = Instant::now();
        let told = storage.store(vec![send.clone()]).await;
        if told.is_err() || start.elapsed() > PROMPTLY {
            break (send, told);
        }
    };
    let seen = world.events(room).await.len();
    set(&client, "RESET synchronous_standby_names").await;
    let is_unknown = matches!(waited, Err(StorageError::Unknown(_)));
    assert!(is_unknown, "{waited:?}");
    assert_eq!(seen, number, "nobody sees what no replica has");
    let answers = storage.store(vec![send]).await.unwrap();
    let known = answers[0].clone().unwrap();
    assert!(known.duplicate);
    assert_eq!(world.events(room).await.len(), number + 1);
    world.is_sound().await;
}

/// Changes the server's configuration.
async fn set(client: &tokio_postgres::Client, what: &str) {
    // Each statement alone: it can't be in a transaction.
    for sql in [&format!("ALTER SYSTEM {what}"), "SELECT pg_reload_conf()"] {
        client.batch_execute(sql).await.unwrap();
    }
}

/// Kills a writer's backend, if there is one.
async fn crash(schema: &Schema) -> Result<u64, tokio_postgres::Error> {
    let client = schema.try_client().await?;
    let sql = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE '% writer %' LIMIT 1";
    let Some(row) = client.query_opt(sql, &[]).await? else {
        return Ok(0);
    };
    let pid: i32 = row.get(0);
    let kill = format!("COPY (SELECT 1) TO PROGRAM 'kill -9 {pid}'");
    // Its own connection ends with the others.
    let _ = client.batch_execute(&kill).await;
    Ok(1)
}

/// Many clients write, and each time that some posts were acknowledged, something is ended. Returns
/// how often.
async fn under_fire(every: u32, end: impl AsyncFn(&Schema) -> u64) -> u64 {
    let schema = Schema::new();
    let mut nodes = Vec::new();
    for _ in 0..2 {
        nodes.push(Arc::new(
            PostgresStorage::open(&schema.url()).await.unwrap(),
        ));
    }
    let schema = Arc::new(schema);
    let world = World::of(nodes[0].clone(), schema.clone());
    let room = world.room("Geral").await;
    let mut guests = Vec::new();
    for number in 0..20 {
        guests.push(world.guest(room, &format!("Pessoa {number}")).await);
    }
    let (acknowledged, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let mut writers = JoinSet::new();
    for (number, guest) in guests.into_iter().enumerate() {
        let storage = nodes[number % 2].clone();
        writers.spawn(write(storage, guest, room, number, acknowledged.clone()));
    }
    drop(acknowledged);
    let mut ended = 0;
    let mut acknowledgements = 0;
    while heard.recv().await.is_some() {
        acknowledgements += 1;
        if acknowledgements % every == 0 {
            ended += end(&schema).await;
        }
    }
    let outcomes = writers.join_all().await;
    let (mut stored, mut refused) = (HashMap::new(), HashSet::new());
    for (of_writer, not_stored) in outcomes {
        stored.extend(of_writer);
        refused.extend(not_stored);
    }
    println!(
        "{ended} connections ended, {} posts refused for sure",
        refused.len()
    );
    let start = Instant::now();
    while world.storage.epoch().await.is_err() {
        assert!(start.elapsed() < 10 * PROMPTLY, "it isn't back");
    }
    let events = world.events(room).await;
    let mut seen = HashSet::new();
    for event in &events {
        let papo_domain::EventKind::Posted(posted) = &event.kind else {
            panic!("{event:?}");
        };
        let text = posted.text.as_ref().unwrap().to_string();
        assert!(
            !refused.contains(&text),
            "{text} was refused, and is stored"
        );
        if let Some(seq) = stored.get(&text) {
            assert_eq!(*seq, event.seq, "{text}");
        }
        assert!(seen.insert(text), "doubled: {event:?}");
    }
    for text in stored.keys() {
        assert!(seen.contains(text), "{text} was acknowledged, and is lost");
    }
    assert!(
        events
            .iter()
            .map(|event| event.seq.0)
            .eq(1..=i64::try_from(events.len()).unwrap())
    );
    world.is_sound().await;
    ended
}

/// Posts until each message is acknowledged: with a client id the same message again, otherwise
/// another one. Returns where each is stored, and which were refused.
async fn write(
    storage: Arc<PostgresStorage>,
    guest: Guest,
    room: RoomId,
    writer: usize,
    acknowledged: UnboundedSender<()>,
) -> (HashMap<String, Seq>, HashSet<String>) {
    let (mut stored, mut refused) = (HashMap::new(), HashSet::new());
    for number in 0..30 {
        for attempt in 0.. {
            let has_id = number % 2 == 0;
            let text = if has_id {
                format!("{writer} {number}")
            } else {
                format!("{writer} {number} {attempt}")
            };
            let id = format!("{writer}-{number}");
            let post = guest.post(room, has_id.then_some(id.as_str()), &text);
            match storage.store(vec![post]).await {
                Ok(answers) => {
                    let posted = answers[0].clone().unwrap();
                    stored.insert(text, posted.event.seq);
                    acknowledged.send(()).unwrap();
                    break;
                }
                Err(StorageError::Unavailable(_)) if !has_id => {
                    refused.insert(text);
                }
                Err(StorageError::Unavailable(_) | StorageError::Unknown(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    (stored, refused)
}
