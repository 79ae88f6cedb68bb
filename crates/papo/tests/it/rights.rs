//! The table of rights at every door: each role tries each route, frame and command in each kind of
//! room.

use anyhow::Result;
use papo_domain::{Denial, Right, Role, RoomKind, RoomMakers, RoomTerms};
use papo_protocol::{ClientFrame, Level, ServerFrame};
use papo_testing::{Guest, Server, Socket};

use super::matrix::{account, shown};
use super::start;

/// The source of the server's list of routes.
const ROUTES: &str = include_str!("../../../web/src/routes.rs");
/// The routes that need no right in a room and no administrator.
const FREE: [&str; 27] = [
    "/",
    // Whoever has the secret of an invitation may use it.
    "/invite/{token}/",
    "/leave/",
    "/language/",
    "/login/",
    "/logout/",
    "/signup/",
    // Everybody's own; somebody else's is out of their reach.
    "/account/",
    "/account/name/",
    "/account/password/",
    "/account/devices/",
    "/account/delete/",
    "/account/devices/add/",
    "/account/devices/add/{offer}/",
    "/device/{offer}/",
    "/password/{link}/",
    "/admin/login/",
    "/admin/setup/{token}/",
    "/static/{file}",
    "/accent/{file}",
    "/static/{version}/{file}",
    "/favicon.ico",
    "/robots.txt",
    "/healthz",
    "/readyz",
    "/metrics",
    // The socket for all rooms. It takes the same frames as a room's own socket, and those that
    // need no subscription have doors here.
    "/ws/",
];
/// The rooms that a moderator has made, each with its kind. The last one is archived.
const ROOMS: [(i64, RoomKind, bool); 4] = [
    (4, RoomKind::Public, true),
    (5, RoomKind::Members, true),
    (6, RoomKind::Private, true),
    (7, RoomKind::Public, false),
];
/// Somebody whose name no room has.
const NOBODY: &str = "0000000000000";

/// The right that a door needs.
#[derive(Debug, Clone, Copy)]
enum Need {
    /// A right in the room, in the asker's role there.
    Member(Right),
    /// Knowing of the room, or for people outside joining it.
    Come,
    /// The right to make rooms, and to start direct ones.
    Open,
    /// The right to administer.
    Administer,
    /// A right in the room, as an administrator.
    Administrator(Right),
}

/// A route or a frame that changes or shows something.
struct Door {
    name: &'static str,
    need: Need,
    way: Way,
}

/// How an asker tries a door.
#[derive(Debug)]
enum Way {
    Get(&'static str),
    Post(
        &'static str,
        fn(room: i64, target: i64) -> Vec<(&'static str, String)>,
    ),
    /// The plain socket, maybe with a message.
    Plain(Option<&'static str>),
    /// A frame on a room's own socket, after it has subscribed to the room.
    Frame(ClientFrame),
    /// A frame on the socket for many rooms, which follows none.
    Unfollowed(ClientFrame),
}

/// A person who tries the doors.
struct Asker {
    name: &'static str,
    guest: Guest,
    /// The role in all rooms, and to the message in question.
    role: Role,
    has_account: bool,
    administers: bool,
}

/// The table's answer.
fn expected(need: Need, asker: &Asker, terms: RoomTerms) -> Result<(), Denial> {
    let administrator = if asker.administers {
        Role::Administrator
    } else {
        asker.role
    };
    match need {
        Need::Member(right) => asker.role.may(right, terms),
        Need::Come if is_inside(asker.role) => asker.role.may(Right::See, terms),
        Need::Come => asker.role.may_join(terms, true),
        Need::Open if asker.has_account => Role::Account.may_open(RoomMakers::Accounts),
        Need::Open => asker.role.may_open(RoomMakers::Accounts),
        Need::Administer => administrator.may_administer(),
        Need::Administrator(right) => {
            let may = administrator.may_administer();
            may.and_then(|()| administrator.may(right, terms))
        }
    }
}

/// Whether a role is that of somebody in the room.
fn is_inside(role: Role) -> bool {
    matches!(role, Role::Member | Role::Author | Role::Moderator)
}

/// How a door shows a denial.
fn said(way: &Way, denial: Denial, asker: &Asker) -> &'static str {
    match (way, denial) {
        // The handshake checks the session before it looks for any room.
        (Way::Plain(_) | Way::Frame(_) | Way::Unfollowed(_), _) if asker.role == Role::Stranger => {
            "403"
        }
        (Way::Unfollowed(_), Denial::NoRoom) => "NoRoom",
        (Way::Unfollowed(_), Denial::NotJoined | Denial::Banned) => "NotJoined",
        (_, Denial::NoAccount) => "303 /login/",
        (Way::Frame(_) | Way::Unfollowed(_), Denial::ReadOnly) => "ReadOnly",
        (Way::Plain(_), Denial::ReadOnly) => "1008",
        (_, Denial::NoRoom) => "404",
        (_, Denial::NotAdministrator) if asker.has_account => "403",
        (_, Denial::NotAdministrator) => "303 /login/",
        (Way::Frame(_), Denial::NotYours) => "NotYours",
        (Way::Get("/room/{id}/messages/?before=9"), Denial::NoSession) => "401",
        (Way::Post("/room/{id}/about/", _), Denial::NoSession) => "401",
        (Way::Get("/room/{id}/" | "/room/{id}/about/"), Denial::NoSession | Denial::NotJoined) => {
            "303 /room/{id}/join/"
        }
        (_, _) => "403",
    }
}

/// The right that a frame needs, if any. A new frame needs a line here and a door below.
fn right(frame: &ClientFrame) -> Option<Right> {
    match frame {
        ClientFrame::Subscribe { .. }
        | ClientFrame::Read { .. }
        | ClientFrame::Unread { .. }
        | ClientFrame::Level { .. }
        | ClientFrame::Refresh { .. }
        | ClientFrame::Typing { .. } => Some(Right::Read),
        ClientFrame::Send { .. } => Some(Right::Post),
        ClientFrame::React { .. } => Some(Right::React),
        ClientFrame::Edit { .. } => Some(Right::Edit),
        ClientFrame::Delete { .. } => Some(Right::Delete),
        ClientFrame::Unsubscribe { .. } | ClientFrame::Ping { .. } => None,
    }
}

/// All doors of a room. Joining comes last, since it changes who is in the room, and then the
/// administrators' own way in.
fn doors(room: i64, target: i64) -> Vec<Door> {
    let member = |name, right, way| Door {
        name,
        need: Need::Member(right),
        way,
    };
    let get = |path, need| Door {
        name: path,
        need,
        way: Way::Get(path),
    };
    let post = |path, need, form| Door {
        name: path,
        need,
        way: Way::Post(path, form),
    };
    let mut doors = vec![
        get("/room/{id}/join/", Need::Come),
        get("/room/{id}/", Need::Member(Right::Read)),
        get("/room/{id}/about/", Need::Member(Right::Read)),
        post(
            "/room/{id}/about/",
            Need::Member(Right::Manage),
            |room, target| {
                let mut form = room_form(room, target);
                form.push(("act", "save".into()));
                form
            },
        ),
        post("/room/{id}/about/", Need::Member(Right::Invite), |_, _| {
            let numbers = [("hours", "1".into()), ("uses", "1".into())];
            [vec![("act", "invite".into())], numbers.into()].concat()
        }),
        get("/rooms/new/", Need::Open),
        post("/rooms/new/", Need::Open, |room, _| {
            vec![("name", format!("Nova {room}")), ("kind", "private".into())]
        }),
        get("/direct/", Need::Open),
        post("/direct/", Need::Open, |_, _| {
            vec![("act", "search".into()), ("with", NOBODY.into())]
        }),
        member(
            "/room/{id}/messages/",
            Right::Read,
            Way::Get("/room/{id}/messages/?before=9"),
        ),
        member("/ws/chat/{id}/", Right::Read, Way::Plain(None)),
        member("a plain message", Right::Post, Way::Plain(Some("oi"))),
        get("/admin/", Need::Administer),
        get("/admin/rooms/", Need::Administer),
        get("/admin/messages/", Need::Administer),
        get("/admin/people/", Need::Administer),
        get("/admin/people/{id}/", Need::Administer),
        post("/admin/people/{id}/", Need::Administer, |_, _| {
            vec![("wish", "restore".to_owned())]
        }),
        get("/admin/audit/", Need::Administer),
        get("/admin/audit/export/", Need::Administer),
        get("/admin/settings/", Need::Administer),
        post("/admin/settings/", Need::Administer, |_, _| {
            let settings = [("sign_up", "open"), ("room_makers", "accounts")];
            let settings = settings.map(|(name, value)| (name, value.to_owned()));
            let mut form = settings.to_vec();
            form.push(("admits_guests", "true".to_owned()));
            form
        }),
        get("/admin/rooms/new/", Need::Administer),
        post("/admin/rooms/new/", Need::Administer, |room, _| {
            vec![
                ("name", format!("Criada {room}")),
                ("is_active", "on".into()),
            ]
        }),
        get("/admin/rooms/{id}/", Need::Administrator(Right::See)),
        post(
            "/admin/rooms/{id}/",
            Need::Administrator(Right::Manage),
            |room, target| {
                let mut form = room_form(room, target);
                form.extend(is_active(room).then(|| ("is_active", "on".to_owned())));
                form
            },
        ),
        post(
            "/admin/rooms/{id}/state/",
            Need::Administrator(Right::Manage),
            |room, _| vec![("is_active", is_active(room).to_string())],
        ),
        post(
            "/admin/messages/",
            Need::Administrator(Right::Delete),
            |room, target| vec![("room", room.to_string()), ("seq", target.to_string())],
        ),
    ];
    for frame in frames(room, target) {
        let right = right(&frame).expect("the frame has a door");
        if follows_nothing(&frame) {
            let way = Way::Unfollowed(frame.clone());
            doors.push(member("a frame on /ws/", right, way));
        }
        doors.push(member("a frame", right, Way::Frame(frame)));
    }
    doors.push(post(
        "/room/{id}/join/",
        Need::Member(Right::Join),
        |_, _| vec![("username", "Alguém".to_owned())],
    ));
    doors.push(post(
        "/admin/rooms/{id}/enter/",
        Need::Administrator(Right::Join),
        |_, _| Vec::new(),
    ));
    doors
}

/// The form of a room of this kind.
fn room_form(room: i64, target: i64) -> Vec<(&'static str, String)> {
    let kind = ROOMS.iter().find(|(id, ..)| *id == room);
    let kind = kind.map_or(RoomKind::Public, |(_, kind, _)| *kind);
    vec![
        ("name", format!("{room}, até {target}")),
        ("kind", kind.as_str().to_owned()),
    ]
}

fn is_active(room: i64) -> bool {
    ROOMS
        .iter()
        .any(|(id, _, is_active)| *id == room && *is_active)
}

/// Whether a frame needs no `subscribe` before it.
fn follows_nothing(frame: &ClientFrame) -> bool {
    matches!(
        frame,
        ClientFrame::Read { .. }
            | ClientFrame::Unread { .. }
            | ClientFrame::Level { .. }
            | ClientFrame::Refresh { .. }
    )
}

fn frames(room: i64, target: i64) -> [ClientFrame; 10] {
    let (r#ref, room, seq) = (Some(77), Some(room), target);
    let message = "outra coisa".to_owned();
    [
        ClientFrame::Subscribe {
            r#ref,
            room,
            epoch: None,
            after: None,
            timestamp: None,
        },
        ClientFrame::Send {
            r#ref,
            room,
            client_id: papo_testing::client_id(),
            message: message.clone(),
            username: None,
        },
        ClientFrame::Typing { r#ref, room },
        ClientFrame::React {
            r#ref,
            room,
            seq,
            emoji: "👍".to_owned(),
            on: true,
        },
        ClientFrame::Edit {
            r#ref,
            room,
            seq,
            message,
        },
        ClientFrame::Delete { r#ref, room, seq },
        ClientFrame::Read {
            r#ref,
            room,
            seq,
            version: 0,
        },
        ClientFrame::Unread { r#ref, room, seq },
        ClientFrame::Level {
            r#ref,
            room,
            level: Level::Nothing,
        },
        ClientFrame::Refresh { r#ref, room },
    ]
}

impl Asker {
    /// The answer at a door: a status with the target of a redirect, an error's code, or "yes".
    fn ask(&mut self, way: &Way, room: i64, target: i64) -> Result<String> {
        let at = |path: &str| path.replace("{id}", &room.to_string());
        let page = match way {
            Way::Get(path) => self.guest.get(&at(path))?,
            Way::Post(path, form) => {
                let form = form(room, target);
                let form: Vec<_> = form
                    .iter()
                    .map(|(key, value)| (*key, value.as_str()))
                    .collect();
                self.guest.post(&at(path), &form)?
            }
            Way::Plain(message) => return plain(self.guest.plain_socket(room), *message),
            Way::Frame(frame) => return ask_on(self.guest.socket(room), room, frame),
            Way::Unfollowed(frame) => return ask_on(self.guest.rooms_socket(), room, frame),
        };
        let shown = shown(&page).replace(&format!("/{room}/"), "/{id}/");
        let is_join = matches!(way, Way::Post("/room/{id}/join/", _));
        let is_elsewhere = shown == "303 /login/" || shown == "303 /room/{id}/join/";
        let is_done = page.status == 303 && (is_join || !is_elsewhere);
        Ok(if page.status == 200 || is_done {
            "yes".to_owned()
        } else {
            shown
        })
    }
}

fn plain(socket: Result<Socket>, message: Option<&str>) -> Result<String> {
    let mut socket = match socket {
        Ok(socket) => socket,
        refused => return Ok(Socket::refusal(refused)?.to_string()),
    };
    if let Some(message) = message {
        socket.send_text(&format!(r#"{{"message":"{message}"}}"#))?;
        if socket.receive_text().is_err() {
            return Ok(socket.wait_for_close()?.code.to_string());
        }
    }
    Ok("yes".to_owned())
}

fn ask_on(socket: Result<Socket>, room: i64, frame: &ClientFrame) -> Result<String> {
    let mut socket = match socket {
        Ok(socket) => socket,
        refused => return Ok(Socket::refusal(refused)?.to_string()),
    };
    if !matches!(frame, ClientFrame::Subscribe { .. }) && !follows_nothing(frame) {
        let reference = socket.subscribe(room, None)?;
        let followed = answer(&mut socket, reference)?;
        if followed != "yes" {
            return Ok(followed);
        }
    }
    socket.send(frame)?;
    let mut reference = frame.reference().unwrap_or_default();
    if let ClientFrame::Typing { .. } = frame {
        // Its only answer is an error, which would come before the pong.
        reference = socket.reference();
        let r#ref = Some(reference);
        socket.send(&ClientFrame::Ping { r#ref })?;
    }
    answer(&mut socket, reference)
}

fn answer(socket: &mut Socket, reference: u64) -> Result<String> {
    let frame = socket.receive_where(|frame| match frame {
        ServerFrame::Error { .. } => true,
        ServerFrame::Ack { r#ref, .. }
        | ServerFrame::Snapshot { r#ref, .. }
        | ServerFrame::Membership { r#ref, .. }
        | ServerFrame::Pong { r#ref } => *r#ref == Some(reference),
        _ => false,
    })?;
    Ok(match frame {
        ServerFrame::Error { code, .. } => format!("{code:?}"),
        _ => "yes".to_owned(),
    })
}

/// A moderator, and the rooms that they have made. The last one isn't archived yet.
fn moderator(server: &Server) -> Guest {
    let mut moderator = account(server, "Moderação", false);
    for (room, kind, _) in ROOMS {
        let name = format!("Sala {room}");
        let form = [("name", name.as_str()), ("kind", kind.as_str())];
        let page = moderator.post("/rooms/new/", &form).unwrap();
        assert_eq!(
            shown(&page),
            format!("303 /room/{room}/"),
            "{}",
            page.brief()
        );
    }
    moderator
}

/// Makes a link to a room. Returns its path.
fn invite(moderator: &mut Guest, room: i64) -> String {
    let form = [("act", "invite"), ("hours", "1"), ("uses", "9")];
    let page = moderator
        .post(&format!("/room/{room}/about/"), &form)
        .unwrap();
    let token = page.header("location").rsplit_once("invite=").unwrap().1;
    format!("/invite/{token}/")
}

/// Lets somebody into all rooms of the moderator.
fn let_in(moderator: &mut Guest, guest: &mut Guest, name: &str) {
    for (room, ..) in ROOMS {
        let link = invite(moderator, room);
        assert_eq!(guest.get(&link).unwrap().status, 200);
        let page = guest.post(&link, &[("username", name)]).unwrap();
        assert_eq!(
            shown(&page),
            format!("303 /room/{room}/"),
            "{}",
            page.brief()
        );
    }
}

/// Bans somebody from all rooms of the moderator.
fn ban(moderator: &mut Guest, guest: &Guest) {
    let mut socket = guest.rooms_socket().unwrap();
    let ServerFrame::Welcome { sender, .. } = socket.receive().unwrap() else {
        panic!("no welcome");
    };
    for (room, ..) in ROOMS {
        let form = [("act", "ban"), ("person", sender.as_str())];
        let page = moderator
            .post(&format!("/room/{room}/about/"), &form)
            .unwrap();
        assert_eq!(page.status, 303, "{}", page.brief());
        let left = socket.receive_where(|frame| matches!(frame, ServerFrame::Left { .. }));
        assert_eq!(left.unwrap(), ServerFrame::Left { room });
    }
}

/// All askers. Those inside are in all rooms of the moderator, the guest in another, and accounts
/// in none.
fn askers(server: &Server) -> [Asker; 8] {
    let asker = |name, guest, role| Asker {
        name,
        guest,
        role,
        has_account: false,
        administers: false,
    };
    let with_account = |name, administers| Asker {
        has_account: true,
        administers,
        ..asker(name, account(server, name, administers), Role::Account)
    };
    let mut moderator = moderator(server);
    let mut inside = |name| {
        let mut guest = Guest::new(server);
        let_in(&mut moderator, &mut guest, name);
        guest
    };
    let (member, author, banned) = (inside("Caio"), inside("Ana"), inside("Davi"));
    ban(&mut moderator, &banned);
    [
        asker("stranger", Guest::new(server), Role::Stranger),
        asker(
            "guest",
            Guest::joined(server, 2, "Bia").unwrap(),
            Role::Guest,
        ),
        asker("member", member, Role::Member),
        asker("author", author, Role::Author),
        asker("banned", banned, Role::Banned),
        Asker {
            has_account: true,
            ..asker("moderator", moderator, Role::Moderator)
        },
        with_account("Conta", false),
        with_account("Chefe", true),
    ]
}

fn post(guest: &Guest, room: i64) -> i64 {
    let mut socket = guest.socket(room).unwrap();
    socket.subscribe(room, None).unwrap();
    let reference = socket.post(room, "da Ana").unwrap();
    socket.wait_for_ack(reference).unwrap()
}

#[test]
fn every_door_answers_as_the_table_says() {
    let server = start();
    let mut askers = askers(&server);
    // Each room's number is an account's too.
    account(&server, "Outra", false);
    let author = askers[3].guest.clone();
    // Each asker gets a message that nobody has changed yet.
    let mut kept: Vec<i64> = (0..400).map(|_| post(&author, 7)).collect();
    server.command(&["room", "deactivate", "7"]).unwrap();
    for (room, kind, is_active) in ROOMS {
        let terms = RoomTerms {
            kind,
            is_announcement: false,
            is_active,
        };
        // The stranger has joined the room before, and so had a session.
        askers[0].guest = Guest::new(&server);
        for index in 0..doors(room, 0).len() {
            for asker in &mut askers {
                let target = if is_active {
                    post(&author, room)
                } else {
                    kept.pop().unwrap()
                };
                let Door { name, need, way } = doors(room, target).swap_remove(index);
                let expected = match expected(need, asker, terms) {
                    Ok(()) => "yes",
                    Err(denial) => said(&way, denial, asker),
                };
                let said = asker.ask(&way, room, target);
                let said = said.unwrap_or_else(|error| format!("{error:#}"));
                let who = asker.name;
                assert_eq!(said, expected, "{who} at {name}, {way:?}, {terms:?}");
            }
        }
    }
}

#[test]
fn every_route_has_a_door_or_is_free() {
    let doors = doors(4, 1);
    let literals = ROUTES.split('"').skip(1).step_by(2);
    let routes: Vec<_> = literals.filter(|text| text.starts_with('/')).collect();
    assert!(routes.len() > 20, "{routes:?}");
    for route in routes {
        let has_door = doors.iter().any(|door| door.name == route);
        assert!(has_door != FREE.contains(&route), "{route}");
    }
}

/// Commands have the system's role.
#[test]
fn commands_do_what_the_table_lets_the_system_do() {
    let server = start();
    let help = server.command(&["room", "--help"]).unwrap();
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands = commands.take_while(|line| !line.is_empty());
    let names: Vec<_> = commands
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(names, ["create", "list", "activate", "deactivate", "help"]);
    let may = |allowed: Result<(), Denial>, arguments: &[&str]| {
        let done = server.command(arguments);
        assert_eq!(done.is_ok(), allowed.is_ok(), "{arguments:?}: {done:?}");
    };
    may(Role::System.may_administer(), &["room", "create", "Nova"]);
    may(Role::System.may_administer(), &["user", "list"]);
    let terms = |is_active| RoomTerms {
        kind: RoomKind::Public,
        is_announcement: false,
        is_active,
    };
    may(
        Role::System.may(Right::See, terms(false)),
        &["room", "list"],
    );
    for (command, is_active) in [("deactivate", true), ("activate", false)] {
        let manages = Role::System.may(Right::Manage, terms(is_active));
        may(manages, &["room", command, "1"]);
    }
}
