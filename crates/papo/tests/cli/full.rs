//! A full disk: commands that only read work, and others report it. Here a limit on the length of
//! files stands for the full disk: nothing can be written beyond it, and setting it takes no
//! rights. (`cargo xtask torture` fills a real file system.)

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::Place;

const NOT_YET: &str = "the write-ahead log isn't in the database yet";

/// An instance whose write-ahead log is due for a checkpoint, which the limit prevents. A copy of
/// it is short again, since the database's growth isn't used any more.
fn with_much_to_tidy() -> Place {
    let place = Place::started();
    let create = ["user", "create", "ana", "--admin"];
    let password = "correct horse battery\n";
    place.papo_with_input(&create, password).ok();
    grow(&place);
    place
}

fn grow(place: &Place) {
    let database = Connection::open(place.database()).unwrap();
    let grow = "PRAGMA wal_autocheckpoint = 0; \
                CREATE TABLE ballast AS SELECT zeroblob(8000000) AS bytes; DROP TABLE ballast";
    database.execute_batch(grow).unwrap();
    let keep_log = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
    database.set_db_config(keep_log, true).unwrap();
}

fn has_log(place: &Place) -> bool {
    place.data().join("papo.sqlite3-wal").exists()
}

#[test]
fn what_only_reads_is_done() {
    let place = with_much_to_tidy();
    let (copy, archive) = (place.path().join("copy"), place.path().join("archive"));
    for (command, expected) in [
        (["room", "list"], "Tecnologia"),
        (["user", "list"], "ana "),
        (["backup", copy.to_str().unwrap()], "Saved a copy"),
        (["export", archive.to_str().unwrap()], "3 rooms"),
    ] {
        let finished = place.papo_on_full_disk(&command);
        assert!(finished.errors.contains(NOT_YET), "{finished:?}");
        let output = finished.ok();
        assert!(output.contains(expected), "{command:?}: {output}");
    }
    let whole: String = Connection::open(copy)
        .unwrap()
        .pragma_query_value(None, "integrity_check", |row| row.get(0))
        .unwrap();
    assert_eq!(whole, "ok");
    let restored = Place::new();
    let restored = restored.papo(&["restore", archive.to_str().unwrap()]).ok();
    assert!(restored.contains("3 rooms"), "{restored}");
}

#[test]
fn the_doctor_finds_the_database_whole() {
    let place = with_much_to_tidy();
    let report = place.papo_on_full_disk(&["doctor"]).output;
    assert!(report.contains("is whole, version "), "{report}");
    assert!(has_log(&place));
}

#[test]
fn a_server_stops_cleanly() {
    let place = with_much_to_tidy();
    let mut server = place.serve_on_full_disk();
    assert!(server.get("/").contains("Tecnologia"));
    assert_eq!(server.stop(), Some(0));
    let lines = server.remaining().join("\n");
    assert!(lines.contains(NOT_YET), "{lines}");
    // With space, the checkpoint is made up for.
    assert!(has_log(&place));
    place.papo(&["room", "list"]).ok();
    assert!(!has_log(&place));
}

#[test]
fn what_cannot_be_stored_fails() {
    let place = with_much_to_tidy();
    let made = place.papo_on_full_disk(&["room", "create", "Novidades"]);
    let error = made.error_last();
    assert!(error.contains("can't make the room"), "{error}");
    let rooms = place.papo(&["room", "list"]).ok();
    assert!(!rooms.contains("Novidades"), "{rooms}");
    place.papo(&["room", "create", "Novidades"]).ok();
}

#[test]
fn a_server_that_cannot_say_what_is_stored_ends() {
    let place = Place::started();
    grow(&place);
    // There is no administrator, so the server stores the secret of a link. Unlike on a full disk,
    // an error in between leaves unknown whether that was stored.
    let mut server = place.serve_on_full_disk();
    assert_eq!(server.wait_for_end(), Some(1));
    let lines = server.remaining().join("\n");
    assert!(
        lines.contains("papo: the database failed, so nothing more can be promised"),
        "{lines}"
    );
}
