//! Compressed answers for clients that accept them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use flate2::read::GzDecoder;
use papo_testing::{Guest, PATIENCE, Server};

use super::start;

/// An answer's head in small letters, and its body.
struct Answer {
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> String {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let values = lines.filter(|(each, _)| *each == name);
        values
            .map(|(_, value)| value)
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Its text, decompressed.
    fn text(&self) -> String {
        let mut text = String::new();
        match self.header("content-encoding").as_str() {
            "gzip" => GzDecoder::new(self.body.as_slice()).read_to_string(&mut text),
            "br" => {
                brotli::Decompressor::new(self.body.as_slice(), 4_096).read_to_string(&mut text)
            }
            _ => self.body.as_slice().read_to_string(&mut text),
        }
        .unwrap();
        text
    }
}

fn ask(server: &Server, guest: &Guest, request: &str, headers: &str) -> Answer {
    let host = server.address();
    let cookie = guest.cookie.as_deref().unwrap_or_default();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "{request} HTTP/1.0\r\nHost: {host}\r\nAccept-Language: pt\r\nCookie: {cookie}\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer
        .windows(4)
        .position(|end| end == b"\r\n\r\n")
        .unwrap();
    Answer {
        head: String::from_utf8_lossy(&answer[..end]).to_lowercase(),
        body: answer.split_off(end + 4),
    }
}

#[test]
fn pages_and_history_come_in_fewer_bytes() {
    let server = start();
    let guest = Guest::joined(&server, 1, "Ana").unwrap();
    let mut socket = guest.socket(1).unwrap();
    socket.subscribe(1, None).unwrap();
    for number in 0..50 {
        let text = format!("mensagem {number} ").repeat(250);
        let posted = socket.post(1, &text).unwrap();
        socket.wait_for_ack(posted).unwrap();
    }
    for (path, least) in [
        ("/room/2/join/", 2),
        ("/room/2/join/?x=y", 2),
        ("/room/1/", 10),
        // Compressed on a thread of its own.
        ("/room/1/messages/?before=51", 10),
        // An error's page.
        ("/nothing/", 2),
    ] {
        let request = format!("GET {path}");
        let raw = ask(&server, &guest, &request, "");
        assert_eq!(raw.header("content-encoding"), "", "{path}");
        for (accept, expected) in [("gzip, deflate", "gzip"), ("gzip, deflate, br, zstd", "br")] {
            let headers = format!("Accept-Encoding: {accept}\r\n");
            let answer = ask(&server, &guest, &request, &headers);
            assert_eq!(answer.header("content-encoding"), expected, "{path}");
            assert_eq!(answer.text(), raw.text(), "{path}");
            let shrunk = answer.body.len() * least;
            assert!(shrunk <= raw.body.len(), "{path}: {shrunk}");
            assert_eq!(
                answer.header("content-length"),
                answer.body.len().to_string()
            );
        }
        for answer in [
            &raw,
            &ask(&server, &guest, &request, "Accept-Encoding: br\r\n"),
        ] {
            assert!(answer.header("vary").contains("accept-encoding"), "{path}");
            assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        }
    }
}

#[test]
fn what_is_short_or_asked_for_by_another_site_stays_as_it_is() {
    let server = start();
    let guest = Guest::new(&server);
    let takes = "Accept-Encoding: gzip, br\r\n";
    let health = ask(&server, &guest, "GET /healthz", takes);
    assert_eq!(health.text(), r#"{"status":"ok"}"#);
    for site in ["cross-site", "same-site"] {
        let headers = format!("{takes}Sec-Fetch-Site: {site}\r\n");
        let page = ask(&server, &guest, "GET /?q=guess", &headers);
        assert_eq!(page.header("content-encoding"), "", "{site}");
        assert!(page.text().contains("</html>"));
    }
    let head = ask(&server, &guest, "HEAD /", takes);
    assert!(head.head.starts_with("http/1.0 200") && head.body.is_empty());
}

#[test]
fn the_clients_files_come_in_both_forms() {
    let server = start();
    let guest = Guest::new(&server);
    let request = "GET /static/chat.js";
    let raw = ask(&server, &guest, request, "");
    let gzip = ask(&server, &guest, request, "Accept-Encoding: gzip\r\n");
    let brotli = ask(&server, &guest, request, "Accept-Encoding: gzip, br\r\n");
    assert_eq!(gzip.text(), raw.text());
    assert_eq!(brotli.text(), raw.text());
    assert_eq!(brotli.header("content-encoding"), "br");
    assert!(brotli.body.len() < gzip.body.len());
    let tags = [&raw, &gzip, &brotli].map(|answer| answer.header("etag"));
    assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2]);
    let known = format!("Accept-Encoding: br\r\nIf-None-Match: {}\r\n", tags[2]);
    assert!(
        ask(&server, &guest, request, &known)
            .head
            .starts_with("http/1.0 304")
    );
}
