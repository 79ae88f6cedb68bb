//! `papo.v1`, as `docs/protocol.md` says.

use papo_protocol::{Cause, ClientFrame, ErrorCode, ResetReason, ServerFrame};
use papo_testing::{Guest, Server, Socket, client_id};

use super::start;

/// A socket that follows the room, after its welcome and snapshot.
pub(super) fn follow(guest: &Guest, room: i64) -> (Socket, String, i64) {
    let mut socket = guest.socket(room).unwrap();
    assert!(matches!(
        socket.receive().unwrap(),
        ServerFrame::Welcome { .. }
    ));
    socket.subscribe(room, None).unwrap();
    match socket.receive().unwrap() {
        ServerFrame::Snapshot { epoch, seq, .. } => (socket, epoch, seq),
        other => panic!("{other:?}"),
    }
}

fn ana(server: &Server) -> Guest {
    Guest::joined(server, 1, "Ana").unwrap()
}

fn error_of(socket: &mut Socket, frame: &str) -> ErrorCode {
    socket.send_text(frame).unwrap();
    match socket.receive().unwrap() {
        ServerFrame::Error { code, message, .. } => {
            assert!(!message.is_empty());
            code
        }
        other => panic!("{frame}: {other:?}"),
    }
}

pub(super) fn seqs(socket: &mut Socket, count: usize) -> Vec<i64> {
    let mut seqs = Vec::new();
    while seqs.len() < count {
        if let ServerFrame::Message { seq, .. } = socket.receive().unwrap() {
            seqs.push(seq);
        }
    }
    seqs
}

#[test]
fn a_message_is_acknowledged_and_everybody_gets_it_once() {
    let server = start();
    let (mut hers, _, _) = follow(&ana(&server), 1);
    let bia = Guest::joined(&server, 1, "Bia").unwrap();
    let (mut others, _, _) = follow(&bia, 1);
    let id = client_id();
    let first = hers.post_as(1, "Olá!", &id).unwrap();
    assert_eq!(hers.wait_for_ack(first).unwrap(), 1);
    let again = hers.post_as(1, "Olá de novo!", &id).unwrap();
    assert_eq!(hers.wait_for_ack(again).unwrap(), 1);
    let second = hers.post(1, "dois").unwrap();
    assert_eq!(hers.wait_for_ack(second).unwrap(), 2);
    match others.receive().unwrap() {
        ServerFrame::Message {
            seq,
            message,
            username,
            client_id,
            deleted,
            ..
        } => {
            assert_eq!(
                (seq, message.as_str(), username.as_str()),
                (1, "Olá!", "Ana")
            );
            assert_eq!((client_id, deleted), (Some(id), false));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(
        others.receive().unwrap(),
        ServerFrame::Message { seq: 2, .. }
    ));
}

#[test]
fn who_comes_back_gets_what_was_missed_in_order_and_once() {
    let server = start();
    let guest = ana(&server);
    let (mut reader, epoch, seq) = follow(&guest, 1);
    assert_eq!(seq, 0);
    let (mut writer, _, _) = follow(&Guest::joined(&server, 1, "Bia").unwrap(), 1);
    for number in 0..5 {
        let reference = writer.post(1, &number.to_string()).unwrap();
        writer.wait_for_ack(reference).unwrap();
    }
    assert_eq!(seqs(&mut reader, 2), [1, 2]);
    drop(reader);
    let mut back = guest.socket(1).unwrap();
    back.receive().unwrap();
    back.subscribe(1, Some((&epoch, 2))).unwrap();
    assert!(matches!(
        back.receive().unwrap(),
        ServerFrame::Subscribed {
            after: 2,
            seq: 5,
            ..
        }
    ));
    assert_eq!(seqs(&mut back, 3), [3, 4, 5]);
    let reference = writer.post(1, "six").unwrap();
    writer.wait_for_ack(reference).unwrap();
    assert_eq!(seqs(&mut back, 1), [6]);
}

#[test]
fn what_cannot_be_continued_is_reset_with_its_reason() {
    let server = start();
    let guest = ana(&server);
    let (mut socket, epoch, _) = follow(&guest, 1);
    for (epoch, after, expected) in [
        ("0123456789abcdef", 0, ResetReason::Epoch),
        ("not an epoch", 0, ResetReason::Epoch),
        (epoch.as_str(), 7, ResetReason::Ahead),
    ] {
        let reference = socket.subscribe(1, Some((epoch, after))).unwrap();
        match socket.receive().unwrap() {
            ServerFrame::Reset { r#ref, reason, .. } => {
                assert_eq!((r#ref, reason), (Some(reference), expected));
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(
            socket.receive().unwrap(),
            ServerFrame::Snapshot { seq: 0, .. }
        ));
    }
}

#[test]
fn ones_own_messages_can_be_edited_and_deleted_and_others_not() {
    let server = start();
    let (mut hers, epoch, _) = follow(&ana(&server), 1);
    let bia = Guest::joined(&server, 1, "Bia").unwrap();
    let (mut others, _, _) = follow(&bia, 1);
    let reference = hers.post(1, "segredo").unwrap();
    let seq = hers.wait_for_ack(reference).unwrap();
    let edit =
        |message: &str| format!(r#"{{"type":"edit","ref":5,"seq":{seq},"message":"{message}"}}"#);
    others.receive().unwrap();
    assert_eq!(error_of(&mut others, &edit("mine")), ErrorCode::NotYours);
    let delete = format!(r#"{{"type":"delete","ref":6,"seq":{seq}}}"#);
    assert_eq!(error_of(&mut others, &delete), ErrorCode::NotYours);
    hers.send_text(&edit("corrigido")).unwrap();
    hers.wait_for_ack(5).unwrap();
    match others.receive().unwrap() {
        ServerFrame::Edited {
            seq: 2,
            target,
            message,
            ..
        } => {
            assert_eq!((target, message.as_str()), (seq, "corrigido"));
        }
        other => panic!("{other:?}"),
    }
    hers.send_text(&delete).unwrap();
    hers.wait_for_ack(6).unwrap();
    assert!(matches!(
        others.receive().unwrap(),
        ServerFrame::Deleted {
            seq: 3,
            target: 1,
            ..
        }
    ));
    // The deleted text is gone from the memory of a server with the room live, and from the log.
    assert_nothing_is_left_of_it(&bia, &epoch);
    let mut server = server;
    server.stop().unwrap();
    server.restart().unwrap();
    assert_nothing_is_left_of_it(&bia, &epoch);
}

#[test]
fn reactions_are_events_of_the_log_and_need_a_message_and_one_emoji() {
    let server = start();
    let (mut hers, epoch, _) = follow(&ana(&server), 1);
    let bia = Guest::joined(&server, 1, "Bia").unwrap();
    let (mut others, _, _) = follow(&bia, 1);
    let reference = hers.post(1, "oi").unwrap();
    let seq = hers.wait_for_ack(reference).unwrap();
    others.receive().unwrap();
    let react = |reference: u32, seq: i64, emoji: &str, on: bool| {
        format!(
            r#"{{"type":"react","ref":{reference},"room":1,"seq":{seq},"emoji":"{emoji}","on":{on}}}"#
        )
    };
    let is_reaction = |frame: &ServerFrame, expected_on: bool| {
        matches!(frame, ServerFrame::Reacted { target, emoji, on, username, .. }
            if *target == seq && emoji == "👍" && *on == expected_on && username == "Bia")
    };
    for (reference, on) in [(2, true), (3, false)] {
        others.send_text(&react(reference, seq, "👍", on)).unwrap();
        others.wait_for_ack(u64::from(reference)).unwrap();
        assert!(is_reaction(&others.receive().unwrap(), on));
        let frame = hers.receive_where(|frame| matches!(frame, ServerFrame::Reacted { .. }));
        let frame = frame.unwrap();
        assert!(is_reaction(&frame, on), "{frame:?}");
    }
    assert_eq!(
        error_of(&mut others, &react(4, seq, "ok", true)),
        ErrorCode::BadFrame
    );
    assert_eq!(
        error_of(&mut others, &react(5, 99, "👍", true)),
        ErrorCode::NoMessage
    );
    // The log has them, also after a restart.
    let mut server = server;
    server.stop().unwrap();
    server.restart().unwrap();
    let mut back = bia.socket(1).unwrap();
    back.receive().unwrap();
    back.subscribe(1, Some((&epoch, seq))).unwrap();
    back.receive().unwrap();
    for on in [true, false] {
        let frame = back.receive().unwrap();
        assert!(is_reaction(&frame, on), "{frame:?}");
    }
}

fn assert_nothing_is_left_of_it(guest: &Guest, epoch: &str) {
    for after in 0..3 {
        let mut back = guest.socket(1).unwrap();
        back.receive().unwrap();
        back.subscribe(1, Some((epoch, after))).unwrap();
        back.receive().unwrap();
        let replayed: Vec<_> = (after..3).map(|_| back.receive_text().unwrap()).collect();
        assert!(
            replayed
                .iter()
                .all(|text| !text.contains("segredo") && !text.contains("corrigido")),
            "{replayed:?}"
        );
    }
}

#[test]
fn an_id_of_a_message_in_one_room_is_refused_in_another() {
    let server = start();
    let mut guest = Guest::joined(&server, 1, "Ana").unwrap();
    guest.join(2, "Ana").unwrap();
    let mut socket = guest.rooms_socket().unwrap();
    socket.receive().unwrap();
    for room in [1, 2] {
        socket.subscribe(room, None).unwrap();
    }
    let id = "V1StGXR8_Z5jdHi6B-myT";
    for _ in 0..2 {
        let reference = socket.post_as(1, "oi", id).unwrap();
        assert_eq!(socket.wait_for_ack(reference).unwrap(), 1);
    }
    let elsewhere = socket.post_as(2, "oi", id).unwrap();
    let refused = socket.receive_where(
        |frame| matches!(frame, ServerFrame::Error { r#ref, .. } | ServerFrame::Ack { r#ref, .. } if *r#ref == Some(elsewhere)),
    );
    assert!(
        matches!(
            &refused,
            Ok(ServerFrame::Error {
                code: ErrorCode::BadClientId,
                ..
            })
        ),
        "{refused:?}"
    );
}

#[test]
fn each_mistake_has_its_code_and_the_socket_goes_on() {
    let server = start();
    let guest = ana(&server);
    let (mut socket, _, _) = follow(&guest, 1);
    let send = |field: &str| format!(r#"{{"type":"send","ref":9,"client_id":"12345678",{field}}}"#);
    let long = send(&format!(r#""message":"{}""#, "é".repeat(4_001)));
    let cases = [
        ("nonsense", ErrorCode::BadFrame),
        (r#"{"type":"shout"}"#, ErrorCode::BadFrame),
        (r#"{"type":"ping","extra":1}"#, ErrorCode::BadFrame),
        (&send(r#""message":7"#), ErrorCode::BadFrame),
        (r#"{"type":"subscribe","after":3}"#, ErrorCode::BadFrame),
        (&send(r#""message":"  ""#), ErrorCode::BadMessage),
        (&long, ErrorCode::BadMessage),
        (
            r#"{"type":"send","client_id":"short","message":"a"}"#,
            ErrorCode::BadClientId,
        ),
        (
            &send(r#""message":"a","username":"Bia""#),
            ErrorCode::WrongUsername,
        ),
        (&send(r#""message":"a","room":2"#), ErrorCode::NotSubscribed),
        (
            r#"{"type":"edit","seq":99,"message":"a"}"#,
            ErrorCode::NoMessage,
        ),
        (r#"{"type":"delete","seq":-1}"#, ErrorCode::NoMessage),
    ];
    for (frame, code) in cases {
        assert_eq!(error_of(&mut socket, frame), code, "{frame}");
    }
    socket.send_text(r#"{"type":"ping","ref":3}"#).unwrap();
    assert_eq!(
        socket.receive().unwrap(),
        ServerFrame::Pong { r#ref: Some(3) }
    );
    let reference = socket.post(1, "first").unwrap();
    assert_eq!(socket.wait_for_ack(reference).unwrap(), 1);
}

#[test]
fn one_socket_follows_many_rooms() {
    let server = start();
    let mut guest = ana(&server);
    guest.join(2, "Ana Paula").unwrap();
    let mut socket = guest.rooms_socket().unwrap();
    socket.receive().unwrap();
    for (room, name) in [(1, "Ana"), (2, "Ana Paula")] {
        socket.subscribe(room, None).unwrap();
        match socket.receive().unwrap() {
            ServerFrame::Snapshot { username, .. } => assert_eq!(username, name),
            other => panic!("{other:?}"),
        }
    }
    let subscribe = r#"{"type":"subscribe","room":3}"#;
    assert_eq!(error_of(&mut socket, subscribe), ErrorCode::NotJoined);
    assert_eq!(
        error_of(&mut socket, r#"{"type":"subscribe","room":77}"#),
        ErrorCode::NotJoined
    );
    assert_eq!(
        error_of(&mut socket, r#"{"type":"typing"}"#),
        ErrorCode::BadFrame
    );
    for room in [1, 2] {
        let reference = socket.post(room, "oi").unwrap();
        assert_eq!(socket.wait_for_ack(reference).unwrap(), 1);
        seqs(&mut socket, 1);
    }
    guest.leave(1).unwrap();
    assert_eq!(socket.receive().unwrap(), ServerFrame::Left { room: 1 });
    assert_eq!(
        error_of(&mut socket, r#"{"type":"subscribe","room":1}"#),
        ErrorCode::NotJoined
    );
    let reference = socket.post(2, "still in two").unwrap();
    assert_eq!(socket.wait_for_ack(reference).unwrap(), 2);
}

#[test]
fn who_has_joined_again_on_a_socket_of_many_rooms_stays() {
    let server = start();
    let mut guest = ana(&server);
    let (mut caios, _, _) = follow(&Guest::joined(&server, 1, "Caio").unwrap(), 1);
    let mut socket = guest.rooms_socket().unwrap();
    socket.receive().unwrap();
    socket.subscribe(1, None).unwrap();
    socket.receive().unwrap();
    guest.leave(1).unwrap();
    assert_eq!(socket.receive().unwrap(), ServerFrame::Left { room: 1 });
    guest.join(1, "Aninha").unwrap();
    socket.subscribe(1, None).unwrap();
    assert!(matches!(
        socket.receive().unwrap(),
        ServerFrame::Snapshot { .. }
    ));
    // The database reports once more what ended, in order: her leaving before his.
    let password = "uma senha bem comprida\n";
    let create = ["user", "create", "Caio"];
    server.command_with_input(&create, password).unwrap();
    assert_eq!(caios.wait_for_close().unwrap().code, 4001);
    let reference = socket.post(1, "de volta").unwrap();
    match socket.receive().unwrap() {
        ServerFrame::Ack { r#ref, .. } => assert_eq!(r#ref, Some(reference)),
        other => panic!("{other:?}"),
    }
    match socket.receive().unwrap() {
        ServerFrame::Message { username, .. } => assert_eq!(username, "Aninha"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_new_name_holds_at_once_and_old_messages_keep_the_old_one() {
    let server = start();
    let mut guest = ana(&server);
    let (mut socket, _, _) = follow(&guest, 1);
    let reference = socket.post(1, "before").unwrap();
    socket.wait_for_ack(reference).unwrap();
    guest.join(1, "Ana Maria").unwrap();
    let page = guest.get("/room/1/join/?rename").unwrap();
    assert!(page.body.contains("Ana Maria"));
    let mut names = Vec::new();
    socket.post(1, "after").unwrap();
    while names.len() < 2 {
        if let ServerFrame::Message { username, .. } = socket.receive().unwrap() {
            names.push(username);
        }
    }
    assert_eq!(names, ["Ana", "Ana Maria"]);
}

#[test]
fn people_see_who_is_there_and_who_writes() {
    let server = start();
    let (mut hers, _, _) = follow(&ana(&server), 1);
    let (mut others, _, _) = follow(&Guest::joined(&server, 1, "Bia").unwrap(), 1);
    let both = hers
        .receive_where(|frame| matches!(frame, ServerFrame::Presence { online: 2, .. }))
        .unwrap();
    let ServerFrame::Presence { people, .. } = both else {
        unreachable!()
    };
    let names: Vec<_> = people
        .iter()
        .map(|person| person.username.as_str())
        .collect();
    assert_eq!(names, ["Ana", "Bia"]);
    others
        .send(&ClientFrame::Typing {
            r#ref: None,
            room: None,
        })
        .unwrap();
    let typing = hers
        .receive_where(|frame| matches!(frame, ServerFrame::Typing { .. }))
        .unwrap();
    assert!(matches!(typing, ServerFrame::Typing { username, .. } if username == "Bia"));
    drop(others);
    hers.receive_where(|frame| matches!(frame, ServerFrame::Presence { online: 1, .. }))
        .unwrap();
}

#[test]
fn many_messages_sent_at_once_keep_their_order() {
    let server = start();
    let (mut socket, _, _) = follow(&ana(&server), 1);
    for number in 0..500 {
        socket.post(1, &number.to_string()).unwrap();
    }
    let mut numbers = Vec::new();
    while numbers.len() < 500 {
        if let ServerFrame::Message { seq, message, .. } = socket.receive().unwrap() {
            numbers.push((seq, message.parse::<i64>().unwrap()));
        }
    }
    assert!(numbers.iter().enumerate().all(|(index, &(seq, number))| {
        usize::try_from(seq - 1) == Ok(index) && number == seq - 1
    }));
}

#[test]
fn administrators_are_told_why_nothing_is_stored_and_nobody_else() {
    let server = start();
    let create = ["user", "create", "Profa Ana", "--admin"];
    let password = "correct horse battery";
    server.command_with_input(&create, password).unwrap();
    let mut administrator = Guest::new(&server);
    let form = [("username", "Profa Ana"), ("password", password)];
    assert_eq!(administrator.post("/login/", &form).unwrap().status, 303);
    administrator.join(1, "Profa Ana").unwrap();
    let bia = Guest::joined(&server, 1, "Bia").unwrap();
    let mut sockets = [administrator, bia].map(|guest| follow(&guest, 1).0);
    // Nothing is stored while another process writes.
    let other = rusqlite::Connection::open(server.data().join("papo.sqlite3")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for socket in &mut sockets {
        socket.post(1, "Olá!").unwrap();
    }
    let answers = sockets.each_mut().map(|socket| {
        let is_error = |frame: &ServerFrame| matches!(frame, ServerFrame::Error { .. });
        match socket.receive_where(is_error).unwrap() {
            ServerFrame::Error { code, cause, .. } => (code, cause),
            other => panic!("{other:?}"),
        }
    });
    let told = (ErrorCode::Unavailable, Some(Cause::Database));
    assert_eq!(answers, [told, (ErrorCode::Unavailable, None)]);
}
