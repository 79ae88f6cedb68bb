//! The model: the rooms as lists, as simple as can be.

use std::collections::{HashMap, HashSet};

use papo_domain::{ClientId, Denial, PersonId, RoomId, Seq, SessionId, Timestamp, Username};

use super::{SKEW_MILLIS, sender, seq};
use crate::fold::fold;
use crate::ledger::{Act, By, NewEvent, Place, Refusal};

/// The rooms as lists, which give the answer that each change must get.
pub(super) struct Lists {
    pub(super) logs: HashMap<RoomId, Log>,
    pub(super) members: HashMap<(SessionId, RoomId), Username>,
    pub(super) administrators: HashSet<SessionId>,
    pub(super) moderators: HashSet<(SessionId, RoomId)>,
    pub(super) sent: HashMap<(PersonId, ClientId), (RoomId, usize)>,
}

pub(super) struct Log {
    pub(super) entries: Vec<Entry>,
    pub(super) name: String,
    pub(super) is_active: bool,
    pub(super) is_announcement: bool,
    pub(super) last_at: Timestamp,
}

pub(super) struct Entry {
    pub(super) at: Timestamp,
    /// Of a message: who wrote it, and what it says.
    pub(super) message: Option<(PersonId, Option<String>)>,
}

/// The answer that a change must get.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) place: Place,
    pub(super) at: Timestamp,
    pub(super) duplicate: bool,
    /// Of a message, what it says at that moment.
    pub(super) text: Option<String>,
}

impl Lists {
    pub(super) fn answer(&mut self, event: &NewEvent) -> Result<Answer, Refusal> {
        let room = event.room;
        let by = event.change.by;
        let message = match &event.change.act {
            Act::Post { client_id, text } => {
                let session = by.session();
                let sent = session.and_then(sender).zip(client_id.clone());
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
                let sender = self.speaker(by, room)?;
                if self.logs[&room].is_announcement && !self.moderates(by, room) {
                    return Err(Denial::ReadOnly.into());
                }
                if let Some(key) = sent {
                    let index = self.logs[&room].entries.len();
                    self.sent.insert(key, (room, index));
                }
                Some((sender, Some(text.to_string())))
            }
            Act::Edit { target, text } => {
                let owner = match self.speaker(by, room) {
                    Ok(owner) => owner,
                    Err(Refusal::Denied(Denial::NotJoined | Denial::NoSession))
                        if !matches!(by, By::Member(_)) =>
                    {
                        return Err(Denial::NotYours.into());
                    }
                    Err(refusal) => return Err(refusal),
                };
                *self.text(room, *target, Some(owner))? = Some(text.to_string());
                None
            }
            Act::Delete { target } => {
                let owner = if self.administers(by, room)? || self.moderates(by, room) {
                    None
                } else {
                    Some(self.speaker(by, room)?)
                };
                *self.text(room, *target, owner)? = None;
                None
            }
            Act::React { target, .. } => {
                self.speaker(by, room)?;
                self.text(room, *target, None)?;
                None
            }
            Act::Enter { .. } => unreachable!("no step enters"),
            Act::SetRoom(state) => {
                if !self.administers(by, room)? && !self.moderates(by, room) {
                    let denial = match (self.is_member(by, room), self.logs[&room].is_active) {
                        (true, _) => Denial::NotModerator,
                        (false, true) => Denial::NotJoined,
                        (false, false) => Denial::NoRoom,
                    };
                    return Err(denial.into());
                }
                let name = fold(state.name.as_str()).into_owned();
                let is_other = |(id, log): (&RoomId, &Log)| *id != room && log.name == name;
                if self.logs.iter().any(is_other) {
                    return Err(Refusal::NameTaken);
                }
                let log = self.logs.get_mut(&room).ok_or(Denial::NoRoom)?;
                log.name = name;
                log.is_active = state.is_active;
                log.is_announcement = state.is_announcement;
                None
            }
            Act::SetActive(is_active) => {
                if !self.administers(by, room)? {
                    return Err(Denial::NotAdministrator.into());
                }
                self.logs.get_mut(&room).ok_or(Denial::NoRoom)?.is_active = *is_active;
                None
            }
        };
        let log = self.logs.get_mut(&room).ok_or(Denial::NoRoom)?;
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

    /// Whether the change has an administrator's right.
    fn administers(&self, by: By, room: RoomId) -> Result<bool, Refusal> {
        if !self.logs.contains_key(&room) {
            return Err(Denial::NoRoom.into());
        }
        match by {
            By::Member(_) => Ok(false),
            By::Administrator(session)
                if sender(session).is_some() && self.administrators.contains(&session) =>
            {
                Ok(true)
            }
            By::Administrator(_) => Err(Denial::NotAdministrator.into()),
            By::System => Ok(true),
        }
    }

    fn moderates(&self, by: By, room: RoomId) -> bool {
        let By::Member(session) = by else {
            return false;
        };
        self.is_member(by, room) && self.moderators.contains(&(session, room))
    }

    fn is_member(&self, by: By, room: RoomId) -> bool {
        let By::Member(session) = by else {
            return false;
        };
        sender(session).is_some() && self.members.contains_key(&(session, room))
    }

    fn speaker(&self, by: By, room: RoomId) -> Result<PersonId, Refusal> {
        self.administers(by, room)?;
        if !self.logs[&room].is_active {
            let is_in_it = self.is_member(by, room);
            let denial = if is_in_it {
                Denial::ReadOnly
            } else {
                Denial::NoRoom
            };
            return Err(denial.into());
        }
        match by {
            By::Member(session) if self.members.contains_key(&(session, room)) => {
                sender(session).ok_or(Denial::NotJoined.into())
            }
            By::Member(_) | By::Administrator(_) => Err(Denial::NotJoined.into()),
            By::System => Err(Denial::NoSession.into()),
        }
    }

    fn text(
        &mut self,
        room: RoomId,
        target: Seq,
        owner: Option<PersonId>,
    ) -> Result<&mut Option<String>, Refusal> {
        let log = self.logs.get_mut(&room).ok_or(Denial::NoRoom)?;
        let index = usize::try_from(target.0 - 1).map_err(|_| Refusal::NoMessage)?;
        let entry = log.entries.get_mut(index);
        match entry.and_then(|entry| entry.message.as_mut()) {
            Some((sender, text)) if text.is_some() => match owner {
                Some(owner) if owner != *sender => Err(Denial::NotYours.into()),
                _ => Ok(text),
            },
            _ => Err(Refusal::NoMessage),
        }
    }
}
