//! The checker finds each kind of fault in a history made by hand, and none in a good one.

use std::sync::Arc;

use crate::checker::{Fault, check};
use crate::history::{
    Ack, Changed, Database, Event, History, Kind, RoomLog, Seen, Sent, Snapshot, View,
};

fn posted(seq: i64, id: &str) -> Event {
    Event {
        seq,
        kind: Kind::Posted {
            sender: "ana".into(),
            client_id: Some(id.into()),
            text: Some(id.into()),
        },
    }
}

fn edited(seq: i64, target: i64, text: &str) -> Event {
    Event {
        seq,
        kind: Kind::Edited {
            target,
            text: Some(text.into()),
        },
    }
}

fn deleted(seq: i64, target: i64) -> Event {
    Event {
        seq,
        kind: Kind::Deleted { target },
    }
}

fn seen(events: &[Event]) -> Vec<Seen> {
    let snapshot = Snapshot {
        seq: 0,
        messages: Vec::new(),
        more: false,
    };
    let events = events
        .iter()
        .map(|event| Seen::Event(Arc::new(event.clone())));
    std::iter::once(Seen::Snapshot(Arc::new(snapshot)))
        .chain(events)
        .collect()
}

fn view(seen: Vec<Seen>) -> View {
    View {
        name: "bia".into(),
        room: 1,
        seen,
        revoked: None,
        is_complete: true,
    }
}

/// A message sent at a moment, perhaps acknowledged at a later one with this seq.
fn sent(id: &str, at: u64, ack: Option<(u64, i64)>) -> Sent {
    Sent {
        client_id: id.into(),
        room: 1,
        at,
        connection: at,
        acks: ack
            .into_iter()
            .map(|(at, seq)| Ack {
                seq,
                at,
                epoch: "new".into(),
            })
            .collect(),
    }
}

/// The log a, b, then b edited, then a deleted.
fn log() -> Vec<Event> {
    vec![
        posted(1, "a"),
        posted(2, "b"),
        edited(3, 2, "B"),
        deleted(4, 1),
    ]
}

fn database(events: Vec<Event>, messages: &[(i64, &str)]) -> Database {
    let messages = messages.iter().map(|(seq, text)| (*seq, (*text).into()));
    let log = RoomLog {
        events,
        messages: messages.collect(),
    };
    Database {
        epoch: "new".into(),
        rooms: [(1, log)].into(),
    }
}

fn good() -> (History, Database) {
    let history = History {
        sent: vec![sent("a", 1, Some((2, 1))), sent("b", 3, Some((4, 2)))],
        changed: vec![Changed {
            room: 1,
            seq: 4,
            kind: Kind::Deleted { target: 1 },
            at: 6,
            epoch: "new".into(),
        }],
        views: vec![view(seen(&log()))],
    };
    (history, database(log(), &[(2, "B")]))
}

/// The faults of the good history after a change.
fn after(change: impl FnOnce(&mut History, &mut Database)) -> Vec<Fault> {
    let (mut history, mut database) = good();
    change(&mut history, &mut database);
    check(&history, &database)
}

fn events(database: &mut Database) -> &mut Vec<Event> {
    &mut database.rooms.get_mut(&1).unwrap().events
}

#[test]
fn a_good_history_has_no_fault() {
    assert_eq!(after(|_, _| ()), []);
}

#[test]
fn a_message_that_was_acknowledged_and_is_lost() {
    let faults = after(|history, _| history.sent.push(sent("c", 5, Some((6, 5)))));
    assert_eq!(
        faults,
        [Fault::AckedLost {
            client_id: "c".into(),
            seq: 5
        }]
    );
    let never_acknowledged = after(|history, _| history.sent.push(sent("c", 5, None)));
    assert_eq!(never_acknowledged, []);
    let of_another_history = after(|history, _| {
        history.sent.push(sent("c", 5, Some((6, 5))));
        history.sent[2].acks[0].epoch = "old".into();
    });
    assert_eq!(of_another_history, []);
}

#[test]
fn a_change_that_was_acknowledged_and_is_lost() {
    let faults = after(|history, _| history.changed[0].seq = 3);
    assert_eq!(faults, [Fault::ChangeLost { room: 1, seq: 3 }]);
}

#[test]
fn two_answers_for_one_message() {
    let faults = after(|history, _| {
        let again = sent("a", 1, Some((7, 2))).acks.remove(0);
        history.sent[0].acks.push(again);
    });
    let differ = Fault::AcksDiffer {
        client_id: "a".into(),
        seqs: vec![1, 2],
    };
    assert!(faults.contains(&differ), "{faults:?}");
}

#[test]
fn a_message_that_is_stored_twice() {
    let faults = after(|history, database| {
        events(database).push(posted(5, "b"));
        database
            .rooms
            .get_mut(&1)
            .unwrap()
            .messages
            .insert(5, "b".into());
        history.views[0]
            .seen
            .push(Seen::Event(posted(5, "b").into()));
    });
    assert_eq!(
        faults,
        [Fault::Double {
            client_id: "b".into(),
            seqs: vec![2, 5]
        }]
    );
}

#[test]
fn a_hole_in_the_log() {
    let faults = after(|_, database| {
        events(database).remove(2);
    });
    let gap = Fault::LogGap {
        room: 1,
        after: 2,
        found: Some(4),
    };
    assert!(faults.contains(&gap), "{faults:?}");
}

#[test]
fn an_effect_before_its_cause() {
    // b was acknowledged (as 2) before a was sent, which is 1.
    let faults = after(|history, _| history.sent[0] = sent("a", 9, Some((10, 1))));
    assert_eq!(
        faults,
        [Fault::Causality {
            client_id: "a".into(),
            seq: 1,
            acknowledged_before: 2
        }]
    );
}

#[test]
fn two_messages_of_one_connection_that_changed_places() {
    let faults = after(|history, _| {
        history.sent = vec![sent("b", 1, None), sent("a", 2, None)];
        for message in &mut history.sent {
            message.connection = 7;
        }
    });
    assert_eq!(
        faults,
        [Fault::SenderOrder {
            client_id: "a".into(),
            seq: 1,
            earlier: 2
        }]
    );
}

#[test]
fn a_view_with_a_gap() {
    let faults = after(|history, _| {
        history.views[0].seen.remove(2);
    });
    let gap = Fault::Gap {
        view: "bia".into(),
        after: 1,
        seq: 3,
    };
    assert!(faults.contains(&gap), "{faults:?}");
}

#[test]
fn a_view_with_an_event_twice_or_too_late() {
    let faults = after(|history, _| {
        let first = history.views[0].seen[1].clone();
        history.views[0].seen.insert(3, first);
    });
    let order = Fault::Order {
        view: "bia".into(),
        after: 2,
        seq: 1,
    };
    assert!(faults.contains(&order), "{faults:?}");
}

#[test]
fn a_view_with_another_event_than_the_log() {
    let faults = after(|history, _| {
        history.views[0].seen[2] = Seen::Event(posted(2, "x").into());
    });
    let other = Fault::NotInLog {
        view: "bia".into(),
        seq: 2,
    };
    assert_eq!(faults, [other]);
}

#[test]
fn a_view_that_ends_early() {
    let faults = after(|history, _| {
        history.views[0].seen.pop();
    });
    assert_eq!(
        faults,
        [Fault::Unfinished {
            view: "bia".into(),
            last: 3,
            end: 4
        }]
    );
}

#[test]
fn a_view_that_resumes_elsewhere() {
    let faults = after(|history, _| history.views[0].seen.insert(3, Seen::Resumed(3)));
    assert_eq!(
        faults,
        [Fault::Gap {
            view: "bia".into(),
            after: 2,
            seq: 3
        }]
    );
    let as_asked = after(|history, _| history.views[0].seen.insert(3, Seen::Resumed(2)));
    assert_eq!(as_asked, []);
}

#[test]
fn a_row_that_is_stale_after_a_restored_backup() {
    // The log is now another one of the same length, and nothing made the client start over.
    let other = [
        posted(1, "a"),
        posted(2, "c"),
        posted(3, "d"),
        posted(4, "e"),
    ];
    let rows = [(1, "a"), (2, "c"), (3, "d"), (4, "e")];
    let restored = database(other.to_vec(), &rows);
    let (mut history, _) = good();
    history.sent.clear();
    history.changed.clear();
    let stale = Fault::WrongRow {
        view: "bia".into(),
        message: 1,
    };
    assert!(check(&history, &restored).contains(&stale));
    let mut told = seen(&other);
    told.insert(0, Seen::Reset);
    history.views[0].seen.extend(told);
    history.views[0].forget_before_reset();
    assert_eq!(check(&history, &restored), []);
}

#[test]
fn a_snapshot_that_isnt_the_room_as_of_its_event() {
    let snapshot = |seq, messages: &[(i64, &str)]| {
        let messages = messages.iter().map(|(seq, text)| (*seq, (*text).into()));
        let snapshot = Snapshot {
            seq,
            messages: messages.collect(),
            more: false,
        };
        after(|history, _| {
            let later = log().split_off(usize::try_from(seq).unwrap());
            let later = later.into_iter().map(|event| Seen::Event(event.into()));
            history.views[0].seen = std::iter::once(Seen::Snapshot(snapshot.into()))
                .chain(later)
                .collect();
        })
    };
    let wrong = |seq, message| Fault::WrongSnapshot {
        view: "bia".into(),
        seq,
        message,
    };
    assert_eq!(snapshot(3, &[(1, "a"), (2, "B")]), []);
    assert_eq!(snapshot(4, &[(2, "B")]), []);
    assert!(snapshot(3, &[(2, "B")]).contains(&wrong(3, 1)));
    assert!(snapshot(4, &[(1, "a"), (2, "B")]).contains(&wrong(4, 1)));
    assert!(snapshot(3, &[(1, "a"), (2, "b")]).contains(&wrong(3, 2)));
}

#[test]
fn what_is_sent_after_a_revocation_and_seen_all_the_same() {
    let faults = after(|history, _| history.views[0].revoked = Some(2));
    let seen = Fault::SeenAfterRevocation {
        view: "bia".into(),
        seq: 2,
    };
    assert_eq!(faults, [seen]);
    assert_eq!(after(|history, _| history.views[0].revoked = Some(3)), []);
}
