//! What keeps the server from starting: one clear line each, and exit code 1.

use std::fs;
use std::net::TcpListener;

use rusqlite::Connection;

use crate::{Place, process};

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

#[test]
fn a_busy_port() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let error = place
        .papo(&["serve", "--listen", &address.to_string()])
        .error();
    let port = address.port();
    assert!(
        error.contains(&format!("port {port} is in use")) && error.contains("--listen"),
        "{error}"
    );
}

#[test]
fn an_address_that_is_not_ours() {
    let place = Place::new();
    let error = place
        .papo(&["serve", "--listen", "203.0.113.77:8000"])
        .error();
    assert!(
        error.contains("doesn't have the address 203.0.113.77"),
        "{error}"
    );
}

#[test]
fn a_second_server_on_the_folder() {
    let place = Place::new();
    let mut first = place.serve();
    let error = place.papo(&SERVE).error();
    assert!(error.contains("another papo serves"), "{error}");
    assert!(first.get("/").starts_with("HTTP/1.1 200"));
    // Where the first was killed, its lock is gone with it.
    drop(first);
    let mut third = place.serve();
    assert_eq!(third.stop(), Some(0));
}

#[test]
fn a_folder_that_is_a_file() {
    let place = Place::new();
    fs::write(place.data(), "").unwrap();
    for command in [SERVE.as_slice(), &["room", "list"]] {
        let error = place.papo(command).error();
        assert!(error.contains("is a file"), "{error}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_folder_that_cannot_be_written() {
    // Even root can't write here.
    let run =
        |folder: &str, command: &[&str]| process::run(folder.as_ref(), command, &[], "").error();
    let error = run("/proc", &SERVE);
    assert!(
        error.contains("can't write in the data folder /proc"),
        "{error}"
    );
    let error = run("/proc/papo", &SERVE);
    assert!(
        error.contains("can't make the data folder /proc/papo"),
        "{error}"
    );
    let error = run("/proc", &["room", "create", "Projetos"]);
    assert!(
        error.contains("can't be opened") && error.contains("/proc/papo.sqlite3"),
        "{error}"
    );
}

#[test]
fn a_database_of_a_newer_version() {
    let place = Place::started();
    let database = Connection::open(place.database()).unwrap();
    database.pragma_update(None, "user_version", 9_999).unwrap();
    drop(database);
    for command in [SERVE.as_slice(), &["room", "list"], &["user", "list"]] {
        let error = place.papo(command).error();
        assert!(
            error.contains("papo.sqlite3") && error.contains("version 9999"),
            "{error}"
        );
        assert!(error.contains("use a newer papo"), "{error}");
    }
}

#[test]
fn no_database_at_all() {
    let place = Place::new();
    fs::create_dir(place.data()).unwrap();
    fs::write(
        place.database(),
        "not a database, but some text ".repeat(100),
    )
    .unwrap();
    let error = place.papo(&SERVE).error();
    assert!(
        error.contains("file is not a database") && error.contains("--data-dir"),
        "{error}"
    );
}

#[test]
fn a_database_of_something_else() {
    let place = Place::new();
    fs::create_dir(place.data()).unwrap();
    let database = Connection::open(place.database()).unwrap();
    database
        .execute_batch("CREATE TABLE recipe (name TEXT)")
        .unwrap();
    drop(database);
    let before = fs::read(place.database()).unwrap();
    let error = place.papo(&SERVE).error();
    assert!(error.contains("not one of Papo's"), "{error}");
    assert_eq!(fs::read(place.database()).unwrap(), before);
}

#[test]
fn a_relay_between_nodes_that_have_no_database_in_common() {
    let place = Place::started();
    let with_nats = [("PAPO_NATS_URL", "nats://ana:s3cret@127.0.0.1:1")];
    let error = place.papo_with(&SERVE, &with_nats).error();
    assert!(
        error.contains("SQLite") && error.contains("PAPO_NATS_URL"),
        "{error}"
    );
    assert!(!error.contains("s3cret"), "{error}");
    // Other commands relay nothing.
    place.papo_with(&["room", "list"], &with_nats).ok();
}

#[test]
fn wrong_settings_of_nats_which_may_be_secret() {
    let place = Place::new();
    let url = ("PAPO_NATS_URL", "nats://127.0.0.1:4222");
    let here = place.path().to_str().unwrap();
    let cases: [(&[(&str, &str)], &str); 5] = [
        (
            &[("PAPO_NATS_URL", "nats://a,http://ana:s3cret@b")],
            "PAPO_NATS_URL: address 2 isn't",
        ),
        (&[("PAPO_NATS_URL", ",")], "PAPO_NATS_URL: there is no"),
        (
            &[url, ("PAPO_NATS_CREDENTIALS", here)],
            "PAPO_NATS_CREDENTIALS: ",
        ),
        (
            &[url, ("PAPO_NATS_CA", "/nowhere/ca.pem")],
            "PAPO_NATS_CA: /nowhere/ca.pem",
        ),
        (&[("PAPO_NATS_CA", here)], "PAPO_NATS_URL isn't"),
    ];
    for (variables, expected) in cases {
        let error = place.papo_with(&SERVE, variables).error();
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
}
