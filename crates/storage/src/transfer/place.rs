//! The one order in which an instance is read, from every database.

use std::fmt;

use super::record::{Key, Record, Table};

/// A place in the order: a record's own, or the one after which a walk goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The beginning, and the instance itself.
    Instance,
    /// A table's row with this key. Without a key, the place before the first row.
    Rows(Table, Option<Key>),
    /// An event of a room.
    Events {
        /// The room.
        room: i64,
        /// The event's seq.
        after: i64,
    },
}

impl Place {
    /// A record's place.
    pub(crate) fn of(record: &Record) -> Self {
        match (record, record.row()) {
            (_, Some((table, key))) => Self::Rows(table, Some(key)),
            (Record::Event(event), None) => Self::Events {
                room: event.room,
                after: event.seq,
            },
            (_, None) => Self::Instance,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instance => f.write_str("the instance"),
            Self::Rows(table, None) => write!(f, "the {table}"),
            Self::Rows(table, Some(key)) => {
                let table = table.description();
                let column = |name: &'static str| name.trim_end_matches("_id");
                let [first, second] = key;
                match *table.key {
                    [one, other] => {
                        let (one, other) = (column(one), column(other));
                        write!(f, "the {} of {one} {first} in {other} {second}", table.name)
                    }
                    _ => write!(f, "{} {first}", table.name),
                }
            }
            Self::Events { room, after } => write!(f, "event {after} of room {room}"),
        }
    }
}
