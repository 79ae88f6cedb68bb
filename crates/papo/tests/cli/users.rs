//! `papo user`.

use std::time::{Duration, Instant};

use papo_protocol::{ClientFrame, ServerFrame};
use papo_testing::Guest;

use crate::Place;
use crate::lively::{serve, socket};

const PASSWORD: &str = "correct horse battery\n";

#[test]
fn accounts_are_made_and_listed() {
    let place = Place::new();
    let made = place
        .papo_with_input(&["user", "create", "Ana", "--admin"], PASSWORD)
        .ok();
    assert_eq!(made, "Made the administrator Ana\n");
    let made = place
        .papo_with_input(&["user", "create", "João"], PASSWORD)
        .ok();
    assert_eq!(made, "Made the account João\n");
    let list = place.papo(&["user", "list"]).ok();
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines[0], "NAME  ADMINISTRATOR  MADE (UTC)");
    assert!(lines[1].starts_with("Ana   yes            20"), "{list}");
    assert!(lines[2].starts_with("João  no             20"), "{list}");
}

#[test]
fn what_cannot_be_done_is_one_line() {
    let place = Place::new();
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
    let place = Place::new();
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
