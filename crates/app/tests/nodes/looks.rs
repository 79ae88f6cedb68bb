//! A tail's missing frames are read soon, and not more often than necessary.

use std::time::Duration;

use papo_channel_layer::testing::Faults;
use tokio::time::Instant;

use crate::world::{Guest, HEALED, Socket, Way, World, assert_same};

const LOST: Faults = Faults {
    lose: 100,
    double: 0,
    reorder: 0,
    delay: 0,
    latest: Duration::ZERO,
};

/// How often something is missing.
const GAPS: u32 = 10;
/// With the poll alone each gap would wait for the next second.
const WITHOUT_THE_POLL: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_lies_before_ones_own_is_read_without_the_poll() {
    let world = World::new(Way::memory(1)).await;
    let ana = Guest::join(&world.a, world.room, "Ana").await;
    let (on_a, mut on_b) = (ana.follow(&world.a).await, ana.follow(&world.b).await);
    world.bus().fail(LOST);
    let start = Instant::now();
    for _ in 0..GAPS {
        on_a.post("lost").await;
        let end = on_b.post("own").await;
        on_b.read_to(end, HEALED).await;
    }
    saw_all_since(start, &world, &on_b).await;
    drop((on_a, on_b));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_lies_before_anothers_is_read_without_the_poll() {
    let world = World::new(Way::memory(1)).await;
    let ana = Guest::join(&world.a, world.room, "Ana").await;
    let (mut on_a, mut on_b) = (ana.follow(&world.a).await, ana.follow(&world.b).await);
    let start = Instant::now();
    for _ in 0..GAPS {
        world.bus().fail(LOST);
        let lost = on_a.post("lost").await;
        // The signal comes before the event is visible there.
        on_a.read_to(lost, HEALED).await;
        world.bus().fail(Faults::default());
        let end = on_a.post("told").await;
        on_b.read_to(end, HEALED).await;
    }
    saw_all_since(start, &world, &on_b).await;
    drop((on_a, on_b));
    world.stop().await;
}

/// Asserts that a reader has seen the log, and needed no poll for it.
async fn saw_all_since(start: Instant, world: &World, socket: &Socket) {
    let took = start.elapsed();
    assert!(took < WITHOUT_THE_POLL, "{took:?}");
    assert_same(&socket.seen, &world.log().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_write_at_once_seldom_read_the_log() {
    const PAIRS: usize = 100;
    let world = World::new(Way::memory(1)).await;
    let ana = Guest::join(&world.a, world.room, "Ana").await;
    let (mut on_a, mut on_b) = (ana.follow(&world.a).await, ana.follow(&world.b).await);
    // A signal comes a little later than what the node stores itself after it.
    world.bus().fail(Faults {
        delay: 100,
        latest: Duration::from_millis(8),
        ..Faults::default()
    });
    let reads = || world.at_a.answers("events_after") + world.at_b.answers("events_after");
    let before = reads();
    for _ in 0..PAIRS {
        let (one, other) = tokio::join!(on_a.post("a"), on_b.post("b"));
        let end = one.max(other);
        on_a.read_to(end, HEALED).await;
        on_b.read_to(end, HEALED).await;
    }
    let reads = reads() - before;
    assert!(reads < PAIRS / 2, "{reads} for {PAIRS} pairs of messages");
    drop((on_a, on_b));
    world.stop().await;
}
