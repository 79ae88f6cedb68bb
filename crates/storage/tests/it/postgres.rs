//! Tests of PostgreSQL alone: its schema, and several nodes on one database.

use std::sync::Arc;
use std::time::Duration;

use papo_domain::{Denial, PersonId, RoomDescription, RoomId, RoomName, Seq};
use papo_storage::postgres::{DatabaseUrl, PostgresStorage};
use papo_storage::{
    Accounts as _, Appended, Check as _, Import as _, ImportedRoom, Instance as _, JoinRefusal,
    Log as _, Memberships as _, MessageFilter, Messages as _, ReadMark, ReadPositions as _,
    RevocationId, Revocations as _, RoomFilter, Rooms as _, Sessions as _, StorageError,
};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::database::Schema;
use crate::world::{Store as _, World, account, at, set_room, state, username};

/// Like restoring a dump: the same rows in new tables.
const RESTORE: &str = "CREATE TABLE copy (LIKE papo INCLUDING ALL); INSERT INTO copy SELECT * FROM papo; \
    DROP TABLE papo; ALTER TABLE copy RENAME TO papo";

/// A world with two nodes. The world's methods use the first.
async fn two_nodes() -> (World, Arc<PostgresStorage>, Arc<PostgresStorage>) {
    let schema = Schema::new();
    let one = Arc::new(PostgresStorage::open(&schema.url()).await.unwrap());
    let other = Arc::new(PostgresStorage::open(&schema.url()).await.unwrap());
    (World::of(one.clone(), schema), one, other)
}

async fn refused(url: &DatabaseUrl) -> StorageError {
    match PostgresStorage::open(url).await {
        Ok(_) => panic!("it was opened"),
        Err(error) => error,
    }
}

#[test]
fn rights_that_end_are_learned_while_the_runtime_of_everything_else_does_nothing() {
    let runtime = || Builder::new_current_thread().enable_all().build().unwrap();
    let (opening, asking) = (runtime(), runtime());
    let schema = Schema::new();
    let storage = opening
        .block_on(PostgresStorage::open(&schema.url()))
        .unwrap();
    let ended = asking.block_on(async {
        let asked = storage.revocations_after(RevocationId(0), 10);
        timeout(Duration::from_secs(10), asked).await
    });
    assert_eq!(ended.unwrap().unwrap(), Vec::new());
    opening.block_on(storage.close()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opened_again_everything_is_there() {
    let schema = Schema::new();
    let url = schema.url();
    let client = schema.client().await;
    let storage = Arc::new(PostgresStorage::open(&url).await.unwrap());
    let world = World::of(storage.clone(), schema);
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    world.post(&ana, room, "fica").await;
    let epoch = storage.epoch().await.unwrap();
    storage.close().await.unwrap();
    let closed = storage.epoch().await;
    assert!(matches!(closed, Err(StorageError::Unavailable(_))));
    let closed = storage.store(vec![ana.post(room, None, "tarde")]).await;
    assert!(matches!(closed, Err(StorageError::Unavailable(_))));
    let nodes = client.query("SELECT id FROM node", &[]).await.unwrap();
    assert!(nodes.is_empty(), "closing leaves nothing of the node");

    let again = PostgresStorage::open(&url).await.unwrap();
    assert_eq!(again.epoch().await.unwrap(), epoch);
    assert_eq!(again.check().await.unwrap(), Vec::<String>::new());
    let events = again.events_after(room, Seq::START, 10).await.unwrap();
    assert_eq!(events.len(), 1);
    let found = again.session(ana.token, Some(room)).await.unwrap();
    assert!(found.unwrap().username.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_that_start_at_once_make_one_history() {
    let schema = Schema::new();
    let mut opening = JoinSet::new();
    for _ in 0..8 {
        let url = schema.url();
        opening.spawn(async move {
            let storage = PostgresStorage::open(&url).await.unwrap();
            first_rooms(&storage).await;
            let key = storage.relay_key().await.unwrap();
            (storage.epoch().await.unwrap(), *key.bytes())
        });
    }
    let made = opening.join_all().await;
    assert!(made.iter().all(|one| *one == made[0]), "{made:?}");
}

/// Makes the first rooms, and checks at once that they are there.
async fn first_rooms(storage: &PostgresStorage) {
    let names = ["Geral", "Tecnologia", "Jogos"];
    let states = names.map(|name| state(name, true));
    let made = storage.create_first_rooms(states.into(), at(0)).await;
    made.unwrap();
    for (id, name) in (1..).zip(names) {
        let room = storage.room(RoomId(id)).await.unwrap().unwrap();
        assert_eq!(room.name.as_str(), name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_that_start_together_make_the_same_first_rooms_200_times() {
    let schema = Schema::new();
    let client = schema.client().await;
    let mut nodes = Vec::new();
    for _ in 0..3 {
        nodes.push(Arc::new(
            PostgresStorage::open(&schema.url()).await.unwrap(),
        ));
    }
    for _ in 0..200 {
        let mut starting = JoinSet::new();
        for node in &nodes {
            let node = Arc::clone(node);
            starting.spawn(async move { first_rooms(&node).await });
        }
        starting.join_all().await;
        let rooms = nodes[0].rooms(RoomFilter::default()).await.unwrap();
        assert_eq!(rooms.len(), 3);
        // Empty again, except for the numbers that an interrupted start has used up.
        let empty = "TRUNCATE room CASCADE";
        client.batch_execute(empty).await.unwrap();
    }
}

#[tokio::test]
async fn the_nodes_get_another_key_when_it_is_asked_for() {
    let schema = Schema::new();
    let storage = PostgresStorage::open(&schema.url()).await.unwrap();
    let epoch = storage.epoch().await.unwrap();
    let key = storage.relay_key().await.unwrap();
    let client = schema.client().await;
    let forget = "UPDATE papo SET relay_key = NULL";
    client.batch_execute(forget).await.unwrap();
    let storage = PostgresStorage::open(&schema.url()).await.unwrap();
    assert_eq!(storage.epoch().await.unwrap(), epoch);
    let other = storage.relay_key().await.unwrap();
    assert_ne!(other.bytes(), key.bytes());
}

/// Its versions had the same numbers, and more of them.
#[tokio::test]
async fn a_database_of_before_the_first_release_is_refused_and_left_alone() {
    for version in [1, 10] {
        let schema = Schema::new();
        let client = schema.client().await;
        let old = format!(
            "CREATE TABLE papo (only_row boolean PRIMARY KEY DEFAULT true, version bigint, \
             epoch bigint, home text, filling bigint); \
             INSERT INTO papo (version, epoch, home) VALUES ({version}, 7, ''); \
             CREATE TABLE session (id bigint, sender bigint, account_id bigint)"
        );
        client.batch_execute(&old).await.unwrap();
        let refused = refused(&schema.url()).await;
        assert!(matches!(refused, StorageError::Unreleased), "{refused}");
        let filled = PostgresStorage::fill(&schema.url()).await.err();
        let survey = PostgresStorage::survey(&schema.url()).await.err();
        for refused in [filled, survey] {
            let is_clear = matches!(refused, Some(StorageError::Unreleased));
            assert!(is_clear, "{refused:?}");
        }
        let tables = "SELECT count(*) FROM pg_class WHERE relkind = 'r' \
            AND relnamespace = current_schema()::regnamespace";
        let tables: i64 = client.query_one(tables, &[]).await.unwrap().get(0);
        assert_eq!(tables, 2);
    }
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    let schema = Schema::new();
    drop(PostgresStorage::open(&schema.url()).await.unwrap());
    let client = schema.client().await;
    client
        .execute("UPDATE papo SET version = 99", &[])
        .await
        .unwrap();
    let refused = refused(&schema.url()).await;
    let expected = matches!(
        refused,
        StorageError::TooNew {
            found: 99,
            known: 1
        }
    );
    assert!(expected, "{refused}");
}

#[tokio::test]
async fn what_is_not_papos_is_refused_and_left_alone() {
    let schema = Schema::new();
    let client = schema.client().await;
    client
        .batch_execute("CREATE TABLE chat_room (id integer)")
        .await
        .unwrap();
    let refused = refused(&schema.url()).await;
    assert!(matches!(refused, StorageError::Other(_)), "{refused}");
    let sql = "SELECT relname::text FROM pg_class WHERE relkind = 'r' \
        AND relnamespace = current_schema()::regnamespace";
    let tables = client.query(sql, &[]).await.unwrap();
    assert_eq!(tables.len(), 1);
}

#[tokio::test]
async fn a_restored_database_is_another_history() {
    let schema = Schema::new();
    let storage = PostgresStorage::open(&schema.url()).await.unwrap();
    let epoch = storage.epoch().await.unwrap();
    let key = storage.relay_key().await.unwrap();
    storage.close().await.unwrap();
    let client = schema.client().await;
    client.batch_execute(RESTORE).await.unwrap();
    let restored = PostgresStorage::open(&schema.url()).await.unwrap();
    let renewed = restored.epoch().await.unwrap();
    assert_ne!(renewed, epoch);
    let other_key = restored.relay_key().await.unwrap();
    assert_ne!(other_key.bytes(), key.bytes());
    let again = PostgresStorage::open(&schema.url()).await.unwrap();
    assert_eq!(again.epoch().await.unwrap(), renewed);
    let again_key = again.relay_key().await.unwrap();
    assert_eq!(again_key.bytes(), other_key.bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_do_nothing_more_when_their_history_is_another() {
    let schema = Arc::new(Schema::new());
    let client = schema.client().await;
    let open = async || Arc::new(PostgresStorage::open(&schema.url()).await.unwrap());
    let (reader, writer) = (open().await, open().await);
    let world = World::of(writer.clone(), schema.clone());
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    world.post(&ana, room, "antes").await;
    client.batch_execute(RESTORE).await.unwrap();
    // As when a replica takes over.
    schema.end_connections(&client).await;
    for (storage, reads_first) in [(reader, true), (writer, false)] {
        if reads_first {
            let unread = storage.last_revocation().await;
            let is_broken = matches!(unread, Err(StorageError::Broken(_)));
            assert!(is_broken, "{unread:?}");
        }
        let refused = storage.store(vec![ana.post(room, None, "depois")]).await;
        let is_broken = matches!(refused, Err(StorageError::Broken(_)));
        assert!(is_broken, "{refused:?}");
        let joined = storage.join(ana.session, room, username("Bia"), at(1));
        assert!(matches!(joined.await, Err(StorageError::Broken(_))));
        let unread = storage.room(room).await;
        assert!(matches!(unread, Err(StorageError::Broken(_))), "{unread:?}");
    }
    let events = open().await.events_after(room, Seq::START, 10).await;
    assert_eq!(events.unwrap().len(), 1);
}

/// Otherwise a later number could become visible before an earlier one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_transaction_at_a_time_adds_to_a_journal() {
    let schema = Schema::new();
    let client = schema.client().await;
    let mut holder = schema.client().await;
    let storage = Arc::new(PostgresStorage::open(&schema.url()).await.unwrap());
    let world = World::of(storage.clone(), schema);
    let (room, other) = (world.room("Um").await, world.room("Dois").await);
    let ana = world.guest(room, "Ana").await;
    let bia = world.guest(room, "Bia").await;
    world.post(&bia, room, "olá").await;
    let held = holder.transaction().await.unwrap();
    let lock = "SELECT pg_backend_pid() FROM pg_advisory_xact_lock(x'5061706f'::integer, 3)";
    let pid: i32 = held.query_one(lock, &[]).await.unwrap().get(0);
    let unread = ReadMark::Unread { seq: Seq(1) };
    let adding = tokio::spawn(async move {
        let marks = vec![(ana.session, room, unread)];
        let (joined, marked, left) = tokio::join!(
            storage.join(ana.session, other, username("Ana"), at(1)),
            storage.mark(marks),
            storage.leave(bia.session, None),
        );
        joined.unwrap().unwrap();
        marked.unwrap();
        left.unwrap();
    });
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid)) \
        AND application_name LIKE current_schema() || ' %'";
    let mut waiting: i64 = 0;
    while waiting < 3 {
        assert!(!adding.is_finished());
        waiting = client.query_one(sql, &[&pid]).await.unwrap().get(0);
    }
    held.rollback().await.unwrap();
    adding.await.unwrap();
    world.is_sound().await;
}

#[tokio::test]
async fn checking_finds_what_is_wrong() {
    for (damage, found) in [
        ("DELETE FROM event WHERE seq = 2", "events"),
        ("DELETE FROM message WHERE seq = 1", "has no message 1"),
        ("UPDATE room SET last_seq = 9", "last seq"),
        (
            "UPDATE message SET content = NULL WHERE seq = 1",
            "deleted by no event",
        ),
        (
            "UPDATE event SET target = 2 WHERE seq = 3",
            "has no message 2",
        ),
        ("UPDATE event SET room_id = 77", "room 77, which is missing"),
        (
            "INSERT INTO person (id, created_at) VALUES (77, 0)",
            "person 77 has neither",
        ),
        ("UPDATE membership SET read_seq = 4", "has read up to 4"),
        ("UPDATE membership SET read_seq = -1", "has read up to -1"),
        ("DELETE FROM papo", "epoch"),
        ("UPDATE papo SET relay_key = NULL", "relay key"),
    ] {
        let schema = Schema::new();
        let client = schema.client().await;
        let storage = Arc::new(PostgresStorage::open(&schema.url()).await.unwrap());
        let world = World::of(storage.clone(), schema);
        let room = world.room("Geral").await;
        let ana = world.guest(room, "Ana").await;
        let seq = world.post(&ana, room, "um").await;
        world.append_one(ana.edit(room, seq, "dois")).await.unwrap();
        world.append_one(ana.edit(room, seq, "três")).await.unwrap();
        client.batch_execute(damage).await.unwrap();
        let wrong = storage.check().await.unwrap();
        let says = wrong.iter().any(|line| line.contains(found));
        assert!(says, "{damage}: {wrong:?}");
    }
}

#[tokio::test]
async fn a_deleted_text_is_in_no_row() {
    let schema = Schema::new();
    let client = schema.client().await;
    let storage = Arc::new(PostgresStorage::open(&schema.url()).await.unwrap());
    let world = World::of(storage.clone(), schema);
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let seq = world.post(&ana, room, "Segredo").await;
    world.append_one(ana.delete(room, seq)).await.unwrap();
    let seq = world.post(&ana, room, "Segredo antes").await;
    world.append_one(ana.edit(room, seq, "Ok")).await.unwrap();
    let sql = "SELECT 1 FROM message WHERE message::text ILIKE '%segredo%'";
    assert!(client.query(sql, &[]).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_batch_that_cannot_be_sent_as_a_whole_nothing_is_stored() {
    let schema = Schema::new();
    let client = schema.client().await;
    let storage = Arc::new(PostgresStorage::open(&schema.url()).await.unwrap());
    let world = World::of(storage.clone(), schema);
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    // What goes there is a text, which can't be written as bytes.
    let sql = "ALTER TABLE room ALTER COLUMN description_folded TYPE bytea \
        USING convert_to(description_folded, 'UTF8')";
    client.batch_execute(sql).await.unwrap();
    let renamed = set_room(room, state("Outra", true));
    let batch = vec![ana.post(room, None, "um"), renamed];
    let refused = storage.store(batch).await;
    let is_other = matches!(refused, Err(StorageError::Other(_)));
    assert!(is_other, "{refused:?}");
    assert_eq!(world.events(room).await, []);
    assert_eq!(world.post(&ana, room, "dois").await, Seq(1));
    world.is_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn searches_leave_connections_to_everybody_else() {
    let schema = Schema::new();
    let client = schema.client().await;
    let mut holder = schema.client().await;
    let storage = Arc::new(PostgresStorage::open(&schema.url()).await.unwrap());
    let world = World::of(storage.clone(), schema);
    let room = world.room("Geral").await;
    let held = holder.transaction().await.unwrap();
    let sql = "LOCK TABLE message IN ACCESS EXCLUSIVE MODE";
    held.batch_execute(sql).await.unwrap();
    let mut searches = JoinSet::new();
    for _ in 0..8 {
        let storage = storage.clone();
        searches.spawn(async move { storage.find_messages(MessageFilter::default()).await });
    }
    let sql = "SELECT count(*) FROM pg_locks \
        WHERE relation = 'message'::regclass AND NOT granted";
    let (mut most, mut reads) = (0, 0);
    while reads < 50 {
        storage.room(room).await.unwrap();
        let searching: i64 = client.query_one(sql, &[]).await.unwrap().get(0);
        most = most.max(searching);
        // The reads during searches.
        reads += i64::from(searching >= 2);
        assert!(searches.try_join_next().is_none(), "it waited for them");
    }
    assert_eq!(most, 2);
    held.rollback().await.unwrap();
    for found in searches.join_all().await {
        assert_eq!(found.unwrap().messages, []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_into_what_is_being_filled() {
    let schema = Schema::new();
    let client = schema.client().await;
    let mut filler = schema.client().await;
    let storage = Arc::new(PostgresStorage::open(&schema.url()).await.unwrap());
    let world = World::of(storage.clone(), schema);
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let begun = filler.transaction().await.unwrap();
    let fill = "UPDATE papo SET filling = 1";
    begun.batch_execute(fill).await.unwrap();
    let writing = tokio::spawn({
        let storage = storage.clone();
        async move {
            let imported = ImportedRoom {
                name: RoomName::parse("Importada").unwrap(),
                description: RoomDescription::default(),
                is_active: true,
                created_at: at(0),
                messages: Box::new(std::iter::empty()),
            };
            tokio::join!(
                storage.create_room(state("Nova", true), at(0)),
                storage.import(Box::new([Ok(imported)].into_iter())),
            )
        }
    });
    let pid = "SELECT pg_backend_pid()";
    let pid: i32 = begun.query_one(pid, &[]).await.unwrap().get(0);
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))";
    // Both have found that nothing fills it, and wait for the filler that has begun.
    let mut held: i64 = 0;
    while held < 2 && !writing.is_finished() {
        held = client.query_one(sql, &[&pid]).await.unwrap().get(0);
    }
    begun.commit().await.unwrap();
    let (made, imported) = writing.await.unwrap();
    assert!(matches!(made, Err(StorageError::Unfinished)), "{made:?}");
    let is_refused = matches!(imported, Err(StorageError::Unfinished));
    assert!(is_refused, "{imported:?}");
    // A room of the unfinished migration isn't visible yet.
    let refused = world.append_one(ana.post(room, None, "cedo")).await;
    assert_eq!(refused, Err(Denial::NoRoom.into()));
    let rooms = storage.rooms(RoomFilter::default()).await.unwrap();
    assert_eq!(rooms.len(), 1);
    let sql = "UPDATE papo SET filling = NULL";
    client.batch_execute(sql).await.unwrap();
    assert_eq!(world.post(&ana, room, "depois").await, Seq(1));
    world.room("Nova").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_write_into_one_room() {
    let (world, one, other) = two_nodes().await;
    let room = world.room("Geral").await;
    let mut writers = JoinSet::new();
    for number in 0..50 {
        let guest = world.guest(room, &format!("Pessoa {number}")).await;
        let storage = if number % 2 == 0 {
            one.clone()
        } else {
            other.clone()
        };
        writers.spawn(async move {
            let mut seqs = Vec::new();
            for message in 0..10 {
                let id = format!("{number}-{message}");
                let batch = vec![guest.post(room, Some(&id), &id)];
                let answers = storage.store(batch).await.unwrap();
                seqs.push(answers[0].clone().unwrap().event.seq.0);
            }
            assert!(seqs.is_sorted(), "one writer's messages keep their order");
            seqs
        });
    }
    let mut seqs = writers.join_all().await.concat();
    seqs.sort_unstable();
    assert!(seqs.into_iter().eq(1..=500));
    let events = world.events(room).await;
    assert!(events.iter().map(|event| event.seq.0).eq(1..=500));
    let seen = other.events_after(room, Seq::START, 1_000).await.unwrap();
    assert_eq!(seen, events);
    world.is_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_never_see_a_hole() {
    let (world, one, other) = two_nodes().await;
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let mut writers = JoinSet::new();
    for storage in [one, other.clone()] {
        writers.spawn(async move {
            for _ in 0..100 {
                storage
                    .store(vec![ana.post(room, None, "olá")])
                    .await
                    .unwrap();
            }
        });
    }
    let mut seen = Seq::START;
    while seen < Seq(200) {
        for event in other.events_after(room, seen, 1_000).await.unwrap() {
            assert_eq!(event.seq, seen.next());
            seen = event.seq;
        }
    }
    writers.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_send_through_two_nodes_is_stored_once() {
    let (world, one, other) = two_nodes().await;
    let (room, second) = (world.room("Uma").await, world.room("Outra").await);
    let ana = world.guest(room, "Ana").await;
    world.join(&ana, second, "Ana").await;
    for number in 0..100 {
        let id = format!("both-{number}");
        // Every other one goes to another room, which isn't locked.
        let to = if number % 2 == 0 { room } else { second };
        let (here, there) = tokio::join!(
            one.store(vec![ana.post(room, Some(&id), &id)]),
            other.store(vec![ana.post(to, Some(&id), &id)]),
        );
        let answer =
            |outcome: papo_storage::Outcome| -> Appended { outcome.unwrap().remove(0).unwrap() };
        let (here, there) = (answer(here), answer(there));
        assert_eq!(here.event, there.event);
        assert_ne!(here.duplicate, there.duplicate);
    }
    let stored = world.texts(room).await.len() + world.texts(second).await.len();
    assert_eq!(stored, 100);
    world.is_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_over_the_same_rooms_do_not_block_each_other() {
    let (world, one, other) = two_nodes().await;
    let mut rooms = Vec::new();
    for number in 0..8 {
        rooms.push(world.room(&format!("Sala {number}")).await);
    }
    let ana = world.guest(rooms[0], "Ana").await;
    for room in &rooms[1..] {
        world.join(&ana, *room, "Ana").await;
    }
    let mut writers = JoinSet::new();
    for (storage, turned) in [(one, false), (other, true)] {
        let mut rooms = rooms.clone();
        if turned {
            rooms.reverse();
        }
        writers.spawn(async move {
            for _ in 0..50 {
                let batch = rooms.iter().map(|room| ana.post(*room, None, "olá"));
                let answers = storage.store(batch.collect()).await.unwrap();
                assert!(answers.iter().all(Result::is_ok));
            }
        });
    }
    writers.join_all().await;
    for room in rooms {
        assert_eq!(world.last_seq(room).await, Seq(100));
    }
    world.is_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_leave_nothing_of_theirs_is_stored() {
    let (world, one, other) = two_nodes().await;
    let room = world.room("Geral").await;
    for number in 0..100 {
        let ana = world.guest(room, "Ana").await;
        let writing = tokio::spawn({
            let one = one.clone();
            async move {
                one.store(vec![ana.post(room, None, "olá")])
                    .await
                    .unwrap()
                    .remove(0)
            }
        });
        let left = if number % 2 == 0 {
            other.leave(ana.session, Some(room)).await.unwrap()
        } else {
            other.end_session(ana.session).await.unwrap();
            vec![room]
        };
        assert_eq!(left, [room]);
        let end = other.room(room).await.unwrap().unwrap().last_seq;
        if let Ok(posted) = writing.await.unwrap() {
            assert!(posted.event.seq <= end, "stored after the leave");
        }
    }
    world.is_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_takes_its_name_through_whichever_node() {
    let (world, one, other) = two_nodes().await;
    let room = world.room("Geral").await;
    for number in 0..30 {
        let guest = world.session().await;
        let name = format!("Pessoa {number}");
        let (joined, made) = tokio::join!(
            one.join(guest.session, room, username(&name), at(0)),
            other.create_account(account(&name, PersonId(number))),
        );
        made.unwrap();
        let joined = joined.unwrap();
        if let Err(refusal) = joined {
            assert_eq!(refusal, JoinRefusal::NameRegistered);
        }
        assert_eq!(one.memberships(guest.session).await.unwrap(), []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_is_made_once_through_whichever_node() {
    let (_world, one, other) = two_nodes().await;
    for number in 0..20 {
        let name = format!("Sala {number}");
        let (here, there) = tokio::join!(
            one.create_room(state(&name, true), at(0)),
            other.create_room(state(&name, true), at(0)),
        );
        let made: Vec<RoomId> = [&here, &there]
            .into_iter()
            .filter_map(|made| made.as_ref().ok().map(|room| room.id))
            .collect();
        assert_eq!(made.len(), 1);
        let exists = [here, there].into_iter().filter_map(Result::err);
        for error in exists {
            assert!(matches!(error, StorageError::Exists(_)), "{error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_runs_to_its_end_when_nobody_waits_for_it() {
    let (world, one, other) = two_nodes().await;
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    for number in 0..20 {
        let text = format!("mensagem {number}");
        let mut asking = Box::pin(one.store(vec![ana.post(room, None, &text)]));
        // Polled once, so that the work is queued, then dropped.
        let asked = std::future::poll_fn(|context| {
            std::task::Poll::Ready(asking.as_mut().poll(context).is_ready())
        });
        asked.await;
        drop(asking);
    }
    one.close().await.unwrap();
    let events = other.events_after(room, Seq::START, 100).await.unwrap();
    assert_eq!(events.len(), 20);
}
