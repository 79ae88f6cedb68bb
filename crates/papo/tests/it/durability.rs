//! What was acknowledged or seen survives any end of the server.

use std::collections::HashMap;

use papo_protocol::ServerFrame;
use papo_testing::{Guest, Server, Socket};

use super::start;

/// Fewer than a socket may have in flight, and than a snapshot shows.
const IN_FLIGHT: usize = 40;

fn messages(guest: &Guest) -> Vec<(i64, String)> {
    let mut socket = guest.socket(1).unwrap();
    socket.subscribe(1, None).unwrap();
    let frame = socket
        .receive_where(|frame| matches!(frame, ServerFrame::Snapshot { .. }))
        .unwrap();
    let ServerFrame::Snapshot { messages, .. } = frame else {
        unreachable!()
    };
    messages
        .into_iter()
        .map(|message| (message.seq, message.message))
        .collect()
}

fn writer(server: &Server) -> (Guest, Socket) {
    let guest = Guest::joined(server, 1, "Ana").unwrap();
    let mut socket = guest.socket(1).unwrap();
    socket.subscribe(1, None).unwrap();
    (guest, socket)
}

fn is_answer(frame: &ServerFrame) -> bool {
    matches!(frame, ServerFrame::Ack { .. } | ServerFrame::Error { .. })
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let mut server = start();
    let (guest, mut socket) = writer(&server);
    let mut expected = Vec::new();
    for round in 0..3 {
        for number in 0..10 {
            let text = format!("{round}.{number}");
            let reference = socket.post(1, &text).unwrap();
            expected.push((socket.wait_for_ack(reference).unwrap(), text));
        }
        server.kill().unwrap();
        server.restart().unwrap();
        assert_eq!(messages(&guest), expected);
        socket = guest.socket(1).unwrap();
        socket.subscribe(1, None).unwrap();
    }
}

#[test]
fn a_stop_finishes_what_is_in_flight_and_tells_people_to_come_back() {
    let mut server = start();
    let (guest, mut socket) = writer(&server);
    let mut plain = guest.plain_socket(1).unwrap();
    // The server has stored everything of its start. While another process writes, it stores
    // nothing more, and waits up to 5 s.
    server.wait_for_line("/admin/setup/").unwrap();
    let other = rusqlite::Connection::open(server.data().join("papo.sqlite3")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut in_flight: HashMap<_, _> = (0..IN_FLIGHT)
        .map(|number| (socket.post(1, &number.to_string()).unwrap(), number))
        .collect();
    // This is refused without the writer. Its refusal shows that all frames were read.
    socket.send_text("nonsense").unwrap();
    let refused = socket.receive_where(is_answer).unwrap();
    assert!(matches!(refused, ServerFrame::Error { .. }), "{refused:?}");
    server.terminate().unwrap();
    let is_reconnect =
        |frame: &ServerFrame| matches!(frame, ServerFrame::Reconnect { delay } if *delay <= 5_000);
    socket.receive_where(is_reconnect).unwrap();
    socket.post(1, "too late").unwrap();
    drop(other);
    let mut acknowledged = Vec::new();
    let closed = loop {
        match socket.receive_where(is_answer) {
            Ok(ServerFrame::Ack { r#ref, seq, .. }) => {
                let number = in_flight.remove(&r#ref.unwrap());
                let number = number.expect("one answer to what was in flight");
                acknowledged.push((seq.unwrap(), number.to_string()));
            }
            Ok(other) => panic!("{other:?}"),
            Err(error) => break error.to_string(),
        }
    };
    assert!(in_flight.is_empty(), "no answer to {in_flight:?}");
    assert!(closed.contains("Restart"), "{closed}");
    assert_eq!(plain.wait_for_close().unwrap().code, 1012);
    assert!(server.wait().unwrap().success());
    server.restart().unwrap();
    assert_eq!(messages(&guest), acknowledged);
}
