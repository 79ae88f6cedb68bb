use std::time::Duration;

use papo_domain::{EventClass, PersonId};

use super::*;
use crate::{Frame, Lack, Read};

fn frame(seq: i64) -> Frame {
    Frame {
        seq: Seq(seq),
        class: EventClass::Message,
        changes: None,
        bytes: Bytes::from(vec![b'x'; 100]),
    }
}

fn follow(hub: &Arc<Hub>, id: i64, session: i64) -> (Arc<Connection>, Follower) {
    let connection = Arc::new(Connection::new(SessionId(session), PersonId(7), None));
    hub.connect(&connection);
    let name = Username::parse("Ana").unwrap();
    let follower = hub.follow(
        RoomId(id),
        &connection,
        name,
        Wants::Everything,
        Instant::now(),
    );
    (connection, follower)
}

#[test]
fn a_room_lives_as_long_as_somebody_follows_it() {
    let hub = Arc::new(Hub::default());
    let (_, one) = follow(&hub, 1, 1);
    let (_, other) = follow(&hub, 1, 2);
    one.room.open(Seq(0), Vec::new());
    one.room.append([frame(1)]);
    assert_eq!((hub.online(RoomId(1)), hub.tail_bytes()), (1, 100));
    drop(one);
    assert!(hub.room(RoomId(1)).is_some());
    drop(other);
    assert!(hub.room(RoomId(1)).is_none());
    assert_eq!(hub.tail_bytes(), 0);
}

#[test]
fn what_is_appended_before_the_tail_opens_is_asked_for() {
    let hub = Arc::new(Hub::default());
    let (_, follower) = follow(&hub, 1, 1);
    assert!(!follower.room.append([frame(5)]));
    follower.room.open(Seq(4), vec![frame(4)]);
    assert!(follower.room.hear(Seq(4)));
    assert!(!follower.room.append([frame(5)]));
}

#[test]
fn another_nodes_frame_is_taken_when_it_is_next_and_nothing_of_others_is_believed() {
    let hub = Arc::new(Hub::default());
    let (_, follower) = follow(&hub, 1, 1);
    let room = &follower.room;
    assert!(room.offer([frame(1)]));
    room.open(Seq(0), Vec::new());
    assert!(!room.offer([frame(1), frame(1), frame(2)]));
    assert!(room.offer([frame(i64::MAX), frame(3), frame(5)]));
    assert_eq!((room.end(), room.heard()), (Seq(3), Seq(3)));
    assert!(room.plan_look() && !room.plan_look());
    assert_eq!(room.look(), Lack::Perhaps);
    assert!(room.plan_look());
    assert_eq!(room.look(), Lack::Nothing);
    assert!(!room.offer([frame(4)]));
    assert_eq!(room.end(), Seq(4));
}

#[test]
fn what_this_node_stored_waits_for_what_others_stored_before_it() {
    let hub = Arc::new(Hub::default());
    let (_, follower) = follow(&hub, 1, 1);
    let room = &follower.room;
    room.open(Seq(0), Vec::new());
    assert!(room.append([frame(2), frame(4)]));
    assert_eq!((room.end(), hub.tail_bytes()), (Seq(0), 200));
    let forged = Frame {
        bytes: Bytes::from_static(b"forged"),
        ..frame(2)
    };
    assert!(!room.offer([frame(1), forged]));
    assert_eq!((room.end(), hub.tail_bytes()), (Seq(2), 200 + 100));
    assert!(room.offer([frame(5)]));
    assert_eq!(room.look(), Lack::Frames);
    assert!(!room.append([frame(3)]));
    assert_eq!((room.end(), hub.tail_bytes()), (Seq(4), 400));
    assert_eq!(room.look(), Lack::Perhaps, "5 isn't forgotten");
    let mut out = Vec::new();
    assert_eq!(room.read(Seq(0), 1_000, &mut out), Read::End);
    assert_eq!(out, [frame(1), frame(2), frame(3), frame(4)]);
    drop(follower);
    assert_eq!(hub.tail_bytes(), 0);
}

#[test]
fn all_tails_together_are_bounded() {
    let limits = TailLimits {
        room_frames: 160,
        room_bytes: 16_000,
        all_bytes: 20_000,
    };
    let hub = Arc::new(Hub::new(limits));
    let followers: Vec<_> = (1..=10).map(|id| follow(&hub, id, 1).1).collect();
    for follower in &followers {
        follower.room.open(Seq(0), Vec::new());
        follower.room.append((1..=500).map(frame));
    }
    assert!(
        hub.tail_bytes() <= 20_000 + 10 * 1_000,
        "{}",
        hub.tail_bytes()
    );
    let mut out = Vec::new();
    assert_eq!(followers[9].room.read(Seq(499), 1, &mut out), Read::End);
}

#[test]
fn following_again_before_the_first_time_ends_is_one_following() {
    let hub = Arc::new(Hub::default());
    let (connection, first) = follow(&hub, 1, 1);
    let name = Username::parse("Ana").unwrap();
    let wants = Wants::Everything;
    let second = hub.follow(RoomId(1), &connection, name, wants, Instant::now());
    drop(first);
    assert_eq!(second.room.follower_count(), 1);
    assert_eq!(hub.online(RoomId(1)), 1);
}

#[test]
fn a_right_that_may_have_ended_shows_until_its_notice_is_taken() {
    let hub = Arc::new(Hub::default());
    let (connection, _follower) = follow(&hub, 1, 1);
    hub.notice(PersonId(7), &Notice::Stopping(Duration::ZERO));
    hub.notice(PersonId(7), &Notice::Changed(RoomId(1)));
    assert!(connection.may_have_lost(RoomId(1)) && !connection.may_have_lost(RoomId(2)));
    connection.take_notices();
    assert!(!connection.may_have_lost(RoomId(1)));
    hub.end_session(PersonId(7), SessionId(1));
    assert!(connection.may_have_lost(RoomId(2)));
}

#[tokio::test]
async fn the_end_of_a_session_reaches_its_connections() {
    let hub = Arc::new(Hub::default());
    let (connection, _follower) = follow(&hub, 1, 1);
    let (other, _other_follower) = follow(&hub, 1, 2);
    hub.end_session(PersonId(7), SessionId(1));
    connection.woken().await;
    assert_eq!(connection.take_notices(), [Notice::SessionEnded]);
    assert!(other.take_notices().is_empty(), "it is another device's");
    // A change for the person reaches all devices.
    hub.notice(PersonId(7), &Notice::Changed(RoomId(1)));
    for device in [&connection, &other] {
        assert_eq!(device.take_notices(), [Notice::Changed(RoomId(1))]);
    }
    hub.disconnect(&connection);
    assert_eq!(hub.connection_count(), 1);
}
