//! Names that guests can and can't have beside accounts.

use papo_protocol::{Mark, ServerFrame};
use papo_testing::postgres::Schema;
use papo_testing::{Guest, Server, Socket};

use super::{papo, start};

const LOOK_ALIKES: &str = include_str!("../fixtures/look-alikes.txt");
const INNOCENT: &str = include_str!("../fixtures/innocent-names.txt");
const PASSWORD: &str = "correct horse battery\n";

/// Each account of the fixture, with the names that could be mistaken for it. The last entry,
/// without a name, is the chat itself.
fn look_alikes() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut accounts: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in LOOK_ALIKES.lines().skip(1).filter(|line| !line.is_empty()) {
        match line.strip_prefix("= ") {
            Some(account) => accounts.push((account, Vec::new())),
            None => accounts.last_mut().unwrap().1.push(line),
        }
    }
    accounts
}

fn with_accounts() -> Server {
    let server = papo().env("PAPO_RATE_LIMITS", "off").start().unwrap();
    for (account, _) in look_alikes().iter().filter(|(name, _)| !name.is_empty()) {
        let made = server.command_with_input(&["user", "create", account], PASSWORD);
        made.unwrap();
    }
    server
}

#[test]
fn no_guest_passes_for_an_account_or_a_role() {
    let server = with_accounts();
    let mut guest = Guest::new(&server);
    let mut passed = Vec::new();
    let mut tried = 0;
    for (account, names) in look_alikes() {
        for name in names
            .into_iter()
            .chain((!account.is_empty()).then_some(account))
        {
            tried += 1;
            let page = guest.post("/room/1/join/", &[("username", name)]).unwrap();
            if page.status != 422 || !page.body.contains("pode ser confundido") {
                passed.push(format!("{name} ({}) beside {account}", page.status));
                guest = Guest::new(&server);
            }
        }
    }
    assert!(tried >= 300, "{tried}");
    assert_eq!(passed, Vec::<String>::new());
}

#[test]
fn nobody_else_is_refused_a_name() {
    let server = with_accounts();
    let mut refused = Vec::new();
    for name in INNOCENT.lines().skip(1) {
        let page = Guest::new(&server).post("/room/1/join/", &[("username", name)]);
        let page = page.unwrap();
        if page.status != 303 {
            refused.push(format!("{name} ({})", page.status));
        }
    }
    assert!(INNOCENT.lines().count() > 100);
    assert_eq!(refused, Vec::<String>::new());
}

#[test]
fn a_name_is_shown_as_it_was_typed() {
    let server = start();
    for name in [
        "Profª Ana",
        "Ｊｏａｏ",
        "👩\u{200d}🏫 Ana",
        "علی\u{200c}رضا",
    ] {
        let guest = Guest::joined(&server, 1, name).unwrap();
        let mut socket = guest.plain_socket(1).unwrap();
        let message = serde_json::json!({"message": "oi", "username": name});
        socket.send_text(&message.to_string()).unwrap();
        let frame = socket.receive_text().unwrap();
        let frame: serde_json::Value = serde_json::from_str(&frame).unwrap();
        assert_eq!(frame["username"], name);
    }
}

/// The marks of a message or of people, as a client reads them: one for each person, by name.
fn marks(frame: &ServerFrame) -> Vec<(String, Option<Mark>)> {
    match frame {
        ServerFrame::Message { username, mark, .. } => vec![(username.clone(), *mark)],
        ServerFrame::Snapshot { messages, .. } => {
            let marks = messages.iter().map(|m| (m.username.clone(), m.mark));
            marks.collect()
        }
        ServerFrame::Presence { people, .. } => {
            let marks = people.iter().map(|p| (p.username.clone(), p.mark));
            marks.collect()
        }
        _ => Vec::new(),
    }
}

fn accounts_bear_a_mark(nodes: &[Server]) {
    let (first, last) = (&nodes[0], &nodes[nodes.len() - 1]);
    for (name, options) in [("Profa Ana", ["--admin"].as_slice()), ("Beto", &[])] {
        let arguments = [["user", "create", name].as_slice(), options].concat();
        first.command_with_input(&arguments, PASSWORD).unwrap();
    }
    let mut caio = Guest::joined(first, 1, "Caio").unwrap();
    let mut watching = caio.socket(1).unwrap();
    watching.subscribe(1, None).unwrap();
    let mut sockets = Vec::new();
    for name in ["Profa Ana", "Beto"] {
        let mut guest = Guest::new(last);
        let form = [("username", name), ("password", PASSWORD.trim())];
        assert_eq!(guest.post("/login/", &form).unwrap().status, 303);
        guest.join(1, name).unwrap();
        let mut socket = guest.socket(1).unwrap();
        socket.subscribe(1, None).unwrap();
        let reference = socket.post(1, "bom dia").unwrap();
        socket.wait_for_ack(reference).unwrap();
        sockets.push(socket);
    }
    let mut posting = caio.socket(1).unwrap();
    posting.subscribe(1, None).unwrap();
    let reference = posting.post(1, "oi").unwrap();
    posting.wait_for_ack(reference).unwrap();
    let expected = [
        ("Profa Ana".to_owned(), Some(Mark::Administrator)),
        ("Beto".to_owned(), Some(Mark::Account)),
        ("Caio".to_owned(), None),
    ];
    // Live, in a snapshot, after a gap, in a page, and in the list of people.
    let mut late = caio.socket(1).unwrap();
    late.subscribe(1, None).unwrap();
    let snapshot = late.receive_where(|frame| matches!(frame, ServerFrame::Snapshot { .. }));
    let snapshot = snapshot.unwrap();
    assert_eq!(marks(&snapshot), expected);
    let ServerFrame::Snapshot { epoch, .. } = &snapshot else {
        panic!("{snapshot:?}");
    };
    late.subscribe(1, Some((epoch, 0))).unwrap();
    for socket in [&mut watching, &mut late] {
        for of_one in &expected {
            let frame = socket.receive_where(|frame| matches!(frame, ServerFrame::Message { .. }));
            assert_eq!(marks(&frame.unwrap()), std::slice::from_ref(of_one));
        }
    }
    let page = caio.get("/room/1/messages/?before=99").unwrap();
    let page: serde_json::Value = serde_json::from_str(&page.body).unwrap();
    let in_page = |index: usize| page["messages"][index]["mark"].clone();
    let in_page = [0, 1, 2].map(in_page);
    assert_eq!(
        in_page,
        [
            "administrator".into(),
            "account".into(),
            serde_json::Value::Null
        ]
    );
    // People of nodes that nothing joins don't see each other.
    if nodes.len() == 1 {
        let mut by_name = expected.to_vec();
        by_name.sort_by(|one, other| one.0.cmp(&other.0));
        let mut looking = caio.socket(1).unwrap();
        looking.subscribe(1, None).unwrap();
        let all = |frame: &ServerFrame| matches!(frame, ServerFrame::Presence { people, .. } if people.len() == 3);
        let people = looking.receive_where(all);
        assert_eq!(marks(&people.unwrap()), by_name);
    }
}

#[test]
fn accounts_bear_a_mark_that_comes_from_the_server() {
    accounts_bear_a_mark(&[start()]);
}

#[test]
fn accounts_bear_a_mark_on_every_node() {
    let schema = Schema::new();
    let start = || {
        papo()
            .env("PAPO_DATABASE_URL", schema.url())
            .start()
            .unwrap()
    };
    accounts_bear_a_mark(&[start(), start()]);
}

/// The next mark of a person in the list of people that differs from this one.
fn mark_other_than(socket: &mut Socket, name: &str, than: Option<Mark>) -> Option<Mark> {
    let mark_in = |frame: &ServerFrame| -> Option<Option<Mark>> {
        let ServerFrame::Presence { people, .. } = frame else {
            return None;
        };
        let person = people.iter().find(|person| person.username == name);
        person.map(|person| person.mark)
    };
    let is_other = |frame: &ServerFrame| mark_in(frame).is_some_and(|mark| mark != than);
    let frame = socket.receive_where(is_other).unwrap();
    mark_in(&frame).unwrap()
}

/// Open sockets show what a command of another process changes.
fn a_mark_follows_at_once(nodes: &[Server]) {
    let (first, last) = (&nodes[0], &nodes[nodes.len() - 1]);
    for arguments in [
        ["user", "create", "Chefe", "--admin"].as_slice(),
        &["user", "create", "Beto"],
    ] {
        first.command_with_input(arguments, PASSWORD).unwrap();
    }
    let mut beto = Guest::new(last);
    let form = [("username", "Beto"), ("password", PASSWORD.trim())];
    assert_eq!(beto.post("/login/", &form).unwrap().status, 303);
    beto.join(1, "Beto").unwrap();
    // Two devices, one of which uses the Django chat's protocol.
    let mut his = beto.socket(1).unwrap();
    his.subscribe(1, None).unwrap();
    let _plain = beto.plain_socket(1).unwrap();
    let caio = Guest::joined(last, 1, "Caio").unwrap();
    let mut watching = caio.socket(1).unwrap();
    watching.subscribe(1, None).unwrap();
    let mut mark = mark_other_than(&mut watching, "Beto", None);
    assert_eq!(mark, Some(Mark::Account));
    for (turned, expected) in [("on", Mark::Administrator), ("off", Mark::Account)] {
        first.command(&["user", "admin", "Beto", turned]).unwrap();
        mark = mark_other_than(&mut watching, "Beto", mark);
        assert_eq!(mark, Some(expected));
    }
    // They are the same connections.
    let reference = his.post(1, "ainda").unwrap();
    his.wait_for_ack(reference).unwrap();
}

#[test]
fn an_administrators_mark_follows_at_once() {
    a_mark_follows_at_once(&[start()]);
}

#[test]
fn an_administrators_mark_follows_at_once_on_other_nodes() {
    let schema = Schema::new();
    let node = || papo().env("PAPO_DATABASE_URL", schema.url());
    a_mark_follows_at_once(&[node().start().unwrap(), node().start().unwrap()]);
}
