//! Events that the disk has damaged.

use papo_domain::{EventKind, RoomId, Seq};
use papo_storage::transfer::{self, Checked, Walk};
use papo_storage::{RevocationId, Revoked};
use rusqlite::Connection;

use crate::home::Home;
use crate::world::{World, set_room, state};

/// A room whose events 2, 4 and 6 are changes.
async fn a_room(world: &World) -> RoomId {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let first = world.post(&ana, room, "um").await;
    world
        .append_one(ana.edit(room, first, "um!"))
        .await
        .unwrap();
    let second = world.post(&ana, room, "dois").await;
    let renamed = set_room(room, state("Sala", true));
    world.append_one(renamed).await.unwrap();
    let third = world.post(&ana, room, "três").await;
    world.append_one(ana.delete(room, third)).await.unwrap();
    world.append_one(ana.delete(room, second)).await.unwrap();
    room
}

/// Asserts that exactly these events of the room can't be read, and are named.
async fn are_damaged(world: &World, room: RoomId, damaged: &[(i64, &str)]) {
    let events = world.events(room).await;
    for (seq, event) in (1..).zip(&events) {
        assert_eq!(event.seq, Seq(seq));
        let is_named = damaged.iter().any(|(damaged, _)| *damaged == seq);
        assert_eq!(event.kind == EventKind::Damaged, is_named, "{event:?}");
    }
    assert_eq!(
        Seq(i64::try_from(events.len()).unwrap()),
        world.last_seq(room).await
    );
    let snapshot = world.storage.snapshot(room, 10).await.unwrap().unwrap();
    assert_eq!(snapshot.at, events.last().map(|event| event.timestamp));
    let wrong = world.storage.check().await.unwrap();
    for (seq, why) in damaged {
        let line = format!("event {seq} of room {room} is damaged: {why}");
        assert!(wrong.contains(&line), "{line}: {wrong:?}");
    }
}

/// Damages a room's events, then goes on in the room and moves it.
async fn one_damaged_event_spoils_nothing_else(home: Home) {
    let world = home.world().await;
    let room = a_room(&world).await;
    for damage in [
        "UPDATE event SET kind = 9 WHERE seq = 2",
        "UPDATE event SET body = '{\"name\":' WHERE seq = 4",
        "UPDATE event SET target = NULL WHERE seq = 7",
    ] {
        home.execute(damage).await;
    }
    let (kind, body, target) = (
        "its kind is 9, which isn't one",
        "its body isn't one of its kind",
        "it has no target",
    );
    are_damaged(&world, room, &[(2, kind), (4, body), (7, target)]).await;
    let bia = world.guest(room, "Bia").await;
    let posted = world.post(&bia, room, "quatro").await;
    assert_eq!(posted, Seq(8));
    assert_eq!(world.texts(room).await, ["um!", "quatro"]);

    let rest = "nothing of it is left";
    for there in [Home::sqlite(), Home::postgres()] {
        let mut reading = home.read().await;
        let mut walk = Walk::new(&mut *reading.pages);
        let mut filling = there.fill().await.unwrap();
        let mut checked = Checked::new(&mut walk);
        let copied = transfer::copy(&mut checked, &mut *filling, &mut |_| ()).await;
        copied.unwrap();
        filling.finish().await.unwrap();
        let arrived = there.world().await;
        are_damaged(&arrived, room, &[(2, rest), (4, rest), (7, rest)]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_damaged_event_spoils_nothing_else_on_sqlite() {
    one_damaged_event_spoils_nothing_else(Home::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_damaged_event_spoils_nothing_else_on_postgres() {
    one_damaged_event_spoils_nothing_else(Home::postgres()).await;
}

/// Damages one revocation of three.
async fn one_damaged_revocation_hides_no_other(home: Home) {
    let world = home.world().await;
    let room = world.room("Geral").await;
    let mut left = Vec::new();
    for name in ["Ana", "Bia", "Caio"] {
        let guest = world.guest(room, name).await;
        world
            .storage
            .leave(guest.session, Some(room))
            .await
            .unwrap();
        left.push(guest.person);
    }
    home.execute("UPDATE revocation SET kind = 9 WHERE id = 2")
        .await;
    let told = world.storage.revocations_after(RevocationId(0), 100).await;
    let told = told.unwrap().into_iter();
    let told: Vec<_> = told.map(|one| (one.person, one.revoked)).collect();
    let whole = Some(Revoked::Left(room));
    let expected = [(left[0], whole.clone()), (left[1], None), (left[2], whole)];
    assert_eq!(told, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_damaged_revocation_hides_no_other_on_sqlite() {
    one_damaged_revocation_hides_no_other(Home::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_damaged_revocation_hides_no_other_on_postgres() {
    one_damaged_revocation_hides_no_other(Home::postgres()).await;
}

/// A flipped bit gives a value another type than the table allows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_of_another_type_are_damage() {
    let home = Home::sqlite();
    let world = home.world().await;
    let room = a_room(&world).await;
    let with_schema = |change: &str| {
        let db = Connection::open(home.file()).unwrap();
        db.execute_batch(&format!(
            "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = {change} WHERE name = 'event'"
        ))
        .unwrap();
    };
    let kept: String = Connection::open(home.file())
        .unwrap()
        .query_row(
            "SELECT sql FROM sqlite_schema WHERE name = 'event'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    with_schema("replace(replace(sql, 'NOT NULL', ''), 'STRICT, ', '')");
    home.execute("UPDATE event SET kind = NULL WHERE seq = 2")
        .await;
    home.execute("UPDATE event SET body = 4.5 WHERE seq = 4")
        .await;
    home.execute("UPDATE event SET kind = 'x' WHERE seq = 6")
        .await;
    home.execute(
        "PRAGMA ignore_check_constraints = ON; UPDATE event SET target = x'00' WHERE seq = 7",
    )
    .await;
    with_schema(&format!("'{kept}'"));
    let events = world.events(room).await;
    let damaged = events
        .iter()
        .filter(|event| event.kind == EventKind::Damaged);
    let damaged: Vec<_> = damaged.map(|event| event.seq.0).collect();
    assert_eq!(damaged, [2, 4, 6, 7]);
    assert_eq!(world.texts(room).await, ["um!"]);
}
