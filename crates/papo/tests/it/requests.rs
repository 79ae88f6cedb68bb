//! Requests in the forms of other programs and proxies.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use papo_testing::{Guest, PATIENCE, Server, Socket};

use super::{papo, start};

/// The names and values of a form.
type Fields<'a> = &'a [(&'a str, &'a str)];

const PASSWORD: &str = "correct horse battery";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

/// Sends a form with these headers and this body. Returns the answer.
fn post(server: &Server, path: &str, headers: &str, body: &str) -> String {
    let host = server.address();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nConnection: close\r\n{headers}\r\n"
    );
    stream.write_all((head + body).as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

/// Somebody who has signed in.
fn administrator(server: &Server) -> Guest {
    let create = ["user", "create", "Chefe", "--admin"];
    let password = format!("{PASSWORD}\n");
    server.command_with_input(&create, &password).unwrap();
    let mut guest = Guest::new(server);
    let form = [("username", "Chefe"), ("password", PASSWORD)];
    guest.post("/login/", &form).unwrap();
    guest
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

#[test]
fn a_form_without_a_body_is_an_empty_form() {
    let server = start();
    let chief = administrator(&server);
    let cookie = format!("Cookie: {}\r\n", chief.cookie.unwrap());
    for (path, expected) in [
        ("/leave/", "303"),
        ("/room/1/join/", "422"),
        ("/login/", "422"),
        ("/admin/setup/AAAA/", "404"),
        ("/admin/rooms/new/", "422"),
        ("/admin/rooms/1/", "422"),
        // These paths need their fields.
        ("/language/", "422"),
        ("/admin/rooms/1/state/", "422"),
        ("/admin/messages/", "422"),
        ("/logout/", "303"),
    ] {
        let forms = [
            ("", ""),
            ("Content-Length: 0\r\n", ""),
            (
                "Content-Length: 0\r\nContent-Type: application/json\r\n",
                "",
            ),
            ("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        ];
        for (headers, body) in forms {
            let answer = post(&server, path, &format!("{cookie}{headers}"), body);
            assert_eq!(status(&answer), expected, "{path} {headers:?}");
        }
    }
    // A body that is there must say what it is.
    let answer = post(&server, "/leave/", "Content-Length: 6\r\n", "room=1");
    assert_eq!(status(&answer), "415");
    let long = "x".repeat(70_000);
    let headers = format!("{FORM}Content-Length: {}\r\n", long.len());
    assert_eq!(status(&post(&server, "/leave/", &headers, &long)), "413");
}

#[test]
fn bodies_are_read_in_chunks_or_not_at_all() {
    let server = start();
    let chunks = "6\r\nroom=9\r\n0\r\n\r\n";
    for (codings, expected) in [
        ("Transfer-Encoding: chunked\r\n", "303"),
        ("Transfer-Encoding: Chunked\r\n", "303"),
        ("Transfer-Encoding: chunked, chunked\r\n", "400"),
        (
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "400",
        ),
        ("Transfer-Encoding: gzip, chunked\r\n", "501"),
        (
            "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
            "501",
        ),
        ("Transfer-Encoding: x, chunked\r\n", "501"),
        ("Transfer-Encoding: chunked, gzip\r\n", "400"),
        ("Transfer-Encoding: gzip\r\n", "400"),
    ] {
        let answer = post(&server, "/leave/", &format!("{FORM}{codings}"), chunks);
        assert_eq!(status(&answer), expected, "{codings:?}");
        // Such a request may not carry a second one.
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{codings:?}");
    }
}

#[test]
fn another_programs_cookie_throws_nobody_out() {
    let server = start();
    let mut guest = Guest::joined(&server, 1, "Ana").unwrap();
    let own = guest.cookie.clone().unwrap();
    for cookies in [
        format!("visitor=João; {own}"),
        format!("{own}; visitor=João"),
        format!("=; {own};;"),
    ] {
        guest.cookie = Some(cookies);
        assert_eq!(guest.get("/room/1/").unwrap().status, 200);
        assert!(guest.plain_socket(1).is_ok());
    }
}

#[test]
fn a_browser_that_keeps_no_cookies_is_told_that_they_are_needed() {
    let server = start();
    administrator(&server);
    let sign_in = [
        ("username", "Chefe"),
        ("password", PASSWORD),
        ("next", "/admin/messages/"),
    ];
    let join = [("username", "Ana")];
    let forms: [(&str, Fields<'_>, &str); 2] = [
        ("/room/1/join/", &join, "/room/1/"),
        ("/login/", &sign_in, "/admin/messages/"),
    ];
    for (path, form, to) in forms {
        for (language, expected) in [("pt-BR", "não guardou o cookie"), ("en", "keep the cookie")]
        {
            let mut guest = Guest::new(&server);
            language.clone_into(&mut guest.language);
            let sent = guest.post(path, form).unwrap();
            let cookie = guest.cookie.take();
            assert!(cookie.is_some());
            // As a browser goes on that blocks cookies.
            let form = guest.get(sent.header("location")).unwrap();
            assert_eq!(form.status, 200);
            assert!(form.body.contains(expected), "{}", form.body);
            assert!(form.body.contains("role=\"alert\""));
            // And as one that doesn't.
            guest.cookie = cookie;
            let kept = guest.get(sent.header("location")).unwrap();
            assert_eq!((kept.status, kept.header("location")), (303, to));
        }
        // Nobody else sees that text.
        let form = Guest::new(&server).get(path).unwrap();
        assert!(!form.body.contains("cookie"), "{}", form.body);
    }
    let mut guest = Guest::joined(&server, 1, "Bia").unwrap();
    let form = guest.get("/room/2/join/?cookie=set").unwrap();
    assert!(!form.body.contains("role=\"alert\""), "{}", form.body);
    // Whose cookie came along needs no test.
    let joined = guest.post("/room/2/join/", &join).unwrap();
    assert_eq!(joined.header("location"), "/room/2/");
}

#[test]
fn a_browser_that_keeps_no_cookies_is_told_why_the_language_stays() {
    let server = start();
    let form = [("language", "en"), ("next", "/room/1/join/?rename")];
    let mut guest = Guest::new(&server);
    let sent = guest.post("/language/", &form).unwrap();
    let to = sent.header("location").to_owned();
    // As a browser goes on that blocks cookies.
    let told = Guest::new(&server).get(&to).unwrap();
    assert_eq!(told.status, 200);
    assert!(told.body.contains("role=\"alert\""), "{}", told.body);
    assert!(
        told.body.contains("remembers the language"),
        "{}",
        told.body
    );
    assert!(
        told.body.contains("href=\"/room/1/join/?rename\""),
        "{}",
        told.body
    );
    // And as one that doesn't.
    guest.cookie = Some("papo_language=en".to_owned());
    let kept = guest.get(&to).unwrap();
    assert_eq!((kept.status, kept.header("location")), (303, form[1].1));
    // Whose cookie came along needs no test.
    let switched = guest.post("/language/", &form).unwrap();
    assert_eq!(switched.header("location"), form[1].1);
}

#[test]
fn who_keeps_no_cookie_of_another_address_is_told_the_right_one() {
    let server = papo()
        .env("PAPO_PUBLIC_URL", "https://papo.são.example")
        .start()
        .unwrap();
    let mut guest = Guest::new(&server);
    let form = guest.get("/room/1/join/?cookie=set").unwrap();
    let address = "https://papo.xn--so-sia.example";
    assert!(form.body.contains(address), "{}", form.body);
}

#[test]
fn people_behind_a_proxy_that_names_ports_are_counted_each_for_themselves() {
    let server = papo()
        .env("PAPO_TRUSTED_PROXIES", "127.0.0.1")
        .env("PAPO_RATE_LIMITS", "on")
        .start()
        .unwrap();
    let forms: [fn(usize) -> String; 4] = [
        |who| format!("203.0.113.{who}:5000{who}"),
        |who| format!("[2001:db8:{who}::1]:443"),
        |who| format!("[2001:db8:{who}::2]"),
        |who| format!("198.51.100.{who}"),
    ];
    for form in forms {
        for who in 1..=22 {
            let mut guest = Guest::new(&server);
            let headers = [
                ("sec-fetch-site", "same-origin"),
                ("x-forwarded-for", &form(who)),
            ];
            let wrong = [
                ("username", format!("x{who}")),
                ("password", "wrong".into()),
            ];
            let wrong = wrong
                .each_ref()
                .map(|(name, value)| (*name, value.as_str()));
            let page = guest.post_with("/login/", &wrong, &headers).unwrap();
            assert_eq!(page.status, 422, "{}", form(who));
        }
    }
}

#[test]
fn a_proxy_that_cannot_be_understood_is_told_of_once() {
    let mut server = papo()
        .env("PAPO_TRUSTED_PROXIES", "127.0.0.1")
        .start()
        .unwrap();
    let mut guest = Guest::new(&server);
    for hop in ["203.0.113.77:http", "unknown", "203.0.113.77:http"] {
        let headers = [("sec-fetch-site", "same-origin"), ("x-forwarded-for", hop)];
        guest.post_with("/leave/", &[], &headers).unwrap();
    }
    let line = server.wait_for_line("X-Forwarded-For").unwrap();
    assert!(line.contains("000.0.000.00:http"), "{line}");
    server.stop().unwrap();
    let told = server.printed().iter();
    let told = told.filter(|line| line.contains("X-Forwarded-For"));
    assert_eq!(told.count(), 1);
}

#[test]
fn the_other_scheme_is_another_site_unless_a_proxy_says_it_is_its_own() {
    let server = start();
    let guest = Guest::joined(&server, 1, "Ana").unwrap();
    let cookie = guest.cookie.clone().unwrap();
    let (plain, by_tls) = (
        format!("http://{}", guest.host),
        format!("https://{}", guest.host),
    );
    let proto = |scheme| Some(("x-forwarded-proto", scheme));
    for (origin, proxy, is_own) in [
        (&plain, None, true),
        (&by_tls, None, false),
        (&by_tls, proto("https"), true),
        (&by_tls, proto("wss"), true),
        (&plain, proto("https"), false),
        (&by_tls, proto("http"), false),
    ] {
        let mut headers = vec![("cookie", cookie.as_str()), ("origin", origin.as_str())];
        headers.extend(proxy);
        let socket = Socket::open_with(&guest.host, "/ws/chat/1/", &headers);
        assert_eq!(socket.is_ok(), is_own, "{origin} {proxy:?}");
        let form = Guest::new(&server)
            .post_with("/leave/", &[], &headers[1..])
            .unwrap();
        assert_eq!(form.status == 303, is_own, "{origin} {proxy:?}");
    }
}
