//! Rooms that people make and look after: pages and open sockets.

use papo_protocol::{ClientFrame, ErrorCode, MembershipObject, Role, RoomKind, ServerFrame};
use papo_testing::{Guest, Page, Server, Socket};

use super::matrix::{account, shown};
use super::start;

/// Makes a room. Returns its number.
fn make(guest: &mut Guest, name: &str, kind: &str) -> i64 {
    let page = guest.post("/rooms/new/", &[("name", name), ("kind", kind)]);
    let page = page.unwrap();
    let place = shown(&page);
    let number = place
        .strip_prefix("303 /room/")
        .unwrap_or_else(|| panic!("{}", page.brief()));
    number.trim_end_matches('/').parse().unwrap()
}

/// Does something to a room on its page.
fn act(guest: &mut Guest, room: i64, form: &[(&str, &str)]) -> Page {
    guest.post(&format!("/room/{room}/about/"), form).unwrap()
}

fn person(guest: &Guest) -> (String, Vec<MembershipObject>) {
    let mut socket = guest.rooms_socket().unwrap();
    match socket.receive().unwrap() {
        ServerFrame::Welcome { sender, rooms, .. } => (sender, rooms.unwrap()),
        other => panic!("{other:?}"),
    }
}

fn link(guest: &mut Guest, room: i64, uses: &str) -> String {
    let form = [("act", "invite"), ("hours", "24"), ("uses", uses)];
    let page = act(guest, room, &form);
    let token = page.header("location").rsplit_once("invite=").unwrap().1;
    format!("/invite/{token}/")
}

fn subscribed(guest: &Guest, room: i64) -> Socket {
    let mut socket = guest.rooms_socket().unwrap();
    let reference = socket.subscribe(room, None).unwrap();
    let is_answer = |frame: &ServerFrame| matches!(frame, ServerFrame::Snapshot { r#ref, .. } if *r#ref == Some(reference));
    socket.receive_where(is_answer).unwrap();
    socket
}

fn membership(socket: &mut Socket, room: i64) -> MembershipObject {
    let is_it = |frame: &ServerFrame| matches!(frame, ServerFrame::Membership { membership, .. } if membership.room == room);
    match socket.receive_where(is_it).unwrap() {
        ServerFrame::Membership { membership, .. } => membership,
        other => panic!("{other:?}"),
    }
}

fn refused(socket: &mut Socket, reference: u64) -> ErrorCode {
    let is_it = |frame: &ServerFrame| matches!(frame, ServerFrame::Error { r#ref, .. } if *r#ref == Some(reference));
    match socket.receive_where(is_it).unwrap() {
        ServerFrame::Error { code, .. } => code,
        other => panic!("{other:?}"),
    }
}

fn people(server: &Server) -> (Guest, Guest, Guest) {
    (
        account(server, "Ana", false),
        account(server, "Bia", false),
        account(server, "Chefe", true),
    )
}

#[test]
fn nobody_else_learns_of_a_private_room() {
    let server = start();
    let (mut ana, mut bia, mut chefe) = people(&server);
    let room = make(&mut ana, "Segredo da Ana", "private");
    let mut socket = subscribed(&ana, room);
    let reference = socket.post(room, "palavra secreta").unwrap();
    socket.wait_for_ack(reference).unwrap();
    let paths = [
        format!("/room/{room}/"),
        format!("/room/{room}/join/"),
        format!("/room/{room}/about/"),
        format!("/room/{room}/messages/?before=9"),
    ];
    let mut visitor = Guest::joined(&server, 1, "Visita").unwrap();
    for guest in [&mut bia, &mut chefe, &mut visitor] {
        for path in &paths {
            let (there, nowhere) = (path.clone(), path.replace(&room.to_string(), "99"));
            let (there, nowhere) = (guest.get(&there).unwrap(), guest.get(&nowhere).unwrap());
            assert_eq!(there.status, 404, "{path}");
            let unnamed = |page: &Page| page.body.replace(&room.to_string(), "99");
            assert_eq!(unnamed(&there), unnamed(&nowhere), "{path}");
        }
        assert!(!guest.get("/").unwrap().body.contains("Segredo"));
        // A taken name isn't said either.
        let mut socket = guest.rooms_socket().unwrap();
        for (number, room) in [(71, room), (72, 99)] {
            socket
                .send(&ClientFrame::Refresh {
                    r#ref: Some(number),
                    room: Some(room),
                })
                .unwrap();
            assert_eq!(refused(&mut socket, number), ErrorCode::NoRoom);
        }
    }
    make(&mut bia, "segredo da ana", "public");
    assert!(ana.get("/").unwrap().body.contains("Segredo da Ana"));
    // An administrator sees that there is one, and nothing that is said in it.
    let list = chefe.get("/admin/rooms/").unwrap().body;
    assert!(list.contains("Segredo da Ana"));
    for path in ["/admin/messages/", "/admin/messages/?q=secreta"] {
        assert!(
            !chefe.get(path).unwrap().body.contains("palavra secreta"),
            "{path}"
        );
    }
    let path = format!("/admin/messages/?room={room}");
    assert!(!chefe.get(&path).unwrap().body.contains("palavra secreta"));
}

#[test]
fn an_administrator_comes_into_a_private_room_seen_by_all() {
    let server = start();
    let (mut ana, _, mut chefe) = people(&server);
    let room = make(&mut ana, "Segredo", "private");
    let mut socket = subscribed(&ana, room);
    let entered = chefe
        .post(&format!("/admin/rooms/{room}/enter/"), &[])
        .unwrap();
    assert_eq!(shown(&entered), format!("303 /room/{room}/"));
    let event = socket
        .receive_where(|frame| matches!(frame, ServerFrame::Entered { .. }))
        .unwrap();
    let ServerFrame::Entered { username, seq, .. } = event else {
        unreachable!()
    };
    assert_eq!((username.as_str(), seq), ("Chefe", 1));
    assert_eq!(chefe.get(&format!("/room/{room}/")).unwrap().status, 200);
}

#[test]
fn who_is_removed_or_banned_sees_nothing_more() {
    let server = start();
    let (mut ana, bia, _) = people(&server);
    let room = make(&mut ana, "Turma", "public");
    let mut guests = [bia, Guest::new(&server)];
    for (guest, act_name) in guests.iter_mut().zip(["remove", "ban"]) {
        let name = if act_name == "ban" { "Visita" } else { "Bia" };
        guest.join(room, name).unwrap();
        let (id, _) = person(guest);
        let (mut many, mut own) = (subscribed(guest, room), guest.plain_socket(room).unwrap());
        let done = act(&mut ana, room, &[("act", act_name), ("person", &id)]);
        assert_eq!(done.status, 303, "{}", done.brief());
        let mut writer = subscribed(&ana, room);
        let reference = writer.post(room, "depois").unwrap();
        writer.wait_for_ack(reference).unwrap();
        let left = many.receive_where(|frame| {
            assert!(!matches!(frame, ServerFrame::Message { .. }), "{frame:?}");
            matches!(frame, ServerFrame::Left { .. })
        });
        assert_eq!(left.unwrap(), ServerFrame::Left { room });
        assert_eq!(own.wait_for_close().unwrap().code, 4001);
    }
    let [mut bia, mut visitor] = guests;
    bia.join(room, "Bia").unwrap();
    let (join, invited) = (format!("/room/{room}/join/"), link(&mut ana, room, "5"));
    for path in [&join, &invited] {
        let again = visitor.post(path, &[("username", "Visita")]).unwrap();
        assert_eq!(again.status, 403, "{path}");
    }
    assert_eq!(visitor.get(&format!("/room/{room}/")).unwrap().status, 403);
    let about = ana.get(&format!("/room/{room}/about/")).unwrap().body;
    let id = about.split("value=\"lift\"").next().unwrap();
    let id = id.rsplit("name=\"person\" value=\"").next().unwrap();
    let id = id.split('"').next().unwrap().to_owned();
    act(&mut ana, room, &[("act", "lift"), ("person", &id)]);
    visitor.join(room, "Visita").unwrap();
}

#[test]
fn a_role_reaches_open_sockets_and_gives_its_rights() {
    let server = start();
    let (mut ana, mut bia, _) = people(&server);
    let room = make(&mut ana, "Turma", "members");
    bia.join(room, "Bia").unwrap();
    let (id, rooms) = person(&bia);
    assert_eq!(
        (rooms[0].kind, rooms[0].role),
        (RoomKind::Members, Role::Member)
    );
    let mut hers = subscribed(&ana, room);
    let reference = hers.post(room, "da Ana").unwrap();
    let seq = hers.wait_for_ack(reference).unwrap();
    let mut socket = subscribed(&bia, room);
    let delete = |number| ClientFrame::Delete {
        r#ref: Some(number),
        room: Some(room),
        seq,
    };
    socket.send(&delete(81)).unwrap();
    assert_eq!(refused(&mut socket, 81), ErrorCode::NotYours);
    act(&mut ana, room, &[("act", "promote"), ("person", &id)]);
    assert_eq!(membership(&mut socket, room).role, Role::Moderator);
    socket.send(&delete(82)).unwrap();
    socket.wait_for_ack(82).unwrap();
    // An announcement room lets only moderators post.
    let form = [
        ("act", "save"),
        ("name", "Avisos"),
        ("kind", "members"),
        ("is_announcement", "true"),
    ];
    let saved = act(&mut ana, room, &form);
    assert_eq!(saved.status, 303, "{}", saved.brief());
    let reference = socket.post(room, "aviso").unwrap();
    socket.wait_for_ack(reference).unwrap();
    act(&mut ana, room, &[("act", "demote"), ("person", &id)]);
    let now = membership(&mut socket, room);
    assert_eq!((now.role, now.announcement), (Role::Member, true));
    let reference = socket.post(room, "aviso meu").unwrap();
    assert_eq!(refused(&mut socket, reference), ErrorCode::ReadOnly);
    // The one who looks after it can't stop while nobody else does.
    let (id, _) = person(&ana);
    let stopped = act(&mut ana, room, &[("act", "demote"), ("person", &id)]);
    assert_eq!(stopped.status, 422, "{}", stopped.brief());
}

#[test]
fn an_invitation_works_as_often_as_it_says() {
    let server = start();
    let (mut ana, mut bia, _) = people(&server);
    let room = make(&mut ana, "Segredo", "private");
    let path = link(&mut ana, room, "2");
    let shown_link = ana.get(&format!(
        "/room/{room}/about/?invite={}",
        &path[8..path.len() - 1]
    ));
    let shown_link = shown_link.unwrap().body;
    assert!(shown_link.contains(&path) && shown_link.contains("<svg class=\"qr\""));
    let mut visitor = Guest::new(&server);
    assert!(visitor.get(&path).unwrap().body.contains("Segredo"));
    let blank = visitor.post(&path, &[("username", " ")]).unwrap();
    assert_eq!(blank.status, 422);
    // Whoever is in the room gets the room, as long as the link is valid.
    for (guest, again) in [(&mut visitor, 303), (&mut bia, 404)] {
        let name = if guest.cookie.is_some() {
            "Bia"
        } else {
            "Visita"
        };
        let joined = guest.post(&path, &[("username", name)]).unwrap();
        assert_eq!(shown(&joined), format!("303 /room/{room}/"));
        assert_eq!(guest.get(&format!("/room/{room}/")).unwrap().status, 200);
        assert_eq!(guest.get(&path).unwrap().status, again);
    }
    let mut late = Guest::new(&server);
    assert_eq!(late.get(&path).unwrap().status, 404);
    assert_eq!(
        late.post(&path, &[("username", "Tarde")]).unwrap().status,
        404
    );
    assert_eq!(late.cookie, None);
}

#[test]
fn a_direct_room_is_for_those_who_were_picked() {
    let server = start();
    let (mut ana, mut bia, mut chefe) = people(&server);
    let (hers, _) = person(&bia);
    let (own, _) = person(&ana);
    let found = ana
        .post("/direct/", &[("act", "search"), ("q", "b")])
        .unwrap()
        .body;
    assert!(found.contains("Bia") && found.contains(&hers), "{found}");
    let mut socket = bia.rooms_socket().unwrap();
    socket.receive().unwrap();
    let started = ana.post("/direct/", &[("with", &hers)]).unwrap();
    let place = shown(&started);
    let room: i64 = place
        .trim_start_matches("303 /room/")
        .trim_end_matches('/')
        .parse()
        .unwrap();
    let told = membership(&mut socket, room);
    assert_eq!((told.kind, told.name.as_str()), (RoomKind::Direct, "Ana"));
    let again = bia
        .post("/direct/", &[("with", &own), ("with", &hers)])
        .unwrap();
    assert_eq!(shown(&again), place);
    assert!(
        ana.get(&format!("/room/{room}/"))
            .unwrap()
            .body
            .contains("Bia")
    );
    assert!(
        ana.get("/")
            .unwrap()
            .body
            .contains(&format!("/room/{room}/"))
    );
    for path in [format!("/room/{room}/"), format!("/admin/rooms/{room}/")] {
        assert_eq!(chefe.get(&path).unwrap().status, 404, "{path}");
    }
    let entered = chefe
        .post(&format!("/admin/rooms/{room}/enter/"), &[])
        .unwrap();
    assert_eq!(entered.status, 404);
    assert!(
        !chefe
            .get("/admin/rooms/")
            .unwrap()
            .body
            .contains("Ana, Bia")
    );
    let nobody = ana.post("/direct/", &[]).unwrap();
    assert_eq!(nobody.status, 422);
}
