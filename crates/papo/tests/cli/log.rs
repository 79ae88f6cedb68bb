//! The log: a log that can't be written affects nothing else, and repeated warnings don't fill it.

use std::io::{PipeReader, pipe};

use rusqlite::Connection;
use rustix::process::Signal;

use crate::process::Running;
use crate::{Place, process};

/// At `debug`, so many requests write far more lines than a pipe takes.
const REQUESTS: usize = 700;

fn serve(place: &Place, level: &str) -> (Running, PipeReader) {
    let (reader, log) = pipe().unwrap();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--log", level];
    (
        Running::start_logging_to(&place.data(), &arguments, log),
        reader,
    )
}

#[test]
fn a_log_whose_reader_has_gone_changes_nothing() {
    for level in ["info", "debug"] {
        let place = Place::new();
        let (mut server, reader) = serve(&place, level);
        drop(reader);
        for _ in 0..3 {
            assert!(server.get("/").starts_with("HTTP/1.1 200"), "{level}");
        }
        assert_eq!(server.stop(), Some(0), "{level}");
        assert!(!place.data().join("papo.sqlite3-wal").exists(), "{level}");
    }
}

#[test]
fn a_log_that_nobody_reads_keeps_nothing_waiting() {
    let place = Place::new();
    let (mut server, _reader) = serve(&place, "debug");
    for _ in 0..REQUESTS {
        assert!(server.get("/healthz").starts_with("HTTP/1.1 200"));
    }
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn commands_end_as_ever_when_nobody_reads_what_they_say() {
    let place = Place::started();
    let archive = place.path().join("archive");
    let copy = place.path().join("copy");
    let commands: [(&[&str], i32); 8] = [
        (&["room", "list"], 0),
        (&["room", "create", "Novidades"], 0),
        (&["user", "list"], 0),
        (&["backup", copy.to_str().unwrap()], 0),
        (&["export", archive.to_str().unwrap()], 0),
        (&["--help"], 0),
        (&["room", "activate", "99"], 1),
        (&["sing"], 2),
    ];
    for (arguments, code) in commands {
        let ended = process::run_unread(&place.data(), arguments);
        assert_eq!(ended, Some(code), "{arguments:?}");
    }
    // The output couldn't be written.
    let ended = process::run_unread(&place.data(), &["export", "-"]);
    assert_eq!(ended, Some(1));
}

#[test]
fn a_refused_request_each_is_one_line_a_minute_with_a_count() {
    let place = Place::new();
    let mut server = place.serve();
    let database = Connection::open(place.database()).unwrap();
    database
        .execute_batch("ALTER TABLE room RENAME TO elsewhere")
        .unwrap();
    for _ in 0..300 {
        assert!(server.get("/").starts_with("HTTP/1.1 500"));
    }
    server.signal(Signal::TERM);
    server.wait_for_end();
    let lines = server.remaining();
    let told: Vec<_> = lines.iter().filter(|line| line.contains("ERROR")).collect();
    assert!(told[0].contains("no such table"), "{told:#?}");
    // More than one if the machine took minutes for it.
    assert!(told.len() < 10, "{told:#?}");
    let counts = told.iter().filter_map(|line| {
        let (_, count) = line.rsplit_once('(')?;
        count.strip_suffix(" times more)")?.parse::<usize>().ok()
    });
    assert_eq!(counts.sum::<usize>() + 1, 300, "{told:#?}");
}
