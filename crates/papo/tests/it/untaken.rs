//! Unread answers: their memory is bounded, and others are served.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use papo_protocol::{ErrorCode, ServerFrame};
use papo_testing::{Guest, PATIENCE, Server, ServerBuilder, Socket};

use super::limits::memory;

/// Connections that request a page of about 800 kB each.
const CONNECTIONS: usize = 100;
const PAGE: &str = "/room/1/messages/?before=999";
/// What one session's answers may hold.
const SESSION_BYTES: u64 = 8 << 20;
/// Half of what the answers would take if all were kept. The rest of the measurement is the
/// allocator's, which keeps freed memory of threads: 30 to 62 MiB in 60 runs of a debug build.
const GROWN_KIB: i64 = 78 << 10;

/// A server that believes its clients about their addresses, with a room full of long messages.
fn start() -> (Server, Guest) {
    let server = ServerBuilder::new(env!("CARGO_BIN_EXE_papo"))
        .env("PAPO_TRUSTED_PROXIES", "127.0.0.1")
        .env("PAPO_METRICS_READERS", "127.0.0.1")
        .start()
        .unwrap();
    let guest = Guest::joined(&server, 1, "Ana").unwrap();
    let mut socket = guest.socket(1).unwrap();
    socket.subscribe(1, None).unwrap();
    let text = "\u{1F600}".repeat(4_000);
    for _ in 0..50 {
        let reference = socket.post(1, &text).unwrap();
        socket.wait_for_ack(reference).unwrap();
    }
    (server, guest)
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Asks several times for a page, from an address.
fn ask(server: &Server, guest: &Guest, address: &str, times: usize) -> TcpStream {
    let mut stream = connect(server);
    let request = request(guest, address, "");
    stream.write_all(request.repeat(times).as_bytes()).unwrap();
    stream
}

/// Asks for a page, and for nothing after it.
fn ask_once(server: &Server, guest: &Guest, address: &str) -> TcpStream {
    let mut stream = connect(server);
    let request = request(guest, address, "Connection: close\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

fn request(guest: &Guest, address: &str, headers: &str) -> String {
    let cookie = guest.cookie.as_deref().unwrap_or_default();
    format!(
        "GET {PAGE} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {address}\r\nCookie: {cookie}\r\n{headers}\r\n"
    )
}

/// The status of the first answer.
fn status(stream: &mut TcpStream) -> String {
    let mut head = [0; 12];
    stream.read_exact(&mut head).unwrap();
    String::from_utf8_lossy(&head[9..]).into_owned()
}

#[test]
fn pages_that_nobody_reads_are_bounded_in_all_and_others_are_served() {
    let (server, guest) = start();
    let other = Guest::joined(&server, 1, "Bia").unwrap();
    let before = memory(&server, "VmRSS:");
    let silent: Vec<_> = (0..CONNECTIONS)
        .map(|_| ask(&server, &guest, "192.0.2.1", 5))
        .collect();
    // Requested after all the others, and so answered after them.
    let mut refused = 0;
    for _ in 0..CONNECTIONS {
        let mut stream = ask(&server, &guest, "192.0.2.1", 1);
        refused += usize::from(status(&mut stream) == "503");
    }
    assert!(refused > 0, "all of one browser's pages are kept for it");
    let held = figure(&server, "papo_untaken_bytes");
    assert!((1..=SESSION_BYTES).contains(&held), "{held} bytes");
    let mut stream = ask(&server, &other, "192.0.2.2", 1);
    assert_eq!(status(&mut stream), "200");
    let grown = memory(&server, "VmHWM:") - before;
    assert!(grown < GROWN_KIB, "{grown} KiB");
    drop(silent);
    // Their memory is free when they are gone.
    let start = Instant::now();
    while status(&mut ask(&server, &guest, "192.0.2.1", 1)) != "200" {
        assert!(start.elapsed() < PATIENCE, "their room isn't free again");
    }
}

#[test]
fn snapshots_that_nobody_reads_are_refused_with_a_time_to_try_again() {
    let (server, guest) = start();
    let mut silent: Vec<Socket> = (0..20).map(|_| guest.socket(1).unwrap()).collect();
    for socket in &mut silent {
        // The kernel takes some of the first. The rest keeps the server from reading the socket.
        for _ in 0..3 {
            socket.subscribe(1, None).unwrap();
        }
    }
    let mut refused = None;
    for _ in 0..100 {
        let mut socket = guest.socket(1).unwrap();
        let reference = socket.subscribe(1, None).unwrap();
        let answer = socket.receive_where(|frame| {
            matches!(frame, ServerFrame::Snapshot { r#ref, .. } | ServerFrame::Error { r#ref, .. } if *r#ref == Some(reference))
        });
        match answer.unwrap() {
            ServerFrame::Error { code, retry, .. } => {
                refused = Some((code, retry));
                break;
            }
            _ => silent.push(socket),
        }
    }
    let (code, retry) = refused.unwrap();
    assert_eq!(code, ErrorCode::Unavailable);
    assert!(retry.is_some_and(|seconds| (3..=6).contains(&seconds)));
    let other = Guest::joined(&server, 1, "Bia").unwrap();
    let mut socket = other.socket(1).unwrap();
    socket.subscribe(1, None).unwrap();
}

/// A figure of the server's.
pub(super) fn figure(server: &Server, name: &str) -> u64 {
    let page = Guest::new(server).get("/metrics").unwrap();
    assert_eq!(page.status, 200);
    let line = page.body.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap().trim().parse().unwrap()
}

/// Reads an answer to its end, a little at a time while `is_slow`, as over a bad line.
fn read_slowly(mut stream: TcpStream, is_slow: &AtomicBool) -> std::io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    let mut some = vec![0; 4 << 10];
    loop {
        let count = stream.read(&mut some)?;
        if count == 0 {
            return Ok(answer);
        }
        answer.extend(&some[..count]);
        if is_slow.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(40));
        }
    }
}

#[test]
fn who_takes_an_answer_slowly_gets_all_of_it_while_those_who_take_nothing_are_cut() {
    let (server, guest) = start();
    let [slow, bia, davi] =
        ["Caio", "Bia", "Davi"].map(|name| Guest::joined(&server, 1, name).unwrap());
    // Before all the others, so that nothing waits longer.
    let mut slow = ask_once(&server, &slow, "192.0.2.1");
    assert_eq!(status(&mut slow), "200");
    let is_slow = Arc::new(AtomicBool::new(true));
    let reading = {
        let is_slow = Arc::clone(&is_slow);
        std::thread::spawn(move || read_slowly(slow, &is_slow))
    };
    let mut silent = Vec::new();
    for guest in [&guest, &bia, &davi] {
        silent.extend((0..10).map(|_| ask(&server, guest, "192.0.2.1", 1)));
    }
    let start = Instant::now();
    while figure(&server, "papo_untaken_cut_total") == 0 {
        assert!(start.elapsed() < PATIENCE, "nobody is cut");
        drop(ask(&server, &guest, "192.0.2.1", 1));
    }
    is_slow.store(false, Ordering::Relaxed);
    let answer = reading.join().unwrap().unwrap();
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        head.contains(&format!("content-length: {}", body.len())),
        "{} bytes of {head}",
        body.len()
    );
}
