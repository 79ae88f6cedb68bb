//! The files of an SQLite database are taken away while it is used, or only written to.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use papo_domain::{RoomId, Seq};
use papo_storage::sqlite::{SqliteStorage, log_left};
use papo_storage::{
    Check as _, Instance as _, Log as _, RevocationId, Revocations as _, Rooms as _, StorageError,
};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::world::{Store as _, World};

/// Bytes of a log that needed a checkpoint several times over.
const LONG_LOG: u64 = 12_000 * 1_048;

pub(crate) fn world() -> (World, Arc<SqliteStorage>, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("papo.sqlite3");
    let storage = Arc::new(SqliteStorage::open(&file).unwrap());
    (World::of(storage.clone(), folder), storage, file)
}

pub(crate) fn beside(file: &Path, end: &str) -> PathBuf {
    PathBuf::from(format!("{}{end}", file.display()))
}

/// A manipulation of the files, given an earlier copy and a backup.
type Trick = fn(&Path, &Path, &Path);

/// What the next start must find.
#[derive(Clone, Copy)]
enum Again {
    /// Nothing. It makes nothing new there.
    Refused,
    /// A sound database with this many messages, at least and at most.
    Messages(usize, usize),
}

const TRICKS: [(&str, Again, Trick); 11] = [
    ("removed", Again::Refused, |file, _, _| {
        fs::remove_file(file).unwrap();
    }),
    ("moved", Again::Refused, |file, _, _| {
        fs::rename(file, beside(file, ".old")).unwrap();
    }),
    ("replaced", Again::Messages(2, 2), |file, _, backup| {
        fs::rename(backup, file).unwrap();
    }),
    (
        "overwritten with a backup",
        Again::Messages(2, 2),
        |file, _, backup| {
            fs::copy(backup, file).unwrap();
        },
    ),
    (
        "overwritten with an older copy",
        Again::Messages(0, 0),
        |file, older, _| {
            fs::copy(older, file).unwrap();
        },
    ),
    ("emptied", Again::Refused, |file, _, _| cut(file, 0)),
    ("the log removed", Again::Messages(1, 1), |file, _, _| {
        fs::remove_file(beside(file, "-wal")).unwrap();
    }),
    ("the log moved", Again::Messages(1, 1), |file, _, _| {
        fs::rename(beside(file, "-wal"), beside(file, "-wal.old")).unwrap();
    }),
    ("the log emptied", Again::Messages(1, 1), |file, _, _| {
        cut(&beside(file, "-wal"), 0);
    }),
    ("the log cut off", Again::Messages(1, 2), |file, _, _| {
        let log = beside(file, "-wal");
        let length = fs::metadata(&log).unwrap().len();
        cut(&log, length / 2);
    }),
    // The message without an acknowledgement may be there.
    (
        "the shared memory removed",
        Again::Messages(2, 4),
        |file, _, _| {
            fs::remove_file(beside(file, "-shm")).unwrap();
        },
    ),
];

fn cut(file: &Path, length: u64) {
    let file = File::options().write(true).open(file).unwrap();
    file.set_len(length).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_acknowledged_in_files_that_were_taken_away() {
    for (name, again, trick) in TRICKS {
        for asks_first in [false, true] {
            let (world, storage, file) = world();
            let room = world.room("Geral").await;
            let ana = world.guest(room, "Ana").await;
            // From another process, so that the file itself has content.
            drop(SqliteStorage::open(&file).unwrap());
            let folder = TempDir::new().unwrap();
            let older = folder.path().join("older.sqlite3");
            fs::copy(&file, &older).unwrap();
            world.post(&ana, room, "um").await;
            drop(SqliteStorage::open(&file).unwrap());
            world.post(&ana, room, "dois").await;
            storage.revocations_after(RevocationId(0), 1).await.unwrap();
            let backup = folder.path().join("backup.sqlite3");
            storage.backup(&backup).await.unwrap();
            trick(&file, &older, &backup);
            if asks_first {
                let asked = storage.revocations_after(RevocationId(0), 1).await;
                assert!(
                    matches!(asked, Err(StorageError::Broken(_))),
                    "{name}: {asked:?}"
                );
            }
            for _ in 0..2 {
                let posted = storage.store(vec![ana.post(room, None, "três")]).await;
                assert!(
                    matches!(posted, Err(StorageError::Broken(_))),
                    "{name}, asked first {asks_first}: {posted:?}"
                );
            }
            let _ = storage.close().await;
            opens_again(name, &file, room, again).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_from_before_the_first_room_is_an_older_one() {
    for asks_first in [false, true] {
        let (world, storage, file) = world();
        drop(SqliteStorage::open(&file).unwrap());
        let older = file.with_file_name("older.sqlite3");
        fs::copy(&file, &older).unwrap();
        let room = world.room("Geral").await;
        let ana = world.guest(room, "Ana").await;
        world.post(&ana, room, "um").await;
        drop(SqliteStorage::open(&file).unwrap());
        storage.revocations_after(RevocationId(0), 1).await.unwrap();
        fs::copy(&older, &file).unwrap();
        if asks_first {
            let asked = storage.revocations_after(RevocationId(0), 1).await;
            assert!(matches!(asked, Err(StorageError::Broken(_))), "{asked:?}");
        }
        let posted = storage.store(vec![ana.post(room, None, "dois")]).await;
        assert!(matches!(posted, Err(StorageError::Broken(_))), "{posted:?}");
        let _ = storage.close().await;
        let storage = SqliteStorage::open(&file).unwrap();
        assert_eq!(storage.check().await.unwrap(), Vec::<String>::new());
        assert_eq!(storage.room(room).await.unwrap(), None);
    }
}

async fn opens_again(name: &str, file: &Path, room: RoomId, again: Again) {
    let (least, most) = match (again, SqliteStorage::open(file)) {
        (Again::Messages(least, most), Ok(storage)) => {
            let wrong = storage.check().await.unwrap();
            assert_eq!(wrong, Vec::<String>::new(), "{name}");
            let events = storage.events_after(room, Seq::START, 100).await.unwrap();
            assert!((least..=most).contains(&events.len()), "{name}: {events:?}");
            return;
        }
        (Again::Refused, Err(error)) => {
            assert!(error.to_string().contains("was taken away"), "{error}");
            (2, 4)
        }
        (_, opened) => panic!("{name}: {:?}", opened.err()),
    };
    let left = log_left(file).expect("its log is left");
    assert!(!beside(file, "-wal").exists(), "{name}");
    let moved = beside(file, ".old");
    if moved.exists() {
        // Somebody notices the mistake, and puts everything back.
        fs::rename(&moved, file).unwrap();
        fs::rename(&left, beside(file, "-wal")).unwrap();
        let storage = SqliteStorage::open(file).unwrap();
        let events = storage.events_after(room, Seq::START, 100).await.unwrap();
        assert!((least..=most).contains(&events.len()), "{name}: {events:?}");
        return;
    }
    fs::remove_file(left).unwrap();
    let refused = SqliteStorage::open(file).err().expect("it had events");
    assert!(refused.to_string().contains("papo.reach"), "{refused}");
    fs::remove_file(file.with_extension("reach")).unwrap();
    let storage = SqliteStorage::open(file).unwrap();
    assert_eq!(storage.room(room).await.unwrap(), None, "{name}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_put_in_place_of_the_file_is_what_it_was() {
    type Trick = fn(&Path, &Path);
    let tricks: [Trick; 2] = [
        |backup, file| fs::rename(backup, file).unwrap(),
        |backup, file| {
            fs::copy(backup, file).unwrap();
        },
    ];
    for trick in tricks {
        let (world, storage, file) = world();
        let room = world.room("Geral").await;
        let ana = world.guest(room, "Ana").await;
        world.post(&ana, room, "um").await;
        let backup = file.with_file_name("backup.sqlite3");
        storage.backup(&backup).await.unwrap();
        for number in 0..50 {
            world.post(&ana, room, &number.to_string()).await;
        }
        let epoch = storage.epoch().await.unwrap();
        trick(&backup, &file);
        let posted = storage.store(vec![ana.post(room, None, "dois")]).await;
        assert!(matches!(posted, Err(StorageError::Broken(_))), "{posted:?}");
        let _ = storage.close().await;
        let again = SqliteStorage::open(&file).unwrap();
        assert_eq!(again.check().await.unwrap(), Vec::<String>::new());
        let events = again.events_after(room, Seq::START, 100).await.unwrap();
        assert_eq!(events.len(), 1);
        assert_ne!(again.epoch().await.unwrap(), epoch);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_program_s_database_in_place_of_the_file_is_noticed() {
    let (world, storage, file) = world();
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let other = file.with_file_name("other.sqlite3");
    let content = "CREATE TABLE other AS SELECT zeroblob(1000000) AS bytes";
    let db = Connection::open(&other).unwrap();
    db.execute(content, []).unwrap();
    drop(db);
    // The file isn't shorter at any moment.
    let bytes = fs::read(&other).unwrap();
    let overwritten = File::options().write(true).open(&file).unwrap();
    overwritten.write_all_at(&bytes, 0).unwrap();
    let posted = storage.store(vec![ana.post(room, None, "um")]).await;
    assert!(matches!(posted, Err(StorageError::Broken(_))), "{posted:?}");
    let _ = storage.close().await;
    let refused = SqliteStorage::open(&file).err().expect("it is refused");
    assert!(
        refused.to_string().contains("not one of Papo's"),
        "{refused}"
    );
    assert_eq!(fs::read(&file).unwrap(), bytes);
}

/// The first commit of a process follows what others have written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_is_cut_off_before_the_first_commit_is_noticed() {
    let (world, _storage, file) = world();
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let second = SqliteStorage::open(&file).unwrap();
    cut(&beside(&file, "-wal"), 0);
    let posted = second.store(vec![ana.post(room, None, "um")]).await;
    assert!(matches!(posted, Err(StorageError::Broken(_))), "{posted:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_other_processes_do_with_the_files_is_no_alarm() {
    let (world, storage, file) = world();
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    for number in 0..20 {
        world.post(&ana, room, &number.to_string()).await;
        let other = SqliteStorage::open(&file).unwrap();
        let posted = other.store(vec![ana.post(room, None, "daqui")]).await;
        posted.unwrap()[0].clone().unwrap();
        // This checkpoints the log and empties it.
        other.close().await.unwrap();
        fs::hard_link(&file, beside(&file, &format!(".{number}"))).unwrap();
        storage.revocations_after(RevocationId(0), 1).await.unwrap();
    }
    assert_eq!(world.events(room).await.len(), 40);
    world.is_sound().await;
}

/// A reader keeps a checkpoint from moving all of the log into the file. Then the file can't be
/// read alone until a later checkpoint. The checkpoints are this process's or another's, and the
/// database is new or has been closed before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_beside_a_reader_is_no_alarm() {
    for is_new in [true, false] {
        for are_others in [false, true] {
            let (world, storage, file) = world();
            let room = world.room("Geral").await;
            let ana = world.guest(room, "Ana").await;
            if !is_new {
                world.post(&ana, room, "um").await;
                drop(SqliteStorage::open(&file).unwrap());
            }
            let other = Connection::open(&file).unwrap();
            let log = beside(&file, "-wal");
            let is_long = || fs::metadata(&log).unwrap().len() > LONG_LOG;
            let (mut round, mut readers) = (0, Vec::new());
            while !is_long() {
                // There is always a reader, and none stays for long.
                readers.push(reader(&file));
                if readers.len() > 2 {
                    readers.remove(0);
                }
                // The table of rooms grows over several pages.
                world.room(&format!("Sala {round}")).await;
                let text = "palavras ".repeat(100);
                let posts = (0..100).map(|_| ana.post(room, None, &text));
                world.append(posts.collect()).await;
                if are_others {
                    other
                        .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
                        .unwrap();
                }
                storage.revocations_after(RevocationId(0), 1).await.unwrap();
                round += 1;
            }
            drop(readers);
            world.room("Depois").await;
            storage.revocations_after(RevocationId(0), 1).await.unwrap();
            world.is_sound().await;
        }
    }
}

/// A reader, until this is dropped.
pub(crate) fn reader(file: &Path) -> Connection {
    let reader = Connection::open(file).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let count: i64 = reader
        .query_row("SELECT count(*) FROM room", [], |row| row.get(0))
        .unwrap();
    assert!(count > 0);
    reader
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_behind_a_link_is_looked_after_where_it_is() {
    let (folder, elsewhere) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (link, file) = (folder.path().join("link"), elsewhere.path().join("file"));
    drop(SqliteStorage::open(&file).unwrap());
    symlink(&file, &link).unwrap();
    let storage = Arc::new(SqliteStorage::open(&link).unwrap());
    let world = World::of(storage.clone(), ());
    world.room("Geral").await;
    storage.revocations_after(RevocationId(0), 1).await.unwrap();
    fs::rename(&file, beside(&file, ".old")).unwrap();
    let asked = storage.revocations_after(RevocationId(0), 1).await;
    assert!(matches!(asked, Err(StorageError::Broken(_))), "{asked:?}");
}
