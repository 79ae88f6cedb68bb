//! Rights: each kind of visitor on each page.

use papo_testing::{Guest, Page, Server};

use super::start;

const PASSWORD: &str = "correct horse battery";

/// A new visitor, people in room 1 and in room 2, an account, an administrator.
const VISITORS: [&str; 5] = [
    "stranger",
    "in room 1",
    "in room 2",
    "account",
    "administrator",
];

pub(super) fn account(server: &Server, name: &str, is_admin: bool) -> Guest {
    let mut arguments = vec!["user", "create", name];
    arguments.extend(is_admin.then_some("--admin"));
    server
        .command_with_input(&arguments, &format!("{PASSWORD}\n"))
        .unwrap();
    let mut guest = Guest::new(server);
    let form = [("username", name), ("password", PASSWORD)];
    let page = guest.post("/login/", &form).unwrap();
    assert!(
        guest.cookie.is_some(),
        "signing in: {} {}",
        page.status,
        page.body
    );
    guest
}

fn visitors(server: &Server) -> [Guest; 5] {
    [
        Guest::new(server),
        Guest::joined(server, 1, "Ana").unwrap(),
        Guest::joined(server, 2, "Bia").unwrap(),
        account(server, "Conta", false),
        account(server, "Chefe", true),
    ]
}

/// The status, and the target of a redirect.
pub(super) fn shown(page: &Page) -> String {
    let path = page
        .header("location")
        .split('?')
        .next()
        .unwrap_or_default();
    format!("{} {path}", page.status).trim().to_owned()
}

#[test]
fn reading() {
    let server = start();
    let mut visitors = visitors(&server);
    let login = "303 /login/";
    let join = "303 /room/1/join/";
    let cases = [
        ("/", ["200"; 5]),
        (
            "/room/1/join/",
            ["200", "303 /room/1/", "200", "200", "200"],
        ),
        ("/room/1/join/?rename", ["200"; 5]),
        ("/room/99/join/", ["404"; 5]),
        ("/room/1/", [join, "200", join, join, join]),
        ("/room/99/", ["404"; 5]),
        ("/room/0/", ["404"; 5]),
        (
            "/room/1/messages/?before=9",
            ["401", "200", "403", "403", "403"],
        ),
        ("/room/99/messages/?before=9", ["404"; 5]),
        ("/admin/", [login, login, login, "403", "303 /admin/rooms/"]),
        ("/admin/rooms/", [login, login, login, "403", "200"]),
        ("/admin/rooms/new/", [login, login, login, "403", "200"]),
        ("/admin/rooms/1/", [login, login, login, "403", "200"]),
        ("/admin/rooms/99/", [login, login, login, "403", "404"]),
        ("/admin/messages/", [login, login, login, "403", "200"]),
        ("/admin/setup/AAAA/", ["404"; 5]),
        ("/metrics", ["404"; 5]),
        ("/nothing/", ["404"; 5]),
    ];
    for (path, expected) in cases {
        for ((visitor, name), expected) in visitors.iter_mut().zip(VISITORS).zip(expected) {
            let page = visitor.get(path).unwrap();
            assert_eq!(shown(&page), expected, "{name} reads {path}");
        }
    }
}

#[test]
fn changing() {
    let server = start();
    let mut visitors = visitors(&server);
    let writer = visitors[1].clone();
    let mut socket = writer.socket(1).unwrap();
    socket.subscribe(1, None).unwrap();
    let reference = socket.post(1, "to be deleted").unwrap();
    socket.wait_for_ack(reference).unwrap();
    let login = "303 /login/";
    let room = [("name", "Nova"), ("description", ""), ("is_active", "on")];
    let state = [("is_active", "false")];
    let message = [("room", "1"), ("seq", "1")];
    let cases: [(&str, &[(&str, &str)]); 4] = [
        ("/admin/rooms/new/", &room),
        ("/admin/rooms/3/", &room),
        ("/admin/rooms/2/state/", &state),
        ("/admin/messages/", &message),
    ];
    for (path, form) in cases {
        for (visitor, name) in visitors.iter_mut().zip(VISITORS).take(4) {
            let page = visitor.post(path, form).unwrap();
            let expected = if name == "account" { "403" } else { login };
            assert_eq!(shown(&page), expected, "{name} posts to {path}");
        }
    }
    let before = server.command(&["room", "list"]).unwrap();
    assert!(
        before.contains("Jogos") && !before.contains("Nova"),
        "{before}"
    );
    let mut refused = Guest::joined(&server, 1, "Caio")
        .unwrap()
        .socket(1)
        .unwrap();
    refused.subscribe(1, None).unwrap();
    refused
        .send_text(r#"{"type":"delete","ref":1,"seq":1}"#)
        .unwrap();
    assert!(
        refused
            .wait_for_ack(1)
            .unwrap_err()
            .to_string()
            .contains("NotYours")
    );
    for method_of_reading in ["/leave/?room=1", "/logout/", "/admin/rooms/2/state/"] {
        visitors[1].get(method_of_reading).unwrap();
    }
    assert_eq!(
        visitors[1].get("/room/1/").unwrap().status,
        200,
        "a GET changes nothing"
    );
}

#[test]
fn a_name_of_an_account_and_its_look_alikes_are_refused_to_guests() {
    let server = start();
    let mut owner = account(&server, "Beatriz", false);
    for name in [
        "Beatriz",
        "beatriz",
        "BEATRIZ",
        "Beatríz",
        "Веatriz",
        "B eatriz",
    ] {
        let mut guest = Guest::new(&server);
        let page = guest.post("/room/1/join/", &[("username", name)]).unwrap();
        assert_eq!(page.status, 422, "{name}");
    }
    owner.join(1, "Beatriz").unwrap();
}

#[test]
fn a_wrong_password_and_an_unknown_name_get_the_same_answer() {
    let server = start();
    account(&server, "Beatriz", true);
    let mut guest = Guest::new(&server);
    let mut answer = |name: &str| {
        let page = guest
            .post(
                "/login/",
                &[("username", name), ("password", "wrong password")],
            )
            .unwrap();
        (page.status, page.body.replace(name, "…"))
    };
    assert_eq!(answer("Beatriz"), answer("Ninguém"));
    assert_eq!(guest.cookie, None);
}
