//! Lets people in a few at a time. When thousands come back at the same moment, each would otherwise have its request read and
//! answered beside all the others', and the memory for that would outweigh what they need afterwards.
//!
//! Who comes waits here, having cost next to nothing, until there is a place. A place is kept until the first answer, and not for
//! long: who says something and then dawdles doesn't keep others out. Nobody waits for ever either.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How many are let in at the same time.
const PLACES: usize = 64;
/// Who waited this long for a place goes in without.
const WAIT: Duration = Duration::from_secs(5);
/// How long a place is kept for somebody who isn't answered.
pub(super) const HOLD: Duration = Duration::from_secs(1);

/// The places.
#[derive(Debug, Clone)]
pub(super) struct Arrivals(Arc<Semaphore>);

/// Somebody's place, until it is dropped; nothing for who waited too long.
pub(super) type Place = Option<OwnedSemaphorePermit>;

impl Arrivals {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(PLACES)))
    }

    /// Waits until the other side has said something and there is a place; `None` when it says nothing for so long.
    pub(super) async fn enter(&self, stream: &TcpStream, patience: Duration) -> Option<Place> {
        // Whatever is wrong with the stream, its reader will find.
        let _ = timeout(patience, stream.readable()).await.ok()?;
        let place = timeout(WAIT, Arc::clone(&self.0).acquire_owned()).await;
        Some(place.ok().and_then(Result::ok))
    }
}
