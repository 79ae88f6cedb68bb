//! Lets connections in, a few at a time. When thousands come at the same moment, reading and
//! answering all their requests at once would take more memory than they need afterwards.
//!
//! A connection waits here for a place, and costs next to nothing until it has one. It keeps its
//! place until its first answer, but not for long, so a slow client keeps nobody out. One network
//! has at most half of the places. After a limit a connection goes in without a place.

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

/// Places for each processor. Messages of everybody else wait some tenths of a millisecond for
/// each.
const PLACES: usize = 4;
/// The fewest places.
const LEAST_PLACES: usize = 8;
/// A connection that waited this long goes in without a place.
const WAIT: Duration = Duration::from_secs(5);
/// How long a connection keeps a place without an answer.
pub(super) const HOLD: Duration = Duration::from_millis(100);

/// The places.
#[derive(Debug, Clone)]
pub(super) struct Arrivals {
    places: Arc<Semaphore>,
    shares: Arc<Mutex<Shares>>,
}

/// A connection's place, until it is dropped: one of all, and one of its network's.
#[derive(Debug)]
pub(super) struct Place(
    #[expect(dead_code, reason = "are held, not read")]
    (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>),
);

/// The free places of each network from which connections come.
#[derive(Debug)]
struct Shares {
    networks: HashMap<IpAddr, Weak<Semaphore>>,
    /// Places of one network.
    share: usize,
    /// Beyond this many networks, those without connections are removed.
    most: usize,
}

impl Arrivals {
    /// As many places as suit this machine.
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

    /// Waits until the client has sent something; `false` when it sends nothing for this long.
    pub(super) async fn is_heard(stream: &TcpStream, patience: Duration) -> bool {
        // A later read finds any fault of the stream.
        timeout(patience, stream.readable()).await.is_ok()
    }

    /// Waits for a place; `None` after too long. For a proxy there is no address, since everybody
    /// comes through it.
    pub(super) async fn enter(&self, address: Option<IpAddr>) -> Option<Place> {
        let share = address.map(|address| self.shares.lock().of(network(address)));
        let place = async {
            // The network's place comes first, so that a client with many connections doesn't fill
            // the common queue.
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
