//! The decision.

mod rooms;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use papo_domain::{
    AuditAct, ClientId, Denial, Emoji, Event, EventKind, MessageText, PersonId, Posted, Reacted,
    Right, RoomId, RoomState, Seq, SessionId, Timestamp, Username,
};

use super::change::{Act, Appended, By, NewEvent, Refusal};
use super::effects::Effects;
use super::facts::{Facts, Place, Poster, RoomHead, StoredMessage};
use crate::audit::AuditNote;
use crate::defects;
use crate::times::next_in_log;

/// The result of a step of a decision.
type Step<T, F> = Result<T, Stop<<F as Facts>::Error>>;

/// Why a change is not stored.
enum Stop<E> {
    /// Only this change is refused, and it leaves no trace.
    Refused(Refusal),
    /// The database couldn't be read, so the whole batch fails.
    Failed(E),
}

impl<E> From<Refusal> for Stop<E> {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl<E> From<Denial> for Stop<E> {
    fn from(denial: Denial) -> Self {
        Self::Refused(denial.into())
    }
}

/// A batch being decided: what was stored before it, with the changes so far applied. Most batches
/// are small, and an ordered map finds what is in them faster than a hash.
pub(crate) struct Ledger<F> {
    facts: F,
    rooms: BTreeMap<RoomId, Option<Room>>,
    names: BTreeMap<String, Option<RoomId>>,
    /// The states that the batch has given to rooms.
    states: BTreeMap<RoomId, RoomState>,
    posters: BTreeMap<(SessionId, RoomId), Option<Poster>>,
    /// Where the batch has posted the messages with these client ids.
    sent: BTreeMap<(PersonId, ClientId), Place>,
    /// The messages that the batch has read.
    messages: BTreeMap<Place, StoredMessage>,
    changed: BTreeSet<Place>,
    audit: Vec<AuditNote>,
    answers: Answers,
}

type Answers = Vec<Result<Appended, Refusal>>;

struct Room {
    head: RoomHead,
    /// The indexes of the answers that hold the room's new events.
    events: Vec<usize>,
}

impl<F: Facts> Ledger<F> {
    /// An empty batch over the stored facts.
    pub(crate) fn new(facts: F) -> Self {
        Self {
            facts,
            rooms: BTreeMap::new(),
            names: BTreeMap::new(),
            states: BTreeMap::new(),
            posters: BTreeMap::new(),
            sent: BTreeMap::new(),
            messages: BTreeMap::new(),
            changed: BTreeSet::new(),
            audit: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// Decides the next change.
    pub(crate) fn decide(&mut self, change: &NewEvent) -> Result<(), F::Error> {
        let answer = match self.take(change) {
            Ok(appended) => Ok(appended),
            Err(Stop::Refused(refusal)) => Err(refusal),
            Err(Stop::Failed(error)) => return Err(error),
        };
        self.answers.push(answer);
        Ok(())
    }

    /// The rows that the batch writes, and its answers.
    pub(crate) fn into_effects(mut self) -> Effects {
        let (mut rewritten, mut changed) = (BTreeMap::new(), Vec::new());
        for place in &self.changed {
            let Some(message) = self.messages.remove(place) else {
                continue;
            };
            if answer(&self.rooms, *place).is_some() {
                rewritten.insert(*place, message.posted);
            } else {
                changed.push(message);
            }
        }
        let rooms = self.rooms.into_iter();
        let grown = rooms.filter_map(|(id, room)| {
            let room = room.filter(|room| !room.events.is_empty())?;
            Some((id, room.head))
        });
        Effects {
            answers: self.answers,
            rewritten,
            changed,
            audit: self.audit,
            heads: grown.collect(),
        }
    }

    fn take(&mut self, event: &NewEvent) -> Step<Appended, F> {
        let NewEvent { room, at, change } = event;
        let (room, at, by) = (*room, *at, change.by);
        match &change.act {
            Act::Post { client_id, text } => self.post(room, at, by, client_id.as_ref(), text),
            Act::Edit { target, text } => self.edit(room, at, by, *target, text),
            Act::Delete { target } => self.delete(room, at, by, *target),
            Act::React {
                target,
                emoji,
                is_on,
            } => self.react(room, at, by, *target, (emoji, *is_on)),
            Act::SetRoom(state) => self.set_room(room, at, by, state),
            Act::SetActive(is_active) => self.set_active(room, at, by, *is_active),
            Act::Enter { username } => self.enter(room, at, by, username),
        }
    }

    fn post(
        &mut self,
        room: RoomId,
        at: Timestamp,
        by: By,
        client_id: Option<&ClientId>,
        text: &MessageText,
    ) -> Step<Appended, F> {
        let client_id = client_id.filter(|_| !defects::has("no-dedupe"));
        let (sender, username, mark) = match self.member(Right::Post, by, room) {
            Ok((poster, username)) => (poster.sender, username.clone(), poster.mark),
            Err(Stop::Refused(refusal)) => {
                // A stored message stays acknowledged, even after its membership has ended.
                let sender = self.poster(by, room)?.map(|poster| poster.sender);
                let stored = self.sent(sender, client_id, F::sent)?;
                return Ok(stored.ok_or(refusal)?);
            }
            Err(failed) => return Err(failed),
        };
        if let Some(stored) = self.sent(Some(sender), client_id, F::sent_before)? {
            return Ok(stored);
        }
        let posted = Posted {
            sender,
            username,
            mark,
            text: Some(text.clone()),
            client_id: client_id.cloned(),
            edited: None,
        };
        let appended = self.append(room, at, EventKind::Posted(posted))?;
        if let Some(client_id) = client_id {
            let place = (room, appended.event.seq);
            self.sent.insert((sender, client_id.clone()), place);
        }
        Ok(appended)
    }

    fn edit(
        &mut self,
        room: RoomId,
        at: Timestamp,
        by: By,
        target: Seq,
        text: &MessageText,
    ) -> Step<Appended, F> {
        self.check_message(Right::Edit, by, room, target)?;
        let text = Some(text.clone());
        let kind = EventKind::Edited {
            target,
            text: text.clone(),
        };
        let appended = self.append(room, at, kind)?;
        let edited = Some(appended.event.timestamp);
        self.change(room, target, |message| {
            message.text = text;
            message.edited = edited;
        });
        Ok(appended)
    }

    fn delete(&mut self, room: RoomId, at: Timestamp, by: By, target: Seq) -> Step<Appended, F> {
        let others = self.check_message(Right::Delete, by, room, target)?;
        let appended = self.append(room, at, EventKind::Deleted { target })?;
        if let Some(username) = others {
            let act = AuditAct::message_deleted(room, target, username.as_str());
            self.note(by, &appended.event, act)?;
        }
        self.change(room, target, |message| message.text = None);
        Ok(appended)
    }

    fn react(
        &mut self,
        room: RoomId,
        at: Timestamp,
        by: By,
        target: Seq,
        (emoji, is_on): (&Emoji, bool),
    ) -> Step<Appended, F> {
        self.check_message(Right::React, by, room, target)?;
        let (poster, username) = self.member(Right::React, by, room)?;
        let reacted = Reacted {
            target,
            sender: poster.sender,
            username: username.clone(),
            emoji: emoji.clone(),
            is_on,
        };
        self.append(room, at, EventKind::Reacted(reacted))
    }

    /// Adds an entry to the audit.
    fn note(&mut self, by: By, event: &Event, act: AuditAct) -> Step<(), F> {
        let person = self.poster(by, event.room)?.map(|poster| poster.sender);
        self.audit.push(AuditNote {
            by: person,
            at: event.timestamp,
            act,
        });
        Ok(())
    }

    fn enter(
        &mut self,
        room: RoomId,
        at: Timestamp,
        by: By,
        username: &Username,
    ) -> Step<Appended, F> {
        let terms = self.room(room)?.head.terms;
        let poster = self.poster(by, room)?;
        by.role(poster)?.may(Right::Join, terms)?;
        let sender = poster.ok_or(Denial::NoSession)?.sender;
        let username = username.clone();
        self.append(room, at, EventKind::Entered { sender, username })
    }

    /// The message that this sender has already stored under this client id.
    fn sent(
        &mut self,
        sender: Option<PersonId>,
        client_id: Option<&ClientId>,
        ask: impl FnOnce(&mut F, PersonId, &ClientId) -> Result<Option<Place>, F::Error>,
    ) -> Step<Option<Appended>, F> {
        let (Some(sender), Some(client_id)) = (sender, client_id) else {
            return Ok(None);
        };
        let place = match self.sent.get(&(sender, client_id.clone())) {
            Some(place) => Some(*place),
            None => ask(&mut self.facts, sender, client_id).map_err(Stop::Failed)?,
        };
        let message = match place {
            Some(place) => self.message(place)?,
            None => None,
        };
        Ok(message.map(|message| Appended {
            event: Event {
                room: message.room,
                seq: message.seq,
                timestamp: message.timestamp,
                kind: EventKind::Posted(message.posted.clone()),
            },
            duplicate: true,
        }))
    }

    /// The poster and its name in the room. Refused without this right there.
    fn member(&mut self, right: Right, by: By, room: RoomId) -> Step<(&Poster, &Username), F> {
        let terms = self.room(room)?.head.terms;
        let poster = self.poster(by, room)?;
        by.role(poster)?.may(right, terms)?;
        let member = poster.and_then(|poster| Some((poster, poster.username.as_ref()?)));
        Ok(member.ok_or(Denial::NotJoined)?)
    }

    /// Refuses a message without the right to change it, and a message that doesn't exist or is
    /// deleted. For the right, a missing message counts as the person's own. Returns the name under
    /// a message that is somebody else's.
    fn check_message(
        &mut self,
        right: Right,
        by: By,
        room: RoomId,
        seq: Seq,
    ) -> Step<Option<Username>, F> {
        let terms = self.room(room)?.head.terms;
        let poster = self.poster(by, room)?;
        let (role, person) = (by.role(poster)?, poster.map(|poster| poster.sender));
        let message = self.message((room, seq))?.map(|message| &message.posted);
        let message = message.filter(|message| message.text.is_some());
        let is_own = message.is_none_or(|message| Some(message.sender) == person);
        let username = message.map(|message| message.username.clone());
        role.may_change(right, is_own, terms)?;
        let username = username.ok_or(Refusal::NoMessage)?;
        Ok(Some(username).filter(|_| !is_own))
    }

    fn room(&mut self, id: RoomId) -> Step<&mut Room, F> {
        let room = match self.rooms.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let head = self.facts.room(id).map_err(Stop::Failed)?;
                let events = Vec::new();
                unknown.insert(head.map(|head| Room { head, events }))
            }
        };
        Ok(room.as_mut().ok_or(Denial::NoRoom)?)
    }

    fn name_holder(&mut self, key: &str) -> Step<Option<RoomId>, F> {
        if let Some(holder) = self.names.get(key) {
            return Ok(*holder);
        }
        let holder = self.facts.name_holder(key).map_err(Stop::Failed)?;
        self.names.insert(key.to_owned(), holder);
        Ok(holder)
    }

    fn poster(&mut self, by: By, room: RoomId) -> Step<Option<&Poster>, F> {
        let Some(session) = by.session() else {
            return Ok(None);
        };
        let poster = match self.posters.entry((session, room)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                unknown.insert(self.facts.poster(session, room).map_err(Stop::Failed)?)
            }
        };
        Ok(poster.as_ref())
    }

    /// The message that an event posted, with the changes so far applied.
    fn message(&mut self, place: Place) -> Step<Option<&mut StoredMessage>, F> {
        let unknown = match self.messages.entry(place) {
            Entry::Occupied(known) => return Ok(Some(known.into_mut())),
            Entry::Vacant(unknown) => unknown,
        };
        let message = match answer(&self.rooms, place) {
            Some(index) => posted(&self.answers[index]),
            None => self.facts.message(place.0, place.1).map_err(Stop::Failed)?,
        };
        Ok(message.map(|message| unknown.insert(message)))
    }

    fn change(&mut self, room: RoomId, seq: Seq, change: impl FnOnce(&mut Posted)) {
        if let Some(message) = self.messages.get_mut(&(room, seq)) {
            change(&mut message.posted);
            self.changed.insert((room, seq));
        }
    }

    /// Gives an accepted event its room's next seq and a time.
    fn append(&mut self, room: RoomId, at: Timestamp, kind: EventKind) -> Step<Appended, F> {
        let index = self.answers.len();
        let log = self.room(room)?;
        log.events.push(index);
        let head = &mut log.head;
        head.last_seq = head.last_seq.next();
        head.last_at = next_in_log(at, head.last_at);
        if let EventKind::Posted(_) = kind {
            head.last_activity = Some(head.last_at);
        }
        Ok(Appended {
            event: Event {
                room,
                seq: head.last_seq,
                timestamp: head.last_at,
                kind,
            },
            duplicate: false,
        })
    }
}

/// The index of the answer that holds this event; `None` when the batch didn't add it.
fn answer(rooms: &BTreeMap<RoomId, Option<Room>>, (room, seq): Place) -> Option<usize> {
    let Room { head, events } = rooms.get(&room)?.as_ref()?;
    let after_it = usize::try_from(head.last_seq.0 - seq.0).ok()?;
    let index = events.len().checked_sub(after_it + 1)?;
    events.get(index).copied()
}

/// The message that an event of the batch posted.
fn posted(answer: &Result<Appended, Refusal>) -> Option<StoredMessage> {
    let event = &answer.as_ref().ok()?.event;
    match &event.kind {
        EventKind::Posted(posted) => Some(StoredMessage {
            room: event.room,
            seq: event.seq,
            timestamp: event.timestamp,
            posted: posted.clone(),
        }),
        _ => None,
    }
}
