//! Heads of rooms that are watched on another node than the one that stores.

use std::sync::Arc;
use std::time::Duration;

use papo_app::{App, Connection};
use papo_channel_layer::testing::Faults;
use papo_domain::Seq;
use tokio::time::{Instant, sleep};

use crate::faulty::Fault;
use crate::world::{ADDRESS, Guest, HEALED, Way, World, text};

crate::stories!(what_another_node_stored_is_counted);

/// A right that ended has ended after this time, on every node.
const REVOKED: Duration = Duration::from_secs(1);

/// A connection that watches all rooms of its person.
async fn watch(app: &App, guest: &Guest) -> Arc<Connection> {
    let visitor = guest.visitor(app).await;
    let connection = app.connect(&visitor, None, ADDRESS).await.unwrap();
    let list = app.room_list(&connection, &[]).await.unwrap();
    assert_eq!(list.rooms.len(), 1);
    connection
}

/// The last event of a head.
fn end_of(head: &str) -> Seq {
    let (_, rest) = head.split_once("\"seq\":").unwrap();
    let digits = rest.split(|character: char| !character.is_ascii_digit());
    Seq(digits.into_iter().next().unwrap().parse().unwrap())
}

/// The heads until one that tells of this event.
async fn heads_to(connection: &Connection, end: Seq) -> Vec<String> {
    let started = Instant::now();
    let mut heads: Vec<String> = Vec::new();
    while heads.last().is_none_or(|head| end_of(head) < end) {
        assert!(started.elapsed() < HEALED, "{end} isn't told: {heads:?}");
        sleep(Duration::from_millis(10)).await;
        let taken = connection.take_heads().unwrap();
        heads.extend(taken.frames.iter().map(|frame| text(frame)));
    }
    heads
}

async fn what_another_node_stored_is_counted(world: &World) {
    let ana = Guest::join(&world.b, world.room, "Ana").await;
    let bia = Guest::join(&world.a, world.room, "Bia").await;
    let connection = watch(&world.b, &ana).await;
    let bia = bia.follow(&world.a).await;
    let mut end = Seq::START;
    for _ in 0..3 {
        end = bia.post("oi").await;
    }
    let heads = heads_to(&connection, end).await;
    let is_exact = |head: &String| head.contains("\"posted\":[{\"sender\":");
    assert!(heads.iter().all(is_exact), "{heads:?}");
    world.b.disconnect(&connection);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_relay_loses_is_told_without_a_count() {
    let world = World::new(Way::memory(1)).await;
    world.bus().fail(Faults {
        lose: 100,
        ..Faults::default()
    });
    let ana = Guest::join(&world.b, world.room, "Ana").await;
    let bia = Guest::join(&world.a, world.room, "Bia").await;
    let connection = watch(&world.b, &ana).await;
    let bia = bia.follow(&world.a).await;
    let end = bia.post("oi").await;
    let heads = heads_to(&connection, end).await;
    assert!(!heads[0].contains("posted"), "{heads:?}");
    world.b.disconnect(&connection);
    drop(bia);
    world.stop().await;
}

/// Ana watches at the second node, which can't ask for rights. She leaves at the first. What is
/// posted from a second later on isn't for her.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_cannot_ask_for_rights_makes_no_heads() {
    let world = World::new(Way::memory(1)).await;
    let ana = Guest::join(&world.b, world.room, "Ana").await;
    let bia = Guest::join(&world.a, world.room, "Bia").await;
    let connection = watch(&world.b, &ana).await;
    let bia = bia.follow(&world.a).await;
    let end = bia.post("antes").await;
    heads_to(&connection, end).await;

    world.at_b.fail(Fault::Fails("revocations_after"));
    ana.leave(&world.a).await;
    sleep(REVOKED).await;
    let not_hers = bia.post("durante").await;
    let late = Instant::now();
    while late.elapsed() < 2 * REVOKED {
        sleep(Duration::from_millis(10)).await;
        for frame in connection.take_heads().unwrap().frames {
            assert!(end_of(&text(&frame)) < not_hers, "it isn't hers");
        }
    }
    world.at_b.fail(Fault::Nothing);
    let healed = Instant::now();
    // Either nothing waits for her, or a notice that comes first.
    while let Some(heads) = connection.take_heads() {
        assert!(heads.frames.is_empty(), "it isn't hers");
        assert!(healed.elapsed() < HEALED, "she isn't told");
        sleep(Duration::from_millis(10)).await;
    }
    assert!(connection.may_have_lost(world.room));
    world.b.disconnect(&connection);
    drop(bia);
    world.stop().await;
}
