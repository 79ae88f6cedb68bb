//! Lets people in a few at a time. When thousands come back at the same moment, each would
//! otherwise have its request read and answered beside all the others', and the memory for that
//! would outweigh what they need afterwards.
//!
//! Who comes waits here, having cost next to nothing, until there is a place. A place is kept until
//! the first answer, and not for long: who says something and then dawdles doesn't keep others out,
//! and nobody has more than half of the places. Nobody waits for ever either.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::{Arc, Weak};
use std::thread::available_parallelism;
use std::time::Duration;

use papo_app::network;
use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How many are let in at the same time for each processor. The messages of everybody else wait
/// behind them, for some tenths of a millisecond each.
const PLACES: usize = 4;
/// And at least.
const LEAST_PLACES: usize = 8;
/// Who waited this long for a place goes in without.
const WAIT: Duration = Duration::from_secs(5);
/// How long a place is kept for somebody who isn't answered.
pub(super) const HOLD: Duration = Duration::from_millis(100);

/// The places.
#[derive(Debug, Clone)]
pub(super) struct Arrivals {
    places: Arc<Semaphore>,
    shares: Arc<Mutex<Shares>>,
}

/// Somebody's place, until it is dropped: one of all, and one of those of the same network.
#[derive(Debug)]
pub(super) struct Place(
    #[expect(dead_code, reason = "are held, not read")]
    (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>),
);

/// What of each network from which people are coming is still free.
#[derive(Debug)]
struct Shares {
    networks: HashMap<IpAddr, Weak<Semaphore>>,
    /// Places of one network.
    share: usize,
    /// So many are forgotten, as far as nobody comes from them any more.
    most: usize,
}

impl Arrivals {
    /// As many places as this machine is good for.
    pub(super) fn new() -> Self {
        let processors = available_parallelism().map_or(1, NonZeroUsize::get);
        Self::with_places(LEAST_PLACES.max(PLACES * processors))
    }

    fn with_places(places: usize) -> Self {
        let share = places / 2;
        let shares = Shares {
            networks: HashMap::new(),
            share,
            most: places,
        };
        Self {
            places: Arc::new(Semaphore::new(places)),
            shares: Arc::new(Mutex::new(shares)),
        }
    }

    /// Waits until the other side has said something; `false` when it says nothing for so long.
    pub(super) async fn is_heard(stream: &TcpStream, patience: Duration) -> bool {
        // Whatever is wrong with the stream, its reader will find.
        timeout(patience, stream.readable()).await.is_ok()
    }

    /// Waits for a place; nothing for who waited too long. A proxy comes without an address:
    /// everybody comes through it.
    pub(super) async fn enter(&self, address: Option<IpAddr>) -> Option<Place> {
        let share = address.map(|address| self.shares.lock().of(network(address)));
        let place = async {
            // First, so that who has many connections doesn't stand in everybody's line with all of
            // them.
            let share = match share {
                Some(share) => Some(share.acquire_owned().await.ok()?),
                None => None,
            };
            let place = Arc::clone(&self.places).acquire_owned().await.ok()?;
            Some(Place((place, share)))
        };
        timeout(WAIT, place).await.ok().flatten()
    }
}

impl Shares {
    fn of(&mut self, network: IpAddr) -> Arc<Semaphore> {
        let known = self.networks.get(&network).and_then(Weak::upgrade);
        if let Some(share) = known {
            return share;
        }
        if self.networks.len() >= self.most {
            self.networks.retain(|_, share| share.strong_count() > 0);
            self.most = (2 * self.share).max(2 * self.networks.len());
        }
        let share = Arc::new(Semaphore::new(self.share));
        self.networks.insert(network, Arc::downgrade(&share));
        share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: Duration = Duration::from_millis(100);

    async fn enter(arrivals: &Arrivals, last: u8) -> Option<Place> {
        let entering = arrivals.enter(Some([192, 0, 2, last].into()));
        timeout(AT_ONCE, entering).await.ok().flatten()
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_all_that_one_may_have_leaves_others_room() {
        let arrivals = Arrivals::with_places(PLACES);
        let mut places = Vec::new();
        for _ in 0..PLACES / 2 {
            places.push(enter(&arrivals, 1).await.unwrap());
        }
        assert!(enter(&arrivals, 1).await.is_none());
        assert!(enter(&arrivals, 2).await.is_some());
        places.pop();
        assert!(enter(&arrivals, 1).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn all_together_have_no_more_than_there_are_and_wait_no_longer_than_they_must() {
        let arrivals = Arrivals::with_places(PLACES);
        let mut places = Vec::new();
        for last in 0..u8::try_from(PLACES).unwrap() {
            places.push(enter(&arrivals, last).await.unwrap());
        }
        assert!(enter(&arrivals, 99).await.is_none());
        assert!(arrivals.enter(None).await.is_none());
        places.pop();
        assert!(arrivals.enter(None).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn networks_from_which_nobody_comes_are_forgotten() {
        let arrivals = Arrivals::with_places(PLACES);
        for number in 0..10_000_u16 {
            let [high, low] = number.to_be_bytes();
            drop(arrivals.enter(Some([192, 0, high, low].into())).await);
        }
        assert!(arrivals.shares.lock().networks.len() <= PLACES);
    }
}
