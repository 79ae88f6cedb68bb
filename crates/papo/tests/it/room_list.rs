//! What a socket of many rooms tells of the rooms that it doesn't follow.

use std::time::{Duration, Instant};

use papo_protocol::{ClientFrame, ErrorCode, Level, MembershipObject, Posted, ServerFrame};
use papo_testing::{Guest, Server, Socket};

use super::matrix::account;
use super::start;

/// How long something may take to reach another device of the person.
const SOON: Duration = Duration::from_secs(1);

/// A socket for many rooms, and the person's rooms as of its beginning.
pub(super) fn many(guest: &Guest) -> (Socket, Vec<MembershipObject>) {
    let mut socket = guest.rooms_socket().unwrap();
    let ServerFrame::Welcome { inbox, rooms, .. } = socket.receive_any().unwrap() else {
        panic!("no welcome");
    };
    assert!(inbox.is_some());
    (socket, rooms.unwrap())
}

/// Somebody's id on the wire, and a socket on which they write in a room.
fn writer(server: &Server, room: i64, name: &str) -> (Guest, String, Socket) {
    let guest = Guest::joined(server, room, name).unwrap();
    let mut socket = guest.socket(room).unwrap();
    let ServerFrame::Welcome { sender, rooms, .. } = socket.receive().unwrap() else {
        panic!("no welcome");
    };
    assert_eq!(rooms, None, "a room's own socket has no other rooms");
    socket.subscribe(room, None).unwrap();
    socket.receive().unwrap();
    (guest, sender, socket)
}

fn post(socket: &mut Socket, room: i64, text: &str) -> i64 {
    let reference = socket.post(room, text).unwrap();
    socket.wait_for_ack(reference).unwrap()
}

fn ask(socket: &mut Socket, frame: &ClientFrame) -> Result<MembershipObject, ErrorCode> {
    let asked = frame.reference();
    socket.send(frame).unwrap();
    let is_answer = |frame: &ServerFrame| match frame {
        ServerFrame::Membership { r#ref, .. } | ServerFrame::Error { r#ref, .. } => *r#ref == asked,
        _ => false,
    };
    match socket.receive_where(is_answer).unwrap() {
        ServerFrame::Membership { membership, .. } => Ok(membership),
        ServerFrame::Error { code, .. } => Err(code),
        other => panic!("{other:?}"),
    }
}

fn refresh(socket: &mut Socket, room: i64) -> Result<MembershipObject, ErrorCode> {
    let r#ref = Some(socket.reference());
    let room = Some(room);
    ask(socket, &ClientFrame::Refresh { r#ref, room })
}

fn read(socket: &mut Socket, room: i64, seq: i64, version: i64) -> MembershipObject {
    let r#ref = Some(socket.reference());
    let room = Some(room);
    let frame = ClientFrame::Read {
        r#ref,
        room,
        seq,
        version,
    };
    ask(socket, &frame).unwrap()
}

fn unread(socket: &mut Socket, room: i64, seq: i64) -> MembershipObject {
    let r#ref = Some(socket.reference());
    let room = Some(room);
    ask(socket, &ClientFrame::Unread { r#ref, room, seq }).unwrap()
}

/// The next head of a room.
fn head(socket: &mut Socket, of: i64) -> (i64, i64, Option<Vec<Posted>>) {
    let is_it =
        |frame: &ServerFrame| matches!(frame, ServerFrame::Head { room, .. } if *room == of);
    match socket.receive_where(is_it).unwrap() {
        ServerFrame::Head {
            after, seq, posted, ..
        } => (after, seq, posted),
        other => panic!("{other:?}"),
    }
}

/// Waits for a membership that nobody asked for and that fits.
fn pushed(socket: &mut Socket, fits: impl Fn(&MembershipObject) -> bool) -> MembershipObject {
    let is_it = |frame: &ServerFrame| match frame {
        ServerFrame::Membership { r#ref, membership } => r#ref.is_none() && fits(membership),
        _ => false,
    };
    match socket.receive_where(is_it).unwrap() {
        ServerFrame::Membership { membership, .. } => membership,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_socket_begins_with_the_rooms_and_what_is_unread_in_each() {
    let server = start();
    let mut ana = Guest::joined(&server, 1, "Ana").unwrap();
    ana.join(2, "Ana Paula").unwrap();
    ana.join(3, "Ana").unwrap();
    let (_, _, mut bia) = writer(&server, 1, "Bia");
    for text in ["um", "dois", "três"] {
        post(&mut bia, 1, text);
    }
    bia.send(&ClientFrame::Delete {
        r#ref: Some(99),
        room: None,
        seq: 2,
    })
    .unwrap();
    bia.wait_for_ack(99).unwrap();
    server.command(&["room", "deactivate", "3"]).unwrap();
    let (mut socket, rooms) = many(&ana);
    let brief: Vec<_> = rooms
        .iter()
        .map(|room| {
            (
                room.room,
                room.username.as_str(),
                room.seq,
                room.read,
                room.unread,
            )
        })
        .collect();
    assert_eq!(
        brief,
        [
            (1, "Ana", 4, 0, 2),
            (2, "Ana Paula", 0, 0, 0),
            (3, "Ana", 1, 0, 0)
        ]
    );
    assert_eq!((rooms[0].archived, rooms[2].archived), (false, true));
    assert_eq!(rooms[0].name, "Geral");
    assert!(rooms[0].timestamp.is_some() && rooms[1].timestamp.is_none());
    assert_eq!(refresh(&mut socket, 1), Ok(rooms[0].clone()));
    assert_eq!(refresh(&mut socket, 3), Ok(rooms[2].clone()));
    assert_eq!(refresh(&mut socket, 77), Err(ErrorCode::NoRoom));
    server.command(&["room", "activate", "3"]).unwrap();
    let (_, seq, posted) = head(&mut socket, 3);
    assert_eq!((seq, posted), (2, None));
    assert_eq!(refresh(&mut socket, 3).unwrap().seq, 2);
}

#[test]
fn heads_say_who_posted_how_much_in_rooms_that_the_socket_doesnt_follow() {
    let server = start();
    let mut ana = Guest::joined(&server, 1, "Ana").unwrap();
    ana.join(2, "Ana").unwrap();
    let (_, bia_id, mut bia) = writer(&server, 1, "Bia");
    let (_, caio_id, mut caio) = writer(&server, 1, "Caio");
    let (mut socket, _) = many(&ana);
    post(&mut bia, 1, "um");
    let posted = |sender: &str, messages| Posted {
        sender: sender.to_owned(),
        messages,
    };
    let first = head(&mut socket, 1);
    assert_eq!(first, (0, 1, Some(vec![posted(&bia_id, 1)])));
    let told = Instant::now();
    for text in ["dois", "três"] {
        post(&mut bia, 1, text);
    }
    post(&mut caio, 1, "quatro");
    let (after, seq, counts) = head(&mut socket, 1);
    assert!(
        told.elapsed() > Duration::from_millis(700),
        "two within a second"
    );
    assert_eq!((after, seq), (1, 4));
    let counts = counts.unwrap();
    assert_eq!(counts, [posted(&bia_id, 2), posted(&caio_id, 1)]);
    // An edit changes no count, and after a deletion one must count again.
    bia.send_text(r#"{"type":"edit","ref":98,"seq":1,"message":"mudado"}"#)
        .unwrap();
    bia.wait_for_ack(98).unwrap();
    assert_eq!(head(&mut socket, 1), (4, 5, Some(vec![])));
    bia.send_text(r#"{"type":"delete","ref":99,"seq":1}"#)
        .unwrap();
    bia.wait_for_ack(99).unwrap();
    assert_eq!(head(&mut socket, 1), (5, 6, None));
    assert_eq!(refresh(&mut socket, 1).unwrap().unread, 3);
    let form = [("name", "Outra"), ("is_active", "on")];
    let page = account(&server, "Chefe", true).post("/admin/rooms/1/", &form);
    assert_eq!(page.unwrap().status, 303);
    assert_eq!(head(&mut socket, 1), (6, 7, None));
    assert_eq!(refresh(&mut socket, 1).unwrap().name, "Outra");
    // What another process writes is found.
    server.command(&["room", "deactivate", "1"]).unwrap();
    assert_eq!(head(&mut socket, 1), (7, 8, None));
}

#[test]
fn a_followed_room_has_no_heads_until_it_is_followed_no_more() {
    let server = start();
    let mut ana = Guest::joined(&server, 1, "Ana").unwrap();
    ana.join(2, "Ana").unwrap();
    let (_, _, mut bia) = writer(&server, 1, "Bia");
    let (_, _, mut two) = writer(&server, 2, "Bia Dois");
    let (mut socket, _) = many(&ana);
    socket.subscribe(1, None).unwrap();
    socket.receive().unwrap();
    post(&mut bia, 1, "um");
    post(&mut two, 2, "um");
    loop {
        match socket.receive_any().unwrap() {
            ServerFrame::Head { room: 2, .. } => break,
            ServerFrame::Head { room, .. } => panic!("a head of room {room}"),
            _ => {}
        }
    }
    socket
        .send(&ClientFrame::Unsubscribe {
            r#ref: Some(50),
            room: Some(1),
        })
        .unwrap();
    socket.wait_for_ack(50).unwrap();
    post(&mut bia, 1, "dois");
    let (after, seq, posted) = head(&mut socket, 1);
    assert_eq!((after, seq, posted.map(|all| all.len())), (1, 2, Some(1)));
}

#[test]
fn what_is_read_on_one_device_is_read_on_the_other() {
    let server = start();
    let ana = Guest::joined(&server, 1, "Ana").unwrap();
    let (_, _, mut bia) = writer(&server, 1, "Bia");
    for _ in 0..5 {
        post(&mut bia, 1, "oi");
    }
    let (mut phone, rooms) = many(&ana);
    let (mut laptop, _) = many(&ana);
    let (unread_before, first) = (rooms[0].unread, rooms[0].version);
    assert_eq!(unread_before, 5);
    let now = Instant::now();
    let answer = read(&mut phone, 1, 3, first);
    assert_eq!((answer.read, answer.unread), (3, 2));
    let there = pushed(&mut laptop, |membership| membership.read == 3);
    assert_eq!(there, answer);
    assert!(now.elapsed() < SOON, "{:?}", now.elapsed());
    // It doesn't go back, nor beyond the log.
    assert_eq!(read(&mut phone, 1, 1, first).read, 3);
    assert_eq!(read(&mut phone, 1, i64::MAX, first).read, 5);
    // A late read doesn't undo that messages were marked as unread.
    let marked = unread(&mut laptop, 1, 2);
    let second = marked.version;
    assert_eq!((marked.read, marked.unread), (1, 4));
    assert!(second > first);
    pushed(&mut phone, |membership| membership.version == second);
    assert_eq!(read(&mut phone, 1, 5, first), marked);
    assert_eq!(read(&mut phone, 1, 5, second).unread, 0);
    // What the log doesn't reach can't be unread.
    let beyond = unread(&mut laptop, 1, 6);
    assert_eq!((beyond.version, beyond.read), (second, 5));
    // A room's own socket can ask too, and gets nothing unasked.
    let mut own = ana.socket(1).unwrap();
    assert_eq!(unread(&mut own, 1, i64::MIN).read, 0);
    pushed(&mut phone, |membership| membership.version > second);
}

/// Otherwise a device that hasn't heard of it moves the new position with what it knew.
#[test]
fn whoever_joins_again_has_a_newer_read_position() {
    let server = start();
    let mut ana = Guest::joined(&server, 1, "Ana").unwrap();
    let (_, _, mut bia) = writer(&server, 1, "Bia");
    let (mut socket, rooms) = many(&ana);
    let before = rooms[0].version;
    ana.leave(1).unwrap();
    assert_eq!(socket.receive().unwrap(), ServerFrame::Left { room: 1 });
    ana.join(1, "Ana").unwrap();
    let joined = pushed(&mut socket, |membership| membership.room == 1);
    assert!(joined.version > before);
    let seq = post(&mut bia, 1, "oi");
    assert_eq!(read(&mut socket, 1, seq, before).unread, 1);
    assert_eq!(read(&mut socket, 1, seq, joined.version).unread, 0);
}

/// But for a poll of the inbox that comes just between the commit and the answer.
#[test]
fn a_device_that_marks_gets_its_answer_and_nothing_more() {
    const MARKS: i64 = 6;
    let server = start();
    let ana = Guest::joined(&server, 1, "Ana").unwrap();
    let (_, _, mut bia) = writer(&server, 1, "Bia");
    for _ in 0..=MARKS {
        post(&mut bia, 1, "oi");
    }
    let (mut phone, rooms) = many(&ana);
    let (mut laptop, _) = many(&ana);
    let version = rooms[0].version;
    for seq in 1..=MARKS {
        assert_eq!(read(&mut phone, 1, seq, version).read, seq);
        pushed(&mut laptop, |membership| membership.read == seq);
    }
    read(&mut laptop, 1, MARKS + 1, version);
    let mut told_again = 0;
    while pushed(&mut phone, |_| true).read <= MARKS {
        told_again += 1;
    }
    assert!(told_again <= 1, "{told_again} of its own marks");
}

#[test]
fn rooms_that_are_joined_and_left_in_another_tab_come_and_go() {
    let server = start();
    let mut ana = Guest::joined(&server, 1, "Ana").unwrap();
    let (mut socket, rooms) = many(&ana);
    assert_eq!(rooms.len(), 1);
    let (_, _, mut bia) = writer(&server, 2, "Bia");
    post(&mut bia, 2, "um");
    ana.join(2, "Ana").unwrap();
    let joined = pushed(&mut socket, |membership| membership.room == 2);
    assert_eq!((joined.seq, joined.read, joined.unread), (1, 1, 0));
    post(&mut bia, 2, "dois");
    let (after, seq, _) = head(&mut socket, 2);
    assert_eq!((after, seq), (1, 2));
    ana.join(2, "Aninha").unwrap();
    pushed(&mut socket, |membership| membership.username == "Aninha");
    ana.leave(2).unwrap();
    assert_eq!(socket.receive().unwrap(), ServerFrame::Left { room: 2 });
    post(&mut bia, 2, "três");
    std::thread::sleep(2 * SOON);
    let r#ref = Some(socket.reference());
    socket.send(&ClientFrame::Ping { r#ref }).unwrap();
    assert_eq!(socket.receive_any().unwrap(), ServerFrame::Pong { r#ref });
    assert_eq!(refresh(&mut socket, 2), Err(ErrorCode::NotJoined));
    // Nor does a socket end with the last room.
    ana.leave(1).unwrap();
    assert_eq!(socket.receive().unwrap(), ServerFrame::Left { room: 1 });
    let (_again, rooms) = many(&ana);
    assert!(rooms.is_empty());
    ana.join(3, "Ana").unwrap();
    pushed(&mut socket, |membership| membership.room == 3);
}

#[test]
fn a_client_that_misses_heads_gets_all_memberships_again() {
    const ROOMS: i64 = 60;
    let server = start();
    let mut ana = Guest::joined(&server, 1, "Ana").unwrap();
    let mut bia = Guest::joined(&server, 1, "Bia").unwrap();
    for room in 2..=ROOMS {
        if room > 3 {
            let name = format!("Sala {room}");
            server.command(&["room", "create", &name]).unwrap();
        }
        ana.join(room, "Ana").unwrap();
        bia.join(room, "Bia").unwrap();
    }
    let (mut slow, rooms) = many(&ana);
    assert_eq!(i64::try_from(rooms.len()), Ok(ROOMS));
    slow.subscribe(1, None).unwrap();
    slow.receive().unwrap();
    let (mut writer, _) = many(&bia);
    for room in 1..=ROOMS {
        writer.subscribe(room, None).unwrap();
    }
    // More than the kernel takes for a client that doesn't read.
    for _ in 0..800 {
        writer.post(1, &"🦜".repeat(4_000)).unwrap();
    }
    let last = writer.post(1, "o último").unwrap();
    writer.wait_for_ack(last).unwrap();
    let begun = Instant::now();
    let mut ends = vec![0; usize::try_from(ROOMS).unwrap() + 1];
    while begun.elapsed() < Duration::from_secs(7) {
        for room in 2..=ROOMS {
            let seq = post(&mut writer, room, "oi");
            ends[usize::try_from(room).unwrap()] = seq;
        }
    }
    let mut memberships = 0;
    let mut known = vec![0; ends.len()];
    known[0] = ends[0];
    known[1] = ends[1];
    while known != ends {
        match slow.receive_any().unwrap() {
            ServerFrame::Membership { membership, .. } => {
                memberships += 1;
                known[usize::try_from(membership.room).unwrap()] = membership.seq;
                known[1] = ends[1];
            }
            ServerFrame::Head { room, seq, .. } => known[usize::try_from(room).unwrap()] = seq,
            _ => {}
        }
    }
    assert!(memberships >= ROOMS, "{memberships}");
}

#[test]
fn a_level_is_the_same_on_all_devices() {
    let server = start();
    let ana = Guest::joined(&server, 1, "Ana").unwrap();
    let (mut desk, rooms) = many(&ana);
    assert_eq!(rooms[0].level, Level::Everything);
    let (mut sofa, _) = many(&ana);
    let frame = ClientFrame::Level {
        r#ref: Some(5),
        room: Some(1),
        level: Level::Hidden,
    };
    assert_eq!(ask(&mut desk, &frame).unwrap().level, Level::Hidden);
    pushed(&mut sofa, |room| room.level == Level::Hidden);
    assert_eq!(refresh(&mut sofa, 1).unwrap().level, Level::Hidden);
    // Whoever isn't in a room has no level there.
    let elsewhere = ClientFrame::Level {
        r#ref: Some(6),
        room: Some(2),
        level: Level::Nothing,
    };
    assert_eq!(ask(&mut desk, &elsewhere), Err(ErrorCode::NotJoined));
}
