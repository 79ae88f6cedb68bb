//! One address takes its whole share of the places. Others come in, and so do operators.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use papo_testing::{Guest, PATIENCE, Server, Socket};

use super::papo;

/// A server with few places. With `is_proxied` it believes its clients about their addresses.
fn start(is_proxied: bool) -> Server {
    let mut builder = papo()
        .env("PAPO_MAX_CONNECTIONS", "12")
        .env("PAPO_METRICS_READERS", "127.0.0.1");
    if is_proxied {
        builder = builder.env("PAPO_TRUSTED_PROXIES", "127.0.0.1");
    }
    builder.start().unwrap()
}

/// Opens a room's socket as this guest, coming by a proxy from an address.
fn socket_from(server: &Server, guest: &Guest, address: &str) -> anyhow::Result<Socket> {
    let host = server.address().to_string();
    let origin = format!("http://{host}");
    let cookie = guest.cookie.as_deref().unwrap_or_default();
    let headers = [
        ("origin", origin.as_str()),
        ("cookie", cookie),
        ("x-forwarded-for", address),
        ("sec-websocket-protocol", "papo.v1"),
    ];
    Socket::open_with(&host, "/ws/chat/1/", &headers)
}

/// The status of the page that explains a refused socket, for a client behind a proxy.
fn probe_from(server: &Server, guest: &Guest, address: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let cookie = guest.cookie.as_deref().unwrap_or_default();
    let request = format!(
        "GET /room/1/messages/?before=1 HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\
         X-Forwarded-For: {address}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

/// Retries until the answer has this status; a place may have to become free first.
fn is_answered(server: &Server, path: &str, status: u16) -> bool {
    let start = std::time::Instant::now();
    loop {
        let answer = Guest::new(server).get(path);
        if answer.is_ok_and(|page| page.status == status) {
            return true;
        }
        if start.elapsed() > PATIENCE {
            return false;
        }
    }
}

/// If the process may open few files, there are fewer places than configured.
#[test]
fn one_address_takes_no_more_than_its_share_of_the_open_files() {
    let limited = ["sh", "-c", "ulimit -n 200 && exec \"$@\"", "sh"];
    let server = papo().wrapper(limited).start().unwrap();
    let mut held = Vec::new();
    for number in 0..8 {
        let Ok(guest) = Guest::joined(&server, 1, &format!("Ana {number}")) else {
            break;
        };
        let opened = (0..25).map_while(|_| guest.socket(1).ok());
        held.extend(opened);
    }
    assert!((25..=36).contains(&held.len()), "{} sockets", held.len());
    assert!(is_answered(&server, "/healthz", 200));
    assert!(is_answered(&server, "/login/", 200));
}

#[test]
fn one_address_with_all_its_places_keeps_nobody_from_health_and_administration() {
    let server = start(false);
    let guest = Guest::joined(&server, 1, "Ana").unwrap();
    let mut held = Vec::new();
    // The guest's own connection may still be there.
    for _ in 0..4 {
        held.push(guest.socket(1).unwrap());
    }
    while let Ok(socket) = guest.socket(1) {
        held.push(socket);
        assert!(held.len() <= 6, "one address has {} places", held.len());
    }
    for path in ["/healthz", "/readyz", "/metrics", "/login/"] {
        assert!(is_answered(&server, path, 200), "{path}");
    }
    let page = Guest::new(&server).get("/").unwrap();
    assert_eq!(page.status, 503);
    let retry: u64 = page.header("retry-after").parse().unwrap();
    assert!((3..=6).contains(&retry), "{retry}");
    assert_eq!(page.header("connection"), "close");
    drop(held);
    assert!(is_answered(&server, "/", 200));
}

#[test]
fn behind_a_proxy_each_address_has_its_own_share() {
    let server = start(true);
    let guest = Guest::joined(&server, 1, "Ana").unwrap();
    let mut held = Vec::new();
    for _ in 0..6 {
        held.push(socket_from(&server, &guest, "192.0.2.1").unwrap());
    }
    let refused = Socket::refusal(socket_from(&server, &guest, "192.0.2.1")).unwrap();
    assert_eq!(refused, 503);
    // The page says so too, since browsers don't.
    assert_eq!(probe_from(&server, &guest, "192.0.2.1"), "503");
    assert_eq!(probe_from(&server, &guest, "192.0.2.2"), "200");
    // The proxy itself has no share.
    held.push(socket_from(&server, &guest, "192.0.2.2").unwrap());
}

#[test]
fn connections_that_say_nothing_leave_the_kept_places_again() {
    let server = start(false);
    let held: Vec<_> = (0..40)
        .filter_map(|_| TcpStream::connect(server.address()).ok())
        .collect();
    assert!(is_answered(&server, "/healthz", 200));
    drop(held);
}
