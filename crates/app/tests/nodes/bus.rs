//! Stories of a relay that misbehaves.

use std::time::Duration;

use papo_channel_layer::Signal;
use papo_channel_layer::testing::Faults;
use papo_domain::Seq;

use crate::world::{Guest, HEALED, LIMIT, Way, World, assert_same, relayed};

/// Whatever the relay loses, doubles, reorders and delays, everyone sees the log, once and in
/// order.
async fn everyone_sees_the_log(seed: u64, faults: Faults) {
    let world = World::new(Way::memory(seed)).await;
    world.bus().fail(faults);
    let mut sockets = Vec::new();
    for (number, app) in [&world.a, &world.b, &world.a, &world.b].iter().enumerate() {
        let guest = Guest::join(app, world.room, &format!("Pessoa {number}")).await;
        sockets.push(guest.follow(app).await);
    }
    for number in 0..40 {
        let posts = sockets.iter().map(|socket| socket.post("oi"));
        let [a, b, c, d] = <[_; 4]>::try_from(posts.collect::<Vec<_>>()).ok().unwrap();
        tokio::join!(a, b, c, d);
        sockets[number % 4].read().await;
    }
    for socket in &mut sockets {
        socket.read_to(Seq(160), HEALED).await;
    }
    // Late signals come now, and change nothing.
    tokio::time::sleep(faults.latest).await;
    let log = world.log().await;
    assert_eq!(log.len(), 160);
    for socket in &mut sockets {
        socket.read().await;
        assert_same(&socket.seen, &log);
    }
    drop(sockets);
    world.stop().await;
}

/// A story with a seed for each kind of fault, and for all of them.
macro_rules! faults {
    ($($name:ident: $seed:literal, $faults:expr;)*) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let latest = Duration::from_millis(300);
            everyone_sees_the_log($seed, Faults { latest, ..$faults }).await;
        }
    )* };
}

faults! {
    signals_are_lost: 1, Faults { lose: 40, ..Faults::default() };
    all_signals_are_lost: 2, Faults { lose: 100, ..Faults::default() };
    signals_are_doubled: 3, Faults { double: 70, ..Faults::default() };
    signals_are_reordered: 4, Faults { reorder: 50, ..Faults::default() };
    signals_are_late: 5, Faults { delay: 60, ..Faults::default() };
    everything_goes_wrong_1: 6, Faults { lose: 20, double: 40, reorder: 30, delay: 40, ..Faults::default() };
    everything_goes_wrong_2: 7, Faults { lose: 20, double: 40, reorder: 30, delay: 40, ..Faults::default() };
    everything_goes_wrong_3: 8, Faults { lose: 50, double: 50, reorder: 50, delay: 50, ..Faults::default() };
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_relay_nodes_see_what_others_store_and_end() {
    let world = World::new(Way::Nothing).await;
    let ana = Guest::join(&world.a, world.room, "Ana").await;
    let mut on_b = ana.follow(&world.b).await;
    let end = ana.follow(&world.a).await.post("olá").await;
    on_b.read_to(end, HEALED).await;
    ana.leave(&world.a).await;
    assert_eq!(on_b.changed(Duration::from_secs(1)).await, None);
    drop(on_b);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rights_end_within_a_second_though_every_signal_is_lost() {
    let world = World::new(Way::memory(1)).await;
    world.bus().fail(Faults {
        lose: 100,
        ..Faults::default()
    });
    let ana = Guest::join(&world.a, world.room, "Ana").await;
    let socket = ana.follow(&world.b).await;
    ana.leave(&world.a).await;
    assert_eq!(socket.changed(Duration::from_secs(1)).await, None);
    drop(socket);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_from_far_ahead_of_the_log_does_no_harm() {
    let world = World::new(Way::memory(1)).await;
    let ana = Guest::join(&world.a, world.room, "Ana").await;
    let (writer, mut reader) = (ana.follow(&world.a).await, ana.follow(&world.b).await);
    let end = writer.post("um").await;
    reader.read_to(end, HEALED).await;
    let stranger = world.bus().join();
    let known = reader.seen[0].clone();
    for seq in [i64::MAX, 1_000_000, 3, 1] {
        let frames = Signal::Frames(world.room, vec![relayed(seq, &known)]);
        stranger.relay.tell(frames);
    }
    let end = writer.post("dois").await;
    reader.read_to(end, HEALED).await;
    // Not even the log's length is believed, or the tail would look for more.
    assert_eq!(reader.subscription.follower.room.heard(), end);
    let end = writer.post("três").await;
    reader.read_to(end, HEALED).await;
    assert_same(&reader.seen, &world.log().await);
    drop((writer, reader));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_found_and_forgotten_though_signals_are_lost() {
    let world = World::new(Way::memory(9)).await;
    world.bus().fail(Faults {
        lose: 30,
        double: 30,
        ..Faults::default()
    });
    let ana = Guest::join(&world.a, world.room, "Ana").await;
    let bia = Guest::join(&world.b, world.room, "Bia").await;
    let (ana, mut bia) = (ana.follow(&world.a).await, bia.follow(&world.b).await);
    bia.read_people(2, &["Ana", "Bia"], LIMIT).await;
    // The other node is silent from now on.
    world.bus().fail(Faults {
        lose: 100,
        ..Faults::default()
    });
    bia.read_people(1, &["Bia"], LIMIT).await;
    world.bus().fail(Faults::default());
    world.bus().connected();
    bia.read_people(2, &["Ana", "Bia"], HEALED * 2).await;
    drop((ana, bia));
    world.stop().await;
}
