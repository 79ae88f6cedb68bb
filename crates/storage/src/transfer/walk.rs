//! The one order in which an instance is read, from every database.

use std::collections::{HashMap, VecDeque};

use async_trait::async_trait;

use super::{PAGE, PAGE_BYTES, Pages, Record, Source};
use crate::StorageError;

/// A place in the order: which kind of record comes next, and after which key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The beginning.
    Instance,
    /// The persons from this id on.
    Persons(i64),
    /// The accounts after this id.
    Accounts(i64),
    /// The rooms after this id.
    Rooms(i64),
    /// The sessions after this id.
    Sessions(i64),
    /// The memberships after this person and room.
    Memberships(i64, i64),
    /// The events of a room after a seq.
    Events {
        /// The room.
        room: i64,
        /// The seq.
        after: i64,
    },
}

/// A walk through a database, from its beginning to its end.
pub struct Walk<'a> {
    pages: &'a mut dyn Pages,
    /// The present place; `None` at the end.
    place: Option<Place>,
    /// The rooms whose logs haven't been begun.
    rooms: VecDeque<i64>,
    /// The seq up to which a room's log is left out.
    left_out: HashMap<i64, i64>,
}

impl<'a> Walk<'a> {
    /// Through everything.
    pub fn new(pages: &'a mut dyn Pages) -> Self {
        Self::leaving_out(pages, HashMap::new())
    }

    /// Through everything but these rooms' logs up to these seqs.
    pub fn leaving_out(pages: &'a mut dyn Pages, left_out: HashMap<i64, i64>) -> Self {
        Self {
            pages,
            place: Some(Place::Instance),
            rooms: VecDeque::new(),
            left_out,
        }
    }

    /// Where to go on after a page.
    fn after(&mut self, place: Place, page: &[Record]) -> Option<Place> {
        if is_full(page)
            && let Some(last) = page.last()
            && let Some(place) = after(last)
        {
            return Some(place);
        }
        match place {
            // Their numbers use all bits.
            Place::Instance => Some(Place::Persons(i64::MIN)),
            Place::Persons(_) => Some(Place::Accounts(0)),
            Place::Accounts(_) => Some(Place::Rooms(0)),
            Place::Rooms(_) => Some(Place::Sessions(0)),
            Place::Sessions(_) => Some(Place::Memberships(i64::MIN, 0)),
            Place::Memberships(..) | Place::Events { .. } => {
                let room = self.rooms.pop_front()?;
                let after = self.left_out.get(&room).copied().unwrap_or(0);
                Some(Place::Events { room, after })
            }
        }
    }
}

#[async_trait]
impl Source for Walk<'_> {
    async fn next(&mut self) -> Result<Vec<Record>, StorageError> {
        while let Some(place) = self.place {
            let page = self.pages.page(place, PAGE).await?;
            for record in &page {
                if let Record::Room(room) = record {
                    self.rooms.push_back(room.id);
                }
            }
            self.place = self.after(place, &page);
            if !page.is_empty() {
                return Ok(page);
            }
        }
        Ok(Vec::new())
    }
}

/// Whether there may be more at its place.
fn is_full(page: &[Record]) -> bool {
    page.len() == PAGE || page.iter().map(Record::text_bytes).sum::<usize>() >= PAGE_BYTES
}

/// The place right after a record.
fn after(record: &Record) -> Option<Place> {
    match record {
        Record::Instance(_) => None,
        Record::Person(person) => person.id.checked_add(1).map(Place::Persons),
        Record::Account(account) => Some(Place::Accounts(account.id)),
        Record::Room(room) => Some(Place::Rooms(room.id)),
        Record::Session(session) => Some(Place::Sessions(session.id)),
        Record::Membership(membership) => {
            Some(Place::Memberships(membership.person, membership.room))
        }
        Record::Event(event) => Some(Place::Events {
            room: event.room,
            after: event.seq,
        }),
    }
}
