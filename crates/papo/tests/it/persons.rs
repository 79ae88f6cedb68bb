//! One person in several browsers, and a guest who gets an account: on one server, and on two nodes
//! of a database.

use std::time::{Duration, Instant};

use papo_protocol::ServerFrame;
use papo_testing::postgres::Schema;
use papo_testing::{Guest, Server, Socket};

use super::{papo, start};

const PASSWORD: &str = "correct horse battery";
/// How long a right may go on after its end, on any node.
const AT_ONCE: Duration = Duration::from_secs(1);

/// The two browsers of a person, each at a node of its own if there are two.
struct Browsers {
    phone: Guest,
    laptop: Guest,
    nodes: Vec<Server>,
    _schema: Option<Schema>,
}

impl Browsers {
    fn signed_in(nodes: Vec<Server>, schema: Option<Schema>) -> Self {
        let create = ["user", "create", "Ana", "--admin"];
        let input = format!("{PASSWORD}\n");
        nodes[0].command_with_input(&create, &input).unwrap();
        let browser = |node: &Server| {
            let mut guest = Guest::new(node);
            sign_in(&mut guest);
            guest
        };
        Self {
            phone: browser(&nodes[0]),
            laptop: browser(nodes.last().unwrap()),
            nodes,
            _schema: schema,
        }
    }

    fn at_one_server() -> Self {
        Self::signed_in(vec![start()], None)
    }

    fn at_two_nodes() -> Self {
        let schema = Schema::new();
        // Only their database joins them.
        let start = || {
            let node = papo().env("PAPO_DATABASE_URL", schema.url());
            node.start().unwrap()
        };
        Self::signed_in(vec![start(), start()], Some(schema))
    }
}

fn sign_in(guest: &mut Guest) {
    let form = [("username", "Ana"), ("password", PASSWORD)];
    let page = guest.post("/login/", &form).unwrap();
    assert_eq!(page.status, 303, "{}", page.brief());
}

/// A socket that follows room 1, and the person's id.
fn follow(guest: &Guest) -> (Socket, String) {
    let mut socket = guest.socket(1).unwrap();
    let welcome = socket.receive_where(|frame| matches!(frame, ServerFrame::Welcome { .. }));
    let ServerFrame::Welcome { sender, .. } = welcome.unwrap() else {
        unreachable!();
    };
    socket.subscribe(1, None).unwrap();
    let is_snapshot = |frame: &ServerFrame| matches!(frame, ServerFrame::Snapshot { .. });
    socket.receive_where(is_snapshot).unwrap();
    (socket, sender)
}

fn is_in(guest: &mut Guest, room: i64) -> bool {
    guest.get(&format!("/room/{room}/")).unwrap().status == 200
}

fn two_browsers_are_one_person(mut browsers: Browsers) {
    let Browsers { phone, laptop, .. } = &mut browsers;
    phone.join(1, "Ana").unwrap();
    assert!(is_in(laptop, 1), "the other browser is in the room too");
    let (mut here, me) = follow(phone);
    let (mut there, same) = follow(laptop);
    assert_eq!(me, same);

    // A message of one browser belongs to the other too; and the person is counted once.
    let reference = here.post(1, "do telefone").unwrap();
    let seq = here.wait_for_ack(reference).unwrap();
    let is_it = |frame: &ServerFrame| matches!(frame, ServerFrame::Message { seq: s, sender, .. } if *s == seq && *sender == me);
    there.receive_where(is_it).unwrap();
    let bia = Guest::joined(&browsers.nodes[0], 1, "Bia").unwrap();
    let (mut watching, _) = follow(&bia);
    let is_both = |frame: &ServerFrame| match frame {
        ServerFrame::Presence { online, people, .. } => {
            let anas = people.iter().filter(|person| person.sender == me);
            assert!(anas.count() <= 1, "{people:?}");
            *online == 2
        }
        _ => false,
    };
    watching.receive_where(is_both).unwrap();

    // Leaving in one browser leaves in both.
    browsers.phone.leave(1).unwrap();
    let left = Instant::now();
    for socket in [&mut here, &mut there] {
        assert_eq!(socket.wait_for_close().unwrap().code, 4001);
    }
    assert!(left.elapsed() <= AT_ONCE, "{:?}", left.elapsed());
    assert!(!is_in(&mut browsers.laptop, 1));
}

fn signing_out_ends_one_browser(mut browsers: Browsers) {
    let Browsers { phone, laptop, .. } = &mut browsers;
    phone.join(1, "Ana").unwrap();
    let (mut here, _) = follow(phone);
    let (mut there, _) = follow(laptop);
    // It follows no room, so no right in a room tells it.
    let mut all_rooms = phone.rooms_socket().unwrap();
    let page = phone.post("/logout/", &[]).unwrap();
    assert_eq!(page.status, 303);
    assert_eq!(here.wait_for_close().unwrap().code, 4003);
    assert_eq!(all_rooms.wait_for_close().unwrap().code, 4003);
    let reference = there.post(1, "ainda aqui").unwrap();
    there.wait_for_ack(reference).unwrap();
    // The rooms belong to the account, and are back when it signs in again.
    assert!(!is_in(phone, 1));
    sign_in(phone);
    assert!(is_in(phone, 1));
}

fn a_guest_who_signs_in_brings_the_rooms_along(mut browsers: Browsers) {
    let laptop = &mut browsers.laptop;
    laptop.join(1, "Ana").unwrap();
    let mut guest = Guest::joined(&browsers.nodes[0], 2, "Visita").unwrap();
    let mut socket = guest.socket(2).unwrap();
    sign_in(&mut guest);
    assert_eq!(socket.wait_for_close().unwrap().code, 4003);
    for browser in [&mut guest, laptop] {
        assert!(is_in(browser, 1) && is_in(browser, 2));
    }
}

#[test]
fn two_browsers_are_one_person_on_one_server() {
    two_browsers_are_one_person(Browsers::at_one_server());
}

#[test]
fn two_browsers_are_one_person_on_two_nodes() {
    two_browsers_are_one_person(Browsers::at_two_nodes());
}

#[test]
fn signing_out_ends_one_browser_on_one_server() {
    signing_out_ends_one_browser(Browsers::at_one_server());
}

#[test]
fn signing_out_ends_one_browser_on_two_nodes() {
    signing_out_ends_one_browser(Browsers::at_two_nodes());
}

#[test]
fn a_guest_who_signs_in_brings_the_rooms_along_on_one_server() {
    a_guest_who_signs_in_brings_the_rooms_along(Browsers::at_one_server());
}

#[test]
fn a_guest_who_signs_in_brings_the_rooms_along_on_two_nodes() {
    a_guest_who_signs_in_brings_the_rooms_along(Browsers::at_two_nodes());
}

/// The first administrator was a guest before the link was opened.
#[test]
fn a_guest_who_makes_an_account_keeps_rooms_and_messages() {
    let mut server = start();
    let link = server.wait_for_line("/admin/setup/").unwrap();
    let path = link.find("/admin/setup/").map(|start| link[start..].trim());
    let path = path.unwrap().to_owned();
    let mut guest = Guest::joined(&server, 1, "Ana").unwrap();
    let (mut before, me) = follow(&guest);
    let reference = before.post(1, "de antes").unwrap();
    let seq = before.wait_for_ack(reference).unwrap();
    let form = [("username", "Ana"), ("password", PASSWORD)];
    let page = guest.post(&path, &form).unwrap();
    assert_eq!(page.status, 303, "{}", page.brief());
    assert_eq!(before.wait_for_close().unwrap().code, 4003);
    assert!(is_in(&mut guest, 1));
    assert_eq!(guest.get("/admin/rooms/").unwrap().status, 200);
    let (mut after, same) = follow(&guest);
    assert_eq!(me, same);
    let edit = papo_protocol::ClientFrame::Edit {
        r#ref: Some(9),
        room: Some(1),
        seq,
        message: "de antes, e meu".into(),
    };
    after.send(&edit).unwrap();
    let is_edited = |frame: &ServerFrame| matches!(frame, ServerFrame::Edited { .. });
    after.receive_where(is_edited).unwrap();
}
