//! Rights on a node that can't ask the database, or gets late answers.

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use papo_app::{AccountChange, Administrator, Error, RoomDraft};
use papo_channel_layer::{Incoming, Signal};
use papo_domain::{RoomId, RoomKind, Username};
use tokio::time::{Instant, sleep, timeout};

use crate::faulty::Fault;
use crate::world::{ADDRESS, Guest, HEALED, LIMIT, Socket, Way, World, assert_same};

/// A right that ended has ended after this time, on every node.
const REVOKED: Duration = Duration::from_secs(1);
/// How long the fault lasts.
const FAULT: Duration = Duration::from_secs(3);
/// The pause between messages.
const PAUSE: Duration = Duration::from_millis(50);

/// Ana and Caio listen at the second node, which has the fault. Ana leaves at the first. What is
/// said from a second later on isn't for her, and Caio has all of it when the fault has ended.
/// Meanwhile Caio writes if `writes_there`, otherwise Bia at the first node.
async fn who_has_left_hears_nothing(way: Way, fault: Fault, writes_there: bool) {
    let world = World::new(way).await;
    let mut guests = Vec::new();
    for (app, name) in [(&world.b, "Ana"), (&world.a, "Bia"), (&world.b, "Caio")] {
        guests.push(Guest::join(app, world.room, name).await);
    }
    let mut ana = guests[0].follow(&world.b).await;
    let bia = guests[1].follow(&world.a).await;
    let mut caio = guests[2].follow(&world.b).await;
    let end = bia.post("antes").await;
    ana.read_to(end, HEALED).await;

    world.at_b.fail(fault);
    guests[0].leave(&world.a).await;
    let left = Instant::now();
    let mut not_hers = None;
    while left.elapsed() < FAULT {
        let writer = if writes_there { &caio } else { &bia };
        let is_revoked = left.elapsed() >= REVOKED;
        let end = writer.post("durante").await;
        if is_revoked {
            not_hers.get_or_insert(end);
        }
        sleep(PAUSE).await;
        read_what_is_hers(&mut ana).await;
    }
    world.at_b.fail(Fault::Nothing);
    let healed = Instant::now();
    while !ana.connection.may_have_lost(world.room) {
        assert!(healed.elapsed() < REVOKED, "she isn't told");
        sleep(Duration::from_millis(1)).await;
        read_what_is_hers(&mut ana).await;
    }
    assert_eq!(ana.changed(REVOKED).await, None);
    let (seen, not_hers) = (ana.seen.last().unwrap().seq, not_hers.unwrap());
    assert!(
        seen < not_hers,
        "she has seen {seen}, and {not_hers} isn't hers"
    );

    let end = bia.post("depois").await;
    caio.read_to(end, HEALED).await;
    assert_same(&caio.seen, &world.log().await);
    drop((ana, bia, caio));
    world.stop().await;
}

/// Like a connection's task: it doesn't write what it read if a notice has come.
async fn read_what_is_hers(socket: &mut Socket) {
    let before = socket.seen.len();
    socket.read().await;
    if socket
        .connection
        .may_have_lost(socket.subscription.follower.room.id)
    {
        socket.seen.truncate(before);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_without_the_database_shows_nothing_that_others_tell() {
    who_has_left_hears_nothing(Way::memory(1), Fault::Away, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_cannot_ask_for_rights_shows_nothing_that_it_reads() {
    who_has_left_hears_nothing(Way::Nothing, Fault::Fails("revocations_after"), false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_cannot_ask_for_rights_shows_nothing_that_it_stores() {
    who_has_left_hears_nothing(Way::memory(1), Fault::Fails("revocations_after"), true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_joined_again_on_a_socket_stays_though_the_leaving_is_told_late() {
    let world = World::new(Way::Nothing).await;
    let ana = Guest::join(&world.a, world.room, "Ana").await;
    let mut socket = ana.follow(&world.a).await;
    world.at_a.fail(Fault::Late("leave"));
    let rejoin = async {
        world.at_a.late().await;
        ana.join_as(&world.a, "Ana").await;
        socket.subscribe_again().await;
        world.at_a.fail(Fault::Nothing);
    };
    tokio::join!(ana.leave(&world.a), rejoin);
    let name = Username::parse("Ana").unwrap();
    assert_eq!(socket.changed(LIMIT).await, Some(name));
    drop(socket);
    world.stop().await;
}

/// Other nodes learn of it without a poll of the database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_name_is_told_to_the_other_nodes() {
    let world = World::new(Way::memory(1)).await;
    let ana = Guest::join(&world.a, world.room, "Ana").await;
    let mut listening = world.bus().join();
    ana.join_as(&world.a, "Aninha").await;
    let told = async {
        while let Some(told) = listening.incoming.recv().await {
            if matches!(told, Incoming::Signal(_, Signal::Changed)) {
                return;
            }
        }
    };
    timeout(HEALED, told).await.unwrap();
    // The same name again changes nothing.
    while listening.incoming.try_recv().is_ok() {}
    ana.join_as(&world.a, "Aninha").await;
    let mut again = std::iter::from_fn(|| listening.incoming.try_recv().ok());
    assert!(again.all(|told| !matches!(told, Incoming::Signal(_, Signal::Changed))));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rights_are_asked_for_though_no_task_gets_its_turn() {
    let world = World::new(Way::memory(1)).await;
    let all_busy = Arc::new(Barrier::new(3));
    let workers = [(); 2].map(|()| {
        let all_busy = Arc::clone(&all_busy);
        tokio::spawn(async move {
            all_busy.wait();
            all_busy.wait();
        })
    });
    all_busy.wait();
    let before = world.at_b.answers("revocations_after");
    thread::sleep(REVOKED * 3 / 2);
    let asked = world.at_b.answers("revocations_after") - before;
    all_busy.wait();
    for worker in workers {
        worker.await.unwrap();
    }
    assert!(
        asked >= 2,
        "it was asked {asked} times in one and a half seconds"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_enters_a_room_that_they_are_not_in_and_that_there_is_none_is_said_first() {
    let world = World::new(Way::memory(1)).await;
    let ana = Guest::join(&world.a, world.room, "Ana").await;
    assert_eq!(ana.member(&world.a).await.room(), world.room);
    let visitor = ana.visitor(&world.a).await;
    let enter = async |visitor, room| world.a.enter(visitor, room, ADDRESS).await.err();
    let by = Administrator::local();
    let other = world
        .a
        .create_room(&by, draft("Outra", true))
        .await
        .unwrap();
    // The visitor was looked up with the first room in view.
    assert_eq!(
        enter(Some(&visitor), other.id).await,
        Some(Error::NotJoined)
    );
    assert_eq!(enter(None, world.room).await, Some(Error::NoSession));
    assert_eq!(enter(Some(&visitor), RoomId(99)).await, Some(Error::NoRoom));
    ana.leave(&world.a).await;
    let visitor = ana.visitor(&world.a).await;
    assert_eq!(
        enter(Some(&visitor), world.room).await,
        Some(Error::NotJoined)
    );
    world.stop().await;
}

/// The proof is a moment old. The transaction checks the right again, on either node.
#[tokio::test(flavor = "multi_thread")]
async fn who_administered_a_moment_ago_changes_nothing_any_more() {
    const PASSWORD: &str = "correct horse battery";
    let world = World::new(Way::memory(1)).await;
    let ana = Guest::join(&world.a, world.room, "Ana").await;
    let seq = ana.follow(&world.a).await.post("fica").await;
    let local = Administrator::local();
    for name in ["Chefe", "Outra"] {
        let made = world.a.create_account(&local, name, PASSWORD.into(), true);
        made.await.unwrap();
    }
    let signed_in = world.a.sign_in(None, "Chefe", PASSWORD.into(), ADDRESS, "");
    let token = signed_in.await.unwrap().token;
    let visitor = world.a.visitor(Some(&token), None).await.unwrap();
    let by = visitor.unwrap().administrator().unwrap();
    let account = world.b.find_account(&local, "Chefe").await.unwrap();
    let demoted = AccountChange::SetAdmin(false);
    let demoted = world.b.change_account(&local, &account, demoted).await;
    demoted.unwrap();
    let refused = Err(Error::NotAdministrator);
    for app in [&world.a, &world.b] {
        assert_eq!(app.delete_message(&by, world.room, seq).await, refused);
        let closed = app.set_room(&by, world.room, draft("Geral", false)).await;
        assert_eq!(closed, refused);
    }
    world.stop().await;
}

fn draft(name: &str, is_active: bool) -> RoomDraft {
    RoomDraft {
        name: name.to_owned(),
        description: String::new(),
        kind: RoomKind::Public,
        is_announcement: false,
        is_active,
    }
}
