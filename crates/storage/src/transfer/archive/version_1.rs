//! Archives of version 1, from before there were persons. A session had its person's number and
//! name, and was in rooms by itself. Each kind of event had a form of its own, no account was
//! suspended, and the last use of a session was by the clock.
//!
//! The conversion collects everything that comes before the logs, since persons come first.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, VecDeque};

use papo_domain::{EventKind, RoomDescription, RoomKind, RoomName, RoomState, Seq, Username};
use serde::Deserialize;

use super::damaged;
use crate::transfer::{
    AccountRow, ChangeRow, EventRow, InstanceRow, MembershipRow, MessageRow, PersonRow, RoomRow,
    SessionRow,
};
use crate::{StorageError, StoredPassword, TokenHash};

/// An item of such an archive.
#[derive(Deserialize)]
pub(super) enum Item {
    Record(Record),
    End(Counts),
}

/// The number of records of each kind.
#[derive(Default, PartialEq, Eq, Deserialize)]
pub(super) struct Counts {
    instances: u64,
    accounts: u64,
    rooms: u64,
    sessions: u64,
    memberships: u64,
    events: u64,
}

#[derive(Deserialize)]
pub(super) enum Record {
    Instance(Instance),
    Account(Account),
    Room(Room),
    Session(Session),
    Membership(Membership),
    Event(Event),
}

#[derive(Deserialize)]
pub(super) struct Instance {
    epoch: i64,
    setup_token: Option<TokenHash>,
    last_account: i64,
    last_room: i64,
    last_session: i64,
    last_revocation: i64,
}

#[derive(Deserialize)]
pub(super) struct Account {
    id: i64,
    name: String,
    password: StoredPassword,
    sender: i64,
    is_admin: bool,
    created_at: i64,
}

#[derive(Deserialize)]
pub(super) struct Room {
    id: i64,
    name: String,
    description: String,
    is_active: bool,
    created_at: i64,
    last_seq: i64,
    last_activity: Option<i64>,
}

impl From<Room> for RoomRow {
    fn from(room: Room) -> Self {
        Self {
            id: room.id,
            name: room.name,
            description: room.description,
            is_active: room.is_active,
            created_at: room.created_at,
            last_seq: room.last_seq,
            last_activity: room.last_activity,
            kind: RoomKind::Public.code(),
            is_announcement: false,
            direct_key: None,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Session {
    id: i64,
    token: TokenHash,
    sender: i64,
    account: Option<i64>,
    last_username: Option<String>,
    #[expect(dead_code, reason = "it is by a clock, and not in the time of service")]
    last_used: i64,
    created_at: i64,
}

#[derive(Deserialize)]
pub(super) struct Membership {
    session: i64,
    room: i64,
    username: String,
    joined_at: i64,
}

#[derive(Deserialize)]
pub(super) struct Event {
    room: i64,
    seq: i64,
    at: i64,
    change: Change,
}

#[derive(Deserialize)]
enum Change {
    Posted(MessageRow),
    Edited {
        target: i64,
    },
    Deleted {
        target: i64,
    },
    Room {
        name: String,
        description: String,
        is_active: bool,
    },
}

/// The conversion of an archive to the present form.
#[derive(Default)]
pub(super) struct Conversion {
    counts: Counts,
    /// What comes before the logs.
    instance: Option<Instance>,
    accounts: Vec<Account>,
    rooms: Vec<RoomRow>,
    sessions: Vec<Session>,
    memberships: Vec<Membership>,
    /// The ends of the rooms' logs.
    ends: HashMap<i64, i64>,
}

impl Conversion {
    /// Takes the next item and adds the records that it completes. Returns whether it was the last.
    pub(super) fn take(
        &mut self,
        item: Item,
        records: &mut VecDeque<crate::transfer::Record>,
    ) -> Result<bool, StorageError> {
        match item {
            Item::Record(record) => {
                let count = match &record {
                    Record::Instance(_) => &mut self.counts.instances,
                    Record::Account(_) => &mut self.counts.accounts,
                    Record::Room(_) => &mut self.counts.rooms,
                    Record::Session(_) => &mut self.counts.sessions,
                    Record::Membership(_) => &mut self.counts.memberships,
                    Record::Event(_) => &mut self.counts.events,
                };
                *count += 1;
                match record {
                    Record::Instance(row) => self.instance = Some(row),
                    Record::Account(row) => self.accounts.push(row),
                    Record::Room(row) => self.rooms.push(row.into()),
                    Record::Session(row) => self.sessions.push(row),
                    Record::Membership(row) => self.memberships.push(row),
                    Record::Event(row) => {
                        self.begin_logs(records)?;
                        records.push_back(crate::transfer::Record::Event(row.into()));
                    }
                }
                Ok(false)
            }
            Item::End(counts) => {
                if counts != self.counts || counts.instances != 1 {
                    return Err(damaged("it doesn't hold what it says"));
                }
                self.begin_logs(records)?;
                Ok(true)
            }
        }
    }

    /// Adds what comes before the logs, once.
    fn begin_logs(
        &mut self,
        records: &mut VecDeque<crate::transfer::Record>,
    ) -> Result<(), StorageError> {
        use crate::transfer::Record;

        if let Some(instance) = self.instance.take() {
            records.push_back(Record::Instance(instance.into()));
            let accounts = std::mem::take(&mut self.accounts);
            let rooms = std::mem::take(&mut self.rooms);
            let mut sessions = std::mem::take(&mut self.sessions);
            // A signed-in session belongs to the account's person.
            let signers = accounts.iter().map(|account| (account.id, account.sender));
            let signers: HashMap<i64, i64> = signers.collect();
            for session in &mut sessions {
                let signer = session.account.and_then(|account| signers.get(&account));
                session.sender = signer.copied().unwrap_or(session.sender);
            }
            self.ends = rooms.iter().map(|room| (room.id, room.last_seq)).collect();
            let memberships = self.memberships_of(&sessions)?;
            records.extend(persons_of(&accounts, &sessions).map(Record::Person));
            records.extend(accounts.into_iter().map(|row| Record::Account(row.into())));
            records.extend(rooms.into_iter().map(Record::Room));
            records.extend(sessions.into_iter().map(|row| Record::Session(row.into())));
            records.extend(memberships.into_values().map(Record::Membership));
        }
        let is_late = !(self.accounts.is_empty()
            && self.rooms.is_empty()
            && self.sessions.is_empty()
            && self.memberships.is_empty());
        if is_late {
            return Err(damaged("a record isn't in its place"));
        }
        Ok(())
    }

    /// The memberships by person and room. If several of an account's sessions were in one room,
    /// the last one counts. A membership under a name that isn't allowed any more ends; that person
    /// joins again. All events count as read, since nobody noted which were.
    fn memberships_of(
        &mut self,
        sessions: &[Session],
    ) -> Result<BTreeMap<(i64, i64), MembershipRow>, StorageError> {
        let persons = sessions.iter().map(|session| (session.id, session.sender));
        let persons: HashMap<i64, i64> = persons.collect();
        let mut found: BTreeMap<(i64, i64), MembershipRow> = BTreeMap::new();
        for membership in std::mem::take(&mut self.memberships) {
            let person = persons.get(&membership.session);
            let person = *person.ok_or_else(|| damaged("a membership is of no session"))?;
            if !is_allowed(&membership.username) {
                continue;
            }
            let key = (person, membership.room);
            let known = found.get(&key).map(|known| known.joined_at);
            if known.is_none_or(|joined_at| joined_at <= membership.joined_at) {
                let row = MembershipRow {
                    person_id: person,
                    room_id: membership.room,
                    username: membership.username,
                    joined_at: membership.joined_at,
                    role: 0,
                    read_seq: self.ends.get(&membership.room).copied().unwrap_or(0),
                    read_version: 0,
                    level: 0,
                };
                found.insert(key, row);
            }
        }
        Ok(found)
    }
}

/// Everybody with a session or an account, by number.
fn persons_of(accounts: &[Account], sessions: &[Session]) -> impl Iterator<Item = PersonRow> {
    let mut persons: BTreeMap<i64, PersonRow> = BTreeMap::new();
    let accounts = accounts.iter();
    let accounts = accounts.map(|account| (account.sender, None, account.created_at));
    let sessions = sessions.iter();
    let sessions = sessions.map(|session| {
        let name = session.last_username.as_ref();
        let name = name.filter(|name| is_allowed(name));
        (session.sender, name, session.created_at)
    });
    for (id, last_username, created_at) in accounts.chain(sessions) {
        let person = persons.entry(id).or_insert_with(|| PersonRow {
            id,
            last_username: None,
            created_at,
            settings: "{}".into(),
        });
        if let Some(name) = last_username {
            person.last_username = Some(name.clone());
        }
    }
    persons.into_values()
}

fn is_allowed(name: &str) -> bool {
    Username::parse(name).is_ok_and(|parsed| parsed.as_str() == name)
}

impl From<Instance> for InstanceRow {
    fn from(instance: Instance) -> Self {
        Self {
            epoch: instance.epoch,
            setup_token: instance.setup_token,
            last_account: instance.last_account,
            last_room: instance.last_room,
            last_session: instance.last_session,
            last_revocation: instance.last_revocation,
            last_inbox: 0,
            served: 0,
        }
    }
}

impl From<Session> for SessionRow {
    fn from(session: Session) -> Self {
        Self {
            id: session.id,
            token: session.token,
            person_id: session.sender,
            // The beginning of the time of service.
            last_used: 0,
            created_at: session.created_at,
            device: String::new(),
        }
    }
}

impl From<Account> for AccountRow {
    fn from(account: Account) -> Self {
        Self {
            id: account.id,
            person_id: account.sender,
            name: account.name,
            password: account.password,
            is_admin: account.is_admin,
            is_suspended: false,
            created_at: account.created_at,
        }
    }
}

impl From<Event> for EventRow {
    fn from(event: Event) -> Self {
        Self {
            room: event.room,
            seq: event.seq,
            at: event.at,
            change: event.change.into(),
        }
    }
}

impl From<Change> for ChangeRow {
    fn from(change: Change) -> Self {
        let kind = match change {
            Change::Posted(message) => return Self::Posted(message),
            Change::Edited { target } => EventKind::Edited {
                target: Seq(target),
                text: None,
            },
            Change::Deleted { target } => EventKind::Deleted {
                target: Seq(target),
            },
            Change::Room {
                name,
                description,
                is_active,
            } => EventKind::Room(RoomState {
                name: RoomName::from_stored(name),
                description: RoomDescription::from_stored(description),
                is_active,
                kind: RoomKind::Public,
                is_announcement: false,
            }),
        };
        kind.to_stored().into()
    }
}
