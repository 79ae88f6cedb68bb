//! Archives: what was written is read, and an incomplete archive is refused.

use std::io::{Cursor, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};

use papo_domain::{EventKind, RoomDescription, RoomKind, RoomName, RoomState, Seq};
use papo_storage::transfer::archive::{ArchiveReader, ArchiveWriter};
use papo_storage::transfer::{
    AccountRow, ChangeRow, EventRow, InstanceRow, Intake as _, MembershipRow, MessageRow,
    PersonRow, Record, RoomRow, SessionRow, Source, Summary, summarize,
};
use papo_storage::{StorageError, StoredPassword, TokenHash};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use tokio::runtime::Runtime;

/// Bytes with two owners.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub(crate) async fn written(records: Vec<Record>) -> Vec<u8> {
    let shared = Shared::default();
    let mut archive = ArchiveWriter::to(Box::new(shared.clone())).unwrap();
    archive.take(records).await.unwrap();
    archive.finish(&nothing().await).await.unwrap();
    std::mem::take(&mut *shared.0.lock().unwrap())
}

/// The summary for an archive that is no file, which isn't compared.
async fn nothing() -> Summary {
    struct Nothing;
    #[async_trait::async_trait]
    impl Source for Nothing {
        async fn next(&mut self) -> Result<Vec<Record>, StorageError> {
            Ok(Vec::new())
        }
    }
    summarize(&mut Nothing, &mut |_| ()).await.unwrap()
}

async fn read(bytes: Vec<u8>) -> Result<Vec<Record>, StorageError> {
    let mut archive = ArchiveReader::begin(Box::new(Cursor::new(bytes)))?;
    let mut records = Vec::new();
    loop {
        let some = archive.next().await?;
        if some.is_empty() {
            return Ok(records);
        }
        records.extend(some);
    }
}

prop_compose! {
    fn instance()(epoch: i64, setup_token in option::of(any::<[u8; 32]>()), last: [i64; 5], served: i64) -> Record {
        Record::Instance(InstanceRow {
            epoch,
            setup_token: setup_token.map(TokenHash),
            last_account: last[0],
            last_room: last[1],
            last_session: last[2],
            last_revocation: last[3],
            last_inbox: last[4],
            served,
        })
    }
}

prop_compose! {
    fn person()(id: i64, last_username: Option<String>, created_at: i64, settings: String) -> Record {
        Record::Person(PersonRow { id, last_username, created_at, settings })
    }
}

prop_compose! {
    fn account()(id: i64, name: String, password: String, person_id: i64, flags: [bool; 2], created_at: i64) -> Record {
        let (password, [is_admin, is_suspended]) = (StoredPassword(password), flags);
        Record::Account(AccountRow { id, person_id, name, password, is_admin, is_suspended, created_at })
    }
}

prop_compose! {
    fn room()(id: i64, name: String, description: String, is_active: bool, times: [i64; 2], last_activity: Option<i64>) -> Record {
        let [created_at, last_seq] = times;
        Record::Room(RoomRow { id, name, description, is_active, created_at, last_seq, last_activity, kind: 0, is_announcement: is_active, direct_key: None })
    }
}

prop_compose! {
    fn session()(id: i64, token: [u8; 32], person_id: i64, times: [i64; 2], device: String) -> Record {
        let (token, [last_used, created_at]) = (TokenHash(token), times);
        Record::Session(SessionRow { id, token, person_id, last_used, created_at, device })
    }
}

prop_compose! {
    fn membership()(ids: [i64; 2], username: String, joined_at: i64, role: i16, read: [i64; 2], level: i16) -> Record {
        let ([person_id, room_id], [read_seq, read_version]) = (ids, read);
        Record::Membership(MembershipRow { person_id, room_id, username, joined_at, role, read_seq, read_version, level })
    }
}

prop_compose! {
    fn message()(sender: i64, username: String, content: Option<String>, edited: Option<i64>, client_id: Option<String>) -> ChangeRow {
        ChangeRow::Posted(MessageRow { sender, username, content, edited, client_id })
    }
}

fn event() -> impl Strategy<Value = Record> {
    let change = prop_oneof![
        message(),
        any::<(i16, Option<i64>, Option<String>)>()
            .prop_map(|(kind, target, body)| ChangeRow::Other { kind, target, body }),
    ];
    (any::<[i64; 3]>(), change).prop_map(|([room, seq, at], change)| {
        Record::Event(EventRow {
            room,
            seq,
            at,
            change,
        })
    })
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    let others = prop_oneof![
        person(),
        account(),
        room(),
        session(),
        membership(),
        event()
    ];
    (instance(), vec(others, 0..40)).prop_map(|(instance, mut others)| {
        others.insert(0, instance);
        others
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_was_written_is_read(records in records()) {
        let runtime = Runtime::new().unwrap();
        let found = runtime.block_on(async { read(written(records.clone()).await).await });
        prop_assert_eq!(found.unwrap(), records);
    }

    #[test]
    fn noise_is_refused(noise in vec(any::<u8>(), 0..400)) {
        let runtime = Runtime::new().unwrap();
        prop_assert!(runtime.block_on(read(noise.clone())).is_err());
        let mut with_head = b"PAPO\r\n\x1a\n\x01\x00".to_vec();
        with_head.extend(noise);
        prop_assert!(runtime.block_on(read(with_head)).is_err());
    }
}

fn some_records() -> Vec<Record> {
    let instance = Record::Instance(InstanceRow {
        epoch: -7,
        setup_token: Some(TokenHash([3; 32])),
        last_account: 0,
        last_room: 1,
        last_session: 0,
        last_revocation: 9,
        last_inbox: 10,
        served: 7,
    });
    let room = Record::Room(RoomRow {
        id: 1,
        name: "Geral".into(),
        description: String::new(),
        is_active: true,
        created_at: 0,
        last_seq: 20,
        last_activity: Some(20),
        kind: 0,
        is_announcement: false,
        direct_key: None,
    });
    let event = |seq| {
        let message = MessageRow {
            sender: -1,
            username: "Ana".into(),
            content: Some(format!("mensagem {seq}")),
            edited: None,
            client_id: Some(format!("client-{seq}")),
        };
        Record::Event(EventRow {
            room: 1,
            seq,
            at: seq,
            change: ChangeRow::Posted(message),
        })
    };
    let mut records = vec![instance, room];
    records.extend((1..=20).map(event));
    records
}

async fn some_summary() -> Summary {
    let bytes = Cursor::new(written(some_records()).await);
    let mut archive = ArchiveReader::begin(Box::new(bytes)).unwrap();
    summarize(&mut archive, &mut |_| ()).await.unwrap()
}

#[tokio::test]
async fn a_bit_that_was_turned_anywhere_is_noticed() {
    let whole = written(some_records()).await;
    assert_eq!(read(whole.clone()).await.unwrap(), some_records());
    for place in 0..whole.len() {
        for bit in 0..8 {
            let mut damaged = whole.clone();
            damaged[place] ^= 1 << bit;
            assert!(read(damaged).await.is_err(), "byte {place}, bit {bit}");
        }
    }
}

#[tokio::test]
async fn a_cut_anywhere_is_noticed_and_so_is_what_was_added() {
    let whole = written(some_records()).await;
    for length in 0..whole.len() {
        let cut = read(whole[..length].to_vec()).await;
        assert!(cut.is_err(), "{length} of {}", whole.len());
    }
    let mut longer = whole;
    longer.push(0);
    assert!(read(longer).await.is_err());
}

#[tokio::test]
async fn an_event_of_a_room_that_is_not_there_is_not_counted() {
    let mut records = some_records();
    records.remove(1);
    let bytes = Cursor::new(written(records).await);
    let mut archive = ArchiveReader::begin(Box::new(bytes)).unwrap();
    let refused = summarize(&mut archive, &mut |_| ()).await.unwrap_err();
    assert!(refused.to_string().contains("no such room"), "{refused}");
}

#[tokio::test]
async fn of_many_rooms_that_differ_the_first_are_named() {
    let nothing = nothing().await;
    let mut many = some_summary().await;
    let room = many.rooms[&1].clone();
    many.rooms.extend((1..=10).map(|id| (id, room.clone())));
    let instance = "the instance".to_owned();
    let mut expected = vec![instance];
    expected.extend((1..=10).map(|id| format!("room {id}")));
    assert_eq!(many.differences(&nothing), expected);
    many.rooms.extend((11..=13).map(|id| (id, room.clone())));
    expected.push("3 more rooms".into());
    assert_eq!(many.differences(&nothing), expected);
    assert_eq!(nothing.differences(&many), expected);
}

#[tokio::test]
async fn another_version_is_told_from_damage() {
    let mut newer = written(some_records()).await;
    newer[8] = 3;
    let error = read(newer).await.unwrap_err().to_string();
    assert!(error.contains("version 3"), "{error}");
    let error = read(b"SQLite format 3\0".to_vec()).await.unwrap_err();
    assert!(error.to_string().contains("isn't an archive"), "{error}");
}

#[tokio::test]
async fn a_file_gets_its_name_when_it_is_whole_and_never_takes_anothers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("papo.archive");
    let count = || std::fs::read_dir(folder.path()).unwrap().count();
    let mut cut_off = ArchiveWriter::create(&file).unwrap();
    cut_off.take(some_records()).await.unwrap();
    assert!(!file.exists());
    drop(cut_off);
    assert_eq!(count(), 0);

    let mut archive = ArchiveWriter::create(&file).unwrap();
    archive.take(some_records()).await.unwrap();
    let summary = some_summary().await;
    archive.finish(&summary).await.unwrap();
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!((mode & 0o777, count()), (0o600, 1));
    let taken = ArchiveWriter::create(&file).err();
    assert!(matches!(taken, Some(StorageError::Exists(_))), "{taken:?}");

    // A file that appeared after the check isn't replaced either.
    let other = folder.path().join("other.archive");
    let mut archive = ArchiveWriter::create(&other).unwrap();
    archive.take(some_records()).await.unwrap();
    std::fs::write(&other, "somebody else's").unwrap();
    let refused = archive.finish(&summary).await.unwrap_err();
    assert!(matches!(refused, StorageError::Exists(_)), "{refused}");
    assert_eq!(std::fs::read(&other).unwrap(), b"somebody else's");
    assert_eq!(count(), 2);
}

#[tokio::test]
async fn of_two_that_are_written_for_one_name_each_is_whole_and_one_gets_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("papo.archive");
    let summary = some_summary().await;
    let mut first = ArchiveWriter::create(&file).unwrap();
    first.take(some_records()).await.unwrap();
    let mut second = ArchiveWriter::create(&file).unwrap();
    first.finish(&summary).await.unwrap();
    let bytes = std::fs::read(&file).unwrap();
    second.take(some_records()).await.unwrap();
    let refused = second.finish(&summary).await.unwrap_err();
    assert!(matches!(refused, StorageError::Exists(_)), "{refused}");
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
    assert_eq!(read(bytes).await.unwrap(), some_records());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn what_has_taken_the_place_of_the_one_that_was_written_gets_no_name_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("papo.archive");
    let mut archive = ArchiveWriter::create(&file).unwrap();
    archive.take(some_records()).await.unwrap();
    let mut parts = std::fs::read_dir(folder.path()).unwrap();
    let part = parts.next().unwrap().unwrap().path();
    let other = folder.path().join("other");
    std::fs::write(&other, written(some_records()).await).unwrap();
    std::fs::rename(&other, &part).unwrap();
    let refused = archive.finish(&some_summary().await).await.unwrap_err();
    assert!(refused.to_string().contains("taken the place"), "{refused}");
    assert!(!file.exists());
    assert!(part.exists());
}

#[tokio::test]
async fn what_was_written_otherwise_than_it_was_meant_gets_no_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("papo.archive");
    let mut archive = ArchiveWriter::create(&file).unwrap();
    archive.take(some_records()).await.unwrap();
    archive.finish(&nothing().await).await.unwrap_err();
    assert!(!file.exists());
}

#[tokio::test]
async fn an_archive_of_the_first_version_is_read() {
    let archive = include_bytes!("../fixtures/version-1.papo");
    let read = read(archive.to_vec()).await.unwrap();
    let message = |seq, content: Option<&str>| MessageRow {
        sender: 77,
        username: "Bia".into(),
        content: content.map(str::to_owned),
        edited: (seq == 2).then_some(1_795_000_000_004),
        client_id: Some(format!("client-{seq}")),
    };
    let room = RoomState {
        name: RoomName::parse("Sala \"nova\"").unwrap(),
        description: RoomDescription::parse("duas\nlinhas").unwrap(),
        is_active: false,
        kind: RoomKind::Public,
        is_announcement: false,
    };
    let edited = EventKind::Edited {
        target: Seq(2),
        text: None,
    };
    let changes = [
        (1, ChangeRow::Posted(message(1, Some("olá")))),
        (2, ChangeRow::Posted(message(2, Some("texto novo")))),
        (3, ChangeRow::Posted(message(3, None))),
        (4, edited.to_stored().into()),
        (5, EventKind::Deleted { target: Seq(3) }.to_stored().into()),
        (6, EventKind::Room(room).to_stored().into()),
    ];
    let mut expected = before_the_logs();
    expected.extend(changes.map(|(seq, change)| {
        Record::Event(EventRow {
            room: 1,
            seq,
            at: 1_795_000_000_000 + seq,
            change,
        })
    }));
    assert_eq!(read, expected);
}

/// The present records of an archive of version 1, without the logs.
fn before_the_logs() -> Vec<Record> {
    const ANA: i64 = -6_597_850_091_405_861_690;
    const STARTED: i64 = 1_795_000_000_000;
    let person = |id, name: Option<&str>, created_at| {
        Record::Person(PersonRow {
            id,
            last_username: name.map(str::to_owned),
            created_at,
            settings: "{}".into(),
        })
    };
    let room = |id, name: &str, description: &str, is_active, last_seq, last_activity| {
        Record::Room(RoomRow {
            id,
            name: name.into(),
            description: description.into(),
            is_active,
            created_at: 1_795_922_374_722,
            last_seq,
            last_activity,
            kind: 0,
            is_announcement: false,
            direct_key: None,
        })
    };
    let password = "$argon2id$v=19$m=19456,t=2,p=1$L9hSBnDJCpwf2/fEgxlJPA$\
        CXe1k+TiLGJwtLFPFmT8DhpEQuvJttWdSCrb+splgwY";
    vec![
        Record::Instance(InstanceRow {
            epoch: -2_613_932_311_490_206_824,
            setup_token: None,
            last_account: 1,
            last_room: 3,
            last_session: 1,
            last_revocation: 0,
            last_inbox: 0,
            served: 0,
        }),
        person(ANA, None, 1_795_922_374_760),
        person(77, Some("Bia"), STARTED),
        Record::Account(AccountRow {
            id: 1,
            person_id: ANA,
            name: "Ana".into(),
            password: StoredPassword(password.into()),
            is_admin: true,
            is_suspended: false,
            created_at: 1_795_922_374_760,
        }),
        room(
            1,
            "Sala \"nova\"",
            "duas\nlinhas",
            false,
            6,
            Some(STARTED + 3),
        ),
        room(
            2,
            "Tecnologia",
            "Programação, ferramentas, novidades e dúvidas de tecnologia.",
            true,
            0,
            None,
        ),
        room(
            3,
            "Jogos",
            "De tabuleiro ou de videogame: dicas, partidas e companhia para jogar.",
            true,
            0,
            None,
        ),
        Record::Session(SessionRow {
            id: 1,
            token: TokenHash([1; 32]),
            person_id: 77,
            last_used: 0,
            created_at: STARTED,
            device: String::new(),
        }),
        Record::Membership(MembershipRow {
            person_id: 77,
            room_id: 1,
            username: "Bia".into(),
            joined_at: STARTED,
            role: 0,
            read_seq: 6,
            read_version: 0,
            level: 0,
        }),
    ]
}
