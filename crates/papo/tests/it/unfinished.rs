//! Unfinished forms and messages: their memory is bounded, and others are heard.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use papo_protocol::ServerFrame;
use papo_testing::{Guest, PATIENCE, Server, Socket};

use super::frames::frame;
use super::limits::memory;
use super::papo;
use super::untaken::figure;

/// What one session may hold.
const SESSION_BYTES: u64 = 8 << 20;
/// More sockets than there is space for, with what each begins.
const SOCKETS: usize = 100;
/// Most of a message.
const BEGUN: usize = 60_000;
/// A socket that the server hasn't closed by then stays.
const MOMENT: Duration = Duration::from_millis(200);
/// A server that keeps too much grows more.
const GROWN_KIB: i64 = 6 << 10;

fn start() -> Server {
    let server = papo().env("PAPO_METRICS_READERS", "127.0.0.1");
    server.start().unwrap()
}

/// Sockets of a guest.
fn sockets(guest: &Guest, count: usize) -> Vec<Socket> {
    (0..count).map(|_| guest.socket(1).unwrap()).collect()
}

/// Begins a message that is never finished.
fn begin(socket: &mut Socket) {
    let _ = socket.stream().write_all(&frame(0x01, &vec![b'a'; BEGUN]));
}

#[test]
fn messages_that_are_never_finished_are_bounded_in_all_and_others_are_heard() {
    let server = start();
    let guest = Guest::joined(&server, 1, "Ana").unwrap();
    let mut held = sockets(&guest, SOCKETS);
    held.iter_mut().for_each(begin);
    // One of those without space, which say so.
    let refused = server_has(&server, "papo_untaken_refused_total");
    assert!(refused, "all of one browser's messages are kept for it");
    let bytes = figure(&server, "papo_untaken_bytes");
    assert!((1..=SESSION_BYTES).contains(&bytes), "{bytes} bytes");
    let mut his = Guest::joined(&server, 1, "Bia").unwrap().socket(1).unwrap();
    his.subscribe(1, None).unwrap();
    let reference = his.post(1, &"\u{1F600}".repeat(4_000)).unwrap();
    his.wait_for_ack(reference).unwrap();
    // Those that take too long make space for others.
    let start = Instant::now();
    while figure(&server, "papo_untaken_cut_total") == 0 {
        assert!(start.elapsed() < PATIENCE, "nobody is cut");
        begin(&mut guest.socket(1).unwrap());
    }
    // Nobody knows which came first.
    let slow = held.iter_mut().find_map(|socket| {
        let stream = socket.stream();
        stream.set_read_timeout(Some(MOMENT)).unwrap();
        let closed = socket.wait_for_close().ok()?;
        Some(closed).filter(|closed| closed.reason.contains("too long to arrive"))
    });
    assert_eq!(slow.unwrap().code, 1013);
    drop(held);
    let start = Instant::now();
    while figure(&server, "papo_untaken_bytes") > 0 {
        assert!(start.elapsed() < PATIENCE, "their room isn't free again");
    }
}

/// Waits until a figure isn't 0.
fn server_has(server: &Server, name: &str) -> bool {
    let start = Instant::now();
    while figure(server, name) == 0 {
        if start.elapsed() > PATIENCE {
            return false;
        }
    }
    true
}

#[test]
fn a_socket_keeps_no_room_for_a_frame_that_it_has_read() {
    let server = start();
    let guest = Guest::joined(&server, 1, "Ana").unwrap();
    let mut sockets = sockets(&guest, 2 * SOCKETS);
    let long = format!("{{\"type\":\"ping\",\"ref\":1{}}}", " ".repeat(BEGUN));
    // And the first byte of the next.
    let bytes = [&frame(0x81, long.as_bytes())[..], &[0x81]].concat();
    let before = memory(&server, "VmRSS:");
    for socket in &mut sockets {
        socket.stream().write_all(&bytes).unwrap();
        let is_pong = |frame: &ServerFrame| matches!(frame, ServerFrame::Pong { .. });
        socket.receive_where(is_pong).unwrap();
    }
    let grown = memory(&server, "VmRSS:") - before;
    assert!(grown < GROWN_KIB, "{grown} KiB");
}

/// A form for joining a room, without its last byte.
fn post(server: &Server, coding: &str, body: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "POST /room/1/join/ HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: same-origin\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n{coding}\r\n\r\n"
    );
    let _ = stream.write_all(&[head.as_bytes(), body].concat());
    stream
}

#[test]
fn forms_that_are_never_finished_are_bounded_in_all() {
    let server = start();
    let length = format!("Content-Length: {}", BEGUN + 1);
    let mut forms: Vec<_> = (0..3 * SOCKETS)
        .map(|_| post(&server, &length, &vec![b'a'; BEGUN]))
        .collect();
    let refused = server_has(&server, "papo_untaken_refused_total");
    assert!(refused, "all of one address's forms are kept for it");
    let refused = forms.iter_mut().rev().find_map(|form| {
        let mut head = [0; 12];
        form.read_exact(&mut head).ok()?;
        Some(String::from_utf8_lossy(&head[9..]).into_owned())
    });
    assert_eq!(refused.as_deref(), Some("503"));
    // A short one is still answered.
    let mut other = Guest::new(&server);
    other.join(1, "Bia").unwrap();
}

#[test]
fn a_form_in_pieces_of_a_byte_costs_no_more_than_its_bytes() {
    let server = start();
    let before = memory(&server, "VmRSS:");
    let pieces = [&b"1\r\na\r\n".repeat(30_000)[..], b"0\r\n\r\n"].concat();
    let mut forms: Vec<_> = (0..16)
        .map(|_| {
            post(
                &server,
                "Transfer-Encoding: chunked",
                &pieces[..pieces.len() - 1],
            )
        })
        .collect();
    for form in &mut forms {
        form.write_all(b"\n").unwrap();
        let mut head = [0; 12];
        form.read_exact(&mut head).unwrap();
        assert_eq!(&head[9..], b"422");
    }
    let grown = memory(&server, "VmHWM:") - before;
    assert!(grown < GROWN_KIB, "{grown} KiB");
}
