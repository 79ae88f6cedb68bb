//! `papo user`.

use std::time::{Duration, Instant};

use papo_protocol::{ClientFrame, ServerFrame};
use papo_testing::Guest;
use rusqlite::Connection;

use crate::Place;
use crate::lively::{serve, socket};

const PASSWORD: &str = "correct horse battery\n";

#[test]
fn accounts_are_made_and_listed() {
    let place = Place::new();
    let made = place
        .papo_with_input(&["user", "create", "Ana", "--admin"], PASSWORD)
        .ok();
    assert!(made.ends_with("\nMade the administrator Ana\n"), "{made}");
    let made = place
        .papo_with_input(&["user", "create", "João"], PASSWORD)
        .ok();
    assert_eq!(made, "Made the account João\n");
    let list = place.papo(&["user", "list"]).ok();
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines[0], "NAME  STATE   ADMINISTRATOR  MADE (UTC)");
    assert!(
        lines[1].starts_with("Ana   active  yes            20"),
        "{list}"
    );
    assert!(
        lines[2].starts_with("João  active  no             20"),
        "{list}"
    );
}

#[test]
fn what_cannot_be_done_is_one_line() {
    let place = Place::started();
    place
        .papo_with_input(&["user", "create", "Ana"], PASSWORD)
        .ok();
    for (name, input, expected) in [
        (
            "ANA",
            PASSWORD,
            "an account has that name, or one that looks like it",
        ),
        (
            "Аna",
            PASSWORD,
            "an account has that name, or one that looks like it",
        ),
        (" ", PASSWORD, "the name is blank"),
        ("a\u{200b}b", PASSWORD, "U+200B"),
        ("Bia", "short\n", "a password has 10 to 200 characters"),
        ("Bia", "", "no password on standard input"),
        ("Bia", "\r\n", "no password on standard input"),
    ] {
        let error = place
            .papo_with_input(&["user", "create", name], input)
            .error();
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!(place.papo(&["user", "list"]).ok().lines().count(), 2);
}

#[test]
fn a_password_is_never_an_argument() {
    let place = Place::started();
    let wrong = place.papo(&["user", "create", "Ana", "correct horse battery"]);
    assert_eq!(wrong.code, Some(2));
    let wrong = place.papo(&[
        "user",
        "create",
        "Ana",
        "--password",
        "correct horse battery",
    ]);
    assert_eq!(wrong.code, Some(2));
}

#[test]
fn accounts_are_made_while_a_server_runs() {
    let place = Place::new();
    let mut server = place.serve();
    place
        .papo_with_input(&["user", "create", "Ana", "--admin"], PASSWORD)
        .ok();
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_guest_whose_name_an_account_takes_is_out_of_the_room_at_once() {
    let place = Place::new();
    let server = serve(&place.data());
    let mut ana = Guest::joined(&server, 1, "Ana").unwrap();
    ana.join(2, "Ana Maria").unwrap();
    let (mut own, mut many) = (socket(&ana), ana.rooms_socket().unwrap());
    let is_snapshot = |frame: &ServerFrame| matches!(frame, ServerFrame::Snapshot { .. });
    own.subscribe(1, None).unwrap();
    own.receive_where(is_snapshot).unwrap();
    for room in [1, 2] {
        many.subscribe(room, None).unwrap();
        many.receive_where(is_snapshot).unwrap();
    }
    server
        .command_with_input(&["user", "create", "Ana"], PASSWORD)
        .unwrap();
    let taken = Instant::now();
    loop {
        many.send(&ClientFrame::Ping { r#ref: None }).unwrap();
        match many.receive().unwrap() {
            ServerFrame::Left { room } => break assert_eq!(room, 1),
            ServerFrame::Pong { .. } => assert!(taken.elapsed() <= Duration::from_secs(2)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(own.wait_for_close().unwrap().code, 4001);
}

#[test]
fn the_last_administrator_cannot_be_taken_away() {
    let place = Place::started();
    let create = |name, more: &[&str]| {
        let arguments = [&["user", "create", name], more].concat();
        place.papo_with_input(&arguments, PASSWORD).ok();
    };
    create("Ana", &["--admin"]);
    create("Bia", &[]);
    let refused = "papo: \"Ana\" is the last administrator who can sign in; \
        make another one first, with `papo user admin NAME on`";
    let commands: [&[&str]; 3] = [
        &["user", "suspend", "ana"],
        &["user", "remove", "ana"],
        &["user", "admin", "ana", "off"],
    ];
    for arguments in commands {
        assert_eq!(place.papo(arguments).error(), refused, "{arguments:?}");
    }
    let made = place.papo(&["user", "admin", "Bia", "on"]).ok();
    assert_eq!(made, "Bia is now an administrator\n");
    let done = place.papo(&["user", "admin", "ana", "off"]).ok();
    assert_eq!(done, "Ana is no longer an administrator\n");
    let list = place.papo(&["user", "list"]).ok();
    assert!(list.contains("\nAna   active  no "), "{list}");
    assert!(list.contains("\nBia   active  yes"), "{list}");
}

#[test]
fn an_account_that_is_not_there_cannot_be_changed() {
    let place = Place::started();
    let commands: [&[&str]; 6] = [
        &["user", "password", "Eva"],
        &["user", "sessions", "Eva"],
        &["user", "sessions", "Eva", "--end"],
        &["user", "suspend", "Eva"],
        &["user", "restore", "Eva"],
        &["user", "remove", "Eva"],
    ];
    for arguments in commands {
        let error = place.papo_with_input(arguments, PASSWORD).error();
        let expected = "papo: no account \"Eva\"; `papo user list` shows them all";
        assert_eq!(error, expected, "{arguments:?}");
    }
    let nowhere = Place::new();
    for arguments in commands {
        nowhere.papo_with_input(arguments, PASSWORD).error();
        assert!(!nowhere.data().exists(), "{arguments:?}");
    }
}

#[test]
fn no_session_is_of_a_time_to_come() {
    let place = Place::new();
    let server = serve(&place.data());
    server
        .command_with_input(&["user", "create", "Ana", "--admin"], PASSWORD)
        .unwrap();
    let mut ana = Guest::new(&server);
    let form = [("username", "Ana"), ("password", PASSWORD.trim_end())];
    assert_eq!(ana.post("/login/", &form).unwrap().status, 303);
    // A server stores its time of service every ten minutes. Another machine's clock may be ahead.
    let database = Connection::open(place.database()).unwrap();
    let ahead =
        "UPDATE session SET last_used = last_used + 540000, created_at = created_at + 540000";
    assert_eq!(database.execute(ahead, []).unwrap(), 1);
    let list = server.command(&["user", "sessions", "Ana"]).unwrap();
    let now: String = database
        .query_row("SELECT strftime('%Y-%m-%d %H:%M', 'now')", [], |row| {
            row.get(0)
        })
        .unwrap();
    let times: Vec<&str> = list.lines().nth(1).unwrap().split("  ").collect();
    assert_eq!(times.len(), 2, "{list}");
    assert!(
        times.iter().all(|time| *time <= now.as_str()),
        "{list}{now}"
    );
}

#[test]
fn another_password_is_held_to_the_same_rules() {
    let place = Place::started();
    place
        .papo_with_input(&["user", "create", "Ana"], PASSWORD)
        .ok();
    for (input, expected) in [
        ("short\n", "a password has 10 to 200 characters"),
        ("", "no password on standard input"),
    ] {
        let error = place
            .papo_with_input(&["user", "password", "Ana"], input)
            .error();
        assert!(error.contains(expected), "{error}");
    }
    let wrong = place.papo(&["user", "password", "Ana", "correct horse battery"]);
    assert_eq!(wrong.code, Some(2));
    let sessions = place.papo(&["user", "sessions", "Ana"]).ok();
    assert_eq!(sessions, "SIGNED IN (UTC)  LAST USED (UTC)  DEVICE\n");
}
