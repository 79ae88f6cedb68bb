//! The stop, and clients that would delay it.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::start;

/// The server waits two seconds for unfinished requests.
const LIMIT: Duration = Duration::from_secs(5);

fn stops_in_spite_of(requests: &[&str]) {
    let mut server = start();
    let _streams: Vec<_> = requests
        .iter()
        .map(|request| {
            let mut stream = TcpStream::connect(server.address()).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            stream
        })
        .collect();
    // Until the server serves them.
    std::thread::sleep(Duration::from_millis(300));
    let start = Instant::now();
    assert!(server.stop().unwrap().success());
    assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
}

#[test]
fn who_never_ends_a_request_does_not_hold_up_the_stop() {
    let form = "POST /room/1/join/ HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\
        Content-Type: application/x-www-form-urlencoded\r\n\r\nuser";
    stops_in_spite_of(&["GET / HT", form]);
}

#[test]
fn who_does_not_take_the_answer_does_not_hold_up_the_stop() {
    let many = "GET /static/chat.js HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100);
    stops_in_spite_of(&[&many]);
}
