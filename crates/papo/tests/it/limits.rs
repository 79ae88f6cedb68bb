//! What is too big, too much or too often, and that others don't notice.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use papo_protocol::{ErrorCode, ServerFrame};
use papo_testing::{Guest, PATIENCE, Server, ServerBuilder, Socket};

use super::start;

fn raw(server: &Server, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(2 * PATIENCE)).unwrap();
    // The server may answer and close before it has taken all.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn resident_kib(server: &Server) -> i64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
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
    // More than are let in at the same time; each has 10 s for its head.
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
fn a_gigabyte_that_is_announced_and_fragments_without_end_cost_no_memory() {
    let server = start();
    let guest = Guest::joined(&server, 1, "Ana").unwrap();
    let mut sockets: Vec<Socket> = (0..20).map(|_| guest.plain_socket(1).unwrap()).collect();
    let before = resident_kib(&server);
    let (gigabyte, endless) = sockets.split_at_mut(10);
    for socket in gigabyte {
        let mut header = vec![0x81, 0xFF];
        header.extend((1_u64 << 30).to_be_bytes());
        header.extend([0; 4]);
        socket.stream().write_all(&header).unwrap();
        assert_eq!(socket.wait_for_close().unwrap().code, 1009);
    }
    for socket in endless {
        let mut fragment = vec![0x01, 0xFE];
        fragment.extend(16_000_u16.to_be_bytes());
        fragment.extend([0; 4]);
        fragment.extend([b'a'; 16_000]);
        for _ in 0..10 {
            let _ = socket.stream().write_all(&fragment);
            fragment[0] = 0x00;
        }
        // The close frame may be lost to what was sent after the limit.
        assert!([1009, 1006].contains(&socket.wait_for_close().unwrap().code));
    }
    let grown = resident_kib(&server) - before;
    assert!(grown < 8 * 1_024, "{grown} KiB");
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
fn a_form_that_is_too_big_is_refused() {
    let server = start();
    let mut guest = Guest::new(&server);
    let long = "a".repeat(100_000);
    let page = guest.post("/room/1/join/", &[("username", &long)]).unwrap();
    assert_eq!(page.status, 413);
    let page = guest.post("/room/1/join/", &[("user", "Ana")]).unwrap();
    assert!((400..=422).contains(&page.status), "{}", page.status);
}
