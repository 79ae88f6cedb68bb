//! What people change about themselves: name, settings, devices, password. On one server, and on
//! two nodes of a database.

use std::time::{Duration, Instant};

use papo_protocol::ServerFrame;
use papo_testing::postgres::Schema;
use papo_testing::{Guest, Page, Server, Socket};

use super::{papo, start};

const PASSWORD: &str = "girafa toca violino";
const OTHER: &str = "coruja assa bolinhos";
/// How long a right may go on after its end, on any node.
const AT_ONCE: Duration = Duration::from_secs(1);
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0";

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

    fn first(&self) -> Guest {
        Guest::new(&self.nodes[0])
    }

    fn last(&self) -> Guest {
        Guest::new(self.nodes.last().unwrap())
    }

    /// Ana at the first node, who has signed up, and on another device at the last.
    fn anas(&self) -> [Guest; 2] {
        let mut phone = self.first();
        let form = [("username", "Ana"), ("password", PASSWORD)];
        assert_eq!(phone.post("/signup/", &form).unwrap().status, 303);
        let mut laptop = self.last();
        assert_eq!(sign_in(&mut laptop, "Ana", PASSWORD), 303);
        [phone, laptop]
    }
}

fn sign_in(guest: &mut Guest, name: &str, password: &str) -> u16 {
    let form = [("username", name), ("password", password)];
    guest.post("/login/", &form).unwrap().status
}

/// Whether a page still knows the account.
fn is_signed_in(guest: &mut Guest) -> bool {
    guest.get("/account/devices/").unwrap().status == 200
}

fn assert_contains(page: &Page, text: &str) {
    assert!(page.body.contains(text), "{text}: {}", page.body);
}

fn follow(guest: &Guest) -> Socket {
    let mut socket = guest.socket(1).unwrap();
    socket.subscribe(1, None).unwrap();
    let is_snapshot = |frame: &ServerFrame| matches!(frame, ServerFrame::Snapshot { .. });
    socket.receive_where(is_snapshot).unwrap();
    socket
}

fn another_name(site: &Site) {
    let [mut phone, mut laptop] = site.anas();
    phone.join(1, "Ana").unwrap();
    let mut bia = follow(&Guest::joined(site.nodes.last().unwrap(), 1, "Bia").unwrap());
    let mut socket = follow(&laptop);
    let path = "/account/name/";
    for (name, expected) in [
        ("Bia\u{200b}x", "U+200B"),
        ("Admin", "administração"),
        ("", "Escreva"),
    ] {
        let page = phone.post(path, &[("username", name)]).unwrap();
        assert_eq!(page.status, 422);
        assert_contains(&page, expected);
    }
    let renamed = phone.post(path, &[("username", "Ana Lima")]).unwrap();
    let asked = Instant::now();
    assert_eq!(renamed.header("location"), "/account/name/?done=renamed");
    let is_told = |frame: &ServerFrame| match frame {
        ServerFrame::Presence { people, .. } => {
            people.iter().any(|person| person.username == "Ana Lima")
        }
        _ => false,
    };
    bia.receive_where(is_told).unwrap();
    assert!(asked.elapsed() <= 3 * AT_ONCE, "{:?}", asked.elapsed());
    // The socket of before speaks under the new name.
    let reference = socket.post(1, "oi").unwrap();
    let seq = socket.wait_for_ack(reference).unwrap();
    let is_it = |frame: &ServerFrame| matches!(frame, ServerFrame::Message { seq: s, username, .. } if *s == seq && username == "Ana Lima");
    bia.receive_where(is_it).unwrap();
    assert_contains(&laptop.get("/").unwrap(), "<bdi>Ana Lima</bdi>");
    assert_eq!(sign_in(&mut site.last(), "Ana", PASSWORD), 422);
    assert_eq!(sign_in(&mut site.last(), "ana lima", PASSWORD), 303);
}

fn devices(site: &Site) {
    let [mut phone, mut laptop] = site.anas();
    phone.join(1, "Ana").unwrap();
    let mut tablet = site.last();
    sign_in(&mut tablet, "Ana", PASSWORD);
    let headers = [("sec-fetch-site", "same-origin"), ("user-agent", FIREFOX)];
    tablet
        .post_with("/language/", &[("language", "pt-BR")], &headers)
        .unwrap();
    let mut sockets = [follow(&laptop), follow(&tablet)];
    let page = phone.get("/account/devices/").unwrap();
    assert_contains(&page, "Firefox · Linux");
    assert_eq!(page.body.matches("name=\"device\"").count(), 2);
    // The tablet came last.
    let number = page.body.split("name=\"device\" value=\"").nth(1).unwrap();
    let number = number.split('"').next().unwrap().to_owned();
    // Nobody else ends it.
    let mut bia = site.first();
    let form = [("username", "Bia"), ("password", OTHER)];
    bia.post("/signup/", &form).unwrap();
    let device = [("device", number.as_str())];
    bia.post("/account/devices/", &device).unwrap();
    assert!(is_signed_in(&mut tablet));
    phone.post("/account/devices/", &device).unwrap();
    let ended = Instant::now();
    assert_eq!(sockets[1].wait_for_close().unwrap().code, 4003);
    assert!(ended.elapsed() <= AT_ONCE, "{:?}", ended.elapsed());
    assert!(!is_signed_in(&mut tablet) && is_signed_in(&mut laptop));
    // All others.
    phone.post("/account/devices/", &[]).unwrap();
    let ended = Instant::now();
    assert_eq!(sockets[0].wait_for_close().unwrap().code, 4003);
    assert!(ended.elapsed() <= AT_ONCE, "{:?}", ended.elapsed());
    assert!(is_signed_in(&mut phone) && !is_signed_in(&mut laptop));
    assert!(is_signed_in(&mut bia));
}

fn another_password(site: &Site) {
    let [mut phone, mut laptop] = site.anas();
    phone.join(1, "Ana").unwrap();
    let (mut here, mut there) = (follow(&phone), follow(&laptop));
    let path = "/account/password/";
    for (current, password, expected) in [
        ("not this one", OTHER, "não é a sua senha"),
        (PASSWORD, "curta", "de 10 a 200"),
        (PASSWORD, "1234567890", "muita gente"),
    ] {
        let form = [("current", current), ("password", password)];
        let page = phone.post(path, &form).unwrap();
        assert_eq!(page.status, 422);
        assert_contains(&page, expected);
        assert!(!page.body.contains(password) && !page.body.contains(current));
    }
    let form = [("current", PASSWORD), ("password", OTHER)];
    let changed = phone.post(path, &form).unwrap();
    assert_eq!(
        changed.header("location"),
        "/account/password/?done=password"
    );
    assert_eq!(there.wait_for_close().unwrap().code, 4003);
    let reference = here.post(1, "ainda aqui").unwrap();
    here.wait_for_ack(reference).unwrap();
    assert!(is_signed_in(&mut phone) && !is_signed_in(&mut laptop));
    assert_eq!(sign_in(&mut laptop, "Ana", PASSWORD), 422);
    assert_eq!(sign_in(&mut laptop, "Ana", OTHER), 303);
}

fn a_forgotten_password(site: &Site) {
    let [mut phone, mut laptop] = site.anas();
    let link = || {
        let printed = site.nodes[0].command(&["user", "link", "Ana"]).unwrap();
        let start = printed.find("/password/").unwrap();
        printed[start..].trim().to_owned()
    };
    let (older, link) = (link(), link());
    let mut fresh = site.last();
    assert_eq!(fresh.get(&older).unwrap().status, 404);
    assert_eq!(fresh.get("/password/AAAA/").unwrap().status, 404);
    let page = fresh.get(&link).unwrap();
    assert_contains(&page, "Nova senha para <bdi>Ana</bdi>");
    let short = fresh.post(&link, &[("password", "curta")]).unwrap();
    assert_eq!(short.status, 422);
    assert_contains(&short, "de 10 a 200");
    assert!(is_signed_in(&mut phone));
    let changed = fresh.post(&link, &[("password", OTHER)]).unwrap();
    assert_eq!(changed.status, 303, "{}", changed.brief());
    assert!(is_signed_in(&mut fresh));
    assert!(!is_signed_in(&mut phone) && !is_signed_in(&mut laptop));
    for again in [
        fresh.get(&link).unwrap(),
        fresh.post(&link, &[("password", PASSWORD)]).unwrap(),
    ] {
        assert_eq!(again.status, 404);
        assert_contains(&again, "não vale mais");
    }
    assert_eq!(sign_in(&mut laptop, "Ana", OTHER), 303);
}

fn settings(site: &Site) {
    let [mut phone, mut laptop] = site.anas();
    let form = [
        ("language", "en"),
        ("time_zone", "America/Sao_Paulo"),
        ("theme", "dark"),
        ("hours", "12"),
    ];
    let saved = phone.post("/account/", &form).unwrap();
    assert_eq!(saved.header("location"), "/account/?done=saved");
    // The other device asks for Portuguese.
    let page = laptop.get("/account/").unwrap();
    for part in [
        "<html lang=\"en\" data-theme=\"dark\" data-time-zone=\"America/Sao_Paulo\" data-hours=\"12\"",
        "<option selected>America/Sao_Paulo</option>",
        "<option value=\"dark\" selected>",
        "name=\"color-scheme\" content=\"dark\"",
    ] {
        assert_contains(&page, part);
    }
    // Rooms and error pages obey, too.
    laptop.join(1, "Ana").unwrap();
    assert_contains(
        &laptop.get("/room/1/").unwrap(),
        "<html lang=\"en\" data-theme=\"dark\"",
    );
    let missing = laptop.get("/room/99/").unwrap();
    assert_eq!(missing.status, 404);
    assert_contains(&missing, "<html lang=\"en\"");
    // The switch in the footer changes it.
    laptop
        .post("/language/", &[("language", "pt-BR"), ("next", "/")])
        .unwrap();
    assert_contains(&phone.get("/").unwrap(), "<html lang=\"pt-BR\" data-theme");
    // What the form doesn't offer changes nothing.
    for wrong in [
        ("time_zone", "Mars/Olympus"),
        ("language", "xx"),
        ("theme", "pink"),
    ] {
        assert_eq!(phone.post("/account/", &[wrong]).unwrap().status, 400);
    }
    assert_contains(&phone.get("/").unwrap(), "<html lang=\"pt-BR\" data-theme");
    let reset = [("language", ""), ("theme", "")];
    phone.post("/account/", &reset).unwrap();
    assert_contains(&laptop.get("/").unwrap(), "<html lang=\"pt-BR\">");
    // A guest has settings, and no other page of an account; a stranger signs in first.
    let mut guest = Guest::joined(&site.nodes[0], 1, "Bia").unwrap();
    guest.post("/account/", &form).unwrap();
    assert_contains(
        &guest.get("/").unwrap(),
        "<html lang=\"en\" data-theme=\"dark\"",
    );
    for (path, mut who) in [
        ("/account/name/", guest.clone()),
        ("/account/password/", guest.clone()),
        ("/account/devices/", guest),
        ("/account/", site.first()),
    ] {
        let page = who.get(path).unwrap();
        assert_eq!(page.status, 303);
        assert_eq!(page.header("location"), format!("/login/?next={path}"));
        assert_eq!(who.post(path, &[]).unwrap().status, 303);
    }
}

/// Ana deletes her account. Returns Bia, who follows the room, and the seqs of Ana's messages.
fn delete_account(site: &Site, messages: &str) -> (Guest, Socket, Vec<i64>) {
    let [mut phone, mut laptop] = site.anas();
    phone.join(1, "Ana").unwrap();
    let bia = Guest::joined(&site.nodes[0], 1, "Bia").unwrap();
    let watching = follow(&bia);
    let mut sockets = [follow(&phone), follow(&laptop)];
    let mut seqs = Vec::new();
    for number in 0..3 {
        let reference = sockets[0].post(1, &format!("dela {number}")).unwrap();
        seqs.push(sockets[0].wait_for_ack(reference).unwrap());
    }
    let path = "/account/delete/";
    let form = [("messages", messages), ("current", "not this one")];
    let refused = phone.post(path, &form).unwrap();
    assert_eq!(refused.status, 422);
    assert_contains(&refused, "não é a sua senha");
    let form = [("messages", messages), ("current", PASSWORD)];
    let deleted = phone.post(path, &form).unwrap();
    assert_eq!((deleted.status, deleted.header("location")), (303, "/"));
    assert_eq!(phone.cookie, None);
    for socket in &mut sockets {
        assert_eq!(socket.wait_for_close().unwrap().code, 4003);
    }
    assert!(!is_signed_in(&mut laptop));
    assert_eq!(sign_in(&mut laptop, "Ana", PASSWORD), 422);
    // The name is free.
    site.last().join(2, "Ana").unwrap();
    (bia, watching, seqs)
}

fn messages_that_go_along(site: &Site) {
    let (mut bia, mut watching, seqs) = delete_account(site, "delete");
    for seq in seqs {
        let is_it = |frame: &ServerFrame| matches!(frame, ServerFrame::Deleted { target, .. } if *target == seq);
        watching.receive_where(is_it).unwrap();
    }
    let page = bia.get("/room/1/").unwrap();
    assert!(!page.body.contains("dela "), "{}", page.body);
}

fn messages_that_stay(site: &Site) {
    let (mut bia, _, _) = delete_account(site, "keep");
    let begun = Instant::now();
    loop {
        let page = bia.get("/room/1/").unwrap();
        assert_contains(&page, "dela 2");
        if page.body.matches("Conta apagada").count() == 3 {
            assert!(!page.body.contains("\"Ana\""), "{}", page.body);
            break;
        }
        assert!(begun.elapsed() < papo_testing::PATIENCE, "{}", page.body);
    }
}

/// The value of an attribute, after some text.
fn after<'a>(page: &'a Page, start: &str) -> &'a str {
    let rest = page.body.split_once(start).map(|(_, rest)| rest);
    let rest = rest.unwrap_or_else(|| panic!("{start}: {}", page.body));
    rest.split('"').next().unwrap()
}

/// A browser that keeps the cookie of an offer beside that of the session.
fn take(guest: &mut Guest, path: &str) -> Page {
    let headers = [("sec-fetch-site", "same-origin"), ("user-agent", FIREFOX)];
    let taken = guest.post_with(path, &[], &headers).unwrap();
    let cookie = taken.header("set-cookie").split(';').next().unwrap();
    guest.cookie = Some(match &guest.cookie {
        Some(session) => format!("{session}; {cookie}"),
        None => cookie.to_owned(),
    });
    taken
}

fn another_device(site: &Site) {
    let [mut laptop, _] = site.anas();
    laptop.join(1, "Ana").unwrap();
    let made = laptop.post("/account/devices/add/", &[]).unwrap();
    let own = made.header("location").to_owned();
    let shown = laptop.get(&own).unwrap();
    assert_contains(&shown, "<svg class=\"qr-code\"");
    assert_contains(&shown, "http-equiv=\"refresh\"");
    let path = after(&shown, "/device/");
    let path = format!("/device/{path}");
    // Looking takes nothing; the phone was a guest in another room.
    let mut phone = site.last();
    phone.join(2, "Aninha").unwrap();
    assert_contains(&phone.get(&path).unwrap(), "Entrar como <bdi>Ana</bdi>");
    assert_contains(&laptop.get(&own).unwrap(), "qr-code");
    assert_eq!(take(&mut phone, &path).status, 303);
    let waiting = phone.get(&path).unwrap();
    let number = after(&waiting, "<strong>")
        .split('<')
        .next()
        .unwrap()
        .to_owned();
    assert_eq!(number.len(), 2, "{number}");
    assert!(!is_signed_in(&mut phone));
    // Nobody else gets it now.
    let mut thief = site.last();
    assert_eq!(thief.get(&path).unwrap().status, 404);
    assert_eq!(thief.post(&path, &[]).unwrap().status, 404);
    let asking = laptop.get(&own).unwrap();
    assert_contains(&asking, "Firefox · Linux");
    assert_contains(&asking, &format!("value=\"{number}\""));
    // Nor may anybody else confirm.
    let mut bia = site.first();
    let form = [("username", "Bia"), ("password", OTHER)];
    bia.post("/signup/", &form).unwrap();
    bia.post(&own, &[("number", &number)]).unwrap();
    assert!(!bia.get(&own).unwrap().body.contains(&number));
    assert_eq!(phone.get(&path).unwrap().status, 200);
    laptop.post(&own, &[("number", &number)]).unwrap();
    let signed_in = phone.get(&path).unwrap();
    assert_eq!(signed_in.status, 303, "{}", signed_in.brief());
    assert!(is_signed_in(&mut phone));
    for room in [1, 2] {
        assert_eq!(laptop.get(&format!("/room/{room}/")).unwrap().status, 200);
    }
    // It was used.
    assert_eq!(site.last().get(&path).unwrap().status, 404);
    let back = laptop.get(&own).unwrap();
    assert_eq!(back.header("location"), "/account/devices/?done=offered");
}

#[test]
fn another_device_signs_in_by_a_code_on_one_server() {
    another_device(&Site::one());
}

#[test]
fn another_device_signs_in_by_a_code_on_two_nodes() {
    another_device(&Site::two());
}

#[test]
fn an_offer_that_is_refused_or_replaced_ends() {
    let site = Site::one();
    let [mut laptop, _] = site.anas();
    let mut make = || {
        let made = laptop.post("/account/devices/add/", &[]).unwrap();
        let own = made.header("location").to_owned();
        let path = own.replace("/account/devices/add/", "/device/");
        (own, path)
    };
    let (_, older) = make();
    let (own, path) = make();
    assert_eq!(site.last().get(&older).unwrap().status, 404);
    let mut stranger = site.last();
    take(&mut stranger, &path);
    assert_eq!(stranger.get(&path).unwrap().status, 200);
    laptop.post(&own, &[]).unwrap();
    assert_eq!(stranger.get(&path).unwrap().status, 404);
    // The session that makes an offer must still be there.
    let made = laptop.post("/account/devices/add/", &[]).unwrap();
    let path = made
        .header("location")
        .replace("/account/devices/add/", "/device/");
    laptop.post("/logout/", &[]).unwrap();
    assert_eq!(stranger.get(&path).unwrap().status, 404);
}

#[test]
fn deleted_messages_go_along_with_the_account_on_one_server() {
    messages_that_go_along(&Site::one());
}

#[test]
fn deleted_messages_go_along_with_the_account_on_two_nodes() {
    messages_that_go_along(&Site::two());
}

#[test]
fn messages_stay_without_the_account_on_one_server() {
    messages_that_stay(&Site::one());
}

#[test]
fn messages_stay_without_the_account_on_two_nodes() {
    messages_that_stay(&Site::two());
}

#[test]
fn the_last_administrator_stays() {
    let site = Site::one();
    let create = ["user", "create", "Chefe", "--admin"];
    let server = &site.nodes[0];
    server
        .command_with_input(&create, &format!("{PASSWORD}\n"))
        .unwrap();
    let mut chief = site.first();
    assert_eq!(sign_in(&mut chief, "Chefe", PASSWORD), 303);
    let form = [("messages", "delete"), ("current", PASSWORD)];
    let refused = chief.post("/account/delete/", &form).unwrap();
    assert_eq!(refused.status, 422);
    assert_contains(&refused, "última pessoa que administra");
    assert!(is_signed_in(&mut chief));
}

#[test]
fn another_name_is_seen_at_once_on_one_server() {
    another_name(&Site::one());
}

#[test]
fn another_name_is_seen_at_once_on_two_nodes() {
    another_name(&Site::two());
}

#[test]
fn people_end_their_devices_on_one_server() {
    devices(&Site::one());
}

#[test]
fn people_end_their_devices_on_two_nodes() {
    devices(&Site::two());
}

#[test]
fn another_password_ends_the_other_devices_on_one_server() {
    another_password(&Site::one());
}

#[test]
fn another_password_ends_the_other_devices_on_two_nodes() {
    another_password(&Site::two());
}

#[test]
fn a_forgotten_password_is_replaced_by_a_link_on_one_server() {
    a_forgotten_password(&Site::one());
}

#[test]
fn a_forgotten_password_is_replaced_by_a_link_on_two_nodes() {
    a_forgotten_password(&Site::two());
}

#[test]
fn settings_hold_on_all_devices_of_one_server() {
    settings(&Site::one());
}

#[test]
fn settings_hold_on_all_devices_of_two_nodes() {
    settings(&Site::two());
}
