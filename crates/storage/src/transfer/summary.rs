//! What an instance holds, as counts and checksums: two places hold the same if these are the same.

use std::collections::BTreeMap;
use std::fmt;

use papo_domain::Epoch;
use sha2::{Digest as _, Sha256};

use super::{ChangeRow, InstanceRow, Record, Table};
use crate::StorageError;

/// How many differing rooms are named.
const SHOWN: usize = 10;

/// The SHA-256 of records, each in its canonical encoding with its length before it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest([u8; 32]);

/// Records of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub count: u64,
    /// Their digest.
    pub digest: Digest,
}

/// A room, and all that was said in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomTally {
    /// Its name.
    pub name: String,
    /// How many messages were posted, deleted ones among them.
    pub messages: u64,
    /// How many events its log has.
    pub events: u64,
    /// The digest of the room and its log.
    pub digest: Digest,
}

/// What an instance holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The history's name. No checksum covers it.
    pub epoch: Epoch,
    /// The digest of the instance's own row.
    pub instance: Digest,
    /// The rows of each table, except the rooms.
    pub tables: BTreeMap<Table, Tally>,
    /// The rooms by number.
    pub rooms: BTreeMap<i64, RoomTally>,
}

/// An incomplete summary.
#[derive(Default)]
pub(crate) struct Gathering {
    epoch: i64,
    instance: Hashing,
    tables: BTreeMap<Table, Hashing>,
    rooms: BTreeMap<i64, RoomHashing>,
    events: u64,
    buffer: Vec<u8>,
}

#[derive(Default)]
struct Hashing {
    count: u64,
    hash: Sha256,
}

#[derive(Default)]
struct RoomHashing {
    name: String,
    messages: u64,
    log: Hashing,
}

impl Summary {
    /// An empty summary.
    pub(crate) fn gather() -> Gathering {
        Gathering::default()
    }

    /// How many events all logs have.
    pub fn events(&self) -> u64 {
        self.rooms.values().map(|room| room.events).sum()
    }

    /// How many messages were posted.
    pub fn messages(&self) -> u64 {
        self.rooms.values().map(|room| room.messages).sum()
    }

    /// The names of what differs, except the epoch. Of many rooms it names the first.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut different = Vec::new();
        let mut compare = |is_same: bool, what: &str| {
            if !is_same {
                different.push(what.to_owned());
            }
        };
        compare(self.instance == other.instance, "the instance");
        for (table, tally) in &self.tables {
            let is_same = other.tables.get(table) == Some(tally);
            compare(is_same, &format!("the {table}"));
        }
        let changed = self
            .rooms
            .iter()
            .filter(|(id, room)| other.rooms.get(*id) != Some(*room));
        let added = other
            .rooms
            .keys()
            .filter(|id| !self.rooms.contains_key(*id));
        let mut rooms = changed.map(|(id, _)| id).chain(added);
        different.extend(rooms.by_ref().take(SHOWN).map(|id| format!("room {id}")));
        match rooms.count() {
            0 => {}
            more => different.push(format!("{more} more rooms")),
        }
        different
    }
}

impl Gathering {
    /// Adds the next record.
    pub(crate) fn add(&mut self, record: &Record) -> Result<(), StorageError> {
        self.buffer.clear();
        let buffer = std::mem::take(&mut self.buffer);
        self.buffer = match record {
            Record::Instance(instance) => {
                self.epoch = instance.epoch;
                let unnamed = InstanceRow {
                    epoch: 0,
                    ..instance.clone()
                };
                Record::Instance(unnamed).encode(buffer)?
            }
            record => record.encode(buffer)?,
        };
        let hashing = match (record, record.row()) {
            (Record::Room(room), _) => {
                let hashing = self.rooms.entry(room.id).or_default();
                hashing.name.clone_from(&room.name);
                &mut hashing.log
            }
            (_, Some((table, _))) => self.tables.entry(table).or_default(),
            (Record::Event(event), None) => {
                self.events += 1;
                // A hasher for each room that an archive names would be unbounded.
                let hashing = self.rooms.get_mut(&event.room).ok_or_else(|| {
                    let text =
                        format!("there is an event of room {}, and no such room", event.room);
                    StorageError::Other(text)
                })?;
                hashing.messages += u64::from(matches!(event.change, ChangeRow::Posted(_)));
                &mut hashing.log
            }
            (_, None) => &mut self.instance,
        };
        hashing.add(&self.buffer);
        Ok(())
    }

    /// How many events there were so far.
    pub(crate) fn events(&self) -> u64 {
        self.events
    }

    /// Completes the summary.
    pub(crate) fn finish(mut self) -> Summary {
        // A room's tally includes its row.
        let tables = Table::ALL.iter().filter(|table| **table != Table::Room);
        let tables = tables.map(|table| {
            let hashing = self.tables.remove(table).unwrap_or_default();
            (*table, hashing.finish())
        });
        let tables = tables.collect();
        let rooms = self.rooms.into_iter().map(|(id, room)| {
            let log = room.log.finish();
            let tally = RoomTally {
                name: room.name,
                messages: room.messages,
                // The first record is the room itself.
                events: log.count.saturating_sub(1),
                digest: log.digest,
            };
            (id, tally)
        });
        Summary {
            rooms: rooms.collect(),
            epoch: Epoch(self.epoch.cast_unsigned()),
            instance: self.instance.finish().digest,
            tables,
        }
    }
}

impl Hashing {
    fn add(&mut self, record: &[u8]) {
        self.count += 1;
        self.hash.update((record.len() as u64).to_le_bytes());
        self.hash.update(record);
    }

    fn finish(self) -> Tally {
        Tally {
            count: self.count,
            digest: Digest(self.hash.finalize().into()),
        }
    }
}

impl fmt::Display for Digest {
    /// The first 64 bits: for people to compare.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..8]
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}
