//! The rules that an archive's records must meet.

use papo_domain::{EventKind, PersonId, RoomDescription, RoomKind, RoomName, RoomState};
use papo_storage::transfer::{
    AccountRow, AuditRow, BanRow, ChangeRow, Checked, EventRow, InstanceRow, InvitationRow, JobRow,
    MembershipRow, MessageRow, PasswordLinkRow, PersonRow, PlaceRow, Record, RoomRow, SessionRow,
    Source,
};
use papo_storage::{StorageError, StoredPassword, TokenHash};

/// Gives these records once.
struct Records(Vec<Record>);

#[async_trait::async_trait]
impl Source for Records {
    async fn next(&mut self) -> Result<Vec<Record>, StorageError> {
        Ok(std::mem::take(&mut self.0))
    }
}

async fn check(records: Vec<Record>) -> Result<Vec<Record>, String> {
    let mut records = Records(records);
    let checked = Checked::new(&mut records).next().await;
    checked.map_err(|error| error.to_string())
}

fn instance() -> InstanceRow {
    InstanceRow {
        epoch: -1,
        setup_token: None,
        last_account: 4,
        last_room: 4,
        last_session: 4,
        last_revocation: 0,
        last_inbox: 0,
        served: 7,
    }
}

fn person() -> PersonRow {
    PersonRow {
        id: -1,
        last_username: Some("Ana".into()),
        created_at: 0,
        settings: "{}".into(),
    }
}

fn account() -> AccountRow {
    AccountRow {
        id: 4,
        person_id: -1,
        name: "Ana".into(),
        password: StoredPassword("$argon2id$…".into()),
        is_admin: true,
        created_at: 0,
        is_suspended: false,
    }
}

fn room() -> RoomRow {
    RoomRow {
        id: 4,
        name: "Família 👩‍👧".into(),
        description: "De quem é\nde casa".into(),
        is_active: true,
        created_at: 0,
        last_seq: 2,
        last_activity: Some(1),
        kind: 0,
        is_announcement: false,
        direct_key: None,
    }
}

fn session() -> SessionRow {
    SessionRow {
        id: 4,
        token: TokenHash([7; 32]),
        person_id: -1,
        last_used: 1,
        created_at: 0,
        device: "Firefox, Linux".into(),
    }
}

fn membership() -> MembershipRow {
    MembershipRow {
        person_id: -1,
        room_id: 4,
        username: "Ana".into(),
        joined_at: 0,
        role: 0,
        read_seq: 2,
        read_version: 0,
        level: 0,
    }
}

fn job() -> JobRow {
    JobRow {
        id: 4,
        queue: "chores".into(),
        key: "forget-jobs/7".into(),
        payload: "{}".into(),
        state: 0,
        due_at: 9,
        attempts: 0,
        last_error: None,
    }
}

fn password_link() -> PasswordLinkRow {
    PasswordLinkRow {
        account_id: 4,
        token: TokenHash([9; 32]),
        until: 8,
    }
}

fn place() -> PlaceRow {
    PlaceRow {
        id: 1,
        version: 3,
        settings: serde_json::to_string(&papo_domain::Place::default()).unwrap(),
    }
}

fn audit() -> AuditRow {
    AuditRow {
        id: 4,
        at: 1,
        served: 7,
        person_id: Some(-1),
        name: "Ana".into(),
        act: "room-made".into(),
        detail: r#"{"act":"room-made","room":4,"name":"Geral"}"#.into(),
    }
}

fn ban() -> BanRow {
    BanRow {
        room_id: 4,
        person_id: -1,
        username: "Ana".into(),
        at: 0,
    }
}

fn invitation() -> InvitationRow {
    InvitationRow {
        id: 4,
        token: TokenHash([8; 32]),
        room_id: 4,
        created_at: 0,
        expires_at: 9,
        uses_left: 3,
    }
}

fn message() -> MessageRow {
    MessageRow {
        sender: -1,
        username: "Ana".into(),
        content: Some("Olá".into()),
        edited: None,
        client_id: Some("client-1".into()),
    }
}

fn event(seq: i64, change: ChangeRow) -> Record {
    Record::Event(EventRow {
        room: 4,
        seq,
        at: seq,
        change,
    })
}

fn room_event(name: &str, description: &str) -> ChangeRow {
    let state = RoomState {
        name: RoomName::from_stored(name.into()),
        description: RoomDescription::from_stored(description.into()),
        is_active: true,
        kind: RoomKind::Public,
        is_announcement: false,
    };
    EventKind::Room(state).to_stored().into()
}

/// One of each kind, in their order.
fn all() -> Vec<Record> {
    vec![
        Record::Instance(instance()),
        Record::Person(person()),
        Record::Account(account()),
        Record::Room(room()),
        Record::Session(session()),
        Record::Membership(membership()),
        Record::Job(job()),
        Record::PasswordLink(password_link()),
        Record::Place(place()),
        Record::Audit(audit()),
        Record::Ban(ban()),
        Record::Invitation(invitation()),
        event(1, ChangeRow::Posted(message())),
        event(2, room_event("Geral", "")),
    ]
}

/// The same, with another record of one kind.
fn all_but(record: Record) -> Vec<Record> {
    let mut records = all();
    let place = match &record {
        Record::Instance(_) => 0,
        Record::Person(_) => 1,
        Record::Account(_) => 2,
        Record::Room(_) => 3,
        Record::Session(_) => 4,
        Record::Membership(_) => 5,
        Record::Job(_) => 6,
        Record::PasswordLink(_) => 7,
        Record::Place(_) => 8,
        Record::Audit(_) => 9,
        Record::Ban(_) => 10,
        Record::Invitation(_) => 11,
        Record::Event(_) => 12,
    };
    records[place] = record;
    records
}

fn posted(message: MessageRow) -> Record {
    event(1, ChangeRow::Posted(message))
}

#[tokio::test]
async fn what_papo_stores_is_let_through() {
    assert_eq!(check(all()).await, Ok(all()));
    // Texts that an import keeps, and deleted ones.
    let long = "a".repeat(100_000);
    for content in [Some("  Olá \n"), Some(long.as_str()), None] {
        let content = content.map(str::to_owned);
        let records = all_but(posted(MessageRow {
            content,
            client_id: None,
            ..message()
        }));
        assert_eq!(check(records.clone()).await, Ok(records));
    }
}

#[tokio::test]
async fn names_and_texts_that_nobody_may_have_are_refused() {
    for name in [
        "A\u{202e}na",
        "A\u{200b}na",
        "",
        "Ana\n",
        "Ana ",
        "Joa\u{303}o",
        &"a".repeat(26),
    ] {
        let name = name.to_owned();
        for (record, said) in [
            (
                Record::Account(AccountRow {
                    name: name.clone(),
                    ..account()
                }),
                "account 4: ",
            ),
            (
                Record::Person(PersonRow {
                    last_username: Some(name.clone()),
                    ..person()
                }),
                "person -1: ",
            ),
            (
                Record::Membership(MembershipRow {
                    username: name.clone(),
                    ..membership()
                }),
                "the membership of person -1 in room 4: ",
            ),
        ] {
            let refused = check(all_but(record)).await.unwrap_err();
            assert!(refused.contains(said), "{name:?}: {refused}");
        }
    }
    for name in ["", "Ana\n", &"a".repeat(601)] {
        let username = name.to_owned();
        let refused = check(all_but(posted(MessageRow {
            username,
            ..message()
        })));
        let refused = refused.await.unwrap_err();
        assert!(refused.contains("event 1 of room 4: "), "{refused}");
    }
    let long = "a".repeat(1_001);
    for (name, description) in [
        ("Ge\nral", ""),
        (" Geral", ""),
        ("", ""),
        (long.as_str(), ""),
        ("Geral", long.as_str()),
        ("Geral", "a\0b"),
    ] {
        let there = Record::Room(RoomRow {
            name: name.into(),
            description: description.into(),
            ..room()
        });
        let refused = check(all_but(there)).await.unwrap_err();
        assert!(refused.contains("room 4: "), "{name:?}: {refused}");
        let changed = event(1, room_event(name, description));
        let refused = check(all_but(changed)).await.unwrap_err();
        assert!(
            refused.contains("event 1 of room 4: "),
            "{name:?}: {refused}"
        );
    }
    for name in ["Ge\u{200b}ral", "\u{202e}laregG"] {
        let there = Record::Room(RoomRow {
            name: name.into(),
            ..room()
        });
        let refused = check(all_but(there)).await.unwrap_err();
        assert!(refused.contains("room 4: "), "{name:?}: {refused}");
        // A log may have a name that was allowed once.
        let changed = all_but(event(1, room_event(name, "")));
        assert_eq!(check(changed.clone()).await, Ok(changed));
    }
    for (content, client_id) in [
        (" \u{200b}", "client-1"),
        ("a\0b", "client-1"),
        ("a", "b c"),
    ] {
        let refused = check(all_but(posted(MessageRow {
            content: Some(content.into()),
            client_id: Some(client_id.into()),
            ..message()
        })));
        let refused = refused.await.unwrap_err();
        assert!(refused.contains("event 1 of room 4: "), "{refused}");
    }
}

/// Names that were allowed once, or that a disk has damaged, don't keep the rest from being saved.
#[tokio::test]
async fn names_that_nobody_can_change_any_more_are_let_through() {
    let many_marks = format!("Z{}", "\u{301}".repeat(99));
    for name in [
        "An\u{fffd}",
        "﷽﷽",
        "An\u{fe0f}a",
        "A\u{202e}na",
        &many_marks,
    ] {
        let records = all_but(posted(MessageRow {
            username: name.into(),
            ..message()
        }));
        assert_eq!(check(records.clone()).await, Ok(records));
    }
    let damaged = all_but(Record::Membership(MembershipRow {
        username: "An\u{fffd}".into(),
        ..membership()
    }));
    assert_eq!(check(damaged.clone()).await, Ok(damaged));
    let damaged = all_but(Record::Person(PersonRow {
        last_username: Some("\u{fffd}".into()),
        ..person()
    }));
    assert_eq!(check(damaged.clone()).await, Ok(damaged));
}

#[tokio::test]
async fn of_two_accounts_that_could_be_taken_for_each_other_both_are_named() {
    let other = AccountRow {
        id: 3,
        name: "Аna".into(),
        ..account()
    };
    let mut records = all();
    records.insert(2, Record::Account(other));
    let refused = check(records).await.unwrap_err();
    assert!(refused.contains("account 4: "), "{refused}");
    assert!(refused.contains("that of account 3"), "{refused}");
}

#[tokio::test]
async fn numbers_and_times_that_there_can_not_be_are_refused() {
    for last in [-1, i64::MAX] {
        let refused = check(all_but(Record::Instance(InstanceRow {
            last_room: last,
            ..instance()
        })));
        let refused = refused.await.unwrap_err();
        assert!(refused.contains("the instance: "), "{refused}");
    }
    for id in [0, 5, i64::MIN] {
        for record in [
            Record::Account(AccountRow { id, ..account() }),
            Record::Room(RoomRow { id, ..room() }),
            Record::Session(SessionRow { id, ..session() }),
        ] {
            let refused = check(all_but(record)).await.unwrap_err();
            assert!(refused.contains("isn't one of 1 to 4"), "{refused}");
        }
    }
    let late = MembershipRow {
        joined_at: i64::MAX,
        ..membership()
    };
    let refused = check(all_but(Record::Membership(late))).await;
    assert!(refused.unwrap_err().contains("beyond all years"));
    for (read_seq, read_version) in [(-1, 0), (0, -1), (i64::MAX, 0), (0, i64::MAX)] {
        let nowhere = MembershipRow {
            read_seq,
            read_version,
            ..membership()
        };
        let refused = check(all_but(Record::Membership(nowhere))).await;
        assert!(refused.unwrap_err().contains("read position"));
    }
    let long = AccountRow {
        password: StoredPassword("a".repeat(10_000)),
        ..account()
    };
    let refused = check(all_but(Record::Account(long))).await;
    assert!(refused.unwrap_err().contains("account 4: the password"));
}

#[tokio::test]
async fn bans_invitations_and_kinds_that_no_papo_stores_are_refused() {
    let key = |people: &[u64]| {
        let people = people.iter().map(|person| PersonId(*person).to_string());
        Some(people.collect::<Vec<_>>().join(" "))
    };
    let direct = |direct_key| {
        Record::Room(RoomRow {
            kind: 3,
            direct_key,
            ..room()
        })
    };
    let records = all_but(direct(key(&[1, 2])));
    assert_eq!(check(records.clone()).await, Ok(records));
    let many: Vec<u64> = (1..=11).collect();
    for (record, said) in [
        (direct(None), "a direct room without people"),
        (direct(key(&[1])), "aren't those of a direct room"),
        (direct(key(&[2, 1])), "aren't those of a direct room"),
        (direct(key(&[1, 1])), "aren't those of a direct room"),
        (direct(key(&many)), "aren't those of a direct room"),
        (direct(Some("x y".into())), "not a valid person id"),
        (
            Record::Room(RoomRow {
                direct_key: key(&[1, 2]),
                ..room()
            }),
            "isn't a direct room",
        ),
        (
            Record::Room(RoomRow { kind: 9, ..room() }),
            "there is no kind 9",
        ),
        (
            Record::Ban(BanRow {
                username: "Ana\n".into(),
                ..ban()
            }),
            "the ban of room 4",
        ),
        (
            Record::Invitation(InvitationRow {
                uses_left: -1,
                ..invitation()
            }),
            "no invitation has -1 uses",
        ),
        (
            Record::Invitation(InvitationRow {
                expires_at: i64::MAX,
                ..invitation()
            }),
            "beyond all years",
        ),
    ] {
        let refused = check(all_but(record)).await.unwrap_err();
        assert!(refused.contains(said), "{refused}");
    }
}

#[tokio::test]
async fn jobs_that_no_papo_stores_are_refused() {
    for (wrong, said) in [
        (JobRow { id: 0, ..job() }, "job 0: its number"),
        (JobRow { state: 3, ..job() }, "job 4: there is no state 3"),
        (
            JobRow {
                attempts: -1,
                ..job()
            },
            "job 4: no job was taken -1 times",
        ),
        (
            JobRow {
                due_at: i64::MAX,
                ..job()
            },
            "beyond all years",
        ),
        (
            JobRow {
                payload: "a".repeat(30_000),
                ..job()
            },
            "job 4: a text of it is too long",
        ),
        (
            JobRow {
                last_error: Some("a".repeat(30_000)),
                ..job()
            },
            "job 4: a text of it is too long",
        ),
    ] {
        let refused = check(all_but(Record::Job(wrong))).await.unwrap_err();
        assert!(refused.contains(said), "{refused}");
    }
}

#[tokio::test]
async fn settings_and_entries_that_no_papo_stores_are_refused() {
    let settings = |settings: &str| {
        Record::Place(PlaceRow {
            settings: settings.into(),
            ..place()
        })
    };
    for (wrong, said) in [
        (
            Record::Place(PlaceRow { id: 2, ..place() }),
            "place 2: its number",
        ),
        (
            Record::Place(PlaceRow {
                version: 0,
                ..place()
            }),
            "place 1: its number or version",
        ),
        (settings("{}"), "the settings aren't as Papo stores them"),
        (settings(r#"{"name":"a\nb"}"#), "control or invisible"),
        (
            Record::Audit(AuditRow { id: 0, ..audit() }),
            "audit 0: its number",
        ),
        (
            Record::Audit(AuditRow {
                at: i64::MAX,
                ..audit()
            }),
            "beyond all years",
        ),
        (
            Record::Audit(AuditRow {
                detail: "a".repeat(50_000),
                ..audit()
            }),
            "audit 4: a text of it is too long",
        ),
    ] {
        let refused = check(all_but(wrong)).await.unwrap_err();
        assert!(refused.contains(said), "{refused}");
    }
}

#[tokio::test]
async fn events_that_no_papo_stores_are_refused() {
    for (kind, target, body) in [
        (1, None, None),
        (9, None, None),
        (2, None, None),
        (2, Some(1), Some("{}")),
        (4, None, None),
        (4, None, Some("{}")),
        (
            4,
            None,
            Some(r#"{"name":"a", "description":"","is_active":true}"#),
        ),
    ] {
        let body = body.map(str::to_owned);
        let event = event(2, ChangeRow::Other { kind, target, body });
        let mut records = all();
        records[8] = event;
        let refused = check(records).await.unwrap_err();
        assert!(refused.contains("event 2 of room 4: "), "{refused}");
    }
}

#[tokio::test]
async fn what_is_not_in_its_place_is_refused() {
    for place in 0..all().len() - 1 {
        let mut records = all();
        records.swap(place, place + 1);
        let refused = check(records).await.unwrap_err();
        assert!(refused.contains("isn't in its place"), "{refused}");
    }
    let mut twice = all();
    twice.insert(3, Record::Account(account()));
    let refused = check(twice).await.unwrap_err();
    assert!(
        refused.contains("account 4: it isn't in its place"),
        "{refused}"
    );
}

#[tokio::test]
async fn rooms_have_a_bound() {
    const MANY: i64 = 100_001;
    let mut records = vec![Record::Instance(InstanceRow {
        last_room: MANY,
        ..instance()
    })];
    records.extend((1..=MANY).map(|id| Record::Room(RoomRow { id, ..room() })));
    let refused = check(records).await.unwrap_err();
    assert!(refused.contains("room 100001: there are more"), "{refused}");
}
