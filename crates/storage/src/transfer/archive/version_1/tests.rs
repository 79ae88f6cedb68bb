use super::*;

fn session(id: i64, sender: i64, account: Option<i64>, name: &str) -> Record {
    Record::Session(Session {
        id,
        token: TokenHash([0; 32]),
        sender,
        account,
        last_username: Some(name.into()),
        last_used: 0,
        created_at: id,
    })
}

fn membership(session: i64, room: i64, username: &str, joined_at: i64) -> Record {
    Record::Membership(Membership {
        session,
        room,
        username: username.into(),
        joined_at,
    })
}

#[test]
fn the_sessions_of_an_account_become_one_person() {
    let account = Record::Account(Account {
        id: 1,
        name: "Ana".into(),
        password: StoredPassword(String::new()),
        sender: -5,
        is_admin: false,
        created_at: 0,
    });
    let instance = Record::Instance(Instance {
        epoch: 7,
        setup_token: None,
        last_account: 1,
        last_room: 2,
        last_session: 3,
        last_revocation: 0,
    });
    let mut conversion = Conversion::default();
    let mut records = VecDeque::new();
    for record in [
        instance,
        account,
        session(1, -5, Some(1), "Ana"),
        session(2, -5, Some(1), "Aninha"),
        session(3, -9, None, "An\u{fe0f}a"),
        membership(1, 1, "Ana", 20),
        membership(1, 2, "Ana", 21),
        membership(2, 1, "Aninha", 30),
        membership(3, 1, "An\u{fe0f}a", 40),
    ] {
        let is_last = conversion.take(Item::Record(record), &mut records);
        assert!(!is_last.unwrap() && records.is_empty());
    }
    let counts = Counts {
        instances: 1,
        accounts: 1,
        sessions: 3,
        memberships: 4,
        ..Counts::default()
    };
    assert!(conversion.take(Item::End(counts), &mut records).unwrap());
    let mut persons = Vec::new();
    let mut memberships = Vec::new();
    for record in records {
        match record {
            crate::transfer::Record::Person(row) => persons.push((row.id, row.last_username)),
            crate::transfer::Record::Membership(row) => {
                memberships.push((row.person_id, row.room_id, row.username));
            }
            _ => {}
        }
    }
    // A name that isn't allowed any more has to be chosen anew.
    assert_eq!(persons, [(-9, None), (-5, Some("Aninha".into()))]);
    let expected = [(-5, 1, "Aninha".into()), (-5, 2, "Ana".into())];
    assert_eq!(memberships, expected);
}
