//! Who may open a socket.

use papo_testing::{Guest, Socket};

use super::{papo, start};

fn open(guest: &Guest, path: &str, headers: &[(&str, &str)]) -> u16 {
    Socket::refusal(Socket::open_with(&guest.host, path, headers)).unwrap()
}

#[test]
fn another_sites_page_is_refused_whatever_it_calls_itself() {
    let server = start();
    let guest = Guest::joined(&server, 1, "Ana").unwrap();
    let cookie = guest.cookie.clone().unwrap();
    let host = guest.host.clone();
    let port = server.address().port();
    let origins = [
        "null".to_owned(),
        "http://evil.example".to_owned(),
        format!("http://{host}.evil.example"),
        format!("http://evil.example/{host}"),
        format!("http://{host}@evil.example"),
        format!("http://127.0.0.1:{}", port ^ 1),
        "http://127.0.0.1".to_owned(),
        format!("http://localhost:{port}"),
        format!("http://{host}/"),
        host.clone(),
        format!("http://user@{host}"),
    ];
    for origin in &origins {
        let headers = [("cookie", cookie.as_str()), ("origin", origin.as_str())];
        assert_eq!(open(&guest, "/ws/chat/1/", &headers), 403, "{origin}");
        let headers = [
            headers[0],
            headers[1],
            ("sec-websocket-protocol", "papo.v1"),
        ];
        assert_eq!(open(&guest, "/ws/", &headers), 403, "{origin}");
    }
    assert_eq!(
        open(&guest, "/ws/chat/1/", &[("cookie", cookie.as_str())]),
        403,
        "no origin"
    );
    assert!(guest.plain_socket(1).is_ok());
}

#[test]
fn behind_a_proxy_only_the_public_address_counts() {
    let server = papo()
        .env("PAPO_PUBLIC_URL", "https://papo.example")
        .start()
        .unwrap();
    let mut guest = Guest::new(&server);
    let own = [("origin", "https://papo.example")];
    let joined = guest
        .post_with("/room/1/join/", &[("username", "Ana")], &own)
        .unwrap();
    assert_eq!(joined.status, 303);
    let cookie = guest.cookie.clone().unwrap();
    assert!(
        cookie.starts_with("__Host-"),
        "{}",
        joined.header("set-cookie")
    );
    for origin in [
        format!("http://{}", guest.host),
        "http://papo.example".into(),
        "https://papo.example:8443".into(),
    ] {
        let headers = [("cookie", cookie.as_str()), ("origin", origin.as_str())];
        assert_eq!(open(&guest, "/ws/chat/1/", &headers), 403, "{origin}");
    }
    assert!(Socket::open_with(&guest.host, "/ws/chat/1/", &[("cookie", &cookie), own[0]]).is_ok());
}

#[test]
fn a_socket_needs_a_session_that_joined_the_room() {
    let server = start();
    let guest = Guest::joined(&server, 1, "Ana").unwrap();
    let origin = format!("http://{}", guest.host);
    let stranger = [("origin", origin.as_str())];
    assert_eq!(open(&guest, "/ws/chat/1/", &stranger), 403);
    let forged = format!("papo_session={}", "A".repeat(43));
    assert_eq!(
        open(
            &guest,
            "/ws/chat/1/",
            &[stranger[0], ("cookie", forged.as_str())]
        ),
        403
    );
    assert_eq!(Socket::refusal(guest.plain_socket(2)).unwrap(), 403);
    assert_eq!(Socket::refusal(guest.plain_socket(99)).unwrap(), 404);
    assert_eq!(open(&guest, "/ws/chat/x/", &stranger), 404);
    server.command(&["room", "deactivate", "1"]).unwrap();
    // Its members read on in an archived room, and nobody else knows of it.
    assert!(guest.plain_socket(1).is_ok());
    let other = Guest::joined(&server, 2, "Bia").unwrap();
    assert_eq!(Socket::refusal(other.plain_socket(1)).unwrap(), 404);
}

#[test]
fn a_cookie_that_is_no_session_hides_none() {
    let server = start();
    let mut guest = Guest::joined(&server, 1, "Ana").unwrap();
    let own = guest.cookie.clone().unwrap();
    let forged = format!("papo_session={}", "A".repeat(43));
    for other in ["papo_session=lixo", "papo_session=", forged.as_str()] {
        let both = Some(format!("{other}; {own}"));
        guest.cookie.clone_from(&both);
        let page = guest.get("/room/1/").unwrap();
        assert_eq!(page.status, 200, "{other}");
        // The visit renews the session's cookie.
        let kept = page.header("set-cookie");
        assert!(kept.starts_with(&own), "{kept} after {other}");
        guest.cookie = both;
        assert!(guest.plain_socket(1).is_ok(), "{other}");
    }
}

#[test]
fn a_token_that_the_server_did_not_give_is_not_taken_over() {
    let server = start();
    let mut guest = Guest::new(&server);
    let planted = format!("papo_session={}", "A".repeat(43));
    guest.cookie = Some(planted.clone());
    guest.join(1, "Ana").unwrap();
    assert_ne!(guest.cookie, Some(planted));
}

#[test]
fn no_page_is_reached_without_joining() {
    let server = start();
    let mut guest = Guest::new(&server);
    let page = guest.get("/room/1/").unwrap();
    assert_eq!(
        (page.status, page.header("location")),
        (303, "/room/1/join/")
    );
    assert!(page.header("set-cookie").is_empty());
    assert_eq!(
        guest.get("/room/1/messages/?before=10").unwrap().status,
        401
    );
    assert_eq!(guest.get("/room/99/").unwrap().status, 404);
    assert_eq!(guest.get("/room/99/join/").unwrap().status, 404);
}

#[test]
fn forms_of_other_sites_change_nothing() {
    let server = start();
    let mut guest = Guest::joined(&server, 1, "Ana").unwrap();
    let origin = format!("http://{}", guest.host);
    let cases: [&[(&str, &str)]; 5] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "http://evil.example")],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site"), ("origin", &origin)],
    ];
    for headers in cases {
        let page = guest
            .post_with("/leave/", &[("room", "1")], headers)
            .unwrap();
        assert_eq!(page.status, 403, "{headers:?}");
    }
    assert_eq!(guest.get("/room/1/").unwrap().status, 200);
    assert_eq!(guest.get("/leave/?room=1").unwrap().status, 200);
    assert_eq!(guest.get("/room/1/").unwrap().status, 200);
    let page = guest
        .post_with("/leave/", &[("room", "1")], &[("origin", &origin)])
        .unwrap();
    assert_eq!(page.status, 303);
    assert_eq!(guest.get("/room/1/").unwrap().status, 303);
}
