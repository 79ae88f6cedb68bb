//! `papo export` and `papo restore`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use papo_protocol::{ResetReason, ServerFrame};
use papo_storage::transfer::archive::{ArchiveReader, ArchiveWriter};
use papo_storage::transfer::{InstanceRow, Intake as _, Record, RoomRow, summarize};
use papo_testing::postgres::Schema;
use tokio::runtime::Runtime;

use crate::Place;
use crate::faucet::{Faucet, PLENTY};
use crate::lively::{Lively, liven_up, serve, socket};
use crate::process::Running;

const VARIABLE: &str = "PAPO_DATABASE_URL";

/// The table of an export's output, without the path.
fn holds(output: &str) -> &str {
    output.split_once("\n\n").unwrap().1
}

fn file(place: &Place, name: &str) -> (PathBuf, String) {
    let path = place.path().join(name);
    let text = path.to_str().unwrap().to_owned();
    (path, text)
}

#[test]
fn from_a_folder_to_a_server_and_back_it_stays_the_same() {
    let (first, last, schema) = (Place::new(), Place::new(), Schema::new());
    let url = schema.url();
    let Lively {
        mut ana,
        epoch,
        seen,
        ..
    } = liven_up(&first.data(), 50);
    let (path, one) = file(&first, "one.archive");
    let exported = first.papo(&["export", &one]).ok();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let restore = ["restore", one.as_str()];
    let restored = last.papo_with(&restore, &[(VARIABLE, &url)]).ok();
    assert_eq!(holds(&restored), holds(&exported));
    let (_, two) = file(&first, "two.archive");
    let again = last.papo_with(&["export", &two], &[(VARIABLE, &url)]).ok();
    assert_eq!(holds(&again), holds(&exported));

    let restored = last.papo(&["restore", &two]).ok();
    assert_eq!(holds(&restored), holds(&exported));
    let report = last.papo(&["doctor"]).ok();
    assert!(report.contains("is whole"), "{report}");
    for command in [["room", "list"], ["user", "list"]] {
        assert_eq!(last.papo(&command).ok(), first.papo(&command).ok());
    }
    // Her cookie is valid there; what she had of the history isn't.
    let server = serve(&last.data());
    ana.host = server.address().to_string();
    let mut back = socket(&ana);
    back.subscribe(1, Some((&epoch, seen))).unwrap();
    match back.receive().unwrap() {
        ServerFrame::Reset { reason, .. } => assert_eq!(reason, ResetReason::Epoch),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_running_server_is_exported_and_through_pipes() {
    let (place, other) = (Place::new(), Place::new());
    let mut server = place.serve();
    let (path, name) = file(&place, "papo.archive");
    let exported = place.papo(&["export", &name]).ok();
    assert!(server.get("/").starts_with("HTTP/1.1 200"));
    let error = place.papo(&["export", &name]).error();
    assert!(error.contains("exists already"), "{error}");
    server.stop();
    let archive = fs::File::open(&path).unwrap();
    let restored = crate::process::run_from(&other.data(), &["restore", "-"], archive).ok();
    assert_eq!(holds(&restored), holds(&exported));
}

#[test]
fn what_is_damaged_is_refused_before_anything_is_made() {
    let (place, schema) = (Place::started(), Schema::new());
    let url = schema.url();
    let (path, name) = file(&place, "papo.archive");
    place.papo(&["export", &name]).ok();
    let whole = fs::read(&path).unwrap();
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    let other = Place::new();
    for bytes in [
        &damaged[..],
        &whole[..whole.len() - 7],
        &whole[..40],
        b"text",
    ] {
        fs::write(&path, bytes).unwrap();
        let error = other.papo(&["restore", &name]).error_last();
        assert!(error.contains("nothing was restored"), "{error}");
        assert!(!other.data().exists());
        let restore = ["restore", name.as_str()];
        other.papo_with(&restore, &[(VARIABLE, &url)]).error_last();
    }
    let report = other.papo_with(&["doctor"], &[(VARIABLE, &url)]).ok();
    assert!(report.contains("has no tables yet"), "{report}");
    let error = other.papo(&["restore", "nowhere.archive"]).error_last();
    assert!(error.contains("can't open nowhere.archive"), "{error}");
}

#[test]
fn what_papo_would_not_have_stored_is_refused_before_anything_is_made() {
    let (place, schema) = (Place::new(), Schema::new());
    let url = schema.url();
    let (path, name) = file(&place, "strange.archive");
    let restore = ["restore", name.as_str()];
    let (honest, exported) = file(&place, "papo.archive");
    let other = Place::started();
    other.papo(&["export", &exported]).ok();
    for (room, last_room, says) in [
        ("Ge\u{200b}ral", 1, "room 1: the room name contains"),
        ("Geral", i64::MAX, "the instance: no last number is"),
    ] {
        make_archive(&path, &honest, room, last_room);
        let error = place.papo(&restore).error_last();
        assert!(error.contains("nothing was restored from"), "{error}");
        assert!(error.contains(says), "{error}");
        assert!(!place.data().exists());
        let error = place.papo_with(&restore, &[(VARIABLE, &url)]).error_last();
        assert!(error.contains(says), "{error}");
        // A restore takes in what comes through a pipe before it sees the end.
        let archive = fs::File::open(&path).unwrap();
        let piped = ["restore", "-"];
        let error = crate::process::run_from(&place.data(), &piped, archive).error_last();
        assert!(error.contains(says), "{error}");
        fs::remove_dir_all(place.data()).unwrap();
        fs::remove_file(&path).unwrap();
    }
    let report = place.papo_with(&["doctor"], &[(VARIABLE, &url)]).ok();
    assert!(report.contains("has no tables yet"), "{report}");
}

/// An archive of one room. It uses the summary of another, since only a file's content is compared
/// with its own.
fn make_archive(path: &Path, other: &Path, room: &str, last_room: i64) {
    let instance = Record::Instance(InstanceRow {
        epoch: 7,
        setup_token: None,
        last_account: 0,
        last_room,
        last_session: 0,
        last_revocation: 0,
        last_inbox: 0,
        served: 7,
    });
    let room = Record::Room(RoomRow {
        id: 1,
        name: room.into(),
        description: String::new(),
        is_active: true,
        created_at: 0,
        last_seq: 0,
        last_activity: None,
        kind: 0,
        is_announcement: false,
        direct_key: None,
    });
    let file = fs::File::create(path).unwrap();
    let mut archive = ArchiveWriter::to(Box::new(file)).unwrap();
    let other = fs::File::open(other).unwrap();
    let mut other = ArchiveReader::begin(Box::new(other)).unwrap();
    Runtime::new().unwrap().block_on(async {
        archive.take(vec![instance, room]).await.unwrap();
        let lent = summarize(&mut other, &mut |_| ()).await.unwrap();
        archive.finish(&lent).await.unwrap();
    });
}

#[test]
fn only_what_is_empty_takes_an_archive_in() {
    let (place, schema) = (Place::started(), Schema::new());
    let url = schema.url();
    let (_, name) = file(&place, "papo.archive");
    place.papo(&["export", &name]).ok();
    let restore = ["restore", name.as_str()];
    let error = place.papo(&restore).error_last();
    assert!(error.contains("there is an instance in"), "{error}");
    place
        .papo_with(&["restore", &name], &[(VARIABLE, &url)])
        .ok();
    let error = place.papo_with(&restore, &[(VARIABLE, &url)]).error_last();
    assert!(error.contains("there is an instance in"), "{error}");
    let mut server = place.serve();
    let error = place.papo(&restore).error_last();
    assert!(error.contains("another papo serves"), "{error}");
    server.stop();
}

#[test]
fn where_there_is_nothing_there_is_nothing_to_save() {
    let (place, schema) = (Place::new(), Schema::new());
    let url = schema.url();
    for command in [["export", "papo.archive"], ["backup", "papo.sqlite3"]] {
        let error = place.papo(&command).error();
        assert!(error.contains("there is no database in"), "{error}");
        assert!(!place.data().exists());
    }
    let export = ["export", "papo.archive"];
    let error = place.papo_with(&export, &[(VARIABLE, &url)]).error();
    assert!(error.contains("there is nothing of Papo's in"), "{error}");
    assert!(!Path::new("papo.archive").exists());
}

#[test]
fn what_goes_to_standard_output_goes_somewhere() {
    let place = Place::started();
    let run = |command: &str, output: &str| {
        let line = format!("exec \"$0\" --data-dir \"$1\" {command} - {output}");
        let mut shell = Command::new("sh");
        shell.args(["-c", &line, env!("CARGO_BIN_EXE_papo")]);
        let finished = shell.arg(place.data()).current_dir(place.path()).output();
        let finished = finished.unwrap();
        let errors = String::from_utf8(finished.stderr).unwrap();
        (finished.status.success(), finished.stdout, errors)
    };
    let (is_ok, _, errors) = run("export", ">&-");
    assert!(!is_ok && errors.contains("it is closed"), "{errors}");
    let (is_ok, _, errors) = run("export", "> /dev/full");
    assert!(!is_ok && errors.contains("can't be written"), "{errors}");
    let (is_ok, _, errors) = run("export", "> /dev/null");
    assert!(is_ok, "{errors}");
    let (is_ok, archive, errors) = run("export", "");
    assert!(is_ok && !archive.is_empty(), "{errors}");
    // Nor does another command say that all is well when nobody can read what it says.
    let line = "exec \"$0\" --data-dir \"$1\" room list > /dev/full";
    let mut shell = Command::new("sh");
    let list = shell.args(["-c", line, env!("CARGO_BIN_EXE_papo")]);
    let list = list.arg(place.data()).current_dir(place.path()).output();
    let list = list.unwrap();
    let errors = String::from_utf8(list.stderr).unwrap();
    assert!(!list.status.success(), "{errors}");
    assert!(errors.contains("can't write the result"), "{errors}");
    // A copy is a file.
    let (is_ok, _, errors) = run("backup", "");
    assert!(!is_ok && errors.contains("`papo export -`"), "{errors}");
    assert!(!place.path().join("-").exists());
}

#[test]
fn whose_end_is_not_answered_is_not_said_to_be_nowhere() {
    let (place, schema) = (Place::started(), Schema::new());
    let (_, name) = file(&place, "papo.archive");
    let exported = place.papo(&["export", &name]).ok();
    let restore = ["restore", name.as_str()];
    let faucet = Faucet::of(PLENTY);
    let url = schema.url_at(&faucet.server());
    place.papo_with(&restore, &[(VARIABLE, &url)]).ok();
    let sent = faucet.used(PLENTY);

    // The commit is sent last, in 12 bytes, except for a good-bye of 5.
    let (faucet, schema) = (Faucet::of(sent - 9), Schema::new());
    let url = schema.url_at(&faucet.server());
    let mut running = Running::start(&place.data(), &restore, &[(VARIABLE, &url)]);
    faucet.wait_until_dry();
    faucet.end();
    running.line("papo: it can't be said whether");
    assert_eq!(running.wait_for_end(), Some(1));
    let url = schema.url();
    let restored = place.papo_with(&restore, &[(VARIABLE, &url)]).ok();
    assert_eq!(holds(&restored), holds(&exported));
    let error = place.papo_with(&restore, &[(VARIABLE, &url)]).error_last();
    assert!(error.contains("there is an instance in"), "{error}");
}

#[test]
fn killed_while_it_restores_it_leaves_nothing() {
    let (place, other) = (Place::new(), Place::new());
    liven_up(&place.data(), 1_500);
    let (path, name) = file(&place, "papo.archive");
    place.papo(&["export", &name]).ok();
    let whole = fs::read(path).unwrap();
    // It has stored a page of its input, and waits for more.
    let mut running = Running::start_with_input(&other.data(), &["restore", "-"]);
    running.give(&whole[..whole.len() - 1]);
    running.line("restoring: ");
    drop(running);
    let list = || other.papo(&["room", "list"]).ok();
    let rooms = list();
    assert_eq!(rooms.trim_end().lines().count(), 1, "{rooms}");
    assert_eq!(other.serve().stop(), Some(0));
    let rooms = list();
    assert!(
        rooms.contains("Geral") && !rooms.contains("inactive"),
        "{rooms}"
    );
}
