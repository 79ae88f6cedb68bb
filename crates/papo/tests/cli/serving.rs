//! Starting and stopping the server.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;

use rusqlite::Connection;
use rustix::process::Signal;

use crate::process::Running;
use crate::{Place, process};

#[test]
fn an_empty_folder_becomes_a_chat_with_three_rooms() {
    let place = Place::new();
    let mut server = place.serve();
    let page = server.get("/");
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    for room in ["Geral", "Tecnologia", "Jogos"] {
        assert!(page.contains(room), "{room}");
    }
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(place.data()), 0o700);
    assert_eq!(mode(place.database()), 0o600);
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn serving_is_what_papo_does_without_a_command() {
    let place = Place::new();
    let mut server = Running::start(&place.data(), &["serve"], &[("PAPO_LISTEN", "127.0.0.1:0")]);
    server.line("Papo is listening on ");
    assert_eq!(server.stop(), Some(0));
    let mut server = Running::start(&place.data(), &[], &[("PAPO_LISTEN", "127.0.0.1:0")]);
    server.line("Papo is listening on ");
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn an_address_that_is_taken_begins_no_chat() {
    let place = Place::new();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let error = place.papo(&["serve", "--listen", &address]).error();
    assert!(error.contains("is in use by another program"), "{error}");
    assert!(!place.database().exists());
}

#[test]
fn the_first_rooms_are_made_once() {
    let place = Place::started();
    for id in ["1", "2", "3"] {
        place.papo(&["room", "deactivate", id]).ok();
    }
    let mut server = place.serve();
    assert!(!server.get("/").contains("Tecnologia"));
    server.stop();
    let rooms = place.papo(&["room", "list"]).ok();
    assert_eq!(rooms.lines().count(), 4, "{rooms}");
}

#[test]
fn the_link_for_the_administrator_is_told_until_there_is_one() {
    let place = Place::new();
    let mut server = place.serve();
    let address = server.address();
    let link = server.line("  http://");
    let path = link.strip_prefix(&address).unwrap().to_owned();
    assert!(
        path.starts_with("/admin/setup/") && path.ends_with('/'),
        "{path}"
    );
    assert!(server.get(&path).starts_with("HTTP/1.1 200"));
    server.stop();

    let create = ["user", "create", "ana", "--admin"];
    place
        .papo_with_input(&create, "correct horse battery\n")
        .ok();
    let mut server = place.serve();
    server.stop();
    let lines = server.remaining().join("\n");
    assert!(!lines.contains("/admin/setup/"), "{lines}");
}

#[test]
fn the_link_is_told_as_soon_as_the_database_takes_its_secret() {
    let place = Place::started();
    let other = Connection::open(place.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut server = place.serve();
    let why = server.line("the link for the first administrator can't be made yet: ");
    assert!(
        why.contains("database is locked; trying again in "),
        "{why}"
    );
    assert!(server.get("/").starts_with("HTTP/1.1 200"));
    other.execute_batch("ROLLBACK").unwrap();
    let address = server.address();
    let link = server.line("  http://");
    let path = link.strip_prefix(&address).unwrap();
    assert!(server.get(path).starts_with("HTTP/1.1 200"));
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn the_link_leads_to_the_public_address() {
    let place = Place::new();
    let mut server = place.serve_with(&[
        "--listen",
        "127.0.0.1:0",
        "--public-url",
        "https://papo.example.org/",
    ]);
    server.line("  https://papo.example.org/admin/setup/");
}

#[test]
fn either_signal_stops_it_cleanly() {
    for signal in [Signal::TERM, Signal::INT] {
        let place = Place::new();
        let mut server = place.serve();
        server.signal(signal);
        assert_eq!(server.wait_for_end(), Some(0));
        assert!(!place.data().join("papo.sqlite3-wal").exists());
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let place = Place::new();
    let mut server = place.serve();
    let address = server.address();
    // Half a request. The server reads it, and lets it finish within its limit.
    let mut stream = TcpStream::connect(&address).unwrap();
    let head = format!(
        "POST /leave/ HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nExpect: 100-continue\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    BufReader::new(&stream).read_line(&mut answer).unwrap();
    assert_eq!(answer, "HTTP/1.1 100 Continue\r\n");
    server.signal(Signal::TERM);
    server.line("SIGTERM: stopping");
    server.signal(Signal::INT);
    server.line("Ctrl-C again: leaving at once");
    assert_eq!(server.wait_for_end(), Some(1));
}

#[test]
fn all_addresses_are_told_when_all_are_listened_on() {
    let place = Place::new();
    let mut server = place.serve_with(&["--listen", "0.0.0.0:0"]);
    assert!(server.address().starts_with("127.0.0.1:"));
    assert!(server.get("/").starts_with("HTTP/1.1 200"));
}

#[test]
fn the_log_is_as_loud_as_it_was_told_to_be() {
    let place = Place::new();
    let mut server = place.serve_with(&["--listen", "127.0.0.1:0", "--log", "error"]);
    server.stop();
    let lines = server.remaining().join("\n");
    assert!(!lines.contains("INFO"), "{lines}");
}

#[test]
fn help_and_version_are_there() {
    let place = Place::new();
    let help = place.papo(&["--help"]).ok();
    for word in [
        "serve",
        "room",
        "user",
        "import",
        "doctor",
        "health",
        "PAPO_LISTEN",
        "127.0.0.1:8000",
    ] {
        assert!(help.contains(word), "{word}");
    }
    assert!(place.papo(&["--version"]).ok().starts_with("papo "));
    assert!(!place.data().exists());
    let wrong = process::run(&place.data(), &["sing"], &[], "");
    assert_eq!(wrong.code, Some(2));
}

#[test]
#[cfg(target_os = "linux")]
fn memory_that_is_cut_off_ends_it_with_a_line() {
    let place = Place::new();
    let mut server = place.serve();
    assert!(server.get("/").contains("Geral"));
    let memory = place.data().join("papo.sqlite3-shm");
    let memory = File::options().write(true).open(memory).unwrap();
    memory.set_len(0).unwrap();
    assert_eq!(server.wait_for_end(), Some(1));
    let lines = server.remaining().join("\n");
    assert!(lines.contains("(SIGBUS)"), "{lines}");
    assert!(lines.contains("papo.sqlite3-shm"), "{lines}");
    let mut again = place.serve();
    assert!(again.get("/").contains("Geral"));
    assert_eq!(again.stop(), Some(0));
}
