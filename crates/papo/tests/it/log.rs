//! What the log says about people, and what it doesn't.

use papo_testing::{Guest, Socket};

use super::{papo, start};

#[test]
fn a_refused_socket_is_told_with_both_addresses_and_the_page_knows_the_servers() {
    let mut server = papo()
        .env("PAPO_PUBLIC_URL", "http://papo.example.org")
        .start()
        .unwrap();
    let guest = Guest::joined(&server, 1, "Ana").unwrap();
    for _ in 0..5 {
        assert_eq!(Socket::refusal(guest.socket(1)).unwrap(), 403);
    }
    let line = server.wait_for_line("refusing a socket").unwrap();
    for part in [
        " WARN ",
        &guest.host,
        "http://papo.example.org",
        "PAPO_PUBLIC_URL",
    ] {
        assert!(line.contains(part), "{line}");
    }
    let page = guest.clone().get("/room/1/").unwrap();
    assert!(page.body.contains(r#""origin":"http://papo.example.org""#));
    // A request of another site, or of a program without an origin.
    let evil = [("origin", "https://evil.example")];
    Socket::refusal(Socket::open_with(&guest.host, "/ws/", &evil)).unwrap();
    Socket::refusal(Socket::open_with(&guest.host, "/ws/", &[])).unwrap();
    server.wait_for_line("https://evil.example").unwrap();
    server.stop().unwrap();
    let lines = server.printed();
    let told: Vec<_> = lines
        .iter()
        .filter(|line| line.contains("refusing"))
        .collect();
    // The lines of the first page, with its count, and of the other.
    assert_eq!(told.len(), 3, "{told:#?}");
    assert!(told[2].ends_with("(4 times more)"), "{told:#?}");
}

#[test]
fn without_a_public_address_a_page_names_none_and_the_log_names_both() {
    let mut server = start();
    let mut guest = Guest::joined(&server, 1, "Ana").unwrap();
    let page = guest.get("/room/1/").unwrap();
    assert!(page.body.contains(r#""origin":null"#), "{}", page.body);
    // A form that a proxy without a configured address brings.
    let by_tls = format!("https://{}", guest.host);
    let refused = guest.post_with("/leave/", &[], &[("origin", &by_tls)]);
    assert_eq!(refused.unwrap().status, 403);
    let line = server.wait_for_line("refusing a form").unwrap();
    assert!(line.contains(&by_tls), "{line}");
    // If the browser itself says that it is another site, the operator has made no mistake.
    let other = [
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example"),
    ];
    guest.post_with("/leave/", &[], &other).unwrap();
    server.stop().unwrap();
    let lines = server.printed().join("\n");
    assert!(!lines.contains("evil.example"), "{lines}");
}

#[test]
fn signing_in_is_told_and_no_secret_with_it() {
    let mut server = start();
    let create = ["user", "create", "João", "--admin"];
    let password = "correct horse battery";
    server
        .command_with_input(&create, &format!("{password}\n"))
        .unwrap();
    let mut guest = Guest::new(&server);
    for (username, password, expected) in [
        (
            "joão",
            "wrong password",
            r#"a sign-in failed: wrong password account="João""#,
        ),
        (
            "hunter2 hunter2",
            "wrong password",
            "a sign-in failed: no such account",
        ),
        (
            "joão",
            &"x".repeat(300),
            "a sign-in failed: longer than any password",
        ),
        ("joão", password, r#"signed in account="João""#),
    ] {
        let form = [("username", username), ("password", password)];
        guest.post("/login/", &form).unwrap();
        server.wait_for_line(expected).unwrap();
    }
    guest.post("/logout/", &[]).unwrap();
    server
        .wait_for_line(r#"signed out account="João""#)
        .unwrap();
    server.stop().unwrap();
    let said = |line: &&String| line.contains("sign");
    let lines: Vec<_> = server.printed().iter().filter(said).cloned().collect();
    for secret in [
        "hunter2",
        "correct horse",
        "wrong password\"",
        "xxx",
        "127.0.0.1",
    ] {
        assert!(
            !lines.iter().any(|line| line.contains(secret)),
            "{lines:#?}"
        );
    }
}
