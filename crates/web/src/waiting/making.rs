//! Makes large answers a few at a time, and the largest one at a time, on a thread of its own.
//!
//! Without turns, many at once would all find space before the first is counted, and most would be
//! made in vain. Encoding a page of the longest messages takes milliseconds. Some dozens of them on
//! the threads that serve everybody would delay all messages.

use std::future::pending;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use papo_protocol::{MessageObject, ServerFrame, encode};
use tokio::sync::SemaphorePermit;
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::timeout;

use super::{Full, Taker, Waiting};

/// How many are read and made at a time: enough to keep the reading threads busy.
pub(super) const TURNS: usize = 8;
/// Answers with at most this many bytes of texts are made by the caller: that takes about 0.1 ms.
const QUICK: usize = 64 * 1024;

/// About how many bytes a membership has.
const MEMBERSHIP_BYTES: usize = 160;

/// How long an answer waits for its turn.
const TURN_WAIT: Duration = Duration::from_secs(5);

/// A turn to read and make a large answer.
pub(crate) type Turn<'a> = SemaphorePermit<'a>;

impl Waiting {
    /// Waits for a turn to make a large answer. Refuses it without space, or without a turn for too
    /// long.
    pub(crate) async fn turn(&self, taker: &Taker) -> Result<Turn<'_>, Full> {
        // Without space the answer needn't wait.
        if !self.has_space(taker) {
            return Err(Full);
        }
        let turn = timeout(TURN_WAIT, self.turns.acquire()).await;
        // The semaphore is never closed.
        let turn = turn.map_err(|_| Full)?.map_err(|_| Full)?;
        self.has_space(taker).then_some(turn).ok_or(Full)
    }

    /// Makes an answer with this many bytes of texts.
    pub(crate) async fn make<T: Send + 'static>(
        &self,
        text_bytes: usize,
        make: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        if text_bytes <= QUICK {
            return make();
        }
        let only = Arc::clone(&self.making).lock_owned().await;
        let work = spawn_blocking(move || {
            // The work goes on when the client has gone, and the next one waits for its end.
            let _only = only;
            make()
        });
        match work.await.map_err(JoinError::try_into_panic) {
            Ok(answer) => answer,
            Err(Ok(panic)) => resume_unwind(panic),
            // The process ends, and nobody waits for the answer.
            Err(Err(_)) => pending().await,
        }
    }

    /// Encodes frames that are sent together.
    pub(crate) async fn make_frames(&self, frames: Vec<ServerFrame>) -> Vec<Bytes> {
        let size = frames.iter().map(text_bytes).sum();
        self.make(size, move || frames.iter().map(encode).collect())
            .await
    }
}

/// Bytes of a frame's texts, if they can be many.
pub(crate) fn text_bytes(frame: &ServerFrame) -> usize {
    match frame {
        ServerFrame::Snapshot { messages, .. } => texts_bytes(messages),
        ServerFrame::Welcome {
            rooms: Some(rooms), ..
        } => rooms.len() * MEMBERSHIP_BYTES,
        ServerFrame::Membership { .. } => MEMBERSHIP_BYTES,
        _ => 0,
    }
}

/// Bytes of the messages' texts.
pub(crate) fn texts_bytes(messages: &[MessageObject]) -> usize {
    messages.iter().map(|message| message.message.len()).sum()
}
