//! `papo import django`, on databases that Django's own migrations made.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::{Place, fixture};

impl Place {
    fn import(&self, file: &Path) -> crate::Finished {
        self.papo(&["import", "django", file.to_str().unwrap()])
    }

    /// A copy of a fixture, to be changed.
    fn copy(&self, name: &str, change: &str) -> PathBuf {
        let copy = self.path().join(name);
        fs::copy(fixture(name), &copy).unwrap();
        let database = Connection::open(&copy).unwrap();
        // Without checks, like somebody who damages a database.
        database
            .execute_batch(&format!("PRAGMA foreign_keys = off; {change}"))
            .unwrap();
        copy
    }

    /// The stored messages of a room, in order.
    fn stored(&self, room: &str) -> Vec<(String, String, i64)> {
        let database = Connection::open(self.database()).unwrap();
        let sql = "SELECT username, content, timestamp FROM message JOIN room ON room.id = room_id \
                   WHERE room.name = ?1 ORDER BY seq";
        let mut statement = database.prepare(sql).unwrap();
        let rows = statement.query_map([room], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// Everything that an import could change.
    fn everything(&self) -> Vec<(String, i64, i64)> {
        let database = Connection::open(self.database()).unwrap();
        let sql = "SELECT name, last_seq, (SELECT count(*) FROM message WHERE room_id = room.id) FROM room ORDER BY id";
        let mut statement = database.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        rows.unwrap().map(Result::unwrap).collect()
    }
}

/// 2025-03-01 18:56:34 UTC.
const START: i64 = 1_740_855_394_000;

fn message(username: &str, content: &str, after: i64) -> (String, String, i64) {
    (username.to_owned(), content.to_owned(), START + after)
}

fn geral() -> Vec<(String, String, i64)> {
    vec![
        message("João", "Olá, pessoal! Tudo bem? 👋", 0),
        message("João", "este foi gravado depois, e é de antes", 700),
        message("Ana", "Oi, João! Ação, coração, pão de queijo.", 1_500),
        message("Zé", "empate 1", 5_000),
        message("Ana", "empate 2", 5_000),
        message("Zé", "empate 3", 5_000),
        message("Zé", "no mesmo milissegundo, o primeiro", 6_000),
        message("Ana", "no mesmo milissegundo, o segundo", 6_000),
        message("李雷", "<script>alert('oi')</script> & \"aspas\"", 7_000),
        message(
            "Família",
            "👨‍👩‍👧‍👦 🇧🇷 ❤️\n  duas linhas, com espaços no fim  ",
            8_000,
        ),
        message("Ana", &"x".repeat(5_000), 10_000),
    ]
}

#[test]
fn the_first_version_comes_in_whole_and_once() {
    let place = Place::new();
    let report = place.import(&fixture("django-sender.sqlite3")).ok();
    for line in [
        "  4 rooms made\n",
        "  1 room merged into the one of its name\n",
        "  15 messages stored\n",
        "  0 messages were here already\n",
        "  1 blank message left out\n",
        "  1 person's name changed to one that Papo allows\n",
        "  1 room's name changed to one that Papo allows\n",
    ] {
        assert!(report.contains(line), "{line}{report}");
    }
    assert!(!report.contains("private"), "{report}");
    assert_eq!(place.stored("Geral"), geral());
    let expected = [
        message("Ana", "um nome com um caractere que não se vê", 1_000),
        message("João", "a mesma pessoa em outra sala", 2_000),
    ];
    assert_eq!(place.stored("Música"), expected);
    assert_eq!(place.stored("música (3)").len(), 1);
    let rooms = place.papo(&["room", "list"]).ok();
    assert!(
        rooms.contains("Antiga      inactive  2025-02-28 18:56    Fechada faz tempo"),
        "{rooms}"
    );

    let before = place.everything();
    let report = place.import(&fixture("django-sender.sqlite3")).ok();
    assert!(
        report.contains("  0 messages stored\n  15 messages were here already\n"),
        "{report}"
    );
    assert!(
        report.contains("  0 rooms made\n  5 rooms merged"),
        "{report}"
    );
    assert_eq!(place.everything(), before);
    assert!(place.papo(&["doctor"]).ok().contains("is whole"));
}

#[test]
fn the_later_version_comes_in_without_private_messages() {
    let place = Place::new();
    let report = place.import(&fixture("django-user.sqlite3")).ok();
    assert!(report.contains("  16 messages stored\n"), "{report}");
    assert!(
        report.contains("  2 private messages left out\n"),
        "{report}"
    );
    assert!(report.contains("  2 people's names changed"), "{report}");
    let mut expected = geral();
    expected.push(message(
        "maria.aparecida.dos.santo",
        "um nome comprido",
        11_000,
    ));
    assert_eq!(place.stored("Geral"), expected);
    let secrets = place.stored("Geral");
    assert!(
        !secrets
            .iter()
            .any(|(_, content, _)| content.contains("segredo"))
    );
}

#[test]
fn what_came_in_can_be_exported_and_restored() {
    for name in ["django-sender.sqlite3", "django-user.sqlite3"] {
        let (place, other) = (Place::new(), Place::new());
        place.import(&fixture(name)).ok();
        let archive = place.path().join("papo.archive");
        let archive = archive.to_str().unwrap();
        place.papo(&["export", archive]).ok();
        other.papo(&["restore", archive]).ok();
        assert_eq!(other.stored("Geral"), place.stored("Geral"));
        assert_eq!(other.everything(), place.everything());
    }
}

#[test]
fn a_grown_database_brings_in_only_what_is_new() {
    let place = Place::new();
    place.import(&fixture("django-sender.sqlite3")).ok();
    let grown = place.copy(
        "django-sender.sqlite3",
        "INSERT INTO chat_message (room_id, sender, content, timestamp) VALUES (1, 'Ana', 'a nova', '2025-03-02 00:00:00');
         INSERT INTO chat_room (name, description, created_at, is_active) VALUES ('Outra', '', '2025-03-02 00:00:00', 1);",
    );
    let report = place.import(&grown).ok();
    assert!(report.contains("  1 room made\n"), "{report}");
    assert!(
        report.contains("  1 message stored\n  15 messages were here already\n"),
        "{report}"
    );
    assert_eq!(place.stored("Geral").last().unwrap().1, "a nova");
}

#[test]
fn a_running_server_shows_what_came_in() {
    let place = Place::new();
    let mut server = place.serve();
    place.import(&fixture("django-user.sqlite3")).ok();
    assert!(server.get("/").contains("Música"));
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn what_cannot_be_understood_is_named_and_changes_nothing() {
    let untouched = Place::new();
    let place = Place::new();
    place.import(&fixture("django-sender.sqlite3")).ok();
    let before = place.everything();
    let insert = "INSERT INTO chat_message (id, room_id, sender, content, timestamp) VALUES";
    for (change, expected) in [
        (
            format!("{insert} (99, 1, 'Ana', 'quando?', 'ontem')"),
            "chat_message, row 99: timestamp is not a time: \"ontem\"",
        ),
        (
            format!("{insert} (99, 1, 'Ana', 'quando?', 17)"),
            "chat_message, row 99: timestamp is not text",
        ),
        (
            format!("{insert} (99, 77, 'Ana', 'onde?', '2025-03-01 00:00:00')"),
            "chat_message, row 99: its room is missing",
        ),
        (
            format!("{insert} (99, 1, 'Ana', x'00', '2025-03-01 00:00:00')"),
            "chat_message, row 99: content is not text",
        ),
        (
            "UPDATE chat_room SET created_at = '' WHERE id = 4".to_owned(),
            "chat_room, row 4: created_at is not a time",
        ),
        (
            "ALTER TABLE chat_message DROP COLUMN sender".to_owned(),
            "neither the column sender nor user_id",
        ),
        (
            "ALTER TABLE chat_room DROP COLUMN description".to_owned(),
            "chat_room has no column description",
        ),
        (
            "DROP TABLE chat_message".to_owned(),
            "no table chat_message",
        ),
        ("DROP TABLE chat_room".to_owned(), "no table chat_room"),
    ] {
        let damaged = place.copy("django-sender.sqlite3", &change);
        let error = place.import(&damaged).error();
        assert!(
            error.contains("nothing was imported from") && error.contains(expected),
            "{error}"
        );
        assert_eq!(place.everything(), before);
        untouched.import(&damaged).error();
        assert!(!untouched.data().exists());
    }
    let without_users = place.copy("django-user.sqlite3", "DROP TABLE auth_user");
    let error = place.import(&without_users).error();
    assert!(error.contains("no table auth_user"), "{error}");
}

#[test]
fn what_is_no_database_is_refused() {
    let place = Place::new();
    let error = place.import(Path::new("nowhere.sqlite3")).error();
    assert!(
        error.contains("nowhere.sqlite3: there is no such file"),
        "{error}"
    );
    let text = place.path().join("text");
    fs::write(&text, "not a database, but some text ".repeat(100)).unwrap();
    let error = place.import(&text).error();
    assert!(error.contains("file is not a database"), "{error}");
    let place = Place::started();
    let error = place.import(&place.database()).error();
    assert!(error.contains("no table chat_room"), "{error}");
}
