//! The administration of people, and the audit.

use papo_testing::Guest;

use super::matrix::{account, shown};
use super::start;

/// The account of this name is the first one.
const ANA: &str = "/admin/people/1/";

fn wish(guest: &mut Guest, path: &str, wish: &str) -> String {
    shown(&guest.post(path, &[("wish", wish)]).unwrap())
}

#[test]
fn an_administrator_finds_and_changes_people() {
    let server = start();
    let mut ana = account(&server, "Ana", false);
    ana.join(1, "Ana").unwrap();
    let mut chefe = account(&server, "Chefe", true);
    let all = chefe.get("/admin/people/").unwrap().body;
    assert!(all.contains("<bdi>Ana</bdi>") && all.contains("<bdi>Chefe</bdi>"));
    let some = chefe.get("/admin/people/?q=AN&role=account&state=active");
    let some = some.unwrap().body;
    assert!(some.contains("<bdi>Ana</bdi>"), "{some}");
    assert!(!some.contains(
        "<th scope=\"row\" class=\"cell-text\"><a class=\"link\" href=\"/admin/people/2/\""
    ));
    // Suspended at once, on open sockets too.
    let mut socket = ana.socket(1).unwrap();
    socket.subscribe(1, None).unwrap();
    assert_eq!(wish(&mut chefe, ANA, "suspend"), "303 /admin/people/1/");
    assert!(socket.receive_where(|_| false).is_err());
    assert_eq!(shown(&ana.get("/room/1/").unwrap()), "303 /room/1/join/");
    let page = chefe.get(ANA).unwrap().body;
    assert!(page.contains("value=\"restore\""), "{page}");
    for step in ["restore", "end", "promote", "demote"] {
        assert_eq!(wish(&mut chefe, ANA, step), "303 /admin/people/1/");
    }
    assert_eq!(wish(&mut chefe, ANA, "remove"), "303 /admin/people/");
    assert_eq!(wish(&mut chefe, ANA, "restore"), "404");
    assert_eq!(chefe.get(ANA).unwrap().status, 404);
    assert_eq!(chefe.get("/admin/people/x/").unwrap().status, 404);
    // Somebody must be able to administer.
    for step in ["demote", "suspend", "remove"] {
        let page = chefe.post("/admin/people/2/", &[("wish", step)]).unwrap();
        assert_eq!(page.status, 422, "{step}");
        assert!(page.body.contains("role=\"alert\""), "{}", page.body);
    }
}

#[test]
fn what_administrators_do_is_in_the_audit() {
    let server = start();
    let mut chefe = account(&server, "Chefe", true);
    let room = [("name", "=Quintal"), ("is_active", "on")];
    chefe.post("/admin/rooms/new/", &room).unwrap();
    account(&server, "Ana", false);
    wish(&mut chefe, "/admin/people/2/", "suspend");
    let page = chefe.get("/admin/audit/").unwrap().body;
    for text in ["<bdi>=Quintal</bdi>", "<bdi>Ana</bdi>", "<bdi>Chefe</bdi>"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let some = chefe.get("/admin/audit/?who=chef&act=room-made").unwrap();
    assert!(some.body.contains("<bdi>=Quintal</bdi>"), "{}", some.body);
    assert!(!some.body.contains("<bdi>Ana</bdi>"), "{}", some.body);
    let table = chefe.get("/admin/audit/export/?who=chef").unwrap();
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
    let lines: Vec<_> = table.body.lines().collect();
    assert_eq!(lines[0], "\u{feff}at,person,name,act,target,detail");
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(
        lines[1].contains(r#","Chefe","account-suspended","Ana","#),
        "{lines:?}"
    );
    assert!(
        lines[2].contains(r#","Chefe","room-made","'=Quintal","#),
        "{lines:?}"
    );
    let shown = server.command(&["audit", "--act", "account-made"]).unwrap();
    let made: Vec<_> = shown.lines().skip(1).collect();
    assert_eq!(made.len(), 2, "{shown}");
    assert!(made[1].ends_with("account-made  Ana"), "{shown}");
    assert!(server.command(&["audit", "--act", "x"]).is_err());
}
