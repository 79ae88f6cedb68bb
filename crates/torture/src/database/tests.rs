//! The part that reads PostgreSQL, on tables with a few rows.

use papo_testing::postgres::Schema;

use super::{Place, postgres};
use crate::history::{Event, Kind};

/// One room: two messages, of which the first is edited and the second deleted, and a change of the
/// room.
const ROWS: &str = "
    CREATE TABLE papo (epoch bigint);
    CREATE TABLE room (id bigint, last_seq bigint);
    CREATE TABLE event (room_id bigint, seq bigint, kind smallint, target bigint);
    CREATE TABLE message (room_id bigint, seq bigint, sender bigint, client_id text, content text);
    INSERT INTO papo VALUES (-2);
    INSERT INTO room VALUES (1, 5);
    INSERT INTO event VALUES (1, 3, 2, 1), (1, 4, 3, 2), (1, 5, 4, NULL);
    INSERT INTO message VALUES (1, 1, 7, 'a', 'now'), (1, 2, 8, NULL, NULL);";

fn place(schema: &Schema) -> Place {
    postgres::run(&schema.url(), ROWS).unwrap();
    Place::Server(schema.url())
}

#[test]
fn a_log_is_read_with_the_present_texts() {
    let schema = Schema::new();
    let place = place(&schema);
    let database = place.read().unwrap();
    assert_eq!(database.epoch, papo_domain::Epoch(u64::MAX - 1).to_string());
    let sender = |number| papo_domain::PersonId(number).to_string();
    let posted = |number, client_id: Option<&str>, text: Option<&str>| Kind::Posted {
        sender: sender(number),
        client_id: client_id.map(Into::into),
        text: text.map(Into::into),
    };
    let edited = Kind::Edited {
        target: 1,
        text: Some("now".into()),
    };
    let kinds = [
        posted(7, Some("a"), Some("now")),
        posted(8, None, None),
        edited,
        Kind::Deleted { target: 2 },
        Kind::Room,
    ];
    let log = &database.rooms[&1];
    let expected = (1..).zip(kinds).map(|(seq, kind)| Event { seq, kind });
    assert_eq!(log.events, expected.collect::<Vec<_>>());
    assert_eq!(log.messages, [(1, "now".to_owned())].into());
    assert_eq!(place.end(1).unwrap(), 5);
    assert_eq!(place.end(2).unwrap(), 0);
}

#[test]
fn what_is_wrong_with_a_log_is_found() {
    for (sql, says) in [
        ("UPDATE event SET seq = 6 WHERE seq = 5", "up to 6"),
        ("DELETE FROM event WHERE seq = 5", "has 4 events"),
        ("UPDATE room SET last_seq = 6", "ends at 6"),
        ("DELETE FROM message WHERE seq = 2", "has 4 events"),
        (
            "UPDATE event SET seq = 2 WHERE seq = 3",
            "4 numbers up to 5",
        ),
    ] {
        let schema = Schema::new();
        let place = place(&schema);
        assert_eq!(place.integrity().unwrap(), Vec::<String>::new());
        postgres::run(&schema.url(), sql).unwrap();
        let wrong = place.integrity().unwrap();
        assert!(wrong.iter().any(|line| line.contains(says)), "{wrong:?}");
    }
}
