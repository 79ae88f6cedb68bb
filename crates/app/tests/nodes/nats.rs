//! Stories of a NATS that goes and comes.

use std::time::Duration;

use papo_channel_layer::testing::NatsServer;
use papo_domain::Seq;

use crate::world::{Guest, HEALED, LIMIT, Way, World, assert_same};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_is_killed_and_started_again_under_load() {
    let mut server = NatsServer::start("");
    let world = World::new(Way::nats_at(&server.url())).await;
    let ana = Guest::join(&world.a, world.room, "Ana").await;
    let bia = Guest::join(&world.b, world.room, "Bia").await;
    let (mut ana, mut bia) = (ana.follow(&world.a).await, bia.follow(&world.b).await);
    for round in 0..3 {
        for _ in 0..20 {
            tokio::join!(ana.post("a"), bia.post("b"));
        }
        server.kill();
        world.wait_for_relays(false).await;
        for _ in 0..20 {
            tokio::join!(ana.post("a"), bia.post("b"));
        }
        let end = Seq(80 * round + 80);
        ana.read_to(end, HEALED).await;
        bia.read_to(end, HEALED).await;
        for relay in world.relays() {
            assert!(relay.counts().dropped > 0, "{:?}", relay.counts());
        }
        server.start_again();
        world.wait_for_relays(true).await;
    }
    let log = world.log().await;
    assert_eq!(log.len(), 240);
    assert_same(&ana.seen, &log);
    assert_same(&bia.seen, &log);
    // The lists of people come again without a missed heartbeat.
    bia.read_people(2, &["Ana", "Bia"], LIMIT).await;
    drop((ana, bia));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_start_and_serve_before_nats_does() {
    let mut server = NatsServer::stopped("");
    let world = World::new_away(Way::nats_at(&server.url())).await;
    let ana = Guest::join(&world.a, world.room, "Ana").await;
    let (writer, mut reader) = (ana.follow(&world.a).await, ana.follow(&world.b).await);
    let end = writer.post("antes").await;
    reader.read_to(end, HEALED).await;
    world.a.ready().await.unwrap();
    server.start_again();
    world.wait_for_relays(true).await;
    let end = writer.post("depois").await;
    reader.read_to(end, HEALED).await;
    server.kill();
    world.wait_for_relays(false).await;
    world.a.ready().await.unwrap();
    ana.leave(&world.a).await;
    assert_eq!(reader.changed(Duration::from_secs(1)).await, None);
    drop((writer, reader));
    world.stop().await;
}
