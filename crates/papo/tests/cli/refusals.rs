//! What keeps the server from starting. Each case has one clear line, and exit code 1.

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
    // The lock of a killed server is gone with it.
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
    let create = ["user", "create", "Ana", "--admin"];
    let password = "correct horse battery\n";
    let error = process::run("/proc".as_ref(), &create, &[], password).error();
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
fn a_database_of_before_the_first_release() {
    let place = Place::started();
    let database = Connection::open(place.database()).unwrap();
    database
        .execute_batch("ALTER TABLE person RENAME TO nobody")
        .unwrap();
    database.pragma_update(None, "user_version", 9).unwrap();
    drop(database);
    let export: &[&str] = &["export", "-"];
    for command in [SERVE.as_slice(), &["room", "list"], export] {
        let error = place.papo(command).error();
        for said in ["papo.sqlite3", "`papo export`", "`papo restore`"] {
            assert!(error.contains(said), "{said}: {error}");
        }
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
    // Other commands don't relay.
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

#[test]
fn what_is_wrong_is_named_as_it_was_given() {
    let place = Place::started();
    let url = "nats://127.0.0.1:1";
    let relay = "is given, but the database is SQLite";
    let error = place.papo(&["--nats-url", url]).error();
    assert!(
        error.contains(&format!("--nats-url {relay}")) && !error.contains("PAPO_"),
        "{error}"
    );
    let error = place.papo_with(&SERVE, &[("PAPO_NATS_URL", url)]).error();
    assert!(error.contains(&format!("PAPO_NATS_URL {relay}")), "{error}");

    let error = place.papo(&["--nats-ca", "/nowhere"]).error();
    assert_eq!(error, "papo: --nats-ca is given, and --nats-url isn't");
    let variables = [("PAPO_NATS_CREDENTIALS", "/nowhere")];
    let error = place.papo_with(&SERVE, &variables).error();
    let expected = "papo: PAPO_NATS_CREDENTIALS is given, and PAPO_NATS_URL isn't";
    assert_eq!(error, expected);

    let away = "postgres://papo@127.0.0.1:1/chat";
    let error = place
        .papo(&["room", "list", "--database-url", away])
        .error();
    assert!(error.contains("check --database-url and the"), "{error}");
    let variables = [("PAPO_DATABASE_URL", away)];
    let error = place.papo_with(&["room", "list"], &variables).error();
    assert!(error.contains("check PAPO_DATABASE_URL and"), "{error}");

    let file = place.data().join("papo.toml");
    fs::write(&file, format!("nats_url = '{url}'")).unwrap();
    let error = place.papo(&SERVE).error();
    assert!(
        error.contains(&format!("nats_url in papo.toml {relay}")),
        "{error}"
    );
    fs::write(&file, "nats_ca = '/nowhere'").unwrap();
    let error = place.papo(&SERVE).error();
    let expected = "papo: nats_ca in papo.toml is given, and nats_url in papo.toml isn't";
    assert_eq!(error, expected);
}
