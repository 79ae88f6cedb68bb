//! Damage by the disk, and files that are replaced.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use papo_protocol::{ClientFrame, ResetReason, ServerFrame};
use papo_testing::{Guest, Server, Socket};
use rusqlite::Connection;

use super::{papo, start};

fn follow(guest: &Guest) -> (Socket, String, i64) {
    let mut socket = guest.socket(1).unwrap();
    socket.subscribe(1, None).unwrap();
    let is_snapshot = |frame: &ServerFrame| matches!(frame, ServerFrame::Snapshot { .. });
    match socket.receive_where(is_snapshot).unwrap() {
        ServerFrame::Snapshot { epoch, seq, .. } => (socket, epoch, seq),
        other => panic!("{other:?}"),
    }
}

/// Posts, and waits for the event. Returns its seq and timestamp.
fn post(socket: &mut Socket, text: &str) -> (i64, String) {
    socket.post(1, text).unwrap();
    let is_it = |frame: &ServerFrame| matches!(frame, ServerFrame::Message { message, .. } if message == text);
    match socket.receive_where(is_it).unwrap() {
        ServerFrame::Message { seq, timestamp, .. } => (seq, timestamp),
        other => panic!("{other:?}"),
    }
}

/// The first frame for a client that resumes.
fn resume(guest: &Guest, epoch: &str, after: i64, timestamp: &str) -> ServerFrame {
    let mut socket = guest.socket(1).unwrap();
    let subscribe = ClientFrame::Subscribe {
        r#ref: None,
        room: None,
        epoch: Some(epoch.to_owned()),
        after: Some(after),
        timestamp: Some(timestamp.to_owned()),
    };
    socket.send(&subscribe).unwrap();
    let is_answer = |frame: &ServerFrame| {
        matches!(
            frame,
            ServerFrame::Subscribed { .. } | ServerFrame::Reset { .. }
        )
    };
    socket.receive_where(is_answer).unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        fs::copy(&from, to.join(from.file_name().unwrap())).unwrap();
    }
}

#[test]
fn a_server_whose_database_is_removed_or_replaced_ends_and_says_why() {
    type Trick = fn(&Path, &Path);
    let tricks: [(&str, Trick); 3] = [
        ("was taken away", |file, _| fs::remove_file(file).unwrap()),
        ("another file has its name", |file, backup| {
            fs::rename(backup, file).unwrap();
        }),
        ("it was overwritten", |file, backup| {
            fs::copy(backup, file).unwrap();
        }),
    ];
    for (why, trick) in tricks {
        let mut server = start();
        let (mut socket, ..) = follow(&Guest::joined(&server, 1, "Ana").unwrap());
        post(&mut socket, "um");
        let backup = server.data().join("backup.sqlite3");
        server
            .command(&["backup", backup.to_str().unwrap()])
            .unwrap();
        trick(&server.data().join("papo.sqlite3"), &backup);
        // By itself.
        assert!(!server.wait().unwrap().success(), "{why}");
        let printed = server.printed().join("\n");
        assert!(printed.contains(why), "{why}: {printed}");
        assert!(
            printed.contains("so nothing more can be promised"),
            "{printed}"
        );
    }
}

/// A limit on the length of files stands for a disk without space for a longer database; setting it
/// takes no rights. The log is shorter.
#[test]
fn a_checkpoint_that_finds_no_room_is_no_alarm_and_is_made_up_for() {
    const LOG: u64 = 16 << 20;
    let mut first = start();
    first.stop().unwrap();
    let data = first.data().to_owned();
    let file = data.join("papo.sqlite3");
    let ballast = "CREATE TABLE ballast AS SELECT zeroblob(20000000) AS bytes";
    Connection::open(&file)
        .unwrap()
        .execute(ballast, [])
        .unwrap();
    let limit = fs::metadata(&file).unwrap().len() + (64 << 10);
    assert!(limit > LOG);
    let limited = format!("trap '' XFSZ && exec prlimit --fsize={limit}: -- \"$@\"");
    let wrapper = ["sh", "-c", &limited, "sh"];
    let mut server = papo().data(&data).wrapper(wrapper).start().unwrap();
    let (mut socket, ..) = follow(&Guest::joined(&server, 1, "Ana").unwrap());
    let text = "palavras ".repeat(300);
    let mut acknowledge = || {
        let reference = socket.post(1, &text).unwrap();
        socket.wait_for_ack(reference).unwrap();
    };
    let mut count = 0;
    let has_failed = |line: &String| line.contains("the checkpoint failed");
    while !server.printed().iter().any(has_failed) {
        acknowledge();
        count += 1;
        assert!(count < 5_000, "no checkpoint fails: {:?}", server.printed());
    }
    // The writer retries after each, and no client notices.
    (0..50).for_each(|_| acknowledge());
    let pid = server.pid().to_string();
    let freed = ["--pid", &pid, "--fsize=unlimited:"];
    assert!(
        Command::new("prlimit")
            .args(freed)
            .status()
            .unwrap()
            .success()
    );
    (0..50).for_each(|_| acknowledge());
    assert!(fs::metadata(&file).unwrap().len() > limit);
    assert!(server.stop().unwrap().success());
    server.command(&["doctor"]).unwrap();
}

#[test]
fn a_damaged_message_is_shown_as_such_and_named_and_the_others_go_on() {
    let mut server = start();
    let ana = Guest::joined(&server, 1, "Ana").unwrap();
    let (mut socket, epoch, _) = follow(&ana);
    let (_, timestamp) = post(&mut socket, "antes");
    let (damaged, _) = post(&mut socket, "Olá!");
    post(&mut socket, "depois");
    server.stop().unwrap();
    Connection::open(server.data().join("papo.sqlite3"))
        .unwrap()
        .execute(
            "UPDATE message SET content = CAST(x'4f6cff21' AS TEXT) WHERE seq = ?1",
            [damaged],
        )
        .unwrap();
    server.restart().unwrap();

    let mut ana = ana;
    assert_eq!(ana.get("/room/1/").unwrap().status, 200);
    let page = ana.get("/room/1/messages/?before=9").unwrap();
    assert!(page.body.contains("\"damaged\":true"), "{}", page.body);
    assert!(matches!(
        resume(&ana, &epoch, 1, &timestamp),
        ServerFrame::Subscribed { .. }
    ));
    let mut socket = ana.socket(1).unwrap();
    socket.subscribe(1, Some((&epoch, 0))).unwrap();
    let is_it = |frame: &ServerFrame| matches!(frame, ServerFrame::Message { seq: 2, .. });
    match socket.receive_where(is_it).unwrap() {
        ServerFrame::Message {
            message, damaged, ..
        } => assert_eq!((message.as_str(), damaged), ("Ol\u{fffd}!", true)),
        other => panic!("{other:?}"),
    }
    let named = "message 2 of room 1 is damaged";
    let report = server.command(&["doctor"]).unwrap_err().to_string();
    assert!(report.contains(named), "{report}");
    for (number, command) in ["backup", "export"].into_iter().enumerate() {
        let file = server.data().join(format!("copy-{number}"));
        let said = server.command(&[command, file.to_str().unwrap()]).unwrap();
        assert!(said.contains(named), "{command}: {said}");
        assert!(file.exists());
    }

    // Its author can edit or delete it.
    let edit = ClientFrame::Edit {
        r#ref: Some(77),
        room: None,
        seq: damaged,
        message: "Olá!".into(),
    };
    socket.send(&edit).unwrap();
    socket.wait_for_ack(77).unwrap();
    server.command(&["doctor"]).unwrap();
    let page = ana.get("/room/1/messages/?before=9").unwrap();
    assert!(!page.body.contains("damaged"), "{}", page.body);
}

#[test]
fn a_message_whose_name_is_damaged_is_shown_as_such() {
    let mut server = start();
    let mut ana = Guest::joined(&server, 1, "Ana").unwrap();
    let (mut socket, epoch, _) = follow(&ana);
    post(&mut socket, "um");
    let (damaged, _) = post(&mut socket, "dois");
    server.stop().unwrap();
    Connection::open(server.data().join("papo.sqlite3"))
        .unwrap()
        .execute(
            "UPDATE message SET username = CAST(x'416eff' AS TEXT) WHERE seq = ?1",
            [damaged],
        )
        .unwrap();
    server.restart().unwrap();

    let page = ana.get("/room/1/messages/?before=9").unwrap();
    assert_eq!(page.body.matches("\"damaged\":true").count(), 1);
    let mut socket = ana.socket(1).unwrap();
    socket.subscribe(1, Some((&epoch, 0))).unwrap();
    for (seq_of_it, name, is_damaged) in [(1, "Ana", false), (damaged, "An\u{fffd}", true)] {
        let is_it = |frame: &ServerFrame| matches!(frame, ServerFrame::Message { seq, .. } if *seq == seq_of_it);
        match socket.receive_where(is_it).unwrap() {
            ServerFrame::Message {
                username, damaged, ..
            } => assert_eq!((username.as_str(), damaged), (name, is_damaged)),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_damaged_event_changes_nothing_and_is_named_and_the_room_goes_on() {
    let mut server = start();
    let mut ana = Guest::joined(&server, 1, "Ana").unwrap();
    let (mut socket, epoch, _) = follow(&ana);
    let (seq, _) = post(&mut socket, "um");
    let edit = ClientFrame::Edit {
        r#ref: Some(77),
        room: None,
        seq,
        message: "um!".into(),
    };
    socket.send(&edit).unwrap();
    socket.wait_for_ack(77).unwrap();
    let (_, timestamp) = post(&mut socket, "dois");
    server.stop().unwrap();
    Connection::open(server.data().join("papo.sqlite3"))
        .unwrap()
        .execute("UPDATE event SET kind = 34 WHERE seq = 2", [])
        .unwrap();
    server.restart().unwrap();

    assert_eq!(ana.get("/room/1/").unwrap().status, 200);
    assert!(matches!(
        resume(&ana, &epoch, 3, &timestamp),
        ServerFrame::Subscribed { .. }
    ));
    let (mut again, ..) = follow(&ana);
    let (last, _) = post(&mut again, "três");
    let mut socket = ana.socket(1).unwrap();
    socket.subscribe(1, Some((&epoch, 0))).unwrap();
    let mut log = Vec::new();
    while log.len() < 4 {
        match socket.receive().unwrap() {
            ServerFrame::Message { seq, message, .. } => log.push((seq, message)),
            ServerFrame::Deleted { seq, target, .. } => {
                log.push((seq, format!("without {target}")));
            }
            _ => {}
        }
    }
    let expected = ["um!", "without 2", "dois", "três"].map(str::to_owned);
    assert_eq!(log, (1..).zip(expected).collect::<Vec<_>>());
    assert_eq!(last, 4);
    let named = "event 2 of room 1 is damaged: its kind is 34";
    let report = server.command(&["doctor"]).unwrap_err().to_string();
    assert!(report.contains(named), "{report}");
    for (number, command) in ["backup", "export"].into_iter().enumerate() {
        let file = server.data().join(format!("copy-{number}"));
        let said = server.command(&[command, file.to_str().unwrap()]).unwrap();
        assert!(said.contains(named), "{command}: {said}");
    }
}

#[test]
fn who_has_seen_what_an_older_copy_lacks_starts_over() {
    let mut server = start();
    let ana = Guest::joined(&server, 1, "Ana").unwrap();
    let (mut socket, epoch, _) = follow(&ana);
    let first: Vec<_> = (0..6).map(|n| post(&mut socket, &n.to_string())).collect();
    server.stop().unwrap();
    let older = PathBuf::from(format!("{}-older", server.data().display()));
    copy(server.data(), &older);
    server.restart().unwrap();
    let (mut socket, ..) = follow(&ana);
    let lost: Vec<_> = (6..9).map(|n| post(&mut socket, &n.to_string())).collect();
    server.stop().unwrap();

    copy(&older, server.data());
    fs::remove_dir_all(&older).unwrap();
    server.restart().unwrap();
    let (mut socket, same, seq) = follow(&ana);
    assert_eq!((same.as_str(), seq), (epoch.as_str(), 6));
    let is_reset = |frame: &ServerFrame| matches!(frame, ServerFrame::Reset { .. });
    // The log is shorter than what they have.
    assert!(is_reset(&resume(&ana, &epoch, lost[2].0, &lost[2].1)));
    for n in 0..5 {
        post(&mut socket, &format!("outra {n}"));
    }
    for (seq, timestamp) in &lost {
        match resume(&ana, &epoch, *seq, timestamp) {
            ServerFrame::Reset { reason, .. } => assert_eq!(reason, ResetReason::Epoch),
            other => panic!("{seq}: {other:?}"),
        }
    }
    for (seq, timestamp) in &first {
        assert!(!is_reset(&resume(&ana, &epoch, *seq, timestamp)), "{seq}");
    }
    // One person's clients prove nothing to the operator; those of three are worth a look.
    server.wait_for_line("one client proves nothing").unwrap();
    let is_advised = |server: &mut Server| {
        let lines = server.printed();
        lines.iter().any(|line| line.contains("papo epoch --new"))
    };
    assert!(!is_advised(&mut server));
    for name in ["Bia", "Caio"] {
        assert!(!is_advised(&mut server), "{name}");
        let other = Guest::joined(&server, 1, name).unwrap();
        assert!(is_reset(&resume(&other, &epoch, lost[0].0, &lost[0].1)));
    }
    server.wait_for_line("papo epoch --new").unwrap();
    let refused = server.command(&["epoch", "--new"]).unwrap_err();
    assert!(
        refused.to_string().contains("another papo serves"),
        "{refused}"
    );
    server.stop().unwrap();
    let said = server.command(&["epoch", "--new"]).unwrap();
    let now = server.command(&["epoch"]).unwrap();
    assert!(said.contains(&epoch) && said.contains(now.trim()), "{said}");
    assert_ne!(now.trim(), epoch);
    server.restart().unwrap();
    assert!(is_reset(&resume(&ana, &epoch, first[0].0, &first[0].1)));
}

#[test]
fn a_log_that_was_damaged_while_nothing_ran_is_told_by_doctor_and_at_the_start() {
    let mut server = papo().start().unwrap();
    let ana = Guest::joined(&server, 1, "Ana").unwrap();
    let (mut socket, epoch, _) = follow(&ana);
    let mut last = (0, String::new());
    for number in 0..20 {
        last = post(&mut socket, &number.to_string());
    }
    server.kill().unwrap();
    let log = server.data().join("papo.sqlite3-wal");
    let mut bytes = fs::read(&log).unwrap();
    let place = bytes.len() * 3 / 4;
    bytes[place] ^= 1;
    fs::write(&log, &bytes).unwrap();
    let report = server.command(&["doctor"]).unwrap_err().to_string();
    assert!(report.contains("write-ahead log is damaged"), "{report}");
    server.restart().unwrap();
    server.wait_for_line("write-ahead log is damaged").unwrap();
    match resume(&ana, &epoch, last.0, &last.1) {
        ServerFrame::Reset { reason, .. } => assert_eq!(reason, ResetReason::Epoch),
        other => panic!("{other:?}"),
    }
    let report = server.command(&["doctor"]).unwrap();
    assert!(report.contains("papo.sqlite3-wal-cut"), "{report}");
}
