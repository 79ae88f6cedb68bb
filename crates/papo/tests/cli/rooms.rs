//! `papo room`.

use papo_testing::postgres::Schema;

use crate::Place;

#[test]
fn rooms_are_made_listed_closed_and_opened() {
    let place = Place::new();
    let made = place
        .papo(&[
            "room",
            "create",
            " Projetos ",
            "--description",
            "O que fazemos",
        ])
        .ok();
    assert_eq!(made, "Made room 4: Projetos\n");
    place.papo(&["room", "deactivate", "4"]).ok();
    let list = place.papo(&["room", "list"]).ok();
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(
        lines[0],
        "ID  NAME        STATE     LAST MESSAGE (UTC)  DESCRIPTION"
    );
    assert!(
        lines[1].starts_with("1   Geral       active    -                   "),
        "{list}"
    );
    assert_eq!(
        lines[4],
        "4   Projetos    inactive  -                   O que fazemos"
    );
    let opened = place.papo(&["room", "activate", "4"]).ok();
    assert_eq!(opened, "Room 4, Projetos, is active\n");
}

#[test]
fn what_cannot_be_done_is_one_line() {
    let place = Place::new();
    let long = "a".repeat(101);
    let longer = "a".repeat(1_001);
    for (arguments, expected) in [
        (
            ["room", "create", "geral"].as_slice(),
            "another room has that name",
        ),
        (&["room", "create", " "], "the room name is blank"),
        (&["room", "create", &long], "more than 100 characters"),
        (
            &["room", "create", "a\nb"],
            "control or invisible character",
        ),
        (
            &["room", "create", "a", "--description", &longer],
            "more than 1000 characters",
        ),
        (&["room", "deactivate", "17"], "no room 17"),
        (&["room", "activate", "17"], "no room 17"),
    ] {
        let error = place.papo(arguments).error();
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!(place.papo(&["room", "activate", "geral"]).code, Some(2));
}

#[test]
fn a_running_server_shows_what_was_done() {
    let place = Place::new();
    let mut server = place.serve();
    place.papo(&["room", "create", "Projetos"]).ok();
    place.papo(&["room", "deactivate", "3"]).ok();
    let page = server.get("/");
    assert!(page.contains("Projetos"));
    assert!(!page.contains("Jogos"));
    assert!(server.get("/room/3/join/").starts_with("HTTP/1.1 404"));
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn where_there_is_no_instance_there_are_no_rooms_until_one_is_made() {
    let (place, schema) = (Place::new(), Schema::new());
    let url = schema.url();
    let variables = [("PAPO_DATABASE_URL", url.as_str())];
    for command in [
        ["room", "list"].as_slice(),
        &["room", "activate", "1"],
        &["room", "deactivate", "1"],
        &["user", "list"],
    ] {
        let error = place.papo(command).error();
        assert!(error.contains("there is no database in"), "{error}");
        assert!(!place.data().exists());
        let error = place.papo_with(command, &variables).error();
        assert!(error.contains("there is nothing of Papo's in"), "{error}");
    }
    let report = place.papo_with(&["doctor"], &variables).ok();
    assert!(report.contains("has no tables yet"), "{report}");
    let create = ["room", "create", "Projetos"];
    for variables in [&[], variables.as_slice()] {
        let made = place.papo_with(&create, variables).ok();
        assert_eq!(made, "Made room 4: Projetos\n");
        place.papo_with(&["room", "list"], variables).ok();
    }
}
