//! Moving an instance from its file to a server: interrupted and resumed, refused, and finished.

use std::collections::HashMap;
use std::time::Duration;

use papo_domain::{Epoch, Seq};
use papo_storage::postgres::{Arrival, Arrived, PostgresStorage};
use papo_storage::sqlite::{Departure, SqliteStorage};
use papo_storage::transfer::{self, ArrivalId, Intake as _, Mark, Source as _, Summary, Walk};
use papo_storage::{RoomFilter, Rooms as _, StorageError};

use crate::database::Schema;
use crate::home::{Home, Lively, liven_up, summary};
use crate::world::{at, state};

async fn begin(departure: &Departure, schema: &Schema) -> Result<Arrived, StorageError> {
    let moved = departure.mark().map(|mark| mark.arrival);
    Arrival::begin(&schema.url(), departure.epoch(), moved).await
}

/// Copies this many pages, or all. Returns whether that was all.
async fn copy(from: &mut Departure, to: &mut Arrived, pages: usize) -> bool {
    let (arrival, left_out) = match to {
        Arrived::Empty(arrival) => (arrival, HashMap::new()),
        Arrived::Begun(arrival) => {
            let same = transfer::resume(from, arrival, &mut |_| ()).await.unwrap();
            (arrival, same)
        }
        Arrived::Whole => panic!("it is there already"),
    };
    let mut walk = Walk::leaving_out(from, left_out);
    for _ in 0..pages {
        let records = walk.next().await.unwrap();
        if records.is_empty() {
            return true;
        }
        arrival.take(records).await.unwrap();
    }
    false
}

/// Everything copied, but not finished.
async fn copied(home: &Home, schema: &Schema) -> (Departure, Arrived) {
    let mut departure = Departure::begin(&home.file()).unwrap();
    let mut arrived = begin(&departure, schema).await.unwrap();
    assert!(copy(&mut departure, &mut arrived, usize::MAX).await);
    (departure, arrived)
}

async fn finish(mut departure: Departure, arrived: Arrived) -> Summary {
    let (Arrived::Empty(mut arrival) | Arrived::Begun(mut arrival)) = arrived else {
        panic!("it is there already");
    };
    let (here, there) = (summary(&mut departure).await, summary(&mut arrival).await);
    assert_eq!(here, there);
    departure.finish(mark(&arrival)).await.unwrap();
    arrival.finish().await.unwrap();
    here
}

fn mark(arrival: &Arrival) -> Mark {
    Mark {
        to: "database elsewhere".into(),
        arrival: arrival.id(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_off_after_each_page_it_ends_the_same() {
    let home = Home::sqlite();
    liven_up(&home.world().await).await;
    let server = Home::postgres();
    let Home::Postgres(schema) = &server else {
        unreachable!();
    };
    let mut pages = 1;
    loop {
        let mut departure = Departure::begin(&home.file()).unwrap();
        let mut arrived = begin(&departure, schema).await.unwrap();
        if copy(&mut departure, &mut arrived, pages).await {
            let moved = finish(departure, arrived).await;
            assert_eq!(moved, server.summary().await);
            break;
        }
        drop((departure, arrived));
        let unfinished = PostgresStorage::open(&schema.url()).await.err();
        assert!(matches!(unfinished, Some(StorageError::Unfinished)));
        let unfinished = server.fill().await.err();
        assert!(matches!(unfinished, Some(StorageError::Unfinished)));
        pages += 1;
    }
    assert!(pages > 5);
    server.world().await.is_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_changed_since_it_was_cut_off_is_moved_as_it_is() {
    let (home, server) = (Home::sqlite(), Home::postgres());
    let Home::Postgres(schema) = &server else {
        unreachable!();
    };
    let world = home.world().await;
    let Lively { room, ana } = liven_up(&world).await;
    let mut departure = Departure::begin(&home.file()).unwrap();
    let mut arrived = begin(&departure, schema).await.unwrap();
    assert!(!copy(&mut departure, &mut arrived, 7).await);
    drop((departure, arrived));
    world
        .append(vec![
            ana.edit(room, Seq(1), "outra vez"),
            ana.delete(room, Seq(4)),
        ])
        .await;
    world.storage.end_session(ana.session).await.unwrap();
    world.room("Nova").await;
    let (departure, arrived) = copied(&home, schema).await;
    finish(departure, arrived).await;
    let moved = server.world().await;
    assert!(moved.texts(room).await.contains(&"outra vez".to_owned()));
    let session = moved.storage.session(ana.token, None).await.unwrap();
    assert_eq!(session, None);
    moved.is_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_moved_is_opened_no_more_until_that_is_undone() {
    let (home, server) = (Home::sqlite(), Home::postgres());
    let Home::Postgres(schema) = &server else {
        unreachable!();
    };
    liven_up(&home.world().await).await;
    let (departure, arrived) = copied(&home, schema).await;
    let moved = finish(departure, arrived).await;
    let refused = SqliteStorage::open(&home.file()).err();
    assert!(
        matches!(&refused, Some(StorageError::Moved(to)) if to == "database elsewhere"),
        "{refused:?}"
    );
    let departure = Departure::begin(&home.file()).unwrap();
    let to = departure.mark().map(|mark| mark.to.as_str());
    assert_eq!(to, Some("database elsewhere"));
    assert!(matches!(
        begin(&departure, schema).await,
        Ok(Arrived::Whole)
    ));
    departure.undo().await.unwrap();
    let again = home.summary().await;
    assert_eq!(again.differences(&moved), Vec::<String>::new());
    assert_ne!(again.epoch, moved.epoch);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_it_was_moved_to_and_is_not_it_is_not_moved_again() {
    let (home, server) = (Home::sqlite(), Home::postgres());
    let Home::Postgres(schema) = &server else {
        unreachable!();
    };
    liven_up(&home.world().await).await;
    let departure = Departure::begin(&home.file()).unwrap();
    let elsewhere = Mark {
        to: "database elsewhere".into(),
        arrival: ArrivalId(7),
    };
    departure.finish(elsewhere).await.unwrap();
    let departure = Departure::begin(&home.file()).unwrap();
    let refused = begin(&departure, schema).await.err();
    assert!(refused.is_some_and(|error| error.to_string().contains("isn't in it")));
    let client = schema.client().await;
    let sql = "SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace";
    let tables = client.query_one(sql, &[]).await.unwrap();
    assert_eq!(tables.get::<_, i64>(0), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn begun_in_one_place_and_finished_in_another_it_is_in_the_other_alone() {
    let (home, first, second) = (Home::sqlite(), Schema::new(), Home::postgres());
    let Home::Postgres(schema) = &second else {
        unreachable!();
    };
    liven_up(&home.world().await).await;
    let (departure, arrived) = copied(&home, &first).await;
    drop((departure, arrived));
    let (departure, arrived) = copied(&home, schema).await;
    let moved = finish(departure, arrived).await;

    let departure = Departure::begin(&home.file()).unwrap();
    let refused = begin(&departure, &first).await.err();
    assert!(
        matches!(&refused, Some(StorageError::Other(why)) if why.contains("isn't what was moved")),
        "{refused:?}"
    );
    drop(departure);
    let unfinished = PostgresStorage::open(&first.url()).await.err();
    assert!(matches!(unfinished, Some(StorageError::Unfinished)));
    assert_eq!(second.summary().await, moved);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn marked_and_cut_off_before_the_end_it_goes_on() {
    let (home, server) = (Home::sqlite(), Home::postgres());
    let Home::Postgres(schema) = &server else {
        unreachable!();
    };
    liven_up(&home.world().await).await;
    let (departure, arrived) = copied(&home, schema).await;
    let Arrived::Empty(arrival) = arrived else {
        panic!("it was empty");
    };
    departure.finish(mark(&arrival)).await.unwrap();
    drop(arrival);
    let refused = SqliteStorage::open(&home.file()).err();
    assert!(matches!(refused, Some(StorageError::Moved(_))));
    let unfinished = PostgresStorage::open(&schema.url()).await.err();
    assert!(matches!(unfinished, Some(StorageError::Unfinished)));

    let mut departure = Departure::begin(&home.file()).unwrap();
    let mut arrived = begin(&departure, schema).await.unwrap();
    assert!(matches!(arrived, Arrived::Begun(_)));
    assert!(copy(&mut departure, &mut arrived, usize::MAX).await);
    let moved = finish(departure, arrived).await;
    assert_eq!(server.summary().await, moved);
    server.world().await.is_sound().await;
    let refused = SqliteStorage::open(&home.file()).err();
    assert!(matches!(refused, Some(StorageError::Moved(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_ends_idle_sessions_does_not_end_a_migration() {
    let (home, server) = (Home::sqlite(), Home::postgres());
    let Home::Postgres(schema) = &server else {
        unreachable!();
    };
    liven_up(&home.world().await).await;
    let client = schema.client().await;
    let version = "SELECT current_setting('server_version_num')::integer";
    let version: i32 = client.query_one(version, &[]).await.unwrap().get(0);
    if version < 140_000 {
        return;
    }
    let mut departure = Departure::begin(&home.file()).unwrap();
    let url = schema.url_with("idle_session_timeout=200");
    let mut arrived = Arrival::begin(&url, departure.epoch(), None).await.unwrap();
    // As long as a slow disk may take.
    client.execute("SELECT pg_sleep(1)", &[]).await.unwrap();
    assert!(copy(&mut departure, &mut arrived, usize::MAX).await);
    finish(departure, arrived).await;
    server.world().await.is_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_holds_another_instance_is_left_as_it_is() {
    let (home, server) = (Home::sqlite(), Home::postgres());
    let Home::Postgres(schema) = &server else {
        unreachable!();
    };
    home.world().await.room("Geral").await;
    let theirs = server.world().await;
    theirs.room("Deles").await;
    let before = server.summary().await;
    let departure = Departure::begin(&home.file()).unwrap();
    let refused = begin(&departure, schema).await.err();
    assert!(refused.is_some_and(|error| error.to_string().contains("another instance")));
    assert_eq!(server.summary().await, before);

    let (unfinished, other) = (Schema::new(), Epoch(departure.epoch().0 ^ 1));
    let filled = Arrival::begin(&unfinished.url(), other, None).await;
    drop(filled.unwrap());
    let refused = begin(&departure, &unfinished).await.err();
    assert!(refused.is_some_and(|error| error.to_string().contains("another instance")));
    let again = Arrival::begin(&unfinished.url(), other, None).await;
    assert!(matches!(again, Ok(Arrived::Begun(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_made_at_the_same_moment_is_seen() {
    let (home, schema) = (Home::sqlite(), Schema::new());
    home.world().await.room("Geral").await;
    let storage = PostgresStorage::open(&schema.url()).await.unwrap();
    let (client, watcher) = (schema.client().await, schema.client().await);
    let make = "BEGIN; SELECT filling FROM papo FOR SHARE; INSERT INTO room \
        (name, name_key, description, description_folded, is_active, created_at, last_at) \
        VALUES ('Deles', 'deles', '', '', true, 0, 0)";
    client.batch_execute(make).await.unwrap();
    let departure = Departure::begin(&home.file()).unwrap();
    let committing = async {
        while !schema.is_waiting(&watcher, "migrate").await {
            tokio::task::yield_now().await;
        }
        client.batch_execute("COMMIT").await.unwrap();
    };
    let committing = tokio::time::timeout(Duration::from_secs(30), committing);
    let (begun, committed) = tokio::join!(begin(&departure, &schema), committing);
    committed.unwrap();
    let refused = begun.err();
    assert!(refused.is_some_and(|error| error.to_string().contains("another instance")));
    let rooms = storage.rooms(RoomFilter::default()).await.unwrap();
    assert_eq!(rooms.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_fill_one_database_are_refused() {
    let schema = Schema::new();
    let first = Arrival::begin(&schema.url(), Epoch(1), None).await;
    let second = Arrival::begin(&schema.url(), Epoch(1), None).await.err();
    assert!(second.is_some_and(|error| error.to_string().contains("another papo")));
    drop(first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_writes_in_what_is_being_moved() {
    let home = Home::sqlite();
    let world = home.world().await;
    let departure = Departure::begin(&home.file()).unwrap();
    let rooms = world.storage.rooms(RoomFilter::default()).await;
    assert!(rooms.is_ok(), "it can be read");
    let refused = world.storage.create_room(state("Tarde", true), at(0));
    assert!(matches!(refused.await, Err(StorageError::Unavailable(_))));
    drop(departure);
    world.room("Agora").await;
}

/// The write waits for its turn, which comes when the file is marked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_the_end_of_a_move_writes_nothing() {
    let home = Home::sqlite();
    let world = home.world().await;
    let departure = Departure::begin(&home.file()).unwrap();
    let mark = Mark {
        to: "database chat at db".into(),
        arrival: ArrivalId(7),
    };
    let storage = world.storage.clone();
    let writing =
        tokio::spawn(async move { storage.create_room(state("Tarde", true), at(0)).await });
    departure.finish(mark).await.unwrap();
    let refused = writing.await.unwrap();
    assert!(
        matches!(refused, Err(StorageError::Moved(_))),
        "{refused:?}"
    );
    let rooms = world.storage.rooms(RoomFilter::default()).await.unwrap();
    assert!(
        rooms
            .iter()
            .all(|overview| overview.room.name.as_str() != "Tarde")
    );
}
