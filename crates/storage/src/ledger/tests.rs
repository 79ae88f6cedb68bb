//! Random batches over a store of plain maps, compared with a model of plain lists.
//!
//! The facts are read in both ways that databases use. One looks for each message before it is
//! posted. The other assumes that there is none, and the database refuses to store it twice.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;

use papo_domain::{
    ClientId, Event, EventKind, Mark, MessageText, PersonId, RoomDescription, RoomId, RoomName,
    RoomState, Seq, SessionId, Timestamp, Username,
};
use proptest::prelude::*;

use super::{
    Appended, Change, Effects, Facts, Ledger, NewEvent, Place, Poster, Refusal, RoomHead,
    StoredMessage,
};
use crate::fold::fold;

/// A log's time doesn't run backwards by this much.
const SKEW_MILLIS: i64 = 1_000;

/// A database: the applied [`Effects`], and the memberships.
#[derive(Default)]
struct Memory {
    rooms: HashMap<RoomId, RoomHead>,
    messages: BTreeMap<(RoomId, Seq), StoredMessage>,
    events: BTreeMap<(RoomId, Seq), Event>,
    members: HashMap<(SessionId, RoomId), Username>,
}

/// The facts of a memory, and whether they look for a message before it is posted.
struct Remembered<'a> {
    memory: &'a Memory,
    looks: bool,
}

impl Facts for Remembered<'_> {
    type Error = Infallible;

    fn room(&mut self, room: RoomId) -> Result<Option<RoomHead>, Infallible> {
        Ok(self.memory.rooms.get(&room).cloned())
    }

    fn name_holder(&mut self, name_key: &str) -> Result<Option<RoomId>, Infallible> {
        let mut rooms = self.memory.rooms.iter();
        Ok(rooms.find_map(|(id, head)| (head.name_key == name_key).then_some(*id)))
    }

    fn poster(&mut self, session: SessionId, room: RoomId) -> Result<Option<Poster>, Infallible> {
        let username = self.memory.members.get(&(session, room)).cloned();
        Ok(sender(session).map(|sender| Poster {
            sender,
            username,
            mark: mark(sender),
        }))
    }

    fn message(&mut self, room: RoomId, seq: Seq) -> Result<Option<StoredMessage>, Infallible> {
        Ok(self.memory.messages.get(&(room, seq)).cloned())
    }

    fn sent(
        &mut self,
        sender: PersonId,
        client_id: &ClientId,
    ) -> Result<Option<Place>, Infallible> {
        Ok(self.memory.sent(sender, client_id))
    }

    fn sent_before(
        &mut self,
        sender: PersonId,
        client_id: &ClientId,
    ) -> Result<Option<Place>, Infallible> {
        let place = self.memory.sent(sender, client_id);
        Ok(place.filter(|_| self.looks))
    }
}

impl Memory {
    fn sent(&self, sender: PersonId, client_id: &ClientId) -> Option<Place> {
        let is_it = |message: &&StoredMessage| {
            message.posted.sender == sender && message.posted.client_id.as_ref() == Some(client_id)
        };
        let message = self.messages.values().find(is_it)?;
        Some((message.room, message.seq))
    }

    /// Writes as a database would: it refuses to insert an existing row or to update a missing one.
    /// Writes nothing and returns `false` when a message was stored before.
    fn write(&mut self, effects: &Effects) -> bool {
        for (_, posted) in effects.posted() {
            let client_id = posted.client_id.as_ref();
            if client_id.is_some_and(|id| self.sent(posted.sender, id).is_some()) {
                return false;
            }
        }
        for (event, posted) in effects.posted() {
            let message = StoredMessage {
                room: event.room,
                seq: event.seq,
                timestamp: event.timestamp,
                posted: posted.clone(),
            };
            let place = (event.room, event.seq);
            let before = self.messages.insert(place, message);
            assert!(before.is_none(), "{place:?} twice");
        }
        for message in effects.changed.iter().cloned() {
            let place = (message.room, message.seq);
            let before = self.messages.insert(place, message);
            assert!(before.is_some(), "{place:?} missing");
        }
        for event in effects.events().cloned() {
            let place = (event.room, event.seq);
            let before = self.events.insert(place, event);
            assert!(before.is_none(), "{place:?} twice");
        }
        self.rooms.extend(effects.heads.iter().cloned());
        let mut names: Vec<_> = self.rooms.values().map(|head| &head.name_key).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), self.rooms.len(), "two rooms of one name");
        true
    }
}

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
enum Act {
    Change(NewEvent),
    Enter(SessionId, RoomId),
    Leave(SessionId, RoomId),
}

/// The model: the rooms as lists, and the answer that each change must get.
struct Lists {
    logs: HashMap<RoomId, Log>,
    members: HashMap<(SessionId, RoomId), Username>,
    sent: HashMap<(PersonId, ClientId), (RoomId, usize)>,
}

struct Log {
    entries: Vec<Entry>,
    name: String,
    is_active: bool,
    last_at: Timestamp,
}

struct Entry {
    at: Timestamp,
    /// Of a message: who wrote it, and what it says.
    message: Option<(PersonId, Option<String>)>,
}

/// What a change must be answered.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    place: Place,
    at: Timestamp,
    duplicate: bool,
    /// Of a message, what it says at that moment.
    text: Option<String>,
}

impl Lists {
    fn answer(&mut self, event: &NewEvent) -> Result<Answer, Refusal> {
        let room = event.room;
        let message = match &event.change {
            Change::Post {
                session,
                client_id,
                text,
            } => {
                let sent = sender(*session).zip(client_id.clone());
                if let Some(&(room, index)) = sent.as_ref().and_then(|key| self.sent.get(key)) {
                    let entry = &self.logs[&room].entries[index];
                    let (_, text) = entry.message.clone().expect("a message was sent");
                    return Ok(Answer {
                        place: (room, seq(index)),
                        at: entry.at,
                        duplicate: true,
                        text,
                    });
                }
                let sender = self.speaker(*session, room)?;
                if let Some(key) = sent {
                    let index = self.logs[&room].entries.len();
                    self.sent.insert(key, (room, index));
                }
                Some((sender, Some(text.to_string())))
            }
            Change::Edit {
                session,
                target,
                text,
            } => {
                let owner = self.speaker(*session, room)?;
                *self.text(room, *target, Some(owner))? = Some(text.to_string());
                None
            }
            Change::Delete { session, target } => {
                let owner = session.map(|session| self.speaker(session, room));
                *self.text(room, *target, owner.transpose()?)? = None;
                None
            }
            Change::SetRoom(state) => {
                let name = fold(state.name.as_str()).into_owned();
                let is_other = |(id, log): (&RoomId, &Log)| *id != room && log.name == name;
                let is_taken = self.logs.iter().any(is_other);
                let log = self.logs.get_mut(&room).ok_or(Refusal::NoRoom)?;
                if is_taken {
                    return Err(Refusal::NameTaken);
                }
                log.name = name;
                log.is_active = state.is_active;
                None
            }
        };
        let log = self.logs.get_mut(&room).ok_or(Refusal::NoRoom)?;
        let ahead = log.last_at.as_millis() - event.at.as_millis();
        let holds_back = (0..=SKEW_MILLIS).contains(&ahead);
        log.last_at = if holds_back { log.last_at } else { event.at };
        let answer = Answer {
            place: (room, seq(log.entries.len())),
            at: log.last_at,
            duplicate: false,
            text: message.as_ref().and_then(|(_, text)| text.clone()),
        };
        let at = log.last_at;
        log.entries.push(Entry { at, message });
        Ok(answer)
    }

    fn speaker(&self, session: SessionId, room: RoomId) -> Result<PersonId, Refusal> {
        if !self.logs.get(&room).is_some_and(|log| log.is_active) {
            return Err(Refusal::NoRoom);
        }
        let is_in = self.members.contains_key(&(session, room));
        sender(session).filter(|_| is_in).ok_or(Refusal::NotJoined)
    }

    fn text(
        &mut self,
        room: RoomId,
        target: Seq,
        owner: Option<PersonId>,
    ) -> Result<&mut Option<String>, Refusal> {
        let log = self.logs.get_mut(&room).ok_or(Refusal::NoRoom)?;
        let index = usize::try_from(target.0 - 1).map_err(|_| Refusal::NoMessage)?;
        let entry = log.entries.get_mut(index);
        match entry.and_then(|entry| entry.message.as_mut()) {
            Some((sender, text)) if text.is_some() => match owner {
                Some(owner) if owner != *sender => Err(Refusal::NotYours),
                _ => Ok(text),
            },
            _ => Err(Refusal::NoMessage),
        }
    }
}

fn seq(index: usize) -> Seq {
    Seq(i64::try_from(index).unwrap() + 1)
}

fn acts() -> impl Strategy<Value = Vec<Vec<Act>>> {
    let session = prop_oneof![Just(1), Just(1), Just(2), Just(3), Just(9)].prop_map(SessionId);
    let room = prop_oneof![Just(1), Just(1), Just(2), Just(7)].prop_map(RoomId);
    let target = (0..10_i64).prop_map(Seq);
    let text = (0..100_u8).prop_map(|n| MessageText::parse(&format!("texto {n}")).unwrap());
    let client_id = prop::option::of(0..5_u8);
    let client_id =
        client_id.prop_map(|id| id.map(|id| ClientId::from_stored(format!("client-{id}"))));
    let state = (0..3_u8, any::<bool>()).prop_map(|(name, is_active)| RoomState {
        name: RoomName::parse(&format!("Sala {name}")).unwrap(),
        description: RoomDescription::parse("").unwrap(),
        is_active,
    });
    let change = prop_oneof![
        5 => (session.clone(), client_id, text.clone())
            .prop_map(|(session, client_id, text)| Change::Post { session, client_id, text }),
        2 => (session.clone(), target.clone(), text)
            .prop_map(|(session, target, text)| Change::Edit { session, target, text }),
        2 => (prop::option::of(session.clone()), target)
            .prop_map(|(session, target)| Change::Delete { session, target }),
        1 => state.prop_map(Change::SetRoom),
    ];
    // Clocks differ a little, run backwards, and may be wrong by a day.
    let at = prop_oneof![
        5 => 0..50_i64,
        3 => 0..3 * SKEW_MILLIS,
        1 => Just(24 * 60 * 60 * 1_000),
    ];
    let at = at.prop_map(Timestamp::from_millis);
    let new_event = (room.clone(), at, change)
        .prop_map(|(room, at, change)| Act::Change(NewEvent { room, at, change }));
    let place = (session, room);
    let act = prop_oneof![
        8 => new_event,
        1 => place.clone().prop_map(|(session, room)| Act::Enter(session, room)),
        1 => place.prop_map(|(session, room)| Act::Leave(session, room)),
    ];
    prop::collection::vec(prop::collection::vec(act, 1..8), 1..8)
}

/// Two rooms, and sessions 1 and 3 in the first.
fn beginning() -> (Memory, Lists) {
    let mut memory = Memory::default();
    let mut logs = HashMap::new();
    for id in [1, 2] {
        let name = fold(&format!("Sala {id}")).into_owned();
        let head = RoomHead {
            is_active: true,
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
            last_at,
        };
        logs.insert(RoomId(id), log);
    }
    for session in [1, 3] {
        let place = (SessionId(session), RoomId(1));
        memory.members.insert(place, name());
    }
    let lists = Lists {
        logs,
        members: memory.members.clone(),
        sent: HashMap::new(),
    };
    (memory, lists)
}

fn name() -> Username {
    Username::parse("Ana").unwrap()
}

/// Decides batches, looking for messages in each of these ways in turn.
fn compare(batches: Vec<Vec<Act>>, ways: &[bool]) {
    let (mut memory, mut lists) = beginning();
    for acts in batches {
        let mut changes = Vec::new();
        for act in acts {
            // Who is in a room changes between batches: it is a transaction of its own.
            match act {
                Act::Change(change) => changes.push(change),
                Act::Enter(session, room) => {
                    memory.members.insert((session, room), name());
                }
                Act::Leave(session, room) => {
                    memory.members.remove(&(session, room));
                }
            }
        }
        lists.members.clone_from(&memory.members);
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
        assert_eq!((head.is_active, &head.name_key), (log.is_active, &log.name));
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
    fn a_ledger_decides_what_lists_would(batches in acts()) {
        compare(batches.clone(), &[true]);
        compare(batches, &[false, true]);
    }
}
