//! A part of an SQLite database is lost while nothing runs, and SQLite can't know it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use papo_domain::{Epoch, RoomId, Seq};
use papo_storage::sqlite::{Departure, SqliteStorage, cut_log, lost_history, note_of_lost_history};
use papo_storage::{Check as _, Instance as _, Log as _};
use tempfile::TempDir;

use crate::files::{beside, world};

/// A manipulation of a log.
type Trick = fn(&Path);

/// Bytes of the log's header, and of a page in it.
const HEADER: u64 = 32;
const FRAME: u64 = 24 + 1_024;

/// A folder after the kill of a process: five messages are in the database's file, and this many
/// more in the log alone.
async fn killed(in_log: usize) -> (TempDir, PathBuf, RoomId, Epoch) {
    let (world, storage, file) = world();
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    for number in 0..5 {
        world.post(&ana, room, &number.to_string()).await;
    }
    // The last process to close checkpoints the log.
    SqliteStorage::open(&file).unwrap().close().await.unwrap();
    for number in 0..in_log {
        world.post(&ana, room, &number.to_string()).await;
    }
    let epoch = storage.epoch().await.unwrap();
    let folder = TempDir::new().unwrap();
    let copy = folder.path().join("papo.sqlite3");
    for (from, to) in [
        (file.clone(), copy.clone()),
        (beside(&file, "-wal"), beside(&copy, "-wal")),
        (file.with_extension("reach"), copy.with_extension("reach")),
    ] {
        fs::copy(from, to).unwrap();
    }
    (folder, copy, room, epoch)
}

fn cut(file: &Path, length: u64) {
    let file = File::options().write(true).open(file).unwrap();
    file.set_len(length).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_was_cut_off_or_removed_is_told_and_begins_another_history() {
    let tricks: [(&str, Trick); 4] = [
        ("half of it", |log| {
            let frames = (fs::metadata(log).unwrap().len() - HEADER) / FRAME;
            cut(log, HEADER + frames / 2 * FRAME);
        }),
        ("its last page", |log| {
            cut(log, fs::metadata(log).unwrap().len() - FRAME);
        }),
        ("all of it", |log| cut(log, 0)),
        ("its name", |log| fs::remove_file(log).unwrap()),
    ];
    for (name, trick) in tricks {
        let (_folder, file, room, epoch) = killed(20).await;
        assert_eq!(lost_history(&file).unwrap(), None, "{name}");
        trick(&beside(&file, "-wal"));
        assert_eq!(cut_log(&file).unwrap(), None, "{name}");
        let found = lost_history(&file).unwrap().expect(name).to_string();
        assert!(found.contains("aren't there"), "{name}: {found}");
        assert_eq!(note_of_lost_history(&file), None, "{name}");

        let storage = SqliteStorage::open(&file).unwrap();
        let events = storage.events_after(room, Seq::START, 100).await.unwrap();
        assert!((5..25).contains(&events.len()), "{name}: {}", events.len());
        let renewed = storage.epoch().await.unwrap();
        assert_ne!(renewed, epoch, "{name}");
        assert_eq!(storage.check().await.unwrap(), Vec::<String>::new());
        storage.close().await.unwrap();
        assert!(note_of_lost_history(&file).is_some(), "{name}");
        // Only once.
        assert_eq!(lost_history(&file).unwrap(), None, "{name}");
        let again = SqliteStorage::open(&file).unwrap();
        assert_eq!(again.epoch().await.unwrap(), renewed, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_copy_of_the_database_begins_another_history() {
    let (_folder, file, _, epoch) = killed(20).await;
    let (older, newer) = (file.with_file_name("older"), file.clone());
    fs::copy(&file, &older).unwrap();
    let storage = SqliteStorage::open(&newer).unwrap();
    assert_eq!(storage.epoch().await.unwrap(), epoch);
    storage.close().await.unwrap();
    fs::rename(older, &file).unwrap();
    let storage = SqliteStorage::open(&file).unwrap();
    assert_ne!(storage.epoch().await.unwrap(), epoch);
}

/// Nothing is known of the last commits, or without a readable note.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_kill_a_power_cut_or_another_program_leaves_is_no_loss() {
    let (_folder, file, _, epoch) = killed(20).await;
    let note = file.with_extension("reach");
    let text = fs::read_to_string(&note).unwrap();
    // Not yet written, written in part, or not at all.
    for text in ["", &text[..20], &"\0".repeat(text.len())] {
        fs::write(&note, text).unwrap();
        assert_eq!(lost_history(&file).unwrap(), None, "{text}");
    }
    fs::write(&note, text).unwrap();
    // A shell checkpoints the log and removes it.
    let shell = rusqlite::Connection::open(&file).unwrap();
    let _: i64 = shell
        .query_row("SELECT count(*) FROM message", [], |row| row.get(0))
        .unwrap();
    drop(shell);
    assert!(!beside(&file, "-wal").exists());
    assert_eq!(lost_history(&file).unwrap(), None);
    let storage = SqliteStorage::open(&file).unwrap();
    assert_eq!(storage.epoch().await.unwrap(), epoch);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_moved_elsewhere_is_looked_at_as_well() {
    let (_folder, file, _, epoch) = killed(20).await;
    fs::remove_file(beside(&file, "-wal")).unwrap();
    let moved = Departure::begin(&file).unwrap();
    assert_ne!(moved.epoch(), epoch);
}

/// Commands come and go beside a server that writes, and each checkpoints the log.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_at_work_together_lose_nothing() {
    let (world, storage, file) = world();
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let epoch = storage.epoch().await.unwrap();
    let path = file.clone();
    let commands = tokio::task::spawn_blocking(move || {
        for _ in 0..100 {
            assert_eq!(lost_history(&path).unwrap(), None);
            drop(SqliteStorage::open(&path).unwrap());
        }
    });
    let mut count = 0;
    while !commands.is_finished() {
        world.post(&ana, room, &count.to_string()).await;
        count += 1;
    }
    commands.await.unwrap();
    assert_eq!(storage.epoch().await.unwrap(), epoch);
    assert_eq!(note_of_lost_history(&file), None);
    assert_eq!(world.events(room).await.len(), count);
}
