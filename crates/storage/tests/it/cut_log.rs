//! The write-ahead log of an SQLite database is damaged while nothing runs, or beside running
//! processes.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt as _, symlink};
use std::path::{Path, PathBuf};

use papo_domain::{Epoch, RoomId, Seq};
use papo_storage::sqlite::{SqliteStorage, copy_of_cut_log, cut_log};
use papo_storage::{Check as _, Instance as _, Log as _};
use tempfile::TempDir;

use crate::files::{beside, reader, world};

/// A database whose process was killed, with all of the room's twenty messages in the log.
async fn killed() -> (TempDir, PathBuf, RoomId, Epoch) {
    let (world, storage, file) = world();
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    for number in 0..20 {
        world.post(&ana, room, &number.to_string()).await;
    }
    let epoch = storage.epoch().await.unwrap();
    let folder = TempDir::new().unwrap();
    let copy = folder.path().join("papo.sqlite3");
    for end in ["", "-wal"] {
        fs::copy(beside(&file, end), beside(&copy, end)).unwrap();
    }
    (folder, copy, room, epoch)
}

/// Flips a bit in a log. Returns the new content.
fn damage(log: &Path) -> Vec<u8> {
    let mut bytes = fs::read(log).unwrap();
    let middle = bytes.len() * 3 / 4;
    bytes[middle] ^= 1;
    fs::write(log, &bytes).unwrap();
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_is_cut_is_told_and_begins_another_history() {
    let (_folder, file, room, epoch) = killed().await;
    assert_eq!(cut_log(&file).unwrap(), None);
    let log = beside(&file, "-wal");
    let bytes = damage(&log);

    let found = cut_log(&file).unwrap().expect("it is cut");
    assert!(found.to_string().contains("is damaged in page"), "{found}");
    assert_eq!(fs::read(&log).unwrap(), bytes, "looking changes nothing");
    assert_eq!(copy_of_cut_log(&file), None);

    let storage = SqliteStorage::open(&file).unwrap();
    let events = storage.events_after(room, Seq::START, 100).await.unwrap();
    assert!((1..20).contains(&events.len()), "{}", events.len());
    let renewed = storage.epoch().await.unwrap();
    assert_ne!(renewed, epoch);
    assert_eq!(storage.check().await.unwrap(), Vec::<String>::new());
    let copy = copy_of_cut_log(&file).expect("a copy is kept");
    assert_eq!(fs::read(copy).unwrap(), bytes);
    storage.close().await.unwrap();
    // Only once.
    assert_eq!(cut_log(&file).unwrap(), None);
    let again = SqliteStorage::open(&file).unwrap();
    assert_eq!(again.epoch().await.unwrap(), renewed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_a_kill_ended_anywhere_is_the_same_history() {
    let (_folder, file, _, epoch) = killed().await;
    let log = beside(&file, "-wal");
    let bytes = fs::read(&log).unwrap();
    for length in [
        bytes.len(),
        bytes.len() - 1,
        bytes.len() - 1_100,
        bytes.len() / 2,
    ] {
        let folder = TempDir::new().unwrap();
        let copy = folder.path().join("papo.sqlite3");
        fs::copy(&file, &copy).unwrap();
        fs::write(beside(&copy, "-wal"), &bytes[..length]).unwrap();
        assert_eq!(cut_log(&copy).unwrap(), None, "{length}");
        let storage = SqliteStorage::open(&copy).unwrap();
        assert_eq!(storage.epoch().await.unwrap(), epoch, "{length}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_is_cut_is_not_written_over_beside_another_process() {
    let (_folder, file, room, epoch) = killed().await;
    let log = beside(&file, "-wal");
    let bytes = damage(&log);
    let other = reader(&file);
    let refused = SqliteStorage::open(&file).err().expect("it is refused");
    assert!(
        refused.to_string().contains("is damaged in page"),
        "{refused}"
    );
    assert_eq!(fs::read(&log).unwrap(), bytes);
    drop(other);
    // The last process to close has checkpointed what it could read.
    fs::write(&log, &bytes).unwrap();
    let storage = SqliteStorage::open(&file).unwrap();
    let events = storage.events_after(room, Seq::START, 100).await.unwrap();
    assert!((1..20).contains(&events.len()), "{}", events.len());
    assert_ne!(storage.epoch().await.unwrap(), epoch);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_to_the_log_of_a_process_at_work_is_no_cut() {
    let (world, storage, file) = world();
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    for number in 0..20 {
        world.post(&ana, room, &number.to_string()).await;
    }
    let epoch = storage.epoch().await.unwrap();
    // In a page's number, which nobody reads it by.
    let log = beside(&file, "-wal");
    let frames = (fs::metadata(&log).unwrap().len() - 32) / 1_048;
    let log = File::options().read(true).write(true).open(&log).unwrap();
    let at = 32 + frames * 3 / 4 * 1_048;
    let mut number = [0; 1];
    log.read_exact_at(&mut number, at).unwrap();
    log.write_all_at(&[number[0] ^ 0x10], at).unwrap();
    assert!(cut_log(&file).unwrap().is_some());
    let other = SqliteStorage::open(&file).unwrap();
    assert_eq!(other.epoch().await.unwrap(), epoch);
    other.close().await.unwrap();
    assert_eq!(world.events(room).await.len(), 20);
    world.is_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_log_that_is_cut_is_kept() {
    let (folder, file, ..) = killed().await;
    let elsewhere = folder.path().join("elsewhere");
    // Root may run in the folder of a user who has prepared it.
    symlink(&elsewhere, beside(&file, "-wal-cut")).unwrap();
    let first = damage(&beside(&file, "-wal"));
    drop(SqliteStorage::open(&file).unwrap());
    assert!(!elsewhere.exists());
    assert_eq!(fs::read(beside(&file, "-wal-cut-2")).unwrap(), first);

    let (_folder, other, ..) = killed().await;
    for end in ["", "-wal"] {
        fs::copy(beside(&other, end), beside(&file, end)).unwrap();
    }
    let second = damage(&beside(&file, "-wal"));
    drop(SqliteStorage::open(&file).unwrap());
    assert_eq!(fs::read(beside(&file, "-wal-cut-2")).unwrap(), first);
    assert_eq!(fs::read(beside(&file, "-wal-cut-3")).unwrap(), second);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_cannot_be_copied_is_not_mended() {
    let (_folder, file, ..) = killed().await;
    let damaged = damage(&beside(&file, "-wal"));
    let copies = (2..=100).map(|number| format!("-wal-cut-{number}"));
    for end in copies.chain(["-wal-cut".into()]) {
        fs::write(beside(&file, &end), "").unwrap();
    }
    let refused = SqliteStorage::open(&file).err().expect("it is refused");
    assert!(refused.to_string().contains("can't be copied"), "{refused}");
    assert_eq!(fs::read(beside(&file, "-wal")).unwrap(), damaged);
    fs::remove_file(beside(&file, "-wal-cut-7")).unwrap();
    drop(SqliteStorage::open(&file).unwrap());
    assert_eq!(fs::read(beside(&file, "-wal-cut-7")).unwrap(), damaged);
}
