//! A person leaves a room and joins it again, by the pages' forms.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use papo_testing::Guest;

/// How long joining again may take.
const LIMIT: Duration = Duration::from_secs(20);
/// Between two tries.
const RETRY: Duration = Duration::from_millis(50);

/// A stay in a room that ends, and the next one.
pub(super) struct Stay {
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) cookie: Arc<str>,
    pub(super) room: i64,
    pub(super) username: String,
    /// Between leaving and joining.
    pub(super) pause: Duration,
}

/// Leaves a room and joins it again. A node that is killed may have done the one or the other
/// without an answer, so the person joins until that is answered. Blocks.
pub(super) fn leave_and_rejoin(stay: &Stay) -> Result<()> {
    let guest = |number: usize| {
        let address = stay.addresses[number % stay.addresses.len()];
        let mut guest = Guest::at(&address.to_string());
        guest.cookie = Some(stay.cookie.to_string());
        guest
    };
    // A node that is away leaves the person where they are.
    let _ = guest(0).leave(stay.room);
    std::thread::sleep(stay.pause);
    let start = Instant::now();
    for number in 0.. {
        if guest(number).join(stay.room, &stay.username).is_ok() {
            break;
        }
        ensure!(start.elapsed() < LIMIT, "can't join room {}", stay.room);
        std::thread::sleep(RETRY);
    }
    Ok(())
}
