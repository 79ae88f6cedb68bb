//! `papo migrate`.

use std::path::Path;

use papo_protocol::ServerFrame;
use papo_testing::postgres::{Schema, server};
use rusqlite::Connection;
use rustix::process::Signal;

use crate::Place;
use crate::faucet::{Faucet, PLENTY};
use crate::lively::{Lively, liven_up, serve_url, socket};
use crate::process::{Finished, Running, run};

const VARIABLE: &str = "PAPO_DATABASE_URL";
const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

fn migrate(place: &Place, url: &str) -> Finished {
    place.papo_with(&["migrate"], &[(VARIABLE, url)])
}

/// The lines of a table that have checksums.
fn checksums(output: &str) -> Vec<String> {
    let rows = output.lines().filter(|line| {
        let last = line.split_whitespace().next_back().unwrap_or_default();
        last.len() == 16 && last.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    rows.map(str::to_owned).collect()
}

#[test]
fn who_was_connected_goes_on_at_the_other_database() {
    let (place, schema) = (Place::new(), Schema::new());
    let url = schema.url();
    let Lively {
        mut ana,
        epoch,
        seen,
        client_id,
    } = liven_up(&place.data(), 20);
    let moved = place.papo(&["migrate", "--to", &url]);
    assert!(moved.errors.contains("copying: "), "{}", moved.errors);
    let output = moved.ok();
    assert!(output.contains("both hold the same"), "{output}");
    assert_eq!(checksums(&output).len(), 13, "{output}");

    let server = serve_url(&place.path().join("none"), &url);
    ana.host = server.address().to_string();
    let mut back = socket(&ana);
    back.subscribe(1, Some((&epoch, seen))).unwrap();
    match back.receive().unwrap() {
        ServerFrame::Subscribed { after, seq, .. } => assert_eq!((after, seq), (seen, 25)),
        other => panic!("{other:?}"),
    }
    let (mut edited, mut deleted, mut messages) = (0, 0, 0);
    for _ in seen..25 {
        match back.receive().unwrap() {
            ServerFrame::Message { .. } => messages += 1,
            ServerFrame::Edited { .. } => edited += 1,
            ServerFrame::Deleted { .. } => deleted += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((edited, deleted, messages), (1, 1, 20));
    let again = back.post_as(1, "Olá, Ação!", &client_id).unwrap();
    assert_eq!(back.wait_for_ack(again).unwrap(), 1);
    let new = back.post(1, "daqui").unwrap();
    assert_eq!(back.wait_for_ack(new).unwrap(), 26);
    assert!(ana.get("/room/2/").unwrap().body.contains("Ana Maria"));
    let list = server.command(&["user", "list"]).unwrap();
    assert!(list.contains("Dora"), "{list}");
    let made = server.command(&["room", "create", "Depois"]).unwrap();
    assert_eq!(made, "Made room 4: Depois\n");
    let report = place.papo_with(&["doctor"], &[(VARIABLE, &url)]).ok();
    assert!(report.contains("is whole"), "{report}");
}

#[test]
fn what_was_moved_is_not_served_here_until_that_is_undone() {
    let (place, schema) = (Place::started(), Schema::new());
    let with_password = server().replacen('@', ":s3cr3t@", 1);
    let url = schema.url_at(&with_password);
    let moved = migrate(&place, &url);
    assert!(!format!("{moved:?}").contains("s3cr3t"), "{moved:?}");
    moved.ok();
    for command in [
        SERVE.as_slice(),
        &["room", "list"],
        &["backup", "copy"],
        &["export", "copy"],
    ] {
        let error = place.papo(command).error();
        assert!(error.contains("was moved to the database"), "{error}");
        assert!(error.contains("papo migrate --undo"), "{error}");
        assert!(!error.contains("s3cr3t"), "{error}");
    }
    let report = place.papo(&["doctor"]).output;
    assert!(report.contains("was moved to"), "{report}");
    let again = migrate(&place, &url).ok();
    assert!(again.contains("nothing is left to do"), "{again}");

    let undone = place.papo(&["migrate", "--undo"]).ok();
    assert!(undone.contains("as another history"), "{undone}");
    place.papo(&["room", "list"]).ok();
    let error = place.papo(&["migrate", "--undo"]).error();
    let database = place.database();
    let path = database.to_str().unwrap();
    assert_eq!(error, format!("papo: {path} wasn't moved"));
    let error = migrate(&place, &url).error();
    assert!(error.contains("another instance"), "{error}");
}

#[test]
fn killed_at_any_moment_it_goes_on_and_ends_the_same() {
    const MESSAGES: usize = 2_500;
    let place = Place::new();
    liven_up(&place.data(), MESSAGES);
    let copy = |name: &str| {
        let folder = place.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        std::fs::copy(place.database(), folder.join("papo.sqlite3")).unwrap();
        folder
    };
    // Measures how much a whole migration sends. Each test starts from its own copy, so all send as
    // much.
    let (faucet, schema) = (Faucet::of(PLENTY), Schema::new());
    let url = schema.url_at(&faucet.server());
    let whole = run(&copy("whole"), &["migrate"], &[(VARIABLE, &url)], "");
    let expected = checksums(&whole.ok());
    let sent = faucet.used(PLENTY);
    assert!(sent > 300_000, "{sent}");

    let last = sent - 200;
    let moments = [1, 3, 5, 7, 9].map(|tenth| sent * tenth / 10);
    for moment in moments.into_iter().chain([last]) {
        let (folder, schema) = (copy(&moment.to_string()), Schema::new());
        kill_at(&folder, &schema, moment);
        let rooms = run(&folder, &["room", "list"], &[], "");
        if moment == last {
            // Neither database can be served.
            let error = rooms.error();
            assert!(error.contains("was moved to the database"), "{error}");
        } else {
            rooms.ok();
        }
        // The same holds for a resumed migration, soon after its start.
        kill_at(&folder, &schema, 5_000);
        let url = schema.url();
        let variables = [(VARIABLE, url.as_str())];
        let finished = run(&folder, &["migrate"], &variables, "").ok();
        assert_eq!(checksums(&finished), expected, "{moment} of {sent}");
        let exported = folder.join("exported");
        let export = ["export", exported.to_str().unwrap()];
        let exported = run(&folder, &export, &variables, "").ok();
        assert_eq!(checksums(&exported), expected, "{moment} of {sent}");
    }
}

/// Kills a migration when it has sent this many bytes. No node serves what it leaves.
fn kill_at(data: &Path, schema: &Schema, bytes: i64) {
    let faucet = Faucet::of(bytes);
    let url = schema.url_at(&faucet.server());
    let mut running = Running::start(data, &["migrate"], &[(VARIABLE, &url)]);
    while !faucet.is_dry() {
        let has_ended = running.has_ended();
        assert!(!has_ended, "before {bytes}: {:#?}", running.remaining());
        std::thread::yield_now();
    }
    running.signal(Signal::KILL);
    assert_eq!(running.wait_for_end(), None);
    let error = run(data, &SERVE, &[(VARIABLE, &schema.url())], "").error();
    assert!(error.contains("unfinished migration"), "{error}");
}

#[test]
fn a_database_that_goes_away_is_gone_on_with() {
    let (place, schema) = (Place::new(), Schema::new());
    liven_up(&place.data(), 500);
    let faucet = Faucet::of(60_000);
    let url = schema.url_at(&faucet.server());
    let mut running = Running::start(&place.data(), &["migrate"], &[(VARIABLE, &url)]);
    faucet.wait_until_dry();
    faucet.end();
    running.line("papo: the migration didn't come to its end");
    assert_eq!(running.wait_for_end(), Some(1));
    let report = place.papo_with(&["doctor"], &[(VARIABLE, &schema.url())]);
    assert_eq!(report.code, Some(1), "{report:?}");
    assert!(
        report.output.contains("run the same `papo migrate` again"),
        "{report:?}"
    );
    // Nothing has happened to the folder.
    place.papo(&["room", "list"]).ok();
    migrate(&place, &schema.url()).ok();
}

#[test]
fn begun_in_one_place_and_finished_in_another_it_is_served_in_the_other_alone() {
    let (place, first, second) = (Place::new(), Schema::new(), Schema::new());
    liven_up(&place.data(), 500);
    let faucet = Faucet::of(60_000);
    let url = first.url_at(&faucet.server());
    let mut running = Running::start(&place.data(), &["migrate"], &[(VARIABLE, &url)]);
    faucet.wait_until_dry();
    running.signal(Signal::KILL);
    running.wait_for_end();
    migrate(&place, &second.url()).ok();
    let error = migrate(&place, &first.url()).error();
    assert!(error.contains("its history goes on there"), "{error}");
    assert!(error.contains("isn't what was moved"), "{error}");
    let error = place.papo_with(&SERVE, &[(VARIABLE, &first.url())]).error();
    assert!(error.contains("unfinished migration"), "{error}");
    let again = migrate(&place, &second.url()).ok();
    assert!(again.contains("nothing is left to do"), "{again}");
}

#[test]
fn what_can_not_be_moved_is_said() {
    let (place, schema) = (Place::new(), Schema::new());
    let url = schema.url();
    let error = migrate(&place, &url).error();
    assert!(error.contains("there is no database in"), "{error}");
    assert!(!place.data().exists());

    let mut server = place.serve();
    let error = migrate(&place, &url).error();
    assert!(error.contains("would be left behind"), "{error}");
    assert!(error.contains("another papo serves"), "{error}");
    server.stop();

    let error = place.papo(&["migrate"]).error();
    assert!(error.contains("where to?"), "{error}");
    for (to, says) in [
        ("mysql://papo:s3cr3t@db/chat", "postgres://"),
        ("postgres://papo:s3cr3t@db", "names no database"),
        (
            "postgres://papo:s3cr3t@127.0.0.1:1/chat",
            "127.0.0.1 port 1",
        ),
    ] {
        let error = place.papo(&["migrate", "--to", to]).error();
        assert!(error.contains(says), "{error}");
        assert!(!error.contains("s3cr3t"), "{error}");
    }
    let db = Connection::open(place.database()).unwrap();
    let marked = db.query_row(
        "SELECT count(*) FROM meta WHERE key = 'moved_to'",
        [],
        |row| row.get::<_, i64>(0),
    );
    assert_eq!(marked.unwrap(), 0);
}

#[test]
fn whatever_keeps_a_move_from_being_undone_names_the_file() {
    let place = Place::new();
    let database = place.database();
    let path = database.to_str().unwrap();
    let undo = || place.papo(&["migrate", "--undo"]).error();
    assert!(
        undo().contains(place.data().to_str().unwrap()),
        "{}",
        undo()
    );

    let mut server = place.serve();
    let error = undo();
    assert!(error.contains("can't be undone now"), "{error}");
    assert!(error.contains(place.data().to_str().unwrap()), "{error}");
    server.stop();

    let db = Connection::open(&database).unwrap();
    db.pragma_update(None, "user_version", 9_999).unwrap();
    assert!(undo().contains(path), "{}", undo());
    db.close().unwrap();
    std::fs::write(&database, "no database ".repeat(1_000)).unwrap();
    assert!(undo().contains(path), "{}", undo());
    let url = "postgres://papo@127.0.0.1:1/chat";
    let error = place.papo(&["migrate", "--to", url]).error();
    assert!(error.contains(path), "{error}");
}

#[test]
fn a_database_with_another_instance_is_left_as_it_is() {
    let (place, other, schema) = (Place::started(), Place::new(), Schema::new());
    let url = schema.url();
    let create = ["user", "create", "Dora", "--admin"];
    let password = "correct horse battery\n";
    run(&other.data(), &create, &[(VARIABLE, &url)], password).ok();
    let create = ["room", "create", "Deles"];
    other.papo_with(&create, &[(VARIABLE, &url)]).ok();
    let list = || other.papo_with(&["room", "list"], &[(VARIABLE, &url)]).ok();
    let before = list();
    let error = migrate(&place, &url).error();
    assert!(error.contains("another instance"), "{error}");
    assert_eq!(list(), before);
    place.papo(&["room", "list"]).ok();
}
