//! Makes large answers a few at a time, and the largest one at a time on a thread of their own.
//!
//! Many that are asked for at once would all find space before the first is counted, and most
//! would be made in vain. Encoding a page of the longest messages takes milliseconds. On the
//! threads that serve everybody, some dozens of them would delay all messages.

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

/// So many are read and made at a time: enough to keep the threads that read busy.
pub(super) const TURNS: usize = 8;
/// Answers whose texts have at most so many bytes are made where they are asked for: that takes
/// about 0.1 ms.
const QUICK: usize = 64 * 1024;

/// How long an answer waits for its turn.
const TURN_WAIT: Duration = Duration::from_secs(5);

/// A large answer's turn to be read and made.
pub(crate) type Turn<'a> = SemaphorePermit<'a>;

impl Waiting {
    /// Waits for a turn to make a large answer, and refuses it when there is no space for it then,
    /// or no turn for too long.
    pub(crate) async fn turn(&self, taker: &Taker) -> Result<Turn<'_>, Full> {
        // An answer for which there is no space isn't kept waiting.
        if !self.has_space(taker) {
            return Err(Full);
        }
        let turn = timeout(TURN_WAIT, self.turns.acquire()).await;
        // The semaphore is never closed.
        let turn = turn.map_err(|_| Full)?.map_err(|_| Full)?;
        self.has_space(taker).then_some(turn).ok_or(Full)
    }

    /// Makes an answer whose texts have so many bytes.
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
            // It goes on when the client has gone, and others wait for its end.
            let _only = only;
            make()
        });
        match work.await.map_err(JoinError::try_into_panic) {
            Ok(answer) => answer,
            Err(Ok(panic)) => resume_unwind(panic),
            // The process ends, and nobody waits for the answer any more.
            Err(Err(_)) => pending().await,
        }
    }

    /// Encodes frames that belong together.
    pub(crate) async fn make_frames(&self, frames: Vec<ServerFrame>) -> Vec<Bytes> {
        let size = frames.iter().map(text_bytes).sum();
        self.make(size, move || frames.iter().map(encode).collect())
            .await
    }
}

/// Bytes of a frame's texts, as far as they can be many.
pub(crate) fn text_bytes(frame: &ServerFrame) -> usize {
    match frame {
        ServerFrame::Snapshot { messages, .. } => texts_bytes(messages),
        _ => 0,
    }
}

/// Bytes of the messages' texts.
pub(crate) fn texts_bytes(messages: &[MessageObject]) -> usize {
    messages.iter().map(|message| message.message.len()).sum()
}
