//! Configured limits: each is announced to clients, and holds everywhere.

use std::io::Write;
use std::path::Path;

use papo_protocol::{ClientFrame, ErrorCode, Limits, ServerFrame};
use papo_testing::{Guest, Server, Socket};
use tempfile::TempDir;

use super::frames::frame;
use super::papo;

/// The highest limit of a message, in characters.
const LONGEST: usize = 16_000;

fn start_with(variable: &str, value: usize) -> Server {
    papo().env(variable, value.to_string()).start().unwrap()
}

/// A socket that follows room 1, its limits, and the room's messages.
fn follow(guest: &Guest) -> (Socket, Limits, Vec<String>) {
    let mut socket = guest.socket(1).unwrap();
    let ServerFrame::Welcome { limits, .. } = socket.receive().unwrap() else {
        panic!("no welcome");
    };
    socket.subscribe(1, None).unwrap();
    let ServerFrame::Snapshot { messages, .. } = socket.receive().unwrap() else {
        panic!("no snapshot");
    };
    let texts = messages.into_iter().map(|message| message.message);
    (socket, limits, texts.collect())
}

/// The next text of a message, posted or edited.
fn next_text(socket: &mut Socket) -> String {
    loop {
        match socket.receive().unwrap() {
            ServerFrame::Message { message, .. } | ServerFrame::Edited { message, .. } => {
                return message;
            }
            _ => {}
        }
    }
}

fn refusal(socket: &mut Socket) -> (ErrorCode, String) {
    match socket.receive().unwrap() {
        ServerFrame::Error { code, message, .. } => (code, message),
        other => panic!("{other:?}"),
    }
}

fn edit(seq: i64, message: &str) -> ClientFrame {
    ClientFrame::Edit {
        r#ref: Some(90),
        room: None,
        seq,
        message: message.to_owned(),
    }
}

#[test]
fn a_message_longer_than_is_set_is_refused_at_each_door() {
    let server = start_with("PAPO_MAX_MESSAGE_CHARACTERS", 10);
    let mut guest = Guest::joined(&server, 1, "Ana").unwrap();
    let (fitting, long) = ("é".repeat(10), "é".repeat(11));
    let (mut socket, limits, _) = follow(&guest);
    assert_eq!(
        (limits.message_characters, limits.frame_bytes),
        (10, 65_536)
    );
    let refused = (
        ErrorCode::BadMessage,
        "the message has more than 10 characters".to_owned(),
    );

    let reference = socket.post(1, &fitting).unwrap();
    let seq = socket.wait_for_ack(reference).unwrap();
    assert_eq!(next_text(&mut socket), fitting);
    socket.post(1, &long).unwrap();
    assert_eq!(refusal(&mut socket), refused);
    socket.send(&edit(seq, &long)).unwrap();
    assert_eq!(refusal(&mut socket), refused);

    let mut plain = guest.plain_socket(1).unwrap();
    plain
        .send_text(&format!(r#"{{"message":"{fitting}"}}"#))
        .unwrap();
    plain.receive_text().unwrap();
    plain
        .send_text(&format!(r#"{{"message":"{long}"}}"#))
        .unwrap();
    let closed = plain.wait_for_close().unwrap();
    assert_eq!((closed.code, closed.reason), (1008, refused.1));

    let page = guest.get("/room/1/").unwrap();
    assert!(page.body.contains(r#""message_characters":10,"#));
    assert!(!page.body.contains(&long));
}

#[test]
fn the_longest_message_goes_through_whole_however_it_is_written() {
    let server = start_with("PAPO_MAX_MESSAGE_CHARACTERS", LONGEST);
    let mut guest = Guest::joined(&server, 1, "Ana").unwrap();
    let (text, written) = ("😀".repeat(LONGEST), r"\ud83d\ude00".repeat(LONGEST));
    let (mut socket, limits, _) = follow(&guest);
    assert_eq!(limits.message_characters, LONGEST);
    let mut plain = guest.plain_socket(1).unwrap();

    plain
        .send_text(&format!(r#"{{"message":"{written}","username":"Ana"}}"#))
        .unwrap();
    let frame = plain.receive_text().unwrap();
    let frame: ServerFrame = serde_json::from_str(&frame).unwrap();
    assert!(matches!(&frame, ServerFrame::Message { message, .. } if *message == text));
    assert!(next_text(&mut socket) == text);
    for request in [
        r#""type":"send","client_id":"12345678""#,
        r#""type":"edit","seq":1"#,
    ] {
        socket
            .send_text(&format!(r#"{{{request},"message":"{written}"}}"#))
            .unwrap();
        assert!(next_text(&mut socket) == text);
    }

    let (mut again, _, texts) = follow(&guest);
    assert!(texts == [text.as_str(); 2]);
    let page = guest.get("/room/1/").unwrap();
    assert_eq!(page.body.matches(&text).count(), 2);
    let page = guest.get("/room/1/messages/?before=2").unwrap();
    assert!(page.body.contains(&text));

    again.post(1, &format!("{text}😀")).unwrap();
    let (code, message) = refusal(&mut again);
    assert_eq!(code, ErrorCode::BadMessage);
    assert!(message.contains("16000"), "{message}");
    let frame = format!(r#"{{"message":"{}"}}"#, "a".repeat(limits.frame_bytes));
    plain.receive_text().unwrap();
    plain.send_text(&frame).unwrap();
    assert_eq!(plain.wait_for_close().unwrap().code, 1009);
}

#[test]
fn of_very_long_messages_fewer_are_shown_at_once() {
    let server = start_with("PAPO_MAX_MESSAGE_CHARACTERS", LONGEST);
    let mut guest = Guest::joined(&server, 1, "Ana").unwrap();
    let (mut socket, ..) = follow(&guest);
    let texts: Vec<String> = (10..30)
        .map(|number| format!("{number}{}", "😀".repeat(LONGEST - 2)))
        .collect();
    for text in &texts {
        let reference = socket.post(1, text).unwrap();
        socket.wait_for_ack(reference).unwrap();
    }
    // They have 64 kB each; a MiB is shown.
    let mut again = guest.socket(1).unwrap();
    let ServerFrame::Welcome { epoch, .. } = again.receive().unwrap() else {
        panic!("no welcome");
    };
    again.subscribe(1, None).unwrap();
    let ServerFrame::Snapshot { messages, more, .. } = again.receive().unwrap() else {
        panic!("no snapshot");
    };
    let shown: Vec<_> = messages.iter().map(|message| &message.message).collect();
    assert!(more && shown == texts[4..].iter().collect::<Vec<_>>());
    let page = guest.get("/room/1/messages/?before=5").unwrap();
    assert!(texts[..4].iter().all(|text| page.body.contains(text)));
    assert!(page.body.contains(r#""more":false"#));

    // A client that reads on gets each.
    again.subscribe(1, Some((&epoch, 0))).unwrap();
    for text in &texts {
        assert!(next_text(&mut again) == *text);
    }
}

#[test]
fn messages_stay_when_less_is_allowed_later() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let start = |characters: &str| {
        let server = papo().data(&data);
        let server = server.env("PAPO_MAX_MESSAGE_CHARACTERS", characters);
        server.start().unwrap()
    };
    let text = "ã".repeat(LONGEST);
    let mut server = start("16000");
    let (mut socket, ..) = follow(&Guest::joined(&server, 1, "Ana").unwrap());
    let reference = socket.post(1, &text).unwrap();
    socket.wait_for_ack(reference).unwrap();
    server.stop().unwrap();

    let server = start("10");
    let (_, _, texts) = follow(&Guest::joined(&server, 1, "Bia").unwrap());
    assert!(texts == [text.as_str()]);
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (backup, archive) = (path("backup.sqlite3"), path("papo.archive"));
    server.command(&["backup", &backup]).unwrap();
    server.command(&["export", &archive]).unwrap();

    let restored = restore(&folder.path().join("restored"), &archive);
    let (_, _, texts) = follow(&Guest::joined(&restored, 1, "Bia").unwrap());
    assert!(texts == [text.as_str()]);
}

/// A server with low limits, on the content of an archive.
fn restore(data: &Path, archive: &str) -> Server {
    let binary = env!("CARGO_BIN_EXE_papo");
    let restored = std::process::Command::new(binary)
        .args(["restore", archive, "--data-dir"])
        .arg(data)
        .env("PAPO_MAX_MESSAGE_CHARACTERS", "10")
        .output()
        .unwrap();
    assert!(restored.status.success(), "{restored:?}");
    let server = papo().data(data).env("PAPO_MAX_MESSAGE_CHARACTERS", "10");
    server.start().unwrap()
}

#[test]
fn no_more_is_read_while_as_many_requests_as_are_set_wait() {
    let server = start_with("PAPO_MAX_IN_FLIGHT", 1);
    let (mut socket, limits, _) = follow(&Guest::joined(&server, 1, "Ana").unwrap());
    assert_eq!(limits.in_flight, 1);
    // All at once: a ping that is read is answered before anything that waits for the disk.
    let mut frames = Vec::new();
    for number in 0..10 {
        let send = format!(
            r#"{{"type":"send","ref":{number},"client_id":"number-{number}","message":"a"}}"#
        );
        let ping = format!(r#"{{"type":"ping","ref":{number}}}"#);
        frames.extend(frame(0x81, send.as_bytes()));
        frames.extend(frame(0x81, ping.as_bytes()));
    }
    socket.stream().write_all(&frames).unwrap();
    let mut answers = Vec::new();
    while answers.len() < 20 {
        match socket.receive().unwrap() {
            ServerFrame::Ack { r#ref, .. } => answers.push(("ack", r#ref)),
            ServerFrame::Pong { r#ref } => answers.push(("pong", r#ref)),
            ServerFrame::Message { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    let place = |what, number| {
        let wanted = (what, Some(number));
        answers.iter().position(|answer| *answer == wanted)
    };
    // A frame that is read as soon as a request has ended may be answered a moment before it.
    let waits = |number| place("ack", number - 1) < place("pong", number);
    assert!((1..10).all(waits), "{answers:?}");
}
