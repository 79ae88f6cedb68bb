//! How fast it is: `cargo test --release -p papo-storage -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use papo_domain::{RoomDescription, RoomName, SenderId};
use papo_storage::sqlite::SqliteStorage;
use papo_storage::{ImportedMessage, ImportedRoom, Storage};

use crate::world::{World, at, client_id, text, username};

const BATCHES: u32 = 1_000;
const BATCH: u32 = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures, and asserts nothing"]
async fn appends_and_snapshots() {
    let world = World::sqlite();
    let room = world.room("Geral").await;
    let mut people = Vec::new();
    for number in 0..32 {
        people.push(world.guest(room, &format!("Pessoa {number}")).await);
    }
    let mut events = Vec::new();
    for batch in 0..BATCHES {
        let mut next = Vec::new();
        for number in 0..BATCH {
            let id = format!("{:08x}-{batch}-{number}", batch.wrapping_mul(2_654_435_761));
            let guest = &people[(number % 32) as usize];
            next.push(guest.post(
                room,
                Some(&id),
                "uma mensagem de tamanho comum, como tantas",
            ));
        }
        events.push(next);
    }
    let start = Start::now();
    for batch in events {
        world.append(batch).await;
    }
    report("append, a message", &start, BATCHES * BATCH);

    let start = Start::now();
    for _ in 0..BATCHES {
        world.append(vec![people[0].post(room, None, "olá")]).await;
    }
    report("append alone, a message", &start, BATCHES);

    for limit in [1, 50] {
        let start = Start::now();
        for _ in 0..BATCHES {
            world.storage.snapshot(room, limit).await.unwrap();
        }
        report(&format!("snapshot of {limit}"), &start, BATCHES);
    }

    let start = Start::now();
    for _ in 0..BATCHES {
        world.storage.last_seqs(vec![room]).await.unwrap();
    }
    report("last_seqs of 1", &start, BATCHES);

    let start = Start::now();
    let filter = papo_storage::MessageFilter {
        search: Some("não há".into()),
        limit: 50,
        ..papo_storage::MessageFilter::default()
    };
    world.storage.find_messages(filter).await.unwrap();
    report("a search through all", &start, 1);

    let start = Start::now();
    world.is_sound().await;
    report("check of all", &start, 1);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("papo.sqlite3");
    let start = Start::now();
    let storage = SqliteStorage::open(&file).unwrap();
    report("open a new one", &start, 1);
    storage.close().await.unwrap();
    let start = Start::now();
    let storage = SqliteStorage::open(&file).unwrap();
    report("open again", &start, 1);
    storage.epoch().await.unwrap();
}

/// 64 writers in 64 rooms, each of whom waits for its answer before it goes on.
async fn posts_of_many(world: &World, what: &str) {
    const WRITERS: u32 = 64;
    const POSTS: u32 = 200;
    let mut writers = Vec::new();
    for number in 0..WRITERS {
        let room = world.room(&format!("Sala {number}")).await;
        let guest = world.guest(room, &format!("Pessoa {number}")).await;
        writers.push((world.storage.clone(), room, guest));
    }
    let start = Start::now();
    let mut writing = tokio::task::JoinSet::new();
    for (number, (storage, room, guest)) in writers.into_iter().enumerate() {
        writing.spawn(async move {
            for post in 0..POSTS {
                let id = format!("{number:032}-{post}");
                let text = "uma mensagem de tamanho comum, como tantas";
                let batch = vec![guest.post(room, Some(&id), text)];
                storage.append(batch).await.unwrap()[0].clone().unwrap();
            }
        });
    }
    writing.join_all().await;
    let seconds = start.0.elapsed().as_secs_f64();
    report(&format!("{what}, a post"), &start, WRITERS * POSTS);
    println!(
        "{what}: {:.0} posts/s",
        f64::from(WRITERS * POSTS) / seconds
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures, and asserts nothing"]
async fn posts_of_many_on_sqlite() {
    posts_of_many(&World::sqlite(), "SQLite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures, and asserts nothing"]
async fn posts_of_many_on_postgres() {
    posts_of_many(&World::postgres().await, "PostgreSQL").await;
}

#[tokio::test]
#[ignore = "measures, and asserts nothing"]
async fn an_import() {
    let world = World::sqlite();
    let messages = (0..100_000_u32).map(|number| {
        Ok(ImportedMessage {
            sender: SenderId(u64::from(number % 50)),
            username: username("Ana"),
            text: text("uma mensagem de tamanho comum, como tantas"),
            timestamp: at(i64::from(number)),
            client_id: client_id(&format!("{number:016x}")),
        })
    });
    let room = ImportedRoom {
        name: RoomName::parse("Geral").unwrap(),
        description: RoomDescription::default(),
        is_active: true,
        created_at: at(0),
        messages: Box::new(messages),
    };
    let start = Start::now();
    let rooms = Box::new(std::iter::once(Ok(room)));
    world.storage.import(rooms, at(0)).await.unwrap();
    report("import, a message", &start, 100_000);
}

#[tokio::test]
#[ignore = "measures, and asserts nothing"]
async fn memory_of_one_that_is_idle() {
    let before = resident();
    let folder = tempfile::tempdir().unwrap();
    let storage = SqliteStorage::open(&folder.path().join("papo.sqlite3")).unwrap();
    storage.epoch().await.unwrap();
    println!("resident: {before} before, then {}", resident());
}

/// What the program has in memory, as Linux says.
fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    line.unwrap_or_default().replace("VmRSS:", "").trim().into()
}

/// A moment, and how much processor time the program has used until then.
struct Start(Instant, Duration);

impl Start {
    fn now() -> Self {
        Self(Instant::now(), cpu())
    }
}

fn report(what: &str, start: &Start, count: u32) {
    let (wall, cpu) = (
        start.0.elapsed() / count,
        cpu().saturating_sub(start.1) / count,
    );
    println!("{what}: {wall:?}, {cpu:?} of all threads' processor time");
}

/// Nanoseconds on a processor, as Linux counts them for each thread.
fn cpu() -> Duration {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let nanos = threads.flatten().filter_map(|thread| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}
