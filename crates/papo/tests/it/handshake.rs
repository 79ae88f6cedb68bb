//! RFC 6455's opening handshake on a real socket.

use std::io::{Read, Write};
use std::net::TcpStream;

use papo_testing::{Guest, PATIENCE, Server};

use super::start;

/// A browser's headers for a socket, with the example key of the RFC; "host", "origin" and "cookie"
/// are added.
const BROWSERS: [(&str, &str); 4] = [
    ("Connection", "keep-alive, Upgrade"),
    ("Upgrade", "WebSocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

/// Requests a socket. Returns the answer's head in small letters.
fn ask(server: &Server, guest: &Guest, line: &str, headers: &[(&str, &str)]) -> String {
    let host = server.address();
    let mut request = format!("{line}\r\nHost: {host}\r\nOrigin: http://{host}\r\n");
    let cookie = guest.cookie.as_deref().map(|cookie| ("Cookie", cookie));
    for (name, value) in headers.iter().copied().chain(cookie) {
        request.extend([name, ": ", value, "\r\n"]);
    }
    request += "\r\n";
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    String::from_utf8(answer).unwrap().to_lowercase()
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap()
}

/// The headers of a browser with another value for one; none without a value.
fn with(name: &str, value: Option<&'static str>) -> Vec<(&'static str, &'static str)> {
    BROWSERS
        .into_iter()
        .filter_map(|pair| match value {
            Some(value) if pair.0 == name => Some((pair.0, value)),
            None if pair.0 == name => None,
            _ => Some(pair),
        })
        .collect()
}

#[test]
fn a_handshake_is_answered_as_the_rfc_says() {
    let server = start();
    let guest = Guest::joined(&server, 1, "Ana").unwrap();
    let mut headers = BROWSERS.to_vec();
    headers.push(("Sec-WebSocket-Extensions", "permessage-deflate"));
    headers.push(("Sec-WebSocket-Protocol", "chat"));
    let answer = ask(&server, &guest, "GET /ws/chat/1/ HTTP/1.1", &headers);
    assert!(answer.starts_with("http/1.1 101 "), "{answer}");
    for line in [
        "connection: upgrade",
        "upgrade: websocket",
        "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=",
    ] {
        assert!(answer.contains(&format!("\r\n{line}\r\n")), "{answer}");
    }
    // The server announces nothing that it doesn't speak.
    for name in ["sec-websocket-extensions", "sec-websocket-protocol"] {
        assert!(!answer.contains(name), "{answer}");
    }
    headers.push(("Sec-WebSocket-Protocol", "papo.v1, other"));
    let answer = ask(&server, &guest, "GET /ws/chat/1/ HTTP/1.1", &headers);
    assert!(
        answer.contains("\r\nsec-websocket-protocol: papo.v1\r\n"),
        "{answer}"
    );
}

#[test]
fn a_key_that_is_none_is_refused_and_so_is_a_body() {
    let server = start();
    let guest = Guest::joined(&server, 1, "Ana").unwrap();
    let key = "Sec-WebSocket-Key";
    let mut twice = BROWSERS.to_vec();
    twice.push((key, "AAAAAAAAAAAAAAAAAAAAAA=="));
    let mut body = BROWSERS.to_vec();
    body.push(("Content-Length", "5"));
    let cases = [
        ("a body", body),
        ("missing", with(key, None)),
        ("empty", with(key, Some(""))),
        ("15 bytes", with(key, Some("AAAAAAAAAAAAAAAAAAAA"))),
        ("17 bytes", with(key, Some("AAAAAAAAAAAAAAAAAAAAAAA="))),
        ("not Base 64", with(key, Some("dGhlIHNhbXBsZSBub25jZ!=="))),
        ("without its end", with(key, Some("dGhlIHNhbXBsZSBub25jZQ"))),
        ("twice", twice),
    ];
    for (what, headers) in cases {
        let answer = ask(&server, &guest, "GET /ws/chat/1/ HTTP/1.1", &headers);
        assert_eq!(status(&answer), "400", "{what}: {answer}");
    }
}

#[test]
fn what_is_no_handshake_of_version_13_is_told_what_is() {
    let server = start();
    let guest = Guest::joined(&server, 1, "Ana").unwrap();
    let version = "Sec-WebSocket-Version";
    let mut twice = BROWSERS.to_vec();
    twice.push((version, "8"));
    let get = "GET /ws/chat/1/ HTTP/1.1";
    let cases = [
        ("no version", get, with(version, None)),
        ("version 8", get, with(version, Some("8"))),
        ("two versions", get, with(version, Some("13, 8"))),
        ("version twice", get, twice),
        ("no upgrade", get, with("Upgrade", None)),
        ("upgrade to another", get, with("Upgrade", Some("h2c"))),
        ("no connection", get, with("Connection", None)),
        ("kept", get, with("Connection", Some("keep-alive"))),
        ("a page's request", get, Vec::new()),
        ("HTTP/1.0", "GET /ws/chat/1/ HTTP/1.0", BROWSERS.to_vec()),
        ("HEAD", "HEAD /ws/chat/1/ HTTP/1.1", BROWSERS.to_vec()),
    ];
    for (what, line, headers) in cases {
        let answer = ask(&server, &guest, line, &headers);
        assert_eq!(status(&answer), "426", "{what}: {answer}");
        // RFC 6455 §4.2.2 and RFC 9110 §15.5.22.
        for line in ["sec-websocket-version: 13", "upgrade: websocket"] {
            let line = format!("\r\n{line}\r\n");
            assert!(answer.contains(&line), "{what}: {answer}");
        }
    }
    let answer = ask(&server, &guest, "POST /ws/chat/1/ HTTP/1.1", &BROWSERS);
    assert_eq!(status(&answer), "405", "{answer}");
    assert!(answer.contains("\r\nallow: get"), "{answer}");
    assert!(guest.plain_socket(1).is_ok(), "the door still opens");
}
