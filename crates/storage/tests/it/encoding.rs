//! The bytes of an archive's items, one of each kind. Papo must always read what it once wrote.

use std::fmt::Write as _;
use std::io::Read as _;

use flate2::read::DeflateDecoder;
use papo_storage::transfer::{
    AccountRow, AuditRow, BanRow, ChangeRow, EventRow, InstanceRow, InvitationRow, JobRow,
    MembershipRow, MessageRow, PasswordLinkRow, PersonRow, PlaceRow, Record, RoomRow, SessionRow,
};
use papo_storage::{StoredPassword, TokenHash};

use crate::archive::written;

/// The number of bytes before the stream of items.
const HEAD: usize = 10;
const CHECKSUM: usize = 32;

fn event(seq: i64, at: i64, change: ChangeRow) -> Record {
    Record::Event(EventRow {
        room: 5,
        seq,
        at,
        change,
    })
}

/// A record of each kind, and its encoding.
fn all() -> Vec<(Record, String)> {
    let token = "07".repeat(32);
    let mut all = vec![
        (
            Record::Instance(InstanceRow {
                epoch: -2,
                setup_token: Some(TokenHash([7; 32])),
                last_account: 4,
                last_room: 5,
                last_session: 6,
                last_revocation: 300,
                last_inbox: 301,
                served: 70_000,
            }),
            format!("000301{token}080a0cd804da04e0c508"),
        ),
        (
            Record::Person(PersonRow {
                id: i64::MIN,
                last_username: Some("Ana".into()),
                created_at: 1_795_000_000_000,
                settings: "{}".into(),
            }),
            "01ffffffffffffffffff010103416e6180f8b2e5bd68027b7d".into(),
        ),
        (
            Record::Account(AccountRow {
                id: 4,
                person_id: -1,
                name: "Ana".into(),
                password: StoredPassword("$argon2id$".into()),
                is_admin: true,
                is_suspended: false,
                created_at: 8,
            }),
            "02080103416e610a246172676f6e32696424010010".into(),
        ),
        (
            Record::Room(RoomRow {
                id: 5,
                name: "Geral".into(),
                description: String::new(),
                is_active: true,
                created_at: 9,
                last_seq: 2,
                last_activity: None,
                kind: 0,
                is_announcement: false,
                direct_key: None,
            }),
            "030a05476572616c0001120400000000".into(),
        ),
        (
            Record::Session(SessionRow {
                id: 6,
                token: TokenHash([7; 32]),
                person_id: -1,
                last_used: 10,
                created_at: 11,
                device: "Edge".into(),
            }),
            format!("040c{token}01141604{}", "45646765"),
        ),
        (
            Record::Membership(MembershipRow {
                person_id: -1,
                room_id: 5,
                username: "Ana".into(),
                joined_at: 12,
                role: 1,
                read_seq: 2,
                read_version: 3,
                level: -3,
            }),
            "05010a03416e611802040605".into(),
        ),
        (
            Record::Job(JobRow {
                id: 3,
                queue: "q".into(),
                key: "k".into(),
                payload: "{}".into(),
                state: 2,
                due_at: 300,
                attempts: 12,
                last_error: Some("e".into()),
            }),
            "06060171016b027b7d04d80418010165".into(),
        ),
        (
            Record::PasswordLink(PasswordLinkRow {
                account_id: 2,
                token: TokenHash([7; 32]),
                until: 3,
            }),
            format!("0704{token}06"),
        ),
        (
            Record::Place(PlaceRow {
                id: 1,
                version: 2,
                settings: "{}".into(),
            }),
            "080204027b7d".into(),
        ),
        (
            Record::Audit(AuditRow {
                id: 3,
                at: 5,
                served: 6,
                person_id: Some(-1),
                name: "Ana".into(),
                act: "a".into(),
                detail: "{}".into(),
            }),
            "09060a0c010103416e610161027b7d".into(),
        ),
        (
            Record::Ban(BanRow {
                room_id: 5,
                person_id: -1,
                username: "Ana".into(),
                at: 12,
            }),
            "0a0a0103416e6118".into(),
        ),
        (
            Record::Invitation(InvitationRow {
                id: 7,
                token: TokenHash([7; 32]),
                room_id: 5,
                created_at: 12,
                expires_at: 13,
                uses_left: 2,
            }),
            format!("0b0e{token}0a181a04"),
        ),
    ];
    all.extend(events());
    all
}

fn events() -> [(Record, String); 2] {
    let message = MessageRow {
        sender: -1,
        username: "Ana".into(),
        content: Some("Olá".into()),
        edited: Some(14),
        client_id: Some("c".into()),
    };
    let other = ChangeRow::Other {
        kind: 2,
        target: Some(1),
        body: None,
    };
    [
        (
            event(1, 13, ChangeRow::Posted(message)),
            "0c0a021a000103416e6101044f6cc3a1011c010163".into(),
        ),
        (event(2, 15, other), "0c0a041e0104010200".into()),
    ]
}

#[tokio::test]
async fn each_record_has_the_bytes_that_it_always_had() {
    let (records, expected): (Vec<_>, Vec<_>) = all().into_iter().unzip();
    let archive = written(records).await;
    let mut items = Vec::new();
    let stream = &archive[HEAD..archive.len() - CHECKSUM];
    let read = DeflateDecoder::new(stream).read_to_end(&mut items);
    read.unwrap();
    let mut found = Vec::new();
    let mut rest = &items[..];
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap();
        let (item, after) = after.split_at(length);
        let mut shown = String::new();
        for byte in item {
            write!(shown, "{byte:02x}").unwrap();
        }
        found.push(shown);
        rest = after;
    }
    let mut expected: Vec<_> = expected
        .iter()
        .map(|record| format!("00{record}"))
        .collect();
    // The end, with the number of records of each kind.
    expected.push("0101010101010101010101010102".into());
    assert_eq!(found, expected);
}
