//! The same commands on a database on a PostgreSQL server.

use std::net::TcpListener;

use papo_testing::postgres::{Schema, server};

use crate::process::{self, Running};
use crate::{Place, fixture};

const VARIABLE: &str = "PAPO_DATABASE_URL";

#[test]
fn an_empty_database_becomes_a_chat_and_two_servers_share_it() {
    let (one, other, schema) = (Place::new(), Place::new(), Schema::new());
    let url = schema.url();
    let listen = ["serve", "--listen", "127.0.0.1:0"];
    let mut first = Running::start(&one.data(), &listen, &[(VARIABLE, &url)]);
    let mut second = Running::start(&other.data(), &listen, &[(VARIABLE, &url)]);
    for server in [&mut first, &mut second] {
        let page = server.get("/");
        for room in ["Geral", "Tecnologia", "Jogos"] {
            assert!(page.contains(room), "{room}");
        }
        assert!(server.get("/readyz").starts_with("HTTP/1.1 200"));
    }
    assert_eq!(first.stop(), Some(0));
    assert_eq!(second.stop(), Some(0));
    assert!(!one.data().exists(), "nothing is kept in the data folder");
}

#[test]
fn rooms_accounts_and_imports_are_in_it() {
    let (place, schema) = (Place::new(), Schema::new());
    let url = schema.url();
    let papo = |arguments: &[&str]| place.papo_with(arguments, &[(VARIABLE, &url)]).ok();
    let flags = ["user", "create", "maria", "--admin", "--database-url", &url];
    let made = process::run(&place.data(), &flags, &[], "uma senha bem comprida\n").ok();
    assert!(made.contains("maria"), "{made}");
    assert_eq!(
        papo(&["room", "create", "Projetos"]),
        "Made room 4: Projetos\n"
    );
    let list = papo(&["room", "list"]);
    assert!(list.contains("Projetos"), "{list}");
    assert!(papo(&["user", "list"]).contains("maria"));
    let report = papo(&["doctor"]);
    assert!(report.contains("is whole, version "), "{report}");
    assert!(!report.contains("data folder"), "{report}");
    assert!(!place.data().exists());
}

#[test]
fn a_django_database_comes_in_once() {
    let (place, schema) = (Place::new(), Schema::new());
    let url = schema.url();
    let old = fixture("django-sender.sqlite3");
    let import = || {
        let arguments = ["import", "django", old.to_str().unwrap()];
        place.papo_with(&arguments, &[(VARIABLE, &url)]).ok()
    };
    let first = import();
    assert!(!first.contains(" 0 messages stored"), "{first}");
    let second = import();
    assert!(second.contains(" 0 messages stored"), "{second}");
    let report = place.papo_with(&["doctor"], &[(VARIABLE, &url)]).ok();
    assert!(report.contains("is whole"), "{report}");
}

#[test]
fn doctor_makes_nothing() {
    let (place, schema) = (Place::new(), Schema::new());
    let url = schema.url();
    for _ in 0..2 {
        let report = place.papo_with(&["doctor"], &[(VARIABLE, &url)]).ok();
        assert!(report.contains("has no tables yet"), "{report}");
    }
}

#[test]
fn a_backup_is_the_servers_affair() {
    let (place, schema) = (Place::new(), Schema::new());
    let url = schema.url();
    let error = place
        .papo_with(&["backup", "copy.dump"], &[(VARIABLE, &url)])
        .error();
    assert!(
        error.contains("pg_dump --format=custom --file=copy.dump"),
        "{error}"
    );
    assert!(
        error.ends_with("with the URL of PAPO_DATABASE_URL"),
        "{error}"
    );
    let flag = ["backup", "copy.dump", "--database-url", &url];
    let error = place.papo(&flag).error();
    assert!(error.ends_with("with the URL of --database-url"), "{error}");
}

#[test]
fn what_is_wrong_with_the_url_is_said_without_the_password() {
    let place = Place::new();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let unreachable = format!("postgres://papo:s3cr3t@127.0.0.1:{port}/chat");
    let at = format!("chat at 127.0.0.1 port {port}");
    for (url, says) in [
        ("mysql://papo:s3cr3t@db/chat", "postgres://"),
        ("postgres://papo:s3cr3t@db", "names no database"),
        (unreachable.as_str(), at.as_str()),
    ] {
        for command in [["room", "list"].as_slice(), &["serve"]] {
            let error = place.papo_with(command, &[(VARIABLE, url)]).error();
            assert!(error.contains(says), "{error}");
            assert!(!error.contains("s3cr3t"), "{error}");
        }
        let report = place.papo_with(&["doctor"], &[(VARIABLE, url)]);
        assert_eq!(report.code, Some(1));
        assert!(report.output.contains(says), "{report:?}");
        assert!(!report.output.contains("s3cr3t"), "{report:?}");
    }
}

#[test]
fn why_nats_cannot_be_reached_is_said_with_where_and_without_the_password() {
    let (place, schema) = (Place::new(), Schema::new());
    let url = schema.url();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let away = closed.local_addr().unwrap();
    drop(closed);
    let nats = format!("nats://ana:s3cr3t@{away},nats://ana:s3cr3t@nowhere.invalid:4222");
    let variables = [(VARIABLE, url.as_str()), ("PAPO_NATS_URL", &nats)];
    let listen = ["serve", "--listen", "127.0.0.1:0"];
    let mut running = Running::start(&place.data(), &listen, &variables);
    let why = running.line(&format!("nats=\"nats://{away}\" why="));
    assert!(why.contains("onnection refused"), "{why}");
    running.line("nats=\"nats://nowhere.invalid:4222\" why=");
    running.stop();
    for line in running.remaining() {
        assert!(!line.contains("s3cr3t"), "{line}");
    }
}

#[test]
fn nothing_that_is_logged_has_the_password() {
    let (place, schema) = (Place::new(), Schema::new());
    let with_password = server().replacen('@', ":s3cr3t@", 1);
    let url = schema.url_at(&with_password);
    let listen = ["serve", "--listen", "127.0.0.1:0", "--log", "trace"];
    let mut running = Running::start(&place.data(), &listen, &[(VARIABLE, &url)]);
    running.get("/");
    running.stop();
    for line in running.remaining() {
        assert!(!line.contains("s3cr3t"), "{line}");
    }
}
