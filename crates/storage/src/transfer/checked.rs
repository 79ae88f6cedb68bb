//! Checks records against the rules of the domain, as if somebody had just typed them. Anybody may
//! have made an archive that is restored, and an export must be restorable.
//!
//! It doesn't check what every database refuses by itself: duplicate names, holes in a log,
//! sessions without a person.

use std::collections::HashMap;
use std::fmt;

use async_trait::async_trait;
use papo_domain::{
    AccountName, ClientId, EventKind, MessageText, MessageTextError, RoomDescription, RoomName,
    RoomNameError, RoomState, Seq, StoredEvent, Timestamp, USERNAME_BYTES, Username, skeleton,
};

use super::{ChangeRow, EventRow, InstanceRow, MessageRow, Record, Source};
use crate::StorageError;

/// The largest allowed id. Normal use never reaches it, a browser counts to it exactly, and a
/// database has far to go from it.
const LARGEST_ID: i64 = 1 << 53;
/// The most rooms. Reading an instance keeps something of each in memory.
const MOST_ROOMS: u32 = 100_000;
/// The most accounts. Reading an instance keeps their names in memory.
const MOST_ACCOUNTS: usize = 1_000_000;
/// The longest name that a message may have. In a damaged name each byte may show as three.
const FORMER_NAME_BYTES: usize = 3 * USERNAME_BYTES;
/// Bytes of a password's hash; that of Argon2id has 97.
const PASSWORD_BYTES: usize = 512;

/// A source that fails at the first record that Papo wouldn't have stored, and names it.
pub struct Checked<'a> {
    source: &'a mut dyn Source,
    last: Option<Key>,
    last_account: i64,
    last_room: i64,
    last_session: i64,
    rooms: u32,
    /// The accounts by the skeletons of their names.
    accounts: HashMap<String, i64>,
}

/// The place of a record in the order of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Instance,
    Person(i64),
    Account(i64),
    Room(i64),
    Session(i64),
    Membership(i64, i64),
    Event(i64, i64),
}

impl<'a> Checked<'a> {
    /// Checks the records of this source.
    pub fn new(source: &'a mut dyn Source) -> Self {
        Self {
            source,
            last: None,
            last_account: 0,
            last_room: 0,
            last_session: 0,
            rooms: 0,
            accounts: HashMap::new(),
        }
    }

    fn check(&mut self, record: &Record) -> Result<(), String> {
        let key = Key::of(record);
        let is_next = match self.last {
            None => key == Key::Instance,
            Some(last) => last < key,
        };
        if !is_next {
            return Err("it isn't in its place".into());
        }
        self.last = Some(key);
        match record {
            Record::Instance(instance) => self.begin(instance),
            Record::Person(person) => {
                person.last_username.as_deref().map_or(Ok(()), username)?;
                time(person.created_at)
            }
            Record::Account(account) => {
                id(account.id, self.last_account)?;
                same(&account.name, AccountName::parse(&account.name))?;
                self.claim_name(&account.name, account.id)?;
                if account.password.0.len() > PASSWORD_BYTES {
                    return Err("the password's hash is too long".into());
                }
                time(account.created_at)
            }
            Record::Room(room) => {
                id(room.id, self.last_room)?;
                self.rooms += 1;
                if self.rooms > MOST_ROOMS {
                    return Err(format!("there are more than {MOST_ROOMS} rooms"));
                }
                state(&room.name, &room.description)?;
                time(room.created_at)?;
                room.last_activity.map_or(Ok(()), time)
            }
            Record::Session(session) => {
                id(session.id, self.last_session)?;
                time(session.last_used)?;
                time(session.created_at)
            }
            Record::Membership(membership) => {
                username(&membership.username)?;
                time(membership.joined_at)
            }
            Record::Event(event) => check_event(event),
        }
    }

    /// Refuses an account whose name could be mistaken for another's: one of them couldn't sign in.
    fn claim_name(&mut self, name: &str, account: i64) -> Result<(), String> {
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

    fn begin(&mut self, instance: &InstanceRow) -> Result<(), String> {
        for last in [
            instance.last_account,
            instance.last_room,
            instance.last_session,
            instance.last_revocation,
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
}

#[async_trait]
impl Source for Checked<'_> {
    async fn next(&mut self) -> Result<Vec<Record>, StorageError> {
        let records = self.source.next().await?;
        for record in &records {
            let checked = self.check(record);
            checked.map_err(|why| StorageError::Other(format!("{}: {why}", Key::of(record))))?;
        }
        Ok(records)
    }
}

impl Key {
    fn of(record: &Record) -> Self {
        match record {
            Record::Instance(_) => Self::Instance,
            Record::Person(person) => Self::Person(person.id),
            Record::Account(account) => Self::Account(account.id),
            Record::Room(room) => Self::Room(room.id),
            Record::Session(session) => Self::Session(session.id),
            Record::Membership(membership) => Self::Membership(membership.person, membership.room),
            Record::Event(event) => Self::Event(event.room, event.seq),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instance => f.write_str("the instance"),
            Self::Person(id) => write!(f, "person {id}"),
            Self::Account(id) => write!(f, "account {id}"),
            Self::Room(id) => write!(f, "room {id}"),
            Self::Session(id) => write!(f, "session {id}"),
            Self::Membership(person, room) => {
                write!(f, "the membership of person {person} in room {room}")
            }
            Self::Event(room, seq) => write!(f, "event {seq} of room {room}"),
        }
    }
}

fn check_event(event: &EventRow) -> Result<(), String> {
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
            _ => state(name.as_str(), description.as_str()),
        },
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

fn state(name: &str, description: &str) -> Result<(), String> {
    same(name, RoomName::parse(name))?;
    same(description, RoomDescription::parse(description))
}

/// A name that a person has now. Characters that a disk has damaged are allowed.
fn username(name: &str) -> Result<(), String> {
    let whole = name.replace(char::REPLACEMENT_CHARACTER, "?");
    same(&whole, Username::parse(&whole))
}

/// The name under a message. It may be one that isn't allowed any more, and nobody can change it,
/// so only its length and characters are checked.
fn former_username(name: &str) -> Result<(), String> {
    if name.is_empty() || name.len() > FORMER_NAME_BYTES {
        Err("a name has a length that none may have".into())
    } else if name.contains(char::is_control) {
        Err("a name has a control character".into())
    } else {
        Ok(())
    }
}

/// Parsing may change a typed text, but not a stored one.
fn same<T: fmt::Display, E: fmt::Display>(
    stored: &str,
    parsed: Result<T, E>,
) -> Result<(), String> {
    match parsed {
        Ok(parsed) if parsed.to_string() == stored => Ok(()),
        Ok(_) => Err("a name or text isn't as Papo stores it".into()),
        Err(error) => Err(error.to_string()),
    }
}

fn id(id: i64, last: i64) -> Result<(), String> {
    if (1..=last).contains(&id) {
        Ok(())
    } else {
        Err(format!("its number isn't one of 1 to {last}"))
    }
}

fn time(millis: i64) -> Result<(), String> {
    if Timestamp::from_millis(millis).as_millis() == millis {
        Ok(())
    } else {
        Err("a time is beyond all years".into())
    }
}
