//! Stories that hold over every relay.

use std::time::Duration;

use papo_app::{Administrator, Notice};
use papo_domain::{Seq, Username};

use crate::world::{Guest, HEALED, LIMIT, World, assert_same};

/// Within this time a right that ended has ended on every node.
const REVOKED: Duration = Duration::from_secs(1);

crate::stories!(
    what_one_node_stores_is_seen_on_the_other,
    two_nodes_write_one_log,
    people_on_both_nodes_are_seen_on_both,
    a_sign_of_writing_reaches_the_other_node,
    who_leaves_on_one_node_is_told_on_the_other,
    who_joined_again_stays,
    a_session_that_ends_ends_on_the_other_node,
    another_name_is_learned_on_the_other_node,
    a_room_that_is_archived_is_so_on_the_other_node,
    an_edit_is_seen_by_who_catches_up_on_the_other_node,
);

async fn what_one_node_stores_is_seen_on_the_other(world: &World) {
    let ana = Guest::join(&world.a, world.room, "Ana").await;
    let bia = Guest::join(&world.b, world.room, "Bia").await;
    let (ana, mut bia) = (ana.follow(&world.a).await, bia.follow(&world.b).await);
    for number in 1..=50 {
        let end = ana.post(&format!("olá {number}")).await;
        bia.read_to(end, HEALED).await;
    }
    assert_same(&bia.seen, &world.log().await);
}

async fn two_nodes_write_one_log(world: &World) {
    let ana = Guest::join(&world.a, world.room, "Ana").await;
    let bia = Guest::join(&world.b, world.room, "Bia").await;
    let (mut ana, mut bia) = (ana.follow(&world.a).await, bia.follow(&world.b).await);
    for number in 1..=50 {
        let (one, other) = (format!("a {number}"), format!("b {number}"));
        tokio::join!(ana.post(&one), bia.post(&other));
    }
    ana.read_to(Seq(100), HEALED).await;
    bia.read_to(Seq(100), HEALED).await;
    let log = world.log().await;
    assert_same(&ana.seen, &log);
    assert_same(&bia.seen, &log);
}

async fn people_on_both_nodes_are_seen_on_both(world: &World) {
    let guest = Guest::join(&world.a, world.room, "Ana").await;
    let mut ana = guest.follow(&world.a).await;
    ana.read_people(1, &["Ana"], LIMIT).await;
    let bia = Guest::join(&world.b, world.room, "Bia").await;
    let mut bia = bia.follow(&world.b).await;
    // On both nodes, and one person.
    let second = guest.follow(&world.b).await;
    ana.read_people(2, &["Ana", "Bia"], LIMIT).await;
    bia.read_people(2, &["Ana", "Bia"], LIMIT).await;
    drop(ana);
    drop(second);
    bia.read_people(1, &["Bia"], LIMIT).await;
}

async fn a_sign_of_writing_reaches_the_other_node(world: &World) {
    let ana = Guest::join(&world.a, world.room, "Ana").await;
    let bia = Guest::join(&world.b, world.room, "Bia").await;
    let (ana, mut bia) = (ana.follow(&world.a).await, bia.follow(&world.b).await);
    // A sign of writing may be lost. Once the relay has brought a message, it brings what this node
    // wants.
    let mut cursor = 0;
    let mut signs = Vec::new();
    for _ in 0..20 {
        let end = ana.post("ouve?").await;
        bia.read_to(end, HEALED).await;
        world.a.typing(&ana.subscription.member);
        let _ = tokio::time::timeout(Duration::from_millis(250), bia.connection.woken()).await;
        let live = &bia.subscription.follower.room;
        live.read_typing(bia.connection.person, &mut cursor, &mut signs);
        if !signs.is_empty() {
            return;
        }
    }
    panic!("no sign of twenty");
}

async fn who_leaves_on_one_node_is_told_on_the_other(world: &World) {
    let ana = Guest::join(&world.a, world.room, "Ana").await;
    let socket = ana.follow(&world.b).await;
    ana.leave(&world.a).await;
    assert_eq!(socket.changed(REVOKED).await, None);
}

async fn who_joined_again_stays(world: &World) {
    let ana = Guest::join(&world.a, world.room, "Ana").await;
    let bia = Guest::join(&world.a, world.room, "Bia").await;
    let witness = bia.follow(&world.b).await;
    for _ in 0..20 {
        ana.leave(&world.a).await;
        ana.join_as(&world.a, "Ana").await;
        let socket = ana.follow(&world.b).await;
        // Signals arrive in order, so earlier ones have arrived when this one does.
        for name in ["Beatriz", "Bia"] {
            bia.join_as(&world.a, name).await;
            assert_eq!(witness.changed(REVOKED).await, Username::parse(name).ok());
        }
        for notice in socket.connection.take_notices() {
            assert_eq!(notice, Notice::Changed(world.room));
            assert_eq!(socket.look_again().await, Username::parse("Ana").ok());
        }
    }
}

async fn a_session_that_ends_ends_on_the_other_node(world: &World) {
    let ana = Guest::join(&world.a, world.room, "Ana").await;
    let socket = ana.follow(&world.b).await;
    world
        .a
        .sign_out(&ana.visitor(&world.a).await)
        .await
        .unwrap();
    let mut notice = socket.notice(REVOKED).await;
    if notice == Notice::Changed(world.room) {
        // The node's own look for lost rights may come first.
        notice = socket.notice(REVOKED).await;
    }
    assert_eq!(notice, Notice::SessionEnded);
}

async fn another_name_is_learned_on_the_other_node(world: &World) {
    let ana = Guest::join(&world.a, world.room, "Ana").await;
    let mut socket = ana.follow(&world.b).await;
    socket.read_people(1, &["Ana"], LIMIT).await;
    ana.join_as(&world.a, "Aninha").await;
    let name = Username::parse("Aninha").unwrap();
    assert_eq!(socket.changed(REVOKED).await, Some(name));
    socket.read_people(1, &["Aninha"], LIMIT).await;
}

async fn a_room_that_is_archived_is_so_on_the_other_node(world: &World) {
    let ana = Guest::join(&world.a, world.room, "Ana").await;
    let mut socket = ana.follow(&world.b).await;
    let by = Administrator::local();
    let closed = world.a.set_room_active(&by, world.room, false).await;
    closed.unwrap();
    socket.read_to(Seq(1), HEALED).await;
}

async fn an_edit_is_seen_by_who_catches_up_on_the_other_node(world: &World) {
    let ana = Guest::join(&world.a, world.room, "Ana").await;
    let bia = Guest::join(&world.b, world.room, "Bia").await;
    let socket = ana.follow(&world.a).await;
    for number in 1..=300 {
        socket.post(&format!("segredo {number}")).await;
    }
    let member = bia.member(&world.b).await;
    let page = async || {
        let frames = world.b.frames_after(&member, Seq(0), 1).await;
        let frames = frames.unwrap();
        let text = frames[0].bytes.to_vec();
        String::from_utf8_lossy(&text).into_owned()
    };
    // Pages are cached, here by a node on which somebody follows the room.
    let mut reader = bia.follow(&world.b).await;
    assert!(page().await.contains("segredo 1\""));
    let by = Administrator::local();
    let delete = async |target| {
        let deleted = world.a.delete_message(&by, world.room, target).await;
        deleted.unwrap();
    };
    delete(Seq(1)).await;
    reader.read_to(Seq(301), HEALED).await;
    assert!(!page().await.contains("segredo 1\""));
    // And here while nobody does.
    let second = async || {
        let frames = world.b.frames_after(&member, Seq(1), 1).await;
        String::from_utf8_lossy(&frames.unwrap()[0].bytes).into_owned()
    };
    assert!(second().await.contains("segredo 2\""));
    drop(reader);
    delete(Seq(2)).await;
    let _reader = bia.follow(&world.b).await;
    assert!(!second().await.contains("segredo 2\""));
}
