//! What happens when the disk is full or fails, which a test can't cause from outside.

use papo_domain::{RoomDescription, RoomKind, RoomName, RoomState, Timestamp};
use tempfile::TempDir;

use super::*;
use crate::{Check as _, Instance as _, RevocationId, Revocations as _, RoomFilter, Rooms as _};

fn storage() -> (TempDir, SqliteStorage) {
    let folder = tempfile::tempdir().unwrap();
    let storage = SqliteStorage::open(&folder.path().join("papo.sqlite3")).unwrap();
    (folder, storage)
}

fn state(name: &str) -> RoomState {
    RoomState {
        name: RoomName::parse(name).unwrap(),
        description: RoomDescription::parse(&"descrição ".repeat(90)).unwrap(),
        is_active: true,
        kind: RoomKind::Public,
        is_announcement: false,
    }
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_795_000_000_000)
}

async fn limit_pages(storage: &SqliteStorage, pages: i64) {
    let limit = move |writer: &mut Writer| {
        let db = writer.connection();
        db.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
        Ok(())
    };
    storage.threads.write(limit).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_refuses_writes_until_there_is_space() {
    let (_folder, storage) = storage();
    limit_pages(&storage, 1).await;
    let mut made = 0;
    let refused = loop {
        match storage
            .create_room(state(&format!("Sala {made}")), now())
            .await
        {
            Ok(_) => made += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, StorageError::Full(_)), "{refused}");
    let rooms = storage.rooms(RoomFilter::default()).await.unwrap();
    assert_eq!(rooms.len(), made);
    limit_pages(&storage, 1_000_000).await;
    storage.create_room(state("Depois"), now()).await.unwrap();
    assert_eq!(storage.check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn after_a_failed_sync_nothing_is_written_and_reading_goes_on() {
    let (folder, storage) = storage();
    storage.create_room(state("Antes"), now()).await.unwrap();
    let failed: Result<(), _> = storage
        .write(|db| {
            rooms::create(db, state("Durante"), now())?;
            Err(StorageError::Broken("no sync".into()))
        })
        .await;
    assert!(matches!(failed, Err(StorageError::Broken(_))));
    for _ in 0..2 {
        let refused = storage.create_room(state("Depois"), now()).await;
        assert!(
            matches!(refused, Err(StorageError::Broken(_))),
            "{refused:?}"
        );
    }
    let rooms = storage.rooms(RoomFilter::default()).await.unwrap();
    assert_eq!(rooms.len(), 1);
    // The polling task learns of it, whatever the writer was doing.
    let asked = storage.revocations_after(RevocationId(0), 1).await;
    assert!(matches!(asked, Err(StorageError::Broken(_))), "{asked:?}");
    storage.close().await.unwrap();

    let again = SqliteStorage::open(&folder.path().join("papo.sqlite3")).unwrap();
    again.create_room(state("Depois"), now()).await.unwrap();
    assert_eq!(again.check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_panic_undoes_its_transaction_and_nothing_else() {
    let (_folder, storage) = storage();
    let panicked: Result<(), _> = storage
        .write(|db| {
            rooms::create(db, state("Geral"), now())?;
            panic!("as a test");
        })
        .await;
    assert!(matches!(panicked, Err(StorageError::Other(_))));
    storage.create_room(state("Geral"), now()).await.unwrap();
    let panicked: Result<(), _> = storage.read(|_| panic!("as a test")).await;
    assert!(matches!(panicked, Err(StorageError::Other(_))));
    storage.epoch().await.unwrap();
}

#[tokio::test]
async fn the_log_is_checkpointed_as_it_grows() {
    let (folder, storage) = storage();
    for number in 0..1_500 {
        storage
            .create_room(state(&format!("Sala {number}")), now())
            .await
            .unwrap();
    }
    let wal = folder.path().join("papo.sqlite3-wal");
    let bytes = std::fs::metadata(wal).unwrap().len();
    assert!(bytes < 3 * 1_000 * 4_096, "{bytes}");
    let database = folder.path().join("papo.sqlite3");
    let bytes = std::fs::metadata(database).unwrap().len();
    assert!(bytes > 300 * 1_024, "{bytes}");
}

#[tokio::test]
async fn a_log_is_read_in_order_and_not_sorted() {
    let (_folder, storage) = storage();
    let plan = storage.read(|db| {
        let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {}", rows::EVENTS))?;
        let steps = statement.query_map([1, 0, 10], |row| row.get::<_, String>(3))?;
        Ok(steps.collect::<Result<Vec<_>, _>>()?)
    });
    let plan = plan.await.unwrap();
    assert!(
        plan.iter().any(|step| step.contains("MERGE (UNION ALL)")),
        "{plan:?}"
    );
    let sorts = plan.iter().any(|step| step.contains("TEMP B-TREE"));
    assert!(!sorts, "{plan:?}");
}

/// The writer may read the replacement before anybody looks at the file itself.
#[tokio::test]
async fn a_backup_copied_over_the_file_is_what_it_was_though_the_writer_met_it_as_damage() {
    let (folder, storage) = storage();
    storage.create_room(state("Antes"), now()).await.unwrap();
    let backup = folder.path().join("backup.sqlite3");
    storage.backup(&backup).await.unwrap();
    for number in 0..50 {
        let name = format!("Sala {number}");
        storage.create_room(state(&name), now()).await.unwrap();
    }
    let database = folder.path().join("papo.sqlite3");
    std::fs::copy(&backup, &database).unwrap();
    let damage = || Err(StorageError::Damaged("as a test".into()));
    let written: Result<(), _> = storage.write(move |_| damage()).await;
    assert!(matches!(written, Err(StorageError::Broken(_))));
    storage.close().await.unwrap();

    let again = SqliteStorage::open(&database).unwrap();
    assert_eq!(again.check().await.unwrap(), Vec::<String>::new());
    let rooms = again.rooms(RoomFilter::default()).await.unwrap();
    assert_eq!(rooms.len(), 1);
}

#[tokio::test]
async fn a_log_that_is_cut_off_while_it_is_written_is_noticed() {
    let (folder, storage) = storage();
    storage.create_room(state("Antes"), now()).await.unwrap();
    let log = folder.path().join("papo.sqlite3-wal");
    let written = storage
        .write(move |db| {
            let room = rooms::create(db, state("Durante"), now())?;
            let log = std::fs::File::options().write(true).open(log).unwrap();
            log.set_len(0).unwrap();
            Ok(room)
        })
        .await;
    assert!(
        matches!(written, Err(StorageError::Broken(_))),
        "{written:?}"
    );
}
