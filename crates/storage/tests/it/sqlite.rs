//! Tests of SQLite alone: its file.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use papo_domain::{PersonId, Seq};
use papo_storage::sqlite::{Departure, SqliteStorage, sqlite_version};
use papo_storage::transfer::{Place, Table};
use papo_storage::{
    Accounts as _, Check as _, Instance as _, Log as _, Memberships as _, MessageFilter,
    Messages as _, RevocationId, Revocations as _, Rooms as _, Sessions as _, StorageError,
};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::world::{Store as _, World, account, username};

fn file() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("papo.sqlite3");
    (folder, file)
}

/// A world whose file the test knows.
fn world() -> (World, Arc<SqliteStorage>, PathBuf) {
    let (folder, file) = file();
    let storage = Arc::new(SqliteStorage::open(&file).unwrap());
    (World::of(storage.clone(), folder), storage, file)
}

#[test]
fn the_version_is_new_enough() {
    let numbers = sqlite_version().split('.').map(|n| n.parse().unwrap());
    assert!(numbers.collect::<Vec<u32>>() >= vec![3, 51, 3]);
}

#[tokio::test]
async fn opened_again_everything_is_there() {
    let (world, storage, file) = world();
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    world.post(&ana, room, "fica").await;
    let epoch = storage.epoch().await.unwrap();
    storage.close().await.unwrap();
    let closed = storage.epoch().await;
    assert!(matches!(closed, Err(StorageError::Unavailable(_))));
    let wal = file.with_extension("sqlite3-wal");
    assert!(!wal.exists(), "closing leaves one file");

    let again = SqliteStorage::open(&file).unwrap();
    assert_eq!(again.epoch().await.unwrap(), epoch);
    assert_eq!(again.check().await.unwrap(), Vec::<String>::new());
    let events = again.events_after(room, Seq::START, 10).await.unwrap();
    assert_eq!(events.len(), 1);
    let found = again.session(ana.token, Some(room)).await.unwrap();
    assert!(found.unwrap().username.is_some());
}

/// Its versions had the same numbers, and more of them.
#[test]
fn a_database_of_before_the_first_release_is_refused_and_left_alone() {
    for version in [1, 9] {
        let (_folder, file) = file();
        let db = Connection::open(&file).unwrap();
        db.execute_batch(&format!(
            "CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY);
             INSERT INTO meta VALUES ('epoch', 7);
             CREATE TABLE session (id INTEGER PRIMARY KEY, sender INTEGER, account_id INTEGER);
             PRAGMA application_id = 0x5061706f;
             PRAGMA user_version = {version};"
        ))
        .unwrap();
        drop(db);
        let opened = SqliteStorage::open(&file).err();
        let filled = SqliteStorage::fill(&file).err();
        let moved = Departure::begin(&file).err();
        for refused in [opened, filled, moved] {
            let is_clear = matches!(refused, Some(StorageError::Unreleased));
            assert!(is_clear, "{refused:?}");
        }
        let db = Connection::open(&file).unwrap();
        let tables = "SELECT count(*) FROM sqlite_schema WHERE type = 'table'";
        let tables: i64 = db.query_row(tables, [], |row| row.get(0)).unwrap();
        assert_eq!(tables, 2);
    }
}

#[tokio::test]
async fn dropped_without_closing_everything_is_there() {
    let (folder, file) = file();
    let storage = SqliteStorage::open(&file).unwrap();
    let world = World::of(Arc::new(storage), folder);
    let room = world.room("Geral").await;
    let again = SqliteStorage::open(&file).unwrap();
    assert!(again.room(room).await.unwrap().is_some());
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;

    let (world, storage, file) = world();
    world.room("Geral").await;
    let copy = file.with_file_name("copy.sqlite3");
    storage.backup(&copy).await.unwrap();
    let wal = file.with_extension("sqlite3-wal");
    for file in [file, wal, copy] {
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
}

#[test]
fn a_newer_database_is_refused() {
    let (_folder, file) = file();
    drop(SqliteStorage::open(&file).unwrap());
    let db = Connection::open(&file).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    let refused = SqliteStorage::open(&file).err();
    assert!(
        matches!(
            refused,
            Some(StorageError::TooNew {
                found: 99,
                known: 1
            })
        ),
        "{refused:?}"
    );
}

#[test]
fn what_is_not_papos_is_refused_and_left_alone() {
    let (_folder, file) = file();
    let text = "not a database, but a text that is longer than a header".repeat(20);
    fs::write(&file, &text).unwrap();
    let refused = SqliteStorage::open(&file).err();
    assert!(
        matches!(refused, Some(StorageError::Damaged(_))),
        "{refused:?}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), text);

    fs::remove_file(&file).unwrap();
    let db = Connection::open(&file).unwrap();
    db.execute_batch("CREATE TABLE chat_room (id INTEGER)")
        .unwrap();
    drop(db);
    let before = fs::read(&file).unwrap();
    let refused = SqliteStorage::open(&file).err();
    assert!(
        matches!(refused, Some(StorageError::Other(_))),
        "{refused:?}"
    );
    assert_eq!(fs::read(&file).unwrap(), before);

    let nowhere = file.with_file_name("nowhere").join("papo.sqlite3");
    let refused = SqliteStorage::open(&nowhere).err();
    let text = refused.unwrap().to_string();
    assert!(text.contains("nowhere"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_write_into_one_log() {
    let (world, one, file) = world();
    let other = Arc::new(SqliteStorage::open(&file).unwrap());
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let mut writers = JoinSet::new();
    for (name, storage) in [("a", one), ("b", other.clone())] {
        writers.spawn(async move {
            for number in 0..100 {
                // Every tenth message goes through both.
                let id = if number % 10 == 0 {
                    format!("both-{number}")
                } else {
                    format!("{name}-{number}")
                };
                let batch = vec![ana.post(room, Some(&id), &id)];
                storage.store(batch).await.unwrap()[0].clone().unwrap();
            }
        });
    }
    writers.join_all().await;
    let events = world.events(room).await;
    assert!(events.iter().map(|event| event.seq.0).eq(1..=190));
    let seen = other.events_after(room, Seq::START, 1_000).await.unwrap();
    assert_eq!(seen, events);
    world.is_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_runs_to_its_end_when_nobody_waits_for_it() {
    let (world, storage, file) = world();
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    for number in 0..20 {
        let text = format!("mensagem {number}");
        let mut asking = Box::pin(storage.store(vec![ana.post(room, None, &text)]));
        // Polled once, so that the work is queued, then dropped.
        let asked = std::future::poll_fn(|context| {
            std::task::Poll::Ready(asking.as_mut().poll(context).is_ready())
        });
        asked.await;
        drop(asking);
    }
    storage.close().await.unwrap();
    let again = SqliteStorage::open(&file).unwrap();
    let events = again.events_after(room, Seq::START, 100).await.unwrap();
    assert_eq!(events.len(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_several_backups_for_one_name_at_once_one_gets_it_whole() {
    let (world, storage, file) = world();
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    for _ in 0..50 {
        world.post(&ana, room, "antes").await;
    }
    let copy = file.with_file_name("copy.sqlite3");
    let backups = [(); 4].map(|()| {
        let (storage, copy) = (storage.clone(), copy.clone());
        tokio::spawn(async move { storage.backup(&copy).await })
    });
    let mut saved = 0;
    for backup in backups {
        match backup.await.unwrap() {
            Ok(_) => saved += 1,
            Err(StorageError::Exists(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(saved, 1);
    let restored = SqliteStorage::open(&copy).unwrap();
    assert_eq!(restored.check().await.unwrap(), Vec::<String>::new());
    assert_eq!(world.events(room).await.len(), 50);
    let events = restored.events_after(room, Seq::START, 1_000).await;
    assert_eq!(events.unwrap().len(), 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_is_whole_and_another_history() {
    let (world, storage, file) = world();
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    for _ in 0..50 {
        world.post(&ana, room, "antes").await;
    }
    let writing = tokio::spawn({
        let storage = storage.clone();
        async move {
            for _ in 0..200 {
                let batch = vec![ana.post(room, None, "durante")];
                storage.store(batch).await.unwrap();
            }
        }
    });
    let copy = file.with_file_name("copy.sqlite3");
    storage.backup(&copy).await.unwrap();
    writing.await.unwrap();
    let again = storage.backup(&copy).await;
    assert!(matches!(again, Err(StorageError::Exists(_))), "{again:?}");

    let restored = SqliteStorage::open(&copy).unwrap();
    assert_eq!(restored.check().await.unwrap(), Vec::<String>::new());
    let events = restored.events_after(room, Seq::START, 1_000).await;
    let events = events.unwrap();
    assert!(events.len() >= 50);
    assert_eq!(events, world.events(room).await[..events.len()]);
    assert_ne!(
        restored.epoch().await.unwrap(),
        storage.epoch().await.unwrap()
    );
    // The owner of a backup doesn't have the key of the nodes that go on.
    assert_ne!(
        restored.relay_key().await.unwrap().bytes(),
        storage.relay_key().await.unwrap().bytes()
    );
    let mut names: Vec<_> = fs::read_dir(file.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.retain(|name| name.to_string_lossy().contains("part"));
    assert!(names.is_empty(), "{names:?}");
}

#[tokio::test]
async fn a_deleted_text_is_nowhere_in_the_file() {
    let (world, storage, file) = world();
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    // A short one within its page, and a long one with pages of its own.
    let secrets = ["segredo-curto".to_owned(), "segredo-longo ".repeat(200)];
    for secret in &secrets {
        let seq = world.post(&ana, room, secret).await;
        world.append_one(ana.delete(room, seq)).await.unwrap();
    }
    let seq = world.post(&ana, room, "segredo-antes-da-edição").await;
    world.append_one(ana.edit(room, seq, "ok")).await.unwrap();
    storage.close().await.unwrap();
    let bytes = fs::read(&file).unwrap();
    let found = bytes.windows(8).any(|bytes| bytes == b"segredo-");
    assert!(!found);
}

#[tokio::test]
async fn checking_finds_what_is_wrong() {
    for (damage, found) in [
        ("DELETE FROM event WHERE seq = 2", "events"),
        ("DELETE FROM message WHERE seq = 1", "has no message 1"),
        (
            "INSERT INTO message (room_id, seq, sender, username, content, timestamp) \
             VALUES (1, 2, 7, 'Bia', 'dois', 0)",
            "two events 2",
        ),
        ("UPDATE message SET room_id = 99", "which is missing"),
        ("UPDATE room SET last_seq = 9", "last seq"),
        (
            "UPDATE message SET content = NULL WHERE seq = 1",
            "deleted by no event",
        ),
        (
            "UPDATE event SET target = 2 WHERE seq = 3",
            "has no message 2",
        ),
        (
            "INSERT INTO person (id, created_at) VALUES (77, 0)",
            "person 77 has neither",
        ),
        ("UPDATE membership SET read_seq = 4", "has read up to 4"),
        ("UPDATE membership SET read_seq = -1", "has read up to -1"),
        ("DELETE FROM meta WHERE key = 'epoch'", "epoch"),
        ("DELETE FROM meta WHERE key = 'relay_key'", "relay key"),
    ] {
        let (world, storage, file) = world();
        let room = world.room("Geral").await;
        let ana = world.guest(room, "Ana").await;
        let seq = world.post(&ana, room, "um").await;
        world.append_one(ana.edit(room, seq, "dois")).await.unwrap();
        world.append_one(ana.edit(room, seq, "três")).await.unwrap();
        Connection::open(&file)
            .unwrap()
            .execute_batch(damage)
            .unwrap();
        let wrong = storage.check().await.unwrap();
        let says = wrong.iter().any(|line| line.contains(found));
        assert!(says, "{damage}: {wrong:?}");
    }
}

#[tokio::test]
async fn one_damaged_message_spoils_nothing_else() {
    let (world, storage, file) = world();
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    for text in ["um", "dois", "três"] {
        world.post(&ana, room, text).await;
    }
    Connection::open(&file)
        .unwrap()
        .execute_batch(
            "UPDATE message SET content = CAST(x'64ff6973' AS TEXT) WHERE seq = 2;
             UPDATE message SET username = CAST(x'416eff' AS TEXT) WHERE seq = 3;
             UPDATE person SET last_username = CAST(x'ff' AS TEXT);
             UPDATE membership SET username = CAST(x'ff' AS TEXT)",
        )
        .unwrap();
    let snapshot = storage.snapshot(room, 10).await.unwrap().unwrap();
    let texts: Vec<_> = snapshot.page.messages.iter().map(|m| &m.text).collect();
    assert!(texts[1].is_damaged() && texts[1].as_str() == "d\u{fffd}is");
    assert!(!texts[0].is_damaged() && !texts[2].is_damaged());
    let names: Vec<_> = snapshot.page.messages.iter().map(|m| &m.username).collect();
    assert!(names[2].is_damaged() && names[2].as_str() == "An\u{fffd}");
    assert!(!names[0].is_damaged() && !names[1].is_damaged());
    assert_eq!(world.events(room).await.len(), 3);
    storage.session(ana.token, Some(room)).await.unwrap();
    storage.memberships(ana.session).await.unwrap();
    let filter = MessageFilter {
        search: Some("dois".into()),
        limit: 10,
        ..MessageFilter::default()
    };
    let found = storage.find_messages(filter.clone()).await.unwrap();
    assert_eq!(found.messages.len(), 0);
    let wrong = storage.check().await.unwrap();
    for line in ["message 2 of room 1", "message 3 of room 1", "person -2"] {
        assert!(wrong.iter().any(|found| found.contains(line)), "{wrong:?}");
    }
    let copy = file.with_file_name("copy.sqlite3");
    let unreadable = storage.backup(&copy).await.unwrap();
    assert_eq!(unreadable, wrong);
    // A damaged message can be edited and deleted.
    world
        .append_one(ana.edit(room, Seq(2), "dois"))
        .await
        .unwrap();
    assert_eq!(
        storage.find_messages(filter).await.unwrap().messages.len(),
        1
    );
    world.append_one(ana.delete(room, Seq(3))).await.unwrap();
    world.join(&ana, room, "Ana").await;
    let found = storage.session(ana.token, Some(room)).await.unwrap();
    assert_eq!(found.unwrap().username, Some(username("Ana")));
}

#[tokio::test]
async fn damaged_names_and_passwords_keep_nobody_from_their_rights() {
    let (world, storage, file) = world();
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    world.join(&ana, room, "Aninha").await;
    let made = storage.create_account(account("Bia", PersonId(1))).await;
    let bia = made.unwrap();
    Connection::open(&file)
        .unwrap()
        .execute_batch(
            "UPDATE revocation SET username = CAST(x'41ff' AS TEXT);
             UPDATE account SET password = CAST(x'24ff' AS TEXT)",
        )
        .unwrap();
    let told = storage.revocations_after(RevocationId(0), 10).await;
    assert_eq!(told.unwrap().len(), 1);
    let (found, password) = storage.account_password(bia.name).await.unwrap().unwrap();
    assert_eq!((found.id, password.0.as_str()), (bia.id, "$\u{fffd}"));
    let mut pages = storage.pages().unwrap();
    let accounts = pages
        .page(Place::Rows(Table::Account, None), 10)
        .await
        .unwrap();
    assert_eq!(accounts.len(), 1);
    let wrong = storage.check().await.unwrap();
    for line in ["revocation 1", "account 1"] {
        assert!(wrong.iter().any(|found| found.contains(line)), "{wrong:?}");
    }
}
