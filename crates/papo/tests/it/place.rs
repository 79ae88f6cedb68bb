//! The settings of the place: who changes them, and where people see them.

use std::time::{Duration, Instant};

use papo_testing::postgres::Schema;
use papo_testing::{Guest, Server};

use super::matrix::{account, shown};
use super::{papo, start};

/// How long a change may take to reach every node.
const SOON: Duration = Duration::from_secs(1);

/// The settings as the form sends them.
fn form(version: &str) -> Vec<(&'static str, String)> {
    vec![
        ("version", version.to_owned()),
        ("name", "Escola Sol".to_owned()),
        ("welcome", "Oi!\r\nEntre.".to_owned()),
        ("has_accent", "true".to_owned()),
        ("accent", "#0b7348".to_owned()),
        ("sign_up", "invited".to_owned()),
        ("room_makers", "administrators".to_owned()),
        ("first_rooms", "1".to_owned()),
        ("first_rooms", "2".to_owned()),
        ("language", "en".to_owned()),
    ]
}

fn save(guest: &mut Guest, form: &[(&'static str, String)]) -> papo_testing::Page {
    let form: Vec<_> = form.iter().map(|(key, value)| (*key, &**value)).collect();
    guest.post("/admin/settings/", &form).unwrap()
}

/// Asks until the page of rooms says it, and returns how long that took.
fn says_soon(server: &Server, text: &str) -> Duration {
    let start = Instant::now();
    loop {
        let page = Guest::new(server).get("/").unwrap();
        if page.body.contains(text) {
            return start.elapsed();
        }
        assert!(start.elapsed() < Duration::from_secs(5), "{}", page.body);
    }
}

#[test]
fn settings_are_saved_shown_and_used_at_once() {
    let server = start();
    let mut chefe = account(&server, "Chefe", true);
    let before = chefe.get("/").unwrap().body;
    assert!(before.contains("· Papo</title>") && !before.contains("/accent/"));
    let saved = save(&mut chefe, &form("0"));
    assert_eq!(shown(&saved), "303 /admin/settings/");
    let page = chefe.get("/admin/settings/?done=settings").unwrap();
    for text in [
        r#"name="version" value="1""#,
        r#"value="Escola Sol""#,
        "Oi!\nEntre.</textarea>",
        r##"value="#0b7348""##,
        r#"value="invited" selected"#,
        r#"name="first_rooms" value="2" checked"#,
        r#"value="en" lang="en" selected"#,
    ] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    assert!(
        !page
            .body
            .contains(r#"name="admits_guests" value="true" checked"#)
    );
    // Everybody sees the name, the welcome and the colour, in the place's own language.
    let mut reader = Guest::new(&server);
    reader.language = "fr".into();
    let body = reader.get("/").unwrap().body;
    for text in [
        "<title>Rooms · Escola Sol</title>",
        r#"property="og:site_name" content="Escola Sol""#,
        r#"property="og:title" content="Escola Sol""#,
        "<bdi>Escola Sol</bdi>",
        ">Oi!\nEntre.</div>",
        r#"href="/accent/0b7348.css""#,
    ] {
        assert!(body.contains(text), "{text}: {body}");
    }
    let styles = Guest::new(&server).get("/accent/0b7348.css").unwrap();
    assert_eq!(styles.header("content-type"), "text/css; charset=utf-8");
    assert!(styles.body.contains("--accent:#0b7348;"), "{}", styles.body);
    for other in ["/accent/0B7348.css", "/accent/red.css", "/accent/0b7348"] {
        let page = Guest::new(&server).get(other).unwrap();
        assert_eq!(page.status, 404, "{other}");
    }
}

#[test]
fn what_cannot_be_saved_is_said_beside_its_field_and_loses_nothing() {
    let server = start();
    let mut chefe = account(&server, "Chefe", true);
    let with = |name: &str, value: &str| {
        let mut form = form("0");
        form.retain(|(key, _)| *key != name);
        let name: &'static str = name.to_owned().leak();
        form.push((name, value.to_owned()));
        form
    };
    let long = "ç".repeat(61);
    for (name, value, id) in [
        ("name", long.as_str(), "name-error"),
        ("name", "a\u{202e}b", "name-error"),
        ("welcome", &"a".repeat(2_001), "welcome-error"),
        ("accent", "red", "accent-error"),
        ("first_rooms", "99", "first_rooms-error"),
        ("sign_up", "perhaps", "role=\"alert\""),
    ] {
        let page = save(&mut chefe, &with(name, value));
        assert_eq!(page.status, 422, "{name}");
        assert!(page.body.contains(id), "{name}: {}", page.body);
        if name != "name" {
            assert!(page.body.contains(r#"value="Escola Sol""#), "{name}");
        }
    }
    // Two administrators save at once: the second one is asked, and then has their way.
    assert_eq!(save(&mut chefe, &form("0")).status, 303);
    let late = with("name", "Escola Lua");
    let page = save(&mut chefe, &late);
    assert_eq!(page.status, 422);
    for text in [
        "role=\"alert\"",
        r#"value="Escola Lua""#,
        r#"name="version" value="1""#,
    ] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    let mut again = late;
    again[0] = ("version", "1".to_owned());
    again.retain(|(key, value)| *key != "version" || value == "1");
    assert_eq!(save(&mut chefe, &again).status, 303);
}

#[test]
fn guests_are_asked_to_sign_in_where_they_are_not_admitted() {
    let server = start();
    let mut bia = Guest::joined(&server, 1, "Bia").unwrap();
    let mut new = Guest::new(&server);
    server
        .command(&["place", "set", "--guests", "off"])
        .unwrap();
    let start = Instant::now();
    while new
        .get("/room/2/join/")
        .unwrap()
        .body
        .contains("id=\"username\"")
    {
        assert!(start.elapsed() < SOON, "the server hasn't learned of it");
    }
    for guest in [&mut new, &mut bia] {
        let page = guest.get("/room/2/join/").unwrap();
        assert!(
            page.body.contains("login/?next=/room/2/join/"),
            "{}",
            page.body
        );
        let joined = guest.post("/room/2/join/", &[("username", "Bia")]).unwrap();
        assert_eq!(joined.status, 403);
    }
    // Who is in a room stays in it, and may take another name there.
    assert_eq!(bia.get("/room/1/").unwrap().status, 200);
    let renamed = bia
        .post("/room/1/join/", &[("username", "Beatriz")])
        .unwrap();
    assert_eq!(shown(&renamed), "303 /room/1/");
    let mut ana = account(&server, "Ana", false);
    ana.join(2, "Ana").unwrap();
    server.command(&["place", "set", "--guests", "on"]).unwrap();
    let start = Instant::now();
    while !new
        .get("/room/2/join/")
        .unwrap()
        .body
        .contains("id=\"username\"")
    {
        assert!(start.elapsed() < SOON, "the server hasn't learned of it");
    }
    new.join(2, "Caio").unwrap();
}

#[test]
fn every_node_has_a_change_within_a_second() {
    let schema = Schema::new();
    let node = || {
        papo()
            .env("PAPO_DATABASE_URL", schema.url())
            .start()
            .unwrap()
    };
    let (first, second) = (node(), node());
    let mut chefe = account(&first, "Chefe", true);
    assert_eq!(save(&mut chefe, &form("0")).status, 303);
    assert!(says_soon(&first, "Escola Sol") < SOON);
    assert!(says_soon(&second, "Escola Sol") < SOON);
    second
        .command(&["place", "set", "--name", "Escola Lua"])
        .unwrap();
    let late = says_soon(&first, "Escola Lua").max(says_soon(&second, "Escola Lua"));
    assert!(late < SOON, "{late:?}");
    let shown = first.command(&["place", "show"]).unwrap();
    assert!(
        shown.contains("Escola Lua") && shown.contains("#0b7348"),
        "{shown}"
    );
}
