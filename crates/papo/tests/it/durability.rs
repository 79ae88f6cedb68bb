//! What was acknowledged or seen is there after any end.

use papo_protocol::ServerFrame;
use papo_testing::{Guest, Server, Socket};

use super::start;

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
    let references: Vec<_> = (0..50)
        .map(|number| socket.post(1, &number.to_string()).unwrap())
        .collect();
    socket.wait_for_ack(references[0]).unwrap();
    server.terminate().unwrap();
    let mut told = false;
    let mut acknowledged = 1;
    let closed = loop {
        match socket.receive_any() {
            Ok(ServerFrame::Reconnect { delay }) => told = delay <= 5_000,
            Ok(ServerFrame::Ack { .. }) => acknowledged += 1,
            Ok(_) => {}
            Err(error) => break error.to_string(),
        }
    };
    assert!(told && closed.contains("Restart"), "{closed}");
    assert_eq!(plain.wait_for_close().unwrap().code, 1012);
    assert!(server.wait().unwrap().success());
    server.restart().unwrap();
    assert!(messages(&guest).len() >= acknowledged.min(50));
}
