//! Making an account by oneself, and signing in with it.

use std::thread;

use papo_protocol::ServerFrame;
use papo_testing::postgres::Schema;
use papo_testing::{Guest, Page, Server, Socket};

use super::{papo, start};

const PASSWORD: &str = "girafa toca violino";

fn sign_up(guest: &mut Guest, name: &str, password: &str) -> Page {
    let form = [("username", name), ("password", password), ("next", "/")];
    guest.post("/signup/", &form).unwrap()
}

/// The page where a browser ends that follows redirects.
fn arrive(guest: &mut Guest, mut page: Page) -> Page {
    for _ in 0..5 {
        if page.status != 303 {
            break;
        }
        page = guest.get(page.header("location")).unwrap();
    }
    page
}

/// The person's id, as a socket says it.
fn person(socket: &mut Socket) -> String {
    let welcome = socket.receive_where(|frame| matches!(frame, ServerFrame::Welcome { .. }));
    let ServerFrame::Welcome { sender, .. } = welcome.unwrap() else {
        unreachable!();
    };
    sender
}

#[test]
fn anybody_signs_up_and_is_greeted_by_name() {
    let server = start();
    let mut ana = Guest::new(&server);
    let form = ana.get("/signup/").unwrap();
    for part in [
        "autocomplete=\"username\"",
        "autocomplete=\"new-password\"",
        "href=\"/login/\"",
    ] {
        assert!(form.body.contains(part), "{part}: {}", form.body);
    }
    let made = sign_up(&mut ana, "Ana Lima", PASSWORD);
    let front = arrive(&mut ana, made);
    assert_eq!(front.status, 200);
    assert!(front.body.contains("Boas-vindas, <bdi>Ana Lima</bdi>!"));
    assert!(front.body.contains("action=\"/logout/\""));
    // Signing out and in again, from another page.
    let out = ana.post("/logout/", &[]).unwrap();
    assert_eq!((out.status, out.header("location")), (303, "/"));
    assert!(!ana.get("/").unwrap().body.contains("Ana Lima"));
    let form = [
        ("username", "ana lima"),
        ("password", PASSWORD),
        ("next", "/room/2/join/"),
    ];
    let signed_in = ana.post("/login/", &form).unwrap();
    let page = arrive(&mut ana, signed_in);
    assert!(page.body.contains("value=\"Ana Lima\""), "{}", page.body);
    // Somebody who has signed in needs neither form.
    for form in ["/login/?next=/leave/", "/signup/?next=/leave/"] {
        assert_eq!(ana.get(form).unwrap().header("location"), "/leave/");
    }
    // Nobody is sent where only administrators may go.
    let mut again = Guest::new(&server);
    let asked = again.get("/admin/messages/").unwrap();
    assert_eq!(asked.header("location"), "/login/?next=/admin/messages/");
    let form = [
        ("username", "Ana Lima"),
        ("password", PASSWORD),
        ("next", "/admin/messages/"),
    ];
    let signed_in = again.post("/login/", &form).unwrap();
    assert_eq!(arrive(&mut again, signed_in).status, 200);
    let old = again.get("/admin/login/?next=/admin/rooms/").unwrap();
    assert_eq!(old.header("location"), "/login/?next=/admin/rooms/");
}

fn a_guest_stays_the_same_person(server: &Server) {
    let mut ana = Guest::joined(server, 1, "Aninha").unwrap();
    let mut before = ana.socket(1).unwrap();
    let me = person(&mut before);
    let form = ana.get("/signup/").unwrap();
    assert!(form.body.contains("value=\"Aninha\""), "{}", form.body);
    let made = sign_up(&mut ana, "Aninha", PASSWORD);
    assert_eq!(made.status, 303, "{}", made.brief());
    assert_eq!(before.wait_for_close().unwrap().code, 4003);
    assert_eq!(ana.get("/room/1/").unwrap().status, 200);
    assert_eq!(person(&mut ana.socket(1).unwrap()), me);
}

#[test]
fn a_guest_who_signs_up_stays_the_same_person_on_sqlite() {
    a_guest_stays_the_same_person(&start());
}

#[test]
fn a_guest_who_signs_up_stays_the_same_person_on_postgres() {
    let schema = Schema::new();
    let server = papo().env("PAPO_DATABASE_URL", schema.url());
    a_guest_stays_the_same_person(&server.start().unwrap());
}

#[test]
fn a_form_that_is_refused_says_why_and_keeps_the_name() {
    let server = start();
    sign_up(&mut Guest::new(&server), "Maria", PASSWORD);
    for (name, password, portuguese, english) in [
        (
            "Maria",
            PASSWORD,
            "Já existe uma conta",
            "There is an account",
        ),
        (
            "M4ria",
            PASSWORD,
            "Já existe uma conta",
            "There is an account",
        ),
        ("Admin", PASSWORD, "administração", "administrator"),
        ("", PASSWORD, "Escreva um nome", "Write a name"),
        ("Zeca", "curta", "de 10 a 200", "10 to 200"),
        ("Zeca", "1234567890", "muita gente", "many people"),
        ("Zeca", "abcabcabcabc", "se repete", "it repeats"),
        ("Zeca", "zecazeca2026", "do seu nome", "your name"),
        ("Zeca", "minhasenha1", "muito usadas", "common words"),
    ] {
        for (language, expected) in [("pt-BR", portuguese), ("en", english)] {
            let mut guest = Guest::new(&server);
            language.clone_into(&mut guest.language);
            let page = sign_up(&mut guest, name, password);
            assert_eq!(page.status, 422, "{name} {password}");
            assert!(
                page.body.contains(expected),
                "{name} {password}: {}",
                page.body
            );
            assert!(page.body.contains(&format!("value=\"{name}\"")));
            assert!(!page.body.contains(password));
            assert_eq!(guest.cookie, None);
        }
    }
}

fn a_name_is_made_once(server: &Server) {
    let racers = (0..60).map(|_| {
        let mut guest = Guest::new(server);
        thread::spawn(move || sign_up(&mut guest, "Maria", PASSWORD).status)
    });
    let racers: Vec<_> = racers.collect();
    let answers: Vec<_> = racers
        .into_iter()
        .map(|racer| racer.join().unwrap())
        .collect();
    let made = answers.iter().filter(|status| **status == 303);
    assert_eq!(made.count(), 1, "{answers:?}");
    // The queue of passwords refuses some for now.
    let refused = answers
        .iter()
        .all(|status| [303, 422, 503].contains(status));
    assert!(refused, "{answers:?}");
    let list = server.command(&["user", "list"]).unwrap();
    assert_eq!(list.matches("Maria").count(), 1, "{list}");
}

#[test]
fn a_name_that_many_want_is_made_once_on_sqlite() {
    a_name_is_made_once(&start());
}

#[test]
fn a_name_that_many_want_is_made_once_on_postgres() {
    let schema = Schema::new();
    let server = papo().env("PAPO_DATABASE_URL", schema.url());
    a_name_is_made_once(&server.start().unwrap());
}
