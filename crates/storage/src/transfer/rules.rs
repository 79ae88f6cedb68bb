//! Checks records against the rules of the domain, as if somebody had just typed them.

use std::collections::HashMap;
use std::fmt;

use papo_domain::{
    ClientId, Emoji, EventKind, MessageText, MessageTextError, PersonId, RoomDescription, RoomKind,
    RoomName, RoomNameError, RoomState, Seq, StoredEvent, Timestamp, USERNAME_BYTES, Username,
    skeleton,
};

use super::rows::{ChangeRow, EventRow, InstanceRow, MessageRow};
use crate::directs::MOST_PEOPLE;

/// The largest allowed id. Normal use never reaches it, a browser counts to it exactly, and a
/// database has far to go from it.
pub(super) const LARGEST_ID: i64 = 1 << 53;
/// The most rooms. Reading an instance keeps something of each in memory.
const MOST_ROOMS: u32 = 100_000;
/// The most accounts. Reading an instance keeps their names in memory.
const MOST_ACCOUNTS: usize = 1_000_000;
/// The longest name that a message may have. In a damaged name each byte may show as three.
const FORMER_NAME_BYTES: usize = 3 * USERNAME_BYTES;
/// What the checks know of an instance while its records come.
#[derive(Default)]
pub(crate) struct Rules {
    last_account: i64,
    last_room: i64,
    last_session: i64,
    rooms: u32,
    /// The accounts by the skeletons of their names.
    accounts: HashMap<String, i64>,
}

impl Rules {
    /// Checks the instance's own row, which comes first.
    pub(super) fn begin(&mut self, instance: &InstanceRow) -> Result<(), String> {
        for last in [
            instance.last_account,
            instance.last_room,
            instance.last_session,
            instance.last_revocation,
            instance.last_inbox,
        ] {
            if !(0..=LARGEST_ID).contains(&last) {
                return Err(format!("no last number is {last}"));
            }
        }
        if !(0..=LARGEST_ID).contains(&instance.served) {
            return Err(format!("no time of service is {} ms", instance.served));
        }
        self.last_account = instance.last_account;
        self.last_room = instance.last_room;
        self.last_session = instance.last_session;
        Ok(())
    }

    /// Checks an account's number.
    pub(super) fn account_number(&self, id: i64) -> Result<(), String> {
        number(id, self.last_account)
    }

    /// Checks a session's number.
    pub(super) fn session_number(&self, id: i64) -> Result<(), String> {
        number(id, self.last_session)
    }

    /// Checks a room's number, and counts the rooms. Each comes once.
    pub(super) fn room_number(&mut self, id: i64) -> Result<(), String> {
        number(id, self.last_room)?;
        self.rooms += 1;
        if self.rooms > MOST_ROOMS {
            return Err(format!("there are more than {MOST_ROOMS} rooms"));
        }
        Ok(())
    }

    /// Refuses an account whose name could be mistaken for another's: one of them couldn't sign in.
    pub(super) fn claim_name(&mut self, name: &str, account: i64) -> Result<(), String> {
        if self.accounts.len() >= MOST_ACCOUNTS {
            return Err(format!("there are more than {MOST_ACCOUNTS} accounts"));
        }
        match self.accounts.insert(skeleton(name), account) {
            None => Ok(()),
            Some(other) => Err(format!(
                "its name {name:?} could be taken for that of account {other}; remove one of them \
                 where they come from, and save that again"
            )),
        }
    }
}

/// Checks an event of a room's log.
pub(super) fn event(event: &EventRow) -> Result<(), String> {
    time(event.at)?;
    match &event.change {
        ChangeRow::Posted(posted) => message(posted),
        ChangeRow::Other { kind, target, body } => {
            let stored = StoredEvent {
                code: *kind,
                target: target.map(Seq),
                body: body.clone(),
            };
            let change = EventKind::from_stored(stored.clone(), None);
            let change = change.map_err(|error| error.to_string())?;
            if change.to_stored() != stored {
                return Err("it isn't as Papo stores it".into());
            }
            check_change(&change)
        }
    }
}

fn check_change(change: &EventKind) -> Result<(), String> {
    match change {
        EventKind::Room(RoomState {
            name, description, ..
        }) => match RoomName::parse(name.as_str()) {
            // A room may have a name from when fewer characters were refused. Nobody can change it,
            // and nobody sees it.
            Err(RoomNameError::Control) if !name.as_str().contains(char::is_control) => {
                let description = description.as_str();
                same(description, RoomDescription::parse(description))
            }
            _ => room_state(name.as_str(), description.as_str()),
        },
        EventKind::Reacted(reacted) => {
            former_username(reacted.username.as_str())?;
            same(reacted.emoji.as_str(), Emoji::parse(reacted.emoji.as_str()))
        }
        EventKind::Entered { username, .. } => former_username(username.as_str()),
        EventKind::Posted(_)
        | EventKind::Edited { .. }
        | EventKind::Deleted { .. }
        | EventKind::Damaged => Ok(()),
    }
}

fn message(message: &MessageRow) -> Result<(), String> {
    former_username(&message.username)?;
    if let Some(content) = &message.content {
        match MessageText::parse(content) {
            // An import keeps messages whole, with the white space around them, and may be longer
            // than people can write.
            Ok(_) | Err(MessageTextError::TooLong(_)) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    if let Some(client_id) = &message.client_id {
        let parsed = client_id.parse::<ClientId>();
        parsed.map_err(|error| error.to_string())?;
    }
    message.edited.map_or(Ok(()), time)
}

/// Checks a room's name and description.
pub(super) fn room_state(name: &str, description: &str) -> Result<(), String> {
    same(name, RoomName::parse(name))?;
    same(description, RoomDescription::parse(description))
}

/// Checks a room's kind, and the people of a direct room.
pub(super) fn room_kind(kind: i16, direct_key: Option<&str>) -> Result<(), String> {
    if RoomKind::from_code(kind).code() != kind {
        return Err(format!("there is no kind {kind}"));
    }
    let Some(key) = direct_key else {
        return match RoomKind::from_code(kind) {
            RoomKind::Direct => Err("it is a direct room without people".into()),
            _ => Ok(()),
        };
    };
    if RoomKind::from_code(kind) != RoomKind::Direct {
        return Err("it isn't a direct room, and has the people of one".into());
    }
    let people: Result<Vec<PersonId>, _> = key.split(' ').map(str::parse).collect();
    let people = people.map_err(|error| error.to_string())?;
    let is_sorted = people.is_sorted_by(|one, other| one < other);
    if !is_sorted || !(2..=MOST_PEOPLE).contains(&people.len()) {
        return Err("its people aren't those of a direct room".into());
    }
    Ok(())
}

/// Checks a name that a person has now. Characters that a disk has damaged are allowed.
pub(super) fn username(name: &str) -> Result<(), String> {
    let whole = name.replace(char::REPLACEMENT_CHARACTER, "?");
    same(&whole, Username::parse(&whole))
}

/// Checks the name under a message. It may be one that isn't allowed any more, and nobody can
/// change it, so only its length and characters are checked.
fn former_username(name: &str) -> Result<(), String> {
    if name.is_empty() || name.len() > FORMER_NAME_BYTES {
        Err("a name has a length that none may have".into())
    } else if name.contains(char::is_control) {
        Err("a name has a control character".into())
    } else {
        Ok(())
    }
}

/// Fails unless parsing leaves a stored text as it is. Parsing may change only a typed text.
pub(super) fn same<T: fmt::Display, E: fmt::Display>(
    stored: &str,
    parsed: Result<T, E>,
) -> Result<(), String> {
    match parsed {
        Ok(parsed) if parsed.to_string() == stored => Ok(()),
        Ok(_) => Err("a name or text isn't as Papo stores it".into()),
        Err(error) => Err(error.to_string()),
    }
}

fn number(id: i64, last: i64) -> Result<(), String> {
    if (1..=last).contains(&id) {
        Ok(())
    } else {
        Err(format!("its number isn't one of 1 to {last}"))
    }
}

/// Checks a read position. The database checks that it is within the log.
pub(super) fn position(seq: i64, version: i64) -> Result<(), String> {
    let counts = 0..=LARGEST_ID;
    if counts.contains(&seq) && counts.contains(&version) {
        Ok(())
    } else {
        Err("its read position is none".into())
    }
}

/// Fails unless a time is within the years that Papo knows.
pub(super) fn time(millis: i64) -> Result<(), String> {
    if Timestamp::from_millis(millis).as_millis() == millis {
        Ok(())
    } else {
        Err("a time is beyond all years".into())
    }
}
