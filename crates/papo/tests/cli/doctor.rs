//! `papo doctor`.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use papo_testing::postgres::Schema;
use rusqlite::Connection;

use crate::{Place, nats};

#[test]
fn a_healthy_instance_is_well_and_stays_as_it_is() {
    let place = Place::started();
    let before = fs::read(place.database()).unwrap();
    let report = place.papo(&["doctor"]).ok();
    for subject in [
        "configuration",
        "data folder",
        "free space",
        "database",
        "open files",
        "SQLite",
        "clock",
    ] {
        assert!(report.contains(subject), "{subject}: {report}");
    }
    assert!(report.contains("is whole, version "), "{report}");
    assert!(!report.contains("problem "), "{report}");
    assert_eq!(fs::read(place.database()).unwrap(), before);
}

#[test]
fn it_makes_nothing() {
    let place = Place::new();
    let report = place.papo(&["doctor"]).ok();
    assert!(report.contains("doesn't exist yet"), "{report}");
    assert!(!place.data().exists());
    fs::create_dir(place.data()).unwrap();
    place.papo(&["doctor"]).ok();
    assert_eq!(fs::read_dir(place.data()).unwrap().count(), 0);
}

#[test]
fn a_database_that_is_gone_is_told_by_what_is_left_of_it() {
    let place = Place::new();
    fs::create_dir(place.data()).unwrap();
    let note = format!("papo reach 1\n{:016x} {:020} {:016x} {:010}\n", 7, 5, 9, 3);
    fs::write(place.data().join("papo.reach"), note).unwrap();
    let report = place.papo(&["doctor"]);
    assert_eq!(report.code, Some(1), "{report:?}");
    assert!(
        report.output.contains("there was one with messages"),
        "{report:?}"
    );
    for command in [&["room", "list"][..], &["serve"]] {
        let refused = place.papo(command);
        assert_eq!(refused.code, Some(1), "{refused:?}");
        let text = format!("{refused:?}");
        assert!(
            text.contains("taken away") && text.contains("papo.reach"),
            "{text}"
        );
    }
}

#[test]
fn it_works_while_a_server_runs() {
    let place = Place::new();
    let mut server = place.serve();
    let report = place.papo(&["doctor"]).ok();
    assert!(report.contains("is whole"), "{report}");
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn problems_are_told_with_what_to_do() {
    let problem = |place: &Place, subject: &str, expected: &str| {
        let report = place.papo(&["doctor"]);
        assert_eq!(report.code, Some(1), "{report:?}");
        let line = report
            .output
            .lines()
            .find(|line| line.starts_with("problem") && line.contains(subject));
        assert!(
            line.is_some_and(|line| line.contains(expected)),
            "{report:?}"
        );
    };
    let place = Place::new();
    fs::write(place.data(), "").unwrap();
    problem(&place, "data folder", "name a folder with --data-dir");

    let place = Place::new();
    fs::create_dir(place.data()).unwrap();
    fs::write(place.data().join("papo.toml"), "listne = 1").unwrap();
    problem(&place, "configuration", "listne");

    let place = Place::new();
    fs::create_dir(place.data()).unwrap();
    fs::write(
        place.database(),
        "not a database, but some text ".repeat(100),
    )
    .unwrap();
    problem(&place, "database", "bring back a backup");

    let place = Place::started();
    let database = Connection::open(place.database()).unwrap();
    database
        .execute_batch("UPDATE room SET last_seq = 7 WHERE id = 2")
        .unwrap();
    problem(
        &place,
        "database",
        "room 2 has 0 events up to 0, its last seq is 7",
    );
    database.pragma_update(None, "user_version", 9_999).unwrap();
    problem(&place, "database", "use a newer papo");
    database.pragma_update(None, "user_version", 9).unwrap();
    database
        .execute_batch("ALTER TABLE person RENAME TO nobody")
        .unwrap();
    problem(&place, "database", "that version's `papo export`");
}

#[test]
fn warnings_do_not_fail() {
    let place = Place::started();
    fs::set_permissions(place.data(), Permissions::from_mode(0o755)).unwrap();
    let report = place.papo_with(&["doctor"], &[("PAPO_LISTNE", "x")]).ok();
    assert!(report.contains("chmod 700"), "{report}");
    assert!(report.contains("PAPO_LISTNE"), "{report}");
}

#[test]
fn nats_is_asked_when_it_is_to_join_the_nodes() {
    let (place, schema) = (Place::new(), Schema::new());
    let url = schema.url();
    let with = |nats: &str| {
        let variables = [("PAPO_DATABASE_URL", url.as_str()), ("PAPO_NATS_URL", nats)];
        place.papo_with(&["doctor"], &variables)
    };
    let there = nats();
    let report = with(&there).ok();
    let expected = format!("{there} lets papo in, version ");
    assert!(report.contains(&expected), "{report}");

    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let away = closed.local_addr().unwrap();
    drop(closed);
    let report = with(&format!("nats://ana:s3cret@{away}"));
    assert_eq!(report.code, Some(1), "{report:?}");
    let expected = format!("NATS           nats://{away} can't be used: ");
    assert!(report.output.contains(&expected), "{report:?}");
    assert!(report.output.contains("onnection refused"), "{report:?}");
    assert!(!report.output.contains("s3cret"), "{report:?}");
    let report = with(&format!("{there},nats://{away}")).ok();
    assert!(report.contains("papo takes another address"), "{report}");

    let report = place.papo_with(&["doctor"], &[("PAPO_NATS_URL", &there)]);
    assert_eq!(report.code, Some(1), "{report:?}");
    assert!(report.output.contains("database is SQLite"), "{report:?}");
}
