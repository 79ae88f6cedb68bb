//! Reads an instance in its order, from every database.

use std::collections::{HashMap, VecDeque};

use async_trait::async_trait;

use super::place::Place;
use super::{PAGE, PAGE_BYTES, Pages, Record, Source, Table};
use crate::StorageError;

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
            && place != Place::Instance
        {
            return Some(Place::of(last));
        }
        let table = match place {
            Place::Instance => Table::ALL.first(),
            Place::Rows(table, _) => Table::ALL.iter().find(|next| **next > table),
            Place::Events { .. } => None,
        };
        if let Some(table) = table {
            return Some(Place::Rows(*table, None));
        }
        let room = self.rooms.pop_front()?;
        let after = self.left_out.get(&room).copied().unwrap_or(0);
        Some(Place::Events { room, after })
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
