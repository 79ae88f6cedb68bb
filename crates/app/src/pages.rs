//! Pages of the logs, encoded once for all clients that catch up at the same time.
//!
//! After a restart thousands of clients ask for the same events. So the log is divided into pages
//! of fixed bounds, and the first client to need a page has it read and encoded. A page changes
//! only by an edit or a deletion, and the last one also grows. It is cached while there is room. A
//! client that has read all of a page which has grown has it read again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Weak};

use papo_channel_layer::Frame;
use papo_domain::{Event, RoomId, Seq};
use papo_storage::{Storage, StorageError};
use parking_lot::Mutex;
use tokio::sync::OnceCell;

use crate::frame::frame;

/// The most events of a page.
const PAGE: usize = 256;
/// About how many characters a page of the longest messages has. Where messages are longer, a page
/// has fewer events.
const PAGE_CHARACTERS: usize = 1_024_000;
/// Bytes of all cached pages.
const BYTES: usize = 32 << 20;
/// About what a page costs beside its frames' bytes, and each frame.
const PAGE_COST: usize = 256;
const FRAME_COST: usize = 64;

type Key = (RoomId, i64);
type Frames = OnceCell<Arc<[Frame]>>;
type Page = Arc<Frames>;

/// The cache of pages.
#[derive(Debug)]
pub(crate) struct Pages {
    /// Events of a page. It holds the seqs from a multiple of this, exclusive, to the next,
    /// inclusive.
    pub(crate) size: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    pages: BTreeMap<Key, Page>,
    /// The pages in the order in which they were read. Replaced and forgotten ones stay here, and
    /// count, until their turn comes.
    order: VecDeque<(Key, Weak<Frames>, usize)>,
    bytes: usize,
}

impl Pages {
    /// For logs whose messages have at most this many characters.
    pub(crate) fn new(message_characters: usize) -> Self {
        let size = PAGE_CHARACTERS / message_characters.max(1);
        Self {
            size: size.clamp(1, PAGE),
            kept: Mutex::default(),
        }
    }

    /// The frames after a cursor, about `budget` bytes and at least one frame, up to the end of its
    /// page.
    pub(crate) async fn after(
        &self,
        storage: &Arc<dyn Storage>,
        room: RoomId,
        cursor: Seq,
        budget: usize,
    ) -> Result<Vec<Frame>, StorageError> {
        let key = (room, self.number(cursor.0));
        let page = Arc::clone(self.kept.lock().pages.entry(key).or_default());
        let frames = self.frames(storage, key, &page).await?;
        let some = some_after(&frames, cursor, budget);
        if !some.is_empty() {
            return Ok(some);
        }
        // The page was read when the log ended at the cursor. It has grown.
        let page = self.kept.lock().replace(key, &page);
        let frames = self.frames(storage, key, &page).await?;
        Ok(some_after(&frames, cursor, budget))
    }

    /// The frames of a page, which the first caller reads.
    async fn frames(
        &self,
        storage: &Arc<dyn Storage>,
        key: Key,
        page: &Page,
    ) -> Result<Arc<[Frame]>, StorageError> {
        let read = || async {
            let (room, number) = key;
            let first = Seq(number * self.seqs());
            let events = storage.events_after(room, first, self.size).await?;
            let frames: Arc<[Frame]> = events.iter().map(frame).collect();
            self.kept.lock().keep(key, page, cost(&frames));
            Ok(frames)
        };
        page.get_or_try_init(read).await.map(Arc::clone)
    }

    /// Forgets the pages that show a message which an event changed.
    pub(crate) fn heed(&self, event: &Event) {
        if let Some(target) = event.kind.rewrites() {
            self.forget(event.room, target);
        }
    }

    /// Forgets the page of a changed message and later pages, which may have its earlier edits.
    pub(crate) fn forget(&self, room: RoomId, message: Seq) {
        let number = self.number(message.0.saturating_sub(1));
        self.kept.lock().forget((room, number));
    }

    /// Forgets all pages of a room.
    pub(crate) fn forget_room(&self, room: RoomId) {
        self.kept.lock().forget((room, 0));
    }

    /// The page after a seq.
    fn number(&self, seq: i64) -> i64 {
        seq.max(0) / self.seqs()
    }

    /// How many seqs a page spans.
    pub(crate) fn seqs(&self) -> i64 {
        i64::try_from(self.size).unwrap_or(i64::MAX)
    }
}

impl Kept {
    /// Replaces a page that has grown, unless another caller has done so.
    fn replace(&mut self, key: Key, grown: &Page) -> Page {
        let page = self.pages.entry(key).or_default();
        if Arc::ptr_eq(page, grown) {
            *page = Page::default();
        }
        Arc::clone(page)
    }

    /// Counts a page that has been read, and makes room for it. A page that was forgotten during
    /// its read isn't cached.
    fn keep(&mut self, key: Key, page: &Page, bytes: usize) {
        if !self
            .pages
            .get(&key)
            .is_some_and(|kept| Arc::ptr_eq(kept, page))
        {
            return;
        }
        self.order.push_back((key, Arc::downgrade(page), bytes));
        self.bytes += bytes;
        while self.bytes > BYTES {
            let Some((key, oldest, bytes)) = self.order.pop_front() else {
                return;
            };
            self.bytes -= bytes;
            let is_oldest = |kept: &Page| Arc::as_ptr(kept) == oldest.as_ptr();
            if self.pages.get(&key).is_some_and(is_oldest) {
                self.pages.remove(&key);
            }
        }
    }

    /// Forgets a page and those after it in the same room.
    fn forget(&mut self, first: Key) {
        let of_room = self.pages.range(first..=(first.0, i64::MAX));
        let forgotten: Vec<_> = of_room.map(|(key, _)| *key).collect();
        for key in forgotten {
            self.pages.remove(&key);
        }
    }
}

/// The bytes of a cached page.
fn cost(frames: &[Frame]) -> usize {
    let cost = |frame: &Frame| FRAME_COST + frame.bytes.len();
    PAGE_COST + frames.iter().map(cost).sum::<usize>()
}

fn some_after(frames: &[Frame], cursor: Seq, budget: usize) -> Vec<Frame> {
    let first = frames.partition_point(|frame| frame.seq <= cursor);
    let mut taken = 0;
    let is_wanted = |frame: &&Frame| {
        let is_wanted = taken < budget;
        taken += frame.bytes.len();
        is_wanted
    };
    frames[first..]
        .iter()
        .take_while(is_wanted)
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use papo_domain::EventClass;

    use super::*;

    #[test]
    fn no_more_is_taken_at_once_than_is_asked_for_and_one_frame_at_least() {
        let frame = |seq| Frame {
            seq: Seq(seq),
            class: EventClass::Message,
            changes: None,
            bytes: vec![b'x'; 10].into(),
        };
        let page = [1, 2, 3, 4].map(frame);
        for (cursor, budget, count) in [(0, 1, 1), (0, 10, 1), (1, 11, 2), (0, 999, 4), (4, 999, 0)]
        {
            let some = some_after(&page, Seq(cursor), budget);
            assert_eq!(some.len(), count, "{cursor} {budget}");
            assert!(
                some.first()
                    .is_none_or(|first| first.seq == Seq(cursor + 1))
            );
        }
    }

    #[test]
    fn a_change_forgets_the_messages_page_and_those_after_it() {
        let pages = Pages::new(4_000);
        let keys = [(1, 0), (2, 0), (2, 1), (2, 2), (3, 1)];
        for (room, number) in keys {
            let key = (RoomId(room), number);
            pages.kept.lock().pages.insert(key, Page::default());
        }
        let left = || -> Vec<_> {
            let kept = pages.kept.lock();
            kept.pages
                .keys()
                .map(|(room, page)| (room.0, *page))
                .collect()
        };
        pages.forget(RoomId(2), Seq(257));
        assert_eq!(left(), [(1, 0), (2, 0), (3, 1)]);
        pages.forget(RoomId(2), Seq(256));
        assert_eq!(left(), [(1, 0), (3, 1)]);
        pages.forget_room(RoomId(3));
        assert_eq!(left(), [(1, 0)]);
    }

    #[test]
    fn what_is_kept_is_bounded_and_a_page_read_again_stays_longer() {
        let mut kept = Kept::default();
        let key = |number| (RoomId(1), number);
        let mut keep = |number| {
            let page = kept.replace(
                key(number),
                &kept.pages.get(&key(number)).cloned().unwrap_or_default(),
            );
            kept.keep(key(number), &page, BYTES / 4);
            kept.pages
                .keys()
                .map(|(_, number)| *number)
                .collect::<Vec<_>>()
        };
        for number in 0..4 {
            keep(number);
        }
        assert_eq!(keep(0), [0, 1, 2, 3]);
        assert_eq!(keep(4), [0, 2, 3, 4]);
    }

    #[test]
    fn a_page_has_fewer_events_where_messages_may_be_longer() {
        for (characters, size) in [(1, 256), (4_000, 256), (5_000, 204), (16_000, 64)] {
            assert_eq!(Pages::new(characters).size, size, "{characters}");
        }
    }
}
