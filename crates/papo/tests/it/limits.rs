//! Requests that are too big, too many or too frequent. Other clients don't notice.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use papo_protocol::{ErrorCode, ServerFrame};
use papo_testing::{Guest, PATIENCE, Server, ServerBuilder, Socket};

use super::frames::frame;
use super::start;

/// The server must reserve nothing of what a header announces, touched or not. This is well below
/// it, and well above what another thread reserves.
const RESERVED_KIB: i64 = 256 << 10;
/// A server that keeps what it must refuse grows more.
const GROWN_KIB: i64 = 8 << 10;
/// The end of an endless input, beyond what the kernel takes for a server that doesn't read.
const ENDLESS: usize = 64 << 20;

fn raw(server: &Server, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(2 * PATIENCE)).unwrap();
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// A figure of the server's memory, in KiB.
pub(super) fn memory(server: &Server, name: &str) -> i64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// From here on `VmHWM`, the peak of `VmRSS`, is that of what follows.
fn forget_peak(server: &Server) {
    std::fs::write(format!("/proc/{}/clear_refs", server.pid()), "5").unwrap();
}

#[test]
fn a_head_over_16_kib_is_refused_and_a_slow_one_is_cut() {
    let server = start();
    let head = format!(
        "GET / HTTP/1.1\r\nHost: x\r\nCookie: {}\r\n\r\n",
        "a".repeat(17_000)
    );
    let answer = raw(&server, head.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let answer = raw(&server, b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow");
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
        "{answer}"
    );
}

#[test]
fn a_request_asks_one_host() {
    let server = start();
    for (hosts, status) in [
        ("Host: x\r\n", "200"),
        ("", "400"),
        ("Host: x\r\nHost: y\r\n", "400"),
    ] {
        let request = format!("GET /healthz HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
        let answer = raw(&server, request.as_bytes());
        assert_eq!(answer.split(' ').nth(1), Some(status), "{hosts}: {answer}");
    }
}

#[test]
fn those_who_dawdle_keep_nobody_out() {
    let server = start();
    // More than come in at the same time. Each has 10 s for its head.
    let dawdlers: Vec<_> = (0..300)
        .map(|_| {
            let mut stream = TcpStream::connect(server.address()).unwrap();
            stream
                .write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow")
                .unwrap();
            stream
        })
        .collect();
    let start = Instant::now();
    let page = Guest::new(&server).get("/healthz").unwrap();
    assert_eq!(page.status, 200);
    assert!(start.elapsed() < Duration::from_secs(9));
    drop(dawdlers);
}

#[test]
fn a_gigabyte_that_is_announced_costs_no_memory() {
    let server = start();
    let guest = Guest::joined(&server, 1, "Ana").unwrap();
    let mut sockets: Vec<Socket> = (0..10).map(|_| guest.plain_socket(1).unwrap()).collect();
    let before = memory(&server, "VmSize:");
    let head = [&[0x81, 0xFF], &(1_u64 << 30).to_be_bytes()[..], &[0; 4]].concat();
    for socket in &mut sockets {
        socket.stream().write_all(&head).unwrap();
    }
    for socket in &mut sockets {
        assert_eq!(socket.wait_for_close().unwrap().code, 1009);
    }
    let reserved = memory(&server, "VmPeak:") - before;
    assert!(reserved < RESERVED_KIB, "{reserved} KiB");
}

#[test]
fn fragments_without_end_cost_no_memory() {
    let server = start();
    let guest = Guest::joined(&server, 1, "Ana").unwrap();
    let mut sockets: Vec<Socket> = (0..4).map(|_| guest.plain_socket(1).unwrap()).collect();
    let before = memory(&server, "VmRSS:");
    forget_peak(&server);
    for socket in &mut sockets {
        let stream = socket.stream();
        let mut fragment = frame(0x01, &[b'a'; 16_000]);
        let mut sent = 0;
        while sent < ENDLESS && stream.write_all(&fragment).is_ok() {
            sent += fragment.len();
            fragment[0] = 0x00;
        }
        let grown = memory(&server, "VmHWM:") - before;
        assert!(grown < GROWN_KIB, "{grown} KiB");
        assert!(sent < ENDLESS, "the server never hangs up");
        // The server sent the reason before it closed, and Linux delivers what came before a reset.
        assert_eq!(socket.wait_for_close().unwrap().code, 1009);
    }
}

#[test]
fn one_message_too_many_is_refused_with_a_time_and_others_go_on() {
    let server = ServerBuilder::new(env!("CARGO_BIN_EXE_papo"))
        .env("PAPO_RATE_LIMITS", "on")
        .start()
        .unwrap();
    let mut hers = Guest::joined(&server, 1, "Ana").unwrap().socket(1).unwrap();
    let mut his = Guest::joined(&server, 1, "Bia").unwrap().socket(1).unwrap();
    for socket in [&mut hers, &mut his] {
        socket.subscribe(1, None).unwrap();
    }
    let references: Vec<_> = (0..40)
        .map(|number| hers.post(1, &number.to_string()).unwrap())
        .collect();
    let last = *references.last().unwrap();
    let refused = hers
        .receive_where(
            |frame| matches!(frame, ServerFrame::Error { r#ref, .. } if *r#ref == Some(last)),
        )
        .unwrap();
    match refused {
        ServerFrame::Error { code, retry, .. } => {
            assert_eq!(code, ErrorCode::RateLimited);
            assert!(retry.is_some_and(|seconds| (1..=10).contains(&seconds)));
        }
        other => panic!("{other:?}"),
    }
    let reference = his.post(1, "not limited").unwrap();
    his.wait_for_ack(reference).unwrap();
}

#[test]
fn the_page_before_the_first_message_tells_that_a_browser_has_too_many_sockets() {
    let server = ServerBuilder::new(env!("CARGO_BIN_EXE_papo"))
        .env("PAPO_RATE_LIMITS", "on")
        .env("PAPO_MAX_SESSION_CONNECTIONS", "2")
        .start()
        .unwrap();
    let mut guest = Guest::joined(&server, 1, "Ana").unwrap();
    let status = |guest: &mut Guest, before: u8| {
        let page = guest.get(&format!("/room/1/messages/?before={before}"));
        page.unwrap().status
    };
    assert_eq!(status(&mut guest, 1), 200);
    let _held = [guest.socket(1).unwrap(), guest.socket(1).unwrap()];
    assert_eq!(Socket::refusal(guest.socket(1)).unwrap(), 429);
    assert_eq!(status(&mut guest, 1), 429);
    // Older messages are still shown.
    assert_eq!(status(&mut guest, 2), 200);
}

#[test]
fn a_form_that_is_too_big_is_refused() {
    let server = start();
    let mut guest = Guest::new(&server);
    let long = "a".repeat(100_000);
    let page = guest.post("/room/1/join/", &[("username", &long)]).unwrap();
    assert_eq!(page.status, 413);
    let page = guest.post("/room/1/join/", &[("user", "Ana")]).unwrap();
    assert!((400..=422).contains(&page.status), "{}", page.status);
}

/// A server with its limits.
fn limited() -> Server {
    ServerBuilder::new(env!("CARGO_BIN_EXE_papo"))
        .env("PAPO_RATE_LIMITS", "on")
        .start()
        .unwrap()
}

/// Subscribes once more than was answered, and returns the answer.
fn subscribed(socket: &mut Socket) -> ServerFrame {
    let reference = socket.subscribe(1, None).unwrap();
    let is_answer = |frame: &ServerFrame| matches!(frame, ServerFrame::Snapshot { r#ref, .. } | ServerFrame::Error { r#ref, .. } if *r#ref == Some(reference));
    socket.receive_where(is_answer).unwrap()
}

#[test]
fn snapshots_and_pages_of_history_have_their_limits() {
    let server = limited();
    let guest = Guest::joined(&server, 1, "Ana").unwrap();
    let mut socket = guest.socket(1).unwrap();
    let refused = (0..1_000).find_map(|_| match subscribed(&mut socket) {
        ServerFrame::Error { code, retry, .. } => Some((code, retry)),
        _ => None,
    });
    assert_eq!(refused, Some((ErrorCode::RateLimited, Some(1))));
    let request = format!(
        "GET /room/1/messages/?before=2 HTTP/1.1\r\nHost: x\r\nCookie: {}\r\n\r\n",
        guest.cookie.as_deref().unwrap_or_default()
    );
    let last = request.replace("Host: x", "Host: x\r\nConnection: close");
    let answers = raw(&server, (request.repeat(400) + &last).as_bytes());
    assert!(answers.contains("HTTP/1.1 429"));
    assert!(answers.contains("retry-after: 1\r\n"));
    // Another person, from the same address.
    let mut his = Guest::joined(&server, 1, "Bia").unwrap().socket(1).unwrap();
    assert!(matches!(subscribed(&mut his), ServerFrame::Snapshot { .. }));
}

#[test]
fn a_socket_with_too_many_frames_that_change_nothing_is_closed_and_others_are_not() {
    let server = limited();
    let mut his = Guest::joined(&server, 1, "Bia").unwrap().socket(1).unwrap();
    his.subscribe(1, None).unwrap();
    for (number, wasted) in [
        "{\"type\":\"ping\"}",
        "{\"type\":\"typing\",\"room\":1}",
        "no JSON",
        "{\"type\":\"unsubscribe\",\"room\":2}",
        "{\"type\":\"send\",\"room\":1,\"client_id\":\"12345678\",\"message\":\"\"}",
        "{\"type\":\"send\",\"room\":1,\"client_id\":\"x\",\"message\":\"x\"}",
        "{\"type\":\"edit\",\"room\":1,\"seq\":1,\"message\":\"\"}",
    ]
    .into_iter()
    .enumerate()
    {
        let guest = Guest::joined(&server, 1, &format!("Guest {number}")).unwrap();
        let mut socket = guest.socket(1).unwrap();
        socket.subscribe(1, None).unwrap();
        // More than a person's burst, and what ten seconds give back.
        for _ in 0..800 {
            socket.send_text(wasted).unwrap();
        }
        assert_eq!(socket.wait_for_close().unwrap().code, 1008, "{wasted}");
    }
    let reference = his.post(1, "not limited").unwrap();
    his.wait_for_ack(reference).unwrap();
}

#[test]
fn one_persons_heartbeats_close_nobody_elses_socket_at_the_same_address() {
    let server = limited();
    let mut hers = Guest::joined(&server, 1, "Ana").unwrap().socket(1).unwrap();
    // Together more than an address's former limit, and none of them too many.
    let mut others: Vec<Socket> = (0..24)
        .map(|number| {
            let guest = Guest::joined(&server, 1, &format!("Guest {number}")).unwrap();
            guest.socket(1).unwrap()
        })
        .collect();
    for socket in &mut others {
        for _ in 0..590 {
            socket.send_text("{\"type\":\"ping\"}").unwrap();
        }
    }
    for socket in &mut others {
        for _ in 0..590 {
            pong(socket);
        }
    }
    hers.send_text("{\"type\":\"ping\"}").unwrap();
    pong(&mut hers);
}

fn pong(socket: &mut Socket) {
    let is_pong = |frame: &ServerFrame| matches!(frame, ServerFrame::Pong { .. });
    socket.receive_where(is_pong).unwrap();
}

#[test]
fn who_is_told_to_try_again_and_does_is_never_closed_for_it() {
    let server = limited();
    let guest = Guest::joined(&server, 1, "Ana").unwrap();
    let mut socket = guest.socket(1).unwrap();
    // Many more than are answered with a snapshot, or refused, at once.
    let mut asked = 0;
    while asked < 1_200 {
        asked = socket.subscribe(1, None).unwrap();
    }
    let is_last = |frame: &ServerFrame| matches!(frame, ServerFrame::Error { r#ref, code: ErrorCode::RateLimited, .. } if *r#ref == Some(asked));
    socket.receive_where(is_last).unwrap();
    socket.send_text("{\"type\":\"ping\"}").unwrap();
    pong(&mut socket);
}
