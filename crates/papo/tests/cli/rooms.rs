//! `papo room`.

use std::fs;
use std::process::Command;

use papo_testing::postgres::Schema;
use rusqlite::Connection;

use crate::{Place, fixture, process};

#[test]
fn rooms_are_made_listed_closed_and_opened() {
    let place = Place::started();
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
    let place = Place::started();
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
fn a_command_for_a_chat_that_is_there_makes_none() {
    const PASSWORD: &str = "correct horse battery\n";
    let (place, schema) = (Place::new(), Schema::new());
    let url = schema.url();
    let variables = [("PAPO_DATABASE_URL", url.as_str())];
    let commands = [
        ["room", "create", "Projetos"].as_slice(),
        &["room", "list"],
        &["room", "activate", "1"],
        &["room", "deactivate", "1"],
        &["place", "show"],
        &["audit"],
        &["place", "set", "--name", "Sol"],
        &["user", "create", "Ana"],
        &["user", "list"],
        &["user", "password", "Ana"],
        &["user", "sessions", "Ana"],
        &["user", "suspend", "Ana"],
        &["user", "restore", "Ana"],
        &["user", "remove", "Ana"],
        &["user", "admin", "Ana", "on"],
        &["backup", "copy"],
        &["export", "copy"],
        &["epoch"],
        &["epoch", "--new"],
        &["migrate", "--undo"],
    ];
    let none = format!(
        "papo: there is no database in the data folder {}; name another with --data-dir, \
         or begin a new chat there with `papo serve`",
        place.data().display()
    );
    for command in commands {
        let error = place.papo_with_input(command, PASSWORD).error();
        assert_eq!(error, none, "{command:?}");
        assert!(!place.data().exists(), "{command:?}");
    }
    for command in commands {
        if ["backup", "migrate"].contains(&command[0]) {
            continue;
        }
        let data = place.data();
        let error = process::run(&data, command, &variables, PASSWORD).error();
        assert!(error.contains("there is nothing of Papo's in"), "{error}");
        assert!(error.contains("check PAPO_DATABASE_URL"), "{error}");
    }
    let report = place.papo_with(&["doctor"], &variables).ok();
    assert!(report.contains("has no tables yet"), "{report}");
    // An interrupted first start leaves an empty file.
    fs::create_dir(place.data()).unwrap();
    fs::write(place.database(), "").unwrap();
    for command in commands {
        let error = place.papo_with_input(command, PASSWORD).error();
        assert_eq!(error, none, "{command:?}");
        assert_eq!(fs::metadata(place.database()).unwrap().len(), 0);
    }
}

#[test]
fn a_relative_folder_is_named_as_a_whole() {
    let place = Place::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_papo"));
    let command = command.args(["room", "list"]).current_dir(place.path());
    let output = command.env_remove("PAPO_DATA_DIR").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    let folder = place.path().canonicalize().unwrap().join("data");
    assert!(error.contains(folder.to_str().unwrap()), "{error}");
}

#[test]
fn what_begins_a_chat_says_where() {
    const PASSWORD: &str = "correct horse battery\n";
    let create = ["user", "create", "Ana", "--admin"];
    let short = Place::new();
    let error = short.papo_with_input(&create, "short\n").error();
    assert!(error.contains("10 to 200 characters"), "{error}");
    assert!(!short.data().exists());

    let place = Place::new();
    let news = format!("New chat in {}\n", place.data().display());
    let made = place.papo_with_input(&create, PASSWORD).ok();
    assert_eq!(made, format!("{news}Made the administrator Ana\n"));
    let again = ["user", "create", "Bia", "--admin"];
    let made = place.papo_with_input(&again, PASSWORD).ok();
    assert_eq!(made, "Made the administrator Bia\n");

    let (place, schema) = (Place::new(), Schema::new());
    let url = schema.url();
    let data = place.data();
    let made = process::run(&data, &create, &[("PAPO_DATABASE_URL", &url)], PASSWORD).ok();
    assert!(made.starts_with("New chat in the database "), "{made}");
    assert!(!place.data().exists());

    let place = Place::new();
    let news = format!("New chat in {}", place.data().display());
    for is_new in [true, false] {
        let mut server = place.serve();
        server.line("/admin/setup/");
        server.stop();
        let lines = server.remaining();
        assert_eq!(lines.contains(&news), is_new, "{lines:#?}");
    }

    let place = Place::new();
    let news = format!("New chat in {}\n", place.data().display());
    let old = fixture("django-sender.sqlite3");
    let import = ["import", "django", old.to_str().unwrap()];
    let first = place.papo(&import).ok();
    assert!(first.starts_with(&news), "{first}");
    let second = place.papo(&import).ok();
    assert!(second.starts_with("Imported "), "{second}");
}

#[test]
fn only_what_begins_a_chat_makes_rooms() {
    let place = Place::started();
    let database = Connection::open(place.database()).unwrap();
    database.execute("DELETE FROM room", []).unwrap();
    drop(database);
    let list = place.papo(&["room", "list"]).ok();
    assert!(!list.contains("Geral"), "{list}");
    let mut server = place.serve();
    server.stop();
    let news = format!("New chat in {}", place.data().display());
    let lines = server.remaining();
    assert!(lines.contains(&news), "{lines:#?}");
}
