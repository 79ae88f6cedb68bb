//! Commands that change accounts while servers run: on one server, and on two nodes of a database.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use papo_protocol::ServerFrame;
use papo_testing::postgres::Schema;
use papo_testing::{Guest, Server, Socket};

use super::{papo, start};

const PASSWORD: &str = "correct horse battery";
const OTHER: &str = "another good password";
/// How long a right may go on after its end.
const AT_ONCE: Duration = Duration::from_secs(1);
const WRONG: &str = "Nome ou senha incorretos.";
const SUSPENDED: &str = "Esta conta está suspensa.";

/// One server or two nodes, and their database.
struct Site {
    nodes: Vec<Server>,
    _schema: Option<Schema>,
}

impl Site {
    fn one() -> Self {
        Self {
            nodes: vec![start()],
            _schema: None,
        }
    }

    fn two() -> Self {
        let schema = Schema::new();
        // Only their database joins them.
        let start = || {
            let node = papo().env("PAPO_DATABASE_URL", schema.url());
            node.start().unwrap()
        };
        Self {
            nodes: vec![start(), start()],
            _schema: Some(schema),
        }
    }

    fn command(&self, arguments: &[&str], input: &str) -> String {
        let done = self.nodes[0].command_with_input(arguments, &format!("{input}\n"));
        done.unwrap()
    }

    fn create(&self, name: &str, is_admin: bool) {
        let mut arguments = vec!["user", "create", name];
        arguments.extend(is_admin.then_some("--admin"));
        self.command(&arguments, PASSWORD);
    }

    /// The same account in a browser at each node, in a room, with the room's socket and the one
    /// for many rooms.
    fn signed_in_everywhere(&self, name: &str) -> Vec<(Guest, [Socket; 2])> {
        let mut everywhere = Vec::new();
        for node in &self.nodes {
            let mut guest = Guest::new(node);
            assert_eq!(sign_in(&mut guest, name, PASSWORD), (303, String::new()));
            guest.join(1, name).unwrap();
            let mut sockets = [guest.socket(1).unwrap(), guest.rooms_socket().unwrap()];
            for socket in &mut sockets {
                socket.subscribe(1, None).unwrap();
                let is_snapshot =
                    |frame: &ServerFrame| matches!(frame, ServerFrame::Snapshot { .. });
                socket.receive_where(is_snapshot).unwrap();
            }
            everywhere.push((guest, sockets));
        }
        everywhere
    }
}

/// The status, and the page's notice.
fn sign_in(guest: &mut Guest, name: &str, password: &str) -> (u16, String) {
    let form = [("username", name), ("password", password)];
    let page = guest.post("/login/", &form).unwrap();
    let notice = [WRONG, SUSPENDED];
    let notice = notice.into_iter().find(|text| page.body.contains(text));
    (page.status, notice.unwrap_or_default().to_owned())
}

/// The same person on a new connection: the old one may have idled too long.
fn anew(guest: &Guest) -> Guest {
    let mut again = Guest::at(&guest.host);
    again.cookie.clone_from(&guest.cookie);
    again
}

/// Asserts that every socket is closed in time, and no page knows the session.
fn are_out(everywhere: Vec<(Guest, [Socket; 2])>) {
    let ended = Instant::now();
    for (guest, sockets) in everywhere {
        let mut guest = anew(&guest);
        for mut socket in sockets {
            assert_eq!(socket.wait_for_close().unwrap().code, 4003);
        }
        assert!(ended.elapsed() <= AT_ONCE, "{:?}", ended.elapsed());
        for path in ["/room/1/", "/admin/rooms/"] {
            assert_eq!(guest.get(path).unwrap().status, 303, "{path}");
        }
        assert_eq!(Socket::refusal(guest.socket(1)).unwrap(), 403);
    }
}

fn another_password(site: &Site) {
    site.create("Ana", true);
    site.create("Bia", false);
    let bias = site.signed_in_everywhere("Bia");
    let anas = site.signed_in_everywhere("Ana");
    let nodes = site.nodes.len();
    let list = site.command(&["user", "sessions", "ana"], "");
    assert_eq!(list.lines().count(), 1 + nodes, "{list}");
    let ended = if nodes == 1 {
        "1 session"
    } else {
        "2 sessions"
    };
    let said = site.command(&["user", "password", "ana"], OTHER);
    assert_eq!(
        said,
        format!("Changed the password of Ana; {ended} ended\n")
    );
    are_out(anas);
    for node in &site.nodes {
        let mut guest = Guest::new(node);
        let refused = (422, WRONG.to_owned());
        assert_eq!(sign_in(&mut guest, "Ana", PASSWORD), refused);
        assert_eq!(sign_in(&mut guest, "Ana", OTHER), (303, String::new()));
    }
    // Nobody else is signed out.
    for (guest, mut sockets) in bias {
        let mut guest = anew(&guest);
        assert_eq!(guest.get("/room/1/").unwrap().status, 200);
        for socket in &mut sockets {
            let posted = socket.post(1, "ainda aqui").unwrap();
            socket.wait_for_ack(posted).unwrap();
        }
    }
}

fn sessions_suspension_and_removal(site: &Site) {
    site.create("Chefe", true);
    site.create("Ana", false);
    let anas = site.signed_in_everywhere("Ana");
    let said = site.command(&["user", "sessions", "Ana", "--end"], "");
    assert!(said.starts_with("Signed out Ana; "), "{said}");
    are_out(anas);
    let mut anas = site.signed_in_everywhere("Ana");
    let (_, [socket, _]) = &mut anas[0];
    let posted = socket.post(1, "fica aqui").unwrap();
    socket.wait_for_ack(posted).unwrap();
    site.command(&["user", "suspend", "Ana"], "");
    are_out(anas);
    for node in &site.nodes {
        let mut guest = Guest::new(node);
        // Only somebody who knows the password learns of it.
        let wrong = (422, WRONG.to_owned());
        assert_eq!(sign_in(&mut guest, "Ana", OTHER), wrong);
        let suspended = (422, SUSPENDED.to_owned());
        assert_eq!(sign_in(&mut guest, "Ana", PASSWORD), suspended);
        assert_eq!(guest.cookie, None);
        let form = [("username", "Ana")];
        assert_eq!(guest.post("/room/1/join/", &form).unwrap().status, 422);
    }
    let list = site.command(&["user", "list"], "");
    assert!(list.contains("Ana    suspended  no"), "{list}");
    assert_eq!(
        site.command(&["user", "restore", "Ana"], ""),
        "Restored Ana\n"
    );
    let anas = site.signed_in_everywhere("Ana");
    let said = site.command(&["user", "remove", "Ana"], "");
    assert!(said.starts_with("Removed Ana; "), "{said}");
    are_out(anas);
    for node in &site.nodes {
        let mut guest = Guest::new(node);
        let wrong = (422, WRONG.to_owned());
        assert_eq!(sign_in(&mut guest, "Ana", PASSWORD), wrong);
        guest.join(1, "Ana").unwrap();
        let page = guest.get("/room/1/").unwrap();
        assert!(page.body.contains("fica aqui"));
    }
}

fn administration_ends_with_the_next_request(site: &Site) {
    site.create("Ana", true);
    site.create("Bia", true);
    for (guest, mut sockets) in site.signed_in_everywhere("Ana") {
        let is_answered = |status| {
            let page = anew(&guest).get("/admin/rooms/").unwrap();
            assert_eq!(page.status, status);
        };
        is_answered(200);
        site.command(&["user", "admin", "Ana", "off"], "");
        is_answered(403);
        // Otherwise nothing changes for her.
        let posted = sockets[0].post(1, "ainda aqui").unwrap();
        sockets[0].wait_for_ack(posted).unwrap();
        site.command(&["user", "admin", "Ana", "on"], "");
        is_answered(200);
    }
}

#[test]
fn a_form_that_was_begun_with_a_right_that_has_ended_changes_nothing() {
    let site = Site::one();
    site.create("Chefe", true);
    site.create("Ana", true);
    let mut ana = Guest::new(&site.nodes[0]);
    sign_in(&mut ana, "Ana", PASSWORD);
    let cookie = ana.cookie.clone().unwrap();
    let mut stream = TcpStream::connect(site.nodes[0].address()).unwrap();
    let form = "name=Tarde&description=";
    let head = format!(
        "POST /admin/rooms/new/ HTTP/1.1\r\nHost: {}\r\nCookie: {cookie}\r\nContent-Length: {}\r\n\
         Sec-Fetch-Site: same-origin\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\n\r\n",
        ana.host,
        form.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The server answers this when it reads the form, so the request has come as far as it can.
    let mut going_on = [0; 25];
    stream.read_exact(&mut going_on).unwrap();
    assert_eq!(&going_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    site.command(&["user", "suspend", "Ana"], "");
    stream.write_all(form.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    assert!(answer.contains("location: /login/"), "{answer}");
    assert!(!site.command(&["room", "list"], "").contains("Tarde"));
}

#[test]
fn another_password_ends_the_sessions_of_one_server() {
    another_password(&Site::one());
}

#[test]
fn another_password_ends_the_sessions_of_all_nodes() {
    another_password(&Site::two());
}

#[test]
fn suspended_or_removed_one_is_out_of_one_server() {
    sessions_suspension_and_removal(&Site::one());
}

#[test]
fn suspended_or_removed_one_is_out_of_all_nodes() {
    sessions_suspension_and_removal(&Site::two());
}

#[test]
fn who_administers_no_more_is_refused_at_once() {
    administration_ends_with_the_next_request(&Site::one());
}

#[test]
fn who_administers_no_more_is_refused_by_all_nodes() {
    administration_ends_with_the_next_request(&Site::two());
}
