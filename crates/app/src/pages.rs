//! Pages of the logs, encoded once for all who catch up at the same time.
//!
//! After a restart thousands of clients ask for the same events. The log is cut into pages of fixed bounds; a page that is
//! full can change only by an edit or a deletion, so it is read and encoded once, whoever asks first, and kept while there is room.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use papo_channel_layer::Frame;
use papo_domain::{Event, EventKind, RoomId, Seq};
use papo_storage::{Storage, StorageError};
use parking_lot::Mutex;
use tokio::sync::OnceCell;

use crate::room_log::frame;

/// The most events of a page.
const PAGE: usize = 256;
/// Characters of a page of the longest messages, about; where they are longer, a page has fewer events.
const PAGE_CHARACTERS: usize = 1_024_000;
/// Bytes of all pages that are kept.
const BYTES: usize = 32 << 20;

type Key = (RoomId, i64);
type Page = Arc<OnceCell<Arc<[Frame]>>>;

/// The pages that are kept, the oldest first.
#[derive(Debug)]
pub(crate) struct Pages {
    /// Events of a page: it holds the seqs from a multiple of this, exclusive, to the next, inclusive.
    pub(crate) size: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    pages: HashMap<Key, Page>,
    order: VecDeque<(Key, usize)>,
    bytes: usize,
}

impl Pages {
    /// Pages of logs whose messages have at most so many characters.
    pub(crate) fn new(message_characters: usize) -> Self {
        let size = PAGE_CHARACTERS / message_characters.max(1);
        Self {
            size: size.clamp(1, PAGE),
            kept: Mutex::default(),
        }
    }

    /// The frames after a cursor, as far as its page goes. `end` is the end of the log as far as is known: a page beyond it may
    /// grow, and is read for this one reader.
    pub(crate) async fn after(
        &self,
        storage: &Arc<dyn Storage>,
        room: RoomId,
        cursor: Seq,
        end: Seq,
    ) -> Result<Vec<Frame>, StorageError> {
        let number = self.number(cursor.0);
        let first = Seq(number * self.seqs());
        if end.0 < first.0 + self.seqs() {
            let events = storage.events_after(room, cursor, self.size).await?;
            return Ok(encode(&events));
        }
        let key = (room, number);
        let page = Arc::clone(self.kept.lock().pages.entry(key).or_default());
        let read = || async {
            let frames = encode(&storage.events_after(room, first, self.size).await?);
            self.kept.lock().keep(
                key,
                &page,
                frames.iter().map(|frame| frame.bytes.len()).sum(),
            );
            Ok::<Arc<[Frame]>, StorageError>(frames.into())
        };
        let frames = page.get_or_try_init(read).await?;
        let known = frames.partition_point(|frame| frame.seq <= cursor);
        Ok(frames[known..].to_vec())
    }

    /// Forgets the page of the message that an event changed.
    pub(crate) fn heed(&self, event: &Event) {
        if let Some(target) = changed(event) {
            self.forget(event.room, target);
        }
    }

    /// Forgets the page of a message that has been changed.
    pub(crate) fn forget(&self, room: RoomId, message: Seq) {
        let number = self.number(message.0.saturating_sub(1));
        self.kept.lock().pages.remove(&(room, number));
    }

    /// Forgets all pages of a room.
    pub(crate) fn forget_room(&self, room: RoomId) {
        self.kept.lock().pages.retain(|(of, _), _| *of != room);
    }

    /// The page of what comes after a seq.
    fn number(&self, seq: i64) -> i64 {
        seq.max(0) / self.seqs()
    }

    /// How many seqs a page spans.
    pub(crate) fn seqs(&self) -> i64 {
        i64::try_from(self.size).unwrap_or(i64::MAX)
    }
}

impl Kept {
    /// Counts a page that has been read, and makes room for it. A page that was forgotten while it was read isn't kept.
    fn keep(&mut self, key: Key, page: &Page, bytes: usize) {
        if !self
            .pages
            .get(&key)
            .is_some_and(|kept| Arc::ptr_eq(kept, page))
        {
            return;
        }
        self.order.push_back((key, bytes));
        self.bytes += bytes;
        while self.bytes > BYTES {
            let Some((oldest, bytes)) = self.order.pop_front() else {
                return;
            };
            self.bytes -= bytes;
            if oldest != key {
                self.pages.remove(&oldest);
            }
        }
    }
}

/// The message that an event edits or deletes.
pub(crate) fn changed(event: &Event) -> Option<Seq> {
    match event.kind {
        EventKind::Edited { target, .. } | EventKind::Deleted { target } => Some(target),
        EventKind::Posted(_) | EventKind::Room(_) => None,
    }
}

fn encode(events: &[Event]) -> Vec<Frame> {
    events.iter().map(frame).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_fewer_events_where_messages_may_be_longer() {
        for (characters, size) in [(1, 256), (4_000, 256), (5_000, 204), (16_000, 64)] {
            assert_eq!(Pages::new(characters).size, size, "{characters}");
        }
    }
}
