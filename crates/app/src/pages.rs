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

/// Events of a page: it holds the seqs from a multiple of this, exclusive, to the next, inclusive.
pub(crate) const PAGE: usize = 256;
const PAGE_SEQS: i64 = 256;
/// Bytes of all pages that are kept.
const BYTES: usize = 32 << 20;

type Key = (RoomId, i64);
type Page = Arc<OnceCell<Arc<[Frame]>>>;

/// The pages that are kept, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    pages: HashMap<Key, Page>,
    order: VecDeque<(Key, usize)>,
    bytes: usize,
}

impl Pages {
    /// The frames after a cursor, as far as its page goes. `end` is the end of the log as far as is known: a page beyond it may
    /// grow, and is read for this one reader.
    pub(crate) async fn after(
        &self,
        storage: &Arc<dyn Storage>,
        room: RoomId,
        cursor: Seq,
        end: Seq,
    ) -> Result<Vec<Frame>, StorageError> {
        let number = cursor.0.max(0) / PAGE_SEQS;
        let first = Seq(number * PAGE_SEQS);
        if end.0 < first.0 + PAGE_SEQS {
            return Ok(encode(&storage.events_after(room, cursor, PAGE).await?));
        }
        let key = (room, number);
        let page = Arc::clone(self.kept.lock().pages.entry(key).or_default());
        let read = || async {
            let frames = encode(&storage.events_after(room, first, PAGE).await?);
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
        let number = message.0.saturating_sub(1).max(0) / PAGE_SEQS;
        self.kept.lock().pages.remove(&(room, number));
    }

    /// Forgets all pages of a room.
    pub(crate) fn forget_room(&self, room: RoomId) {
        self.kept.lock().pages.retain(|(of, _), _| *of != room);
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
