//! The plain socket, on which the Django chat's page script relies.

use papo_protocol::{ClientFrame, ServerFrame};
use papo_testing::{Guest, Socket};
use serde_json::Value;
use tungstenite::Message;

use super::start;

/// What that page script does with a frame: it takes these three fields, all text.
fn rendered(frame: &str) -> (String, String, String) {
    let frame: Value = serde_json::from_str(frame).unwrap();
    let field = |name: &str| frame[name].as_str().unwrap().to_owned();
    (field("message"), field("username"), field("timestamp"))
}

#[test]
fn two_people_talk_as_in_the_seed() {
    let server = start();
    let joao = Guest::joined(&server, 1, "João").unwrap();
    let maria = Guest::joined(&server, 1, "Maria").unwrap();
    let (mut hers, mut his) = (
        maria.plain_socket(1).unwrap(),
        joao.plain_socket(1).unwrap(),
    );
    his.send_text(r#"{"message":"Olá!","username":"João"}"#)
        .unwrap();
    let frame = hers.receive_text().unwrap();
    assert_eq!(frame, his.receive_text().unwrap());
    let (message, username, timestamp) = rendered(&frame);
    assert_eq!((message.as_str(), username.as_str()), ("Olá!", "João"));
    assert_eq!(
        (timestamp.len(), &timestamp[19..20], &timestamp[23..]),
        (24, ".", "Z")
    );
    hers.send_text(r#"{"message":"Oi <b>João</b>\n👋","username":"Maria"}"#)
        .unwrap();
    assert_eq!(
        rendered(&his.receive_text().unwrap()).0,
        "Oi <b>João</b>\n👋"
    );
}

#[test]
fn a_plain_client_gets_messages_and_nothing_else() {
    let server = start();
    let ana = Guest::joined(&server, 1, "Ana").unwrap();
    let bia = Guest::joined(&server, 1, "Bia").unwrap();
    let mut plain = ana.plain_socket(1).unwrap();
    let mut full = bia.socket(1).unwrap();
    full.subscribe(1, None).unwrap();
    let reference = full.post(1, "one").unwrap();
    let seq = full.wait_for_ack(reference).unwrap();
    full.send(&ClientFrame::Typing {
        r#ref: None,
        room: None,
    })
    .unwrap();
    let edit = ClientFrame::Edit {
        r#ref: Some(90),
        room: None,
        seq,
        message: "uno".into(),
    };
    full.send(&edit).unwrap();
    full.wait_for_ack(90).unwrap();
    full.send(&ClientFrame::Delete {
        r#ref: Some(91),
        room: None,
        seq,
    })
    .unwrap();
    full.wait_for_ack(91).unwrap();
    let reference = full.post(1, "two").unwrap();
    full.wait_for_ack(reference).unwrap();
    assert_eq!(rendered(&plain.receive_text().unwrap()).0, "one");
    assert_eq!(rendered(&plain.receive_text().unwrap()).0, "two");
}

#[test]
fn what_cannot_be_accepted_closes_the_socket_and_stores_nothing() {
    let server = start();
    let witness = Guest::joined(&server, 1, "Ana").unwrap();
    let mut witness_socket = witness.plain_socket(1).unwrap();
    let guest = Guest::joined(&server, 1, "Bia").unwrap();
    let long = format!(r#"{{"message":"{}"}}"#, "a".repeat(4_001));
    let huge = format!(r#"{{"message":"{}"}}"#, "a".repeat(70_000));
    let deep = format!(
        r#"{{"message":"a","x":{}{}}}"#,
        "[".repeat(40),
        "]".repeat(40)
    );
    let cases: [(Message, u16); 14] = [
        (Message::text("not JSON"), 1007),
        (Message::text(""), 1007),
        (Message::text("[]"), 1007),
        (Message::text("{}"), 1007),
        (Message::text(r#"{"username":"Bia"}"#), 1007),
        (Message::text(r#"{"message":7,"username":"Bia"}"#), 1007),
        (Message::text(r#"{"message":null,"username":"Bia"}"#), 1007),
        (Message::text(r#"{"message":"a","username":7}"#), 1007),
        (Message::text(deep), 1007),
        (
            Message::text(r#"{"message":" \n\t ","username":"Bia"}"#),
            1008,
        ),
        (Message::text(long), 1008),
        (
            Message::text(r#"{"message":"I am Ana","username":"Ana"}"#),
            1008,
        ),
        (Message::binary(&b"bytes"[..]), 1003),
        (Message::text(huge), 1009),
    ];
    for (message, code) in cases {
        let mut socket = guest.plain_socket(1).unwrap();
        let shown: String = message.to_string().chars().take(40).collect();
        socket.send_message(message).unwrap();
        let closed = socket.wait_for_close().unwrap();
        assert_eq!(closed.code, code, "{shown}: {closed:?}");
        assert!(!closed.reason.is_empty(), "{shown}");
    }
    witness_socket
        .send_text(r#"{"message":"still here"}"#)
        .unwrap();
    assert_eq!(
        rendered(&witness_socket.receive_text().unwrap()).0,
        "still here"
    );
    let mut full = witness.socket(1).unwrap();
    full.subscribe(1, None).unwrap();
    let snapshot = full
        .receive_where(|frame| matches!(frame, ServerFrame::Snapshot { .. }))
        .unwrap();
    let ServerFrame::Snapshot { seq, messages, .. } = snapshot else {
        unreachable!()
    };
    assert_eq!((seq, messages.len()), (1, 1));
}

#[test]
fn a_name_may_be_left_out_or_be_ones_own() {
    let server = start();
    let guest = Guest::joined(&server, 1, "João").unwrap();
    let mut socket = guest.plain_socket(1).unwrap();
    socket.send_text(r#"{"message":"a"}"#).unwrap();
    socket
        .send_text(r#"{"message":"b","username":" Joa\u0303o "}"#)
        .unwrap();
    for expected in ["a", "b"] {
        let (message, username, _) = rendered(&socket.receive_text().unwrap());
        assert_eq!((message.as_str(), username.as_str()), (expected, "João"));
    }
}

#[test]
fn after_leaving_the_socket_is_closed_and_the_room_asks_again() {
    let server = start();
    let mut guest = Guest::joined(&server, 1, "Ana").unwrap();
    let mut socket = guest.plain_socket(1).unwrap();
    guest.leave(1).unwrap();
    assert_eq!(socket.wait_for_close().unwrap().code, 4001);
    assert_eq!(Socket::refusal(guest.plain_socket(1)).unwrap(), 403);
    let page = guest.get("/room/1/").unwrap();
    assert_eq!(
        (page.status, page.header("location")),
        (303, "/room/1/join/")
    );
}

#[test]
fn in_a_room_that_a_command_archives_people_read_on_and_do_not_post() {
    let server = start();
    let guest = Guest::joined(&server, 2, "Ana").unwrap();
    let (mut plain, mut full) = (guest.plain_socket(2).unwrap(), guest.socket(2).unwrap());
    full.subscribe(2, None).unwrap();
    full.receive_where(|frame| matches!(frame, ServerFrame::Snapshot { .. }))
        .unwrap();
    server.command(&["room", "deactivate", "2"]).unwrap();
    let told = full.receive().unwrap();
    assert!(
        matches!(told, ServerFrame::Room { active: false, .. }),
        "{told:?}"
    );
    let reference = full.post(2, "?").unwrap();
    let refused = full.wait_for_ack(reference).unwrap_err().to_string();
    assert!(refused.contains("ReadOnly"), "{refused}");
    plain.send_text(r#"{"message":"?"}"#).unwrap();
    assert_eq!(plain.wait_for_close().unwrap().code, 1008);
    let mut reader = guest.clone();
    assert_eq!(reader.get("/room/2/").unwrap().status, 200);
    assert_eq!(Guest::new(&server).get("/room/2/").unwrap().status, 404);
    server.command(&["room", "activate", "2"]).unwrap();
    let told = full.receive().unwrap();
    assert!(
        matches!(told, ServerFrame::Room { active: true, .. }),
        "{told:?}"
    );
    let mut again = guest.plain_socket(2).unwrap();
    again.send_text(r#"{"message":"back"}"#).unwrap();
    assert_eq!(rendered(&again.receive_text().unwrap()).0, "back");
}
