//! Random batches over a store of plain maps, compared with a model of plain lists.
//!
//! The facts are read in both ways that databases use. One looks for each message before it is
//! posted. The other assumes that there is none, and the database refuses to store it twice.

mod lists;
mod memory;

use std::collections::HashMap;

use papo_domain::{
    ClientId, Emoji, EventKind, Mark, MessageText, PersonId, RoomDescription, RoomId, RoomKind,
    RoomName, RoomState, RoomTerms, Seq, SessionId, Timestamp, Username,
};
use proptest::prelude::*;

use self::lists::{Answer, Lists, Log};
use self::memory::{Memory, Remembered};
use super::{Act, Appended, By, Change, Effects, Ledger, NewEvent, RoomHead};
use crate::fold::fold;

/// A log's time doesn't run backwards by this much.
const SKEW_MILLIS: i64 = 1_000;

/// The four sessions' senders: 1 and 2 are one person, 9 has ended.
fn sender(session: SessionId) -> Option<PersonId> {
    match session.0 {
        1 | 2 => Some(PersonId(100)),
        3 => Some(PersonId(300)),
        _ => None,
    }
}

/// Person 300 has an account.
fn mark(sender: PersonId) -> Option<Mark> {
    (sender == PersonId(300)).then_some(Mark::Account)
}

/// What happens.
#[derive(Debug, Clone)]
enum Step {
    Change(NewEvent),
    Enter(SessionId, RoomId),
    Leave(SessionId, RoomId),
    /// Makes the session an administrator's, or ends that.
    Administer(SessionId, bool),
    /// Makes the session's person a moderator of a room if they are in it, or ends that.
    Moderate(SessionId, RoomId, bool),
}

fn seq(index: usize) -> Seq {
    Seq(i64::try_from(index).unwrap() + 1)
}

fn steps() -> impl Strategy<Value = Vec<Vec<Step>>> {
    let session = prop_oneof![Just(1), Just(1), Just(2), Just(3), Just(9)].prop_map(SessionId);
    let room = prop_oneof![Just(1), Just(1), Just(2), Just(7)].prop_map(RoomId);
    let target = (0..10_i64).prop_map(Seq);
    let text = (0..100_u8).prop_map(|n| MessageText::parse(&format!("texto {n}")).unwrap());
    let client_id = prop::option::of(0..5_u8);
    let client_id =
        client_id.prop_map(|id| id.map(|id| ClientId::from_stored(format!("client-{id}"))));
    let state = (0..3_u8, any::<bool>(), any::<bool>());
    let state = state.prop_map(|(name, is_active, is_announcement)| RoomState {
        name: RoomName::parse(&format!("Sala {name}")).unwrap(),
        description: RoomDescription::parse("").unwrap(),
        is_active,
        kind: RoomKind::Public,
        is_announcement,
    });
    let by = prop_oneof![
        8 => session.clone().prop_map(By::Member),
        3 => session.clone().prop_map(By::Administrator),
        1 => Just(By::System),
    ];
    let act = prop_oneof![
        5 => (client_id, text.clone()).prop_map(|(client_id, text)| Act::Post { client_id, text }),
        2 => (target.clone(), text).prop_map(|(target, text)| Act::Edit { target, text }),
        2 => target.clone().prop_map(|target| Act::Delete { target }),
        2 => (target, any::<bool>()).prop_map(|(target, is_on)| Act::React {
            target,
            emoji: Emoji::parse("👍").unwrap(),
            is_on,
        }),
        1 => state.clone().prop_map(Act::SetRoom),
        1 => any::<bool>().prop_map(Act::SetActive),
    ];
    let set_room = |state| Change {
        by: By::System,
        act: Act::SetRoom(state),
    };
    let change = prop_oneof![
        9 => (by, act).prop_map(|(by, act)| Change { by, act }),
        1 => state.prop_map(set_room),
    ];
    // Clocks differ a little, run backwards, and may be wrong by a day.
    let at = prop_oneof![
        5 => 0..50_i64,
        3 => 0..3 * SKEW_MILLIS,
        1 => Just(24 * 60 * 60 * 1_000),
    ];
    let at = at.prop_map(Timestamp::from_millis);
    let new_event = (room.clone(), at, change)
        .prop_map(|(room, at, change)| Step::Change(NewEvent { room, at, change }));
    let place = (session.clone(), room);
    let moderate = (place.clone(), any::<bool>());
    let administer = (session, any::<bool>());
    let step = prop_oneof![
        9 => new_event,
        1 => place.clone().prop_map(|(session, room)| Step::Enter(session, room)),
        1 => place.prop_map(|(session, room)| Step::Leave(session, room)),
        1 => moderate.prop_map(|((session, room), is_one)| Step::Moderate(session, room, is_one)),
        1 => administer.prop_map(|(session, is_one)| Step::Administer(session, is_one)),
    ];
    prop::collection::vec(prop::collection::vec(step, 1..8), 1..8)
}

/// Two rooms, and sessions 1 and 3 in the first. Session 2 administers.
fn beginning() -> (Memory, Lists) {
    let mut memory = Memory::default();
    let mut logs = HashMap::new();
    for id in [1, 2] {
        let name = fold(&format!("Sala {id}")).into_owned();
        let head = RoomHead {
            terms: RoomTerms {
                kind: RoomKind::Public,
                is_announcement: false,
                is_active: true,
            },
            last_seq: Seq::START,
            last_at: Timestamp::from_millis(7),
            last_activity: None,
            name_key: name.clone(),
        };
        let last_at = head.last_at;
        memory.rooms.insert(RoomId(id), head);
        let log = Log {
            entries: Vec::new(),
            name,
            is_active: true,
            is_announcement: false,
            last_at,
        };
        logs.insert(RoomId(id), log);
    }
    for session in [1, 3] {
        let place = (SessionId(session), RoomId(1));
        memory.members.insert(place, name());
    }
    memory.administrators.insert(SessionId(2));
    let lists = Lists {
        logs,
        members: memory.members.clone(),
        administrators: memory.administrators.clone(),
        moderators: memory.moderators.clone(),
        sent: HashMap::new(),
    };
    (memory, lists)
}

fn name() -> Username {
    Username::parse("Ana").unwrap()
}

/// Decides batches, looking for messages in each of these ways in turn.
fn compare(batches: Vec<Vec<Step>>, ways: &[bool]) {
    let (mut memory, mut lists) = beginning();
    for steps in batches {
        let mut changes = Vec::new();
        for step in steps {
            // Memberships and administrators change between batches, in transactions of their own.
            match step {
                Step::Change(change) => changes.push(change),
                Step::Enter(session, room) => {
                    memory.members.insert((session, room), name());
                }
                Step::Leave(session, room) => {
                    memory.members.remove(&(session, room));
                }
                Step::Moderate(session, room, true) => {
                    memory.moderators.insert((session, room));
                }
                Step::Moderate(session, room, false) => {
                    memory.moderators.remove(&(session, room));
                }
                Step::Administer(session, true) => {
                    memory.administrators.insert(session);
                }
                Step::Administer(session, false) => {
                    memory.administrators.remove(&session);
                }
            }
        }
        lists.members.clone_from(&memory.members);
        lists.administrators.clone_from(&memory.administrators);
        lists.moderators.clone_from(&memory.moderators);
        let effects = store(&mut memory, &changes, ways);
        let is_empty = effects.is_empty();
        let answers = effects.into_answers();
        assert_eq!(answers.len(), changes.len());
        let is_new = |answer: &Result<Appended, _>| answer.as_ref().is_ok_and(|a| !a.duplicate);
        assert_eq!(is_empty, !answers.iter().any(is_new));
        for (answer, change) in answers.iter().zip(&changes) {
            let answer = answer.as_ref().map(shown).map_err(|refusal| *refusal);
            assert_eq!(answer, lists.answer(change), "{change:?}");
        }
        agree(&memory, &lists);
    }
}

fn store(memory: &mut Memory, changes: &[NewEvent], ways: &[bool]) -> Effects {
    for &looks in ways {
        let mut ledger = Ledger::new(Remembered { memory, looks });
        for change in changes {
            let Ok(()) = ledger.decide(change);
        }
        let effects = ledger.into_effects();
        if memory.write(&effects) {
            return effects;
        }
    }
    panic!("a message is stored and isn't found");
}

fn shown(appended: &Appended) -> Answer {
    let event = &appended.event;
    let text = match &event.kind {
        EventKind::Posted(posted) => posted.text.as_ref().map(ToString::to_string),
        _ => None,
    };
    Answer {
        place: (event.room, event.seq),
        at: event.timestamp,
        duplicate: appended.duplicate,
        text,
    }
}

/// Asserts that the database holds what the lists hold.
fn agree(memory: &Memory, lists: &Lists) {
    for (room, log) in &lists.logs {
        let head = &memory.rooms[room];
        assert_eq!(head.last_seq.0, i64::try_from(log.entries.len()).unwrap());
        assert_eq!(head.last_at, log.last_at);
        assert_eq!(
            (head.terms.is_active, &head.name_key),
            (log.is_active, &log.name)
        );
        let mut last_activity = None;
        for (index, entry) in log.entries.iter().enumerate() {
            let place = (*room, seq(index));
            let event = &memory.events[&place];
            assert_eq!(event.timestamp, entry.at);
            let message = memory.messages.get(&place);
            match &entry.message {
                Some((sender, text)) => {
                    let posted = &message.expect("a message is stored").posted;
                    assert_eq!((posted.sender, posted.mark), (*sender, mark(*sender)));
                    let stored = posted.text.as_ref().map(ToString::to_string);
                    assert_eq!(stored, *text);
                    assert!(matches!(event.kind, EventKind::Posted(_)));
                    last_activity = Some(event.timestamp);
                }
                None => assert_eq!(message, None),
            }
        }
        assert_eq!(head.last_activity, last_activity);
    }
    let entries: usize = lists.logs.values().map(|log| log.entries.len()).sum();
    assert_eq!(memory.events.len(), entries);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn a_ledger_decides_what_lists_would(batches in steps()) {
        compare(batches.clone(), &[true]);
        compare(batches, &[false, true]);
    }
}
