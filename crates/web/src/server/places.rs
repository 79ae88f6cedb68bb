//! The places of connections: a number in all, a share for each network, and some more that are
//! reserved for operators.
//!
//! A connection that finds no usual place gets a reserved one. It answers health checks, metrics
//! and the administration; everything else is refused. Such a connection is closed after its
//! answer, and has little time.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use metrics::{Counter, counter, describe_counter};
use papo_app::network;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many places are reserved for operators, beyond the configured number.
pub const KEPT_PLACES: usize = 64;
/// How many reserved places one network may have.
const KEPT_SHARE: usize = 8;

/// All places.
pub(crate) struct Places {
    usual: Arc<Semaphore>,
    kept: Arc<Semaphore>,
    /// How many usual places one network may have.
    share: usize,
    networks: Arc<Networks>,
    refused: Counter,
}

/// How many places of each kind each network has.
#[derive(Debug, Default)]
struct Networks(Mutex<HashMap<(IpAddr, bool), usize>>);

/// A place of a connection. It is free when its last copy is dropped. The server adds it to each
/// request, for the owner of an upgraded connection.
#[derive(Debug, Clone)]
pub(crate) struct Slot(Arc<Place>);

#[derive(Debug)]
struct Place {
    _permit: OwnedSemaphorePermit,
    _share: Option<Share>,
    is_kept: bool,
}

/// One place of a network's share, until it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    networks: Arc<Networks>,
    key: (IpAddr, bool),
}

impl Slot {
    /// Whether it is a reserved place.
    pub(crate) fn is_kept(&self) -> bool {
        self.0.is_kept
    }
}

impl Places {
    pub(crate) fn new(most: usize) -> Self {
        describe_counter!(
            "papo_full_total",
            "Connections that found no place, or for whose network there was none"
        );
        Self {
            usual: Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))),
            kept: Arc::new(Semaphore::new(KEPT_PLACES)),
            share: (most / 2).max(1),
            networks: Arc::default(),
            refused: counter!("papo_full_total"),
        }
    }

    /// Waits until there is a place of any kind.
    pub(super) async fn wait(&self) -> (OwnedSemaphorePermit, bool) {
        let usual = Arc::clone(&self.usual).acquire_owned();
        let kept = Arc::clone(&self.kept).acquire_owned();
        let (permit, is_kept) = tokio::select! {
            biased;
            permit = usual => (permit, false),
            permit = kept => (permit, true),
        };
        (permit.expect("the semaphores are never closed"), is_kept)
    }

    /// The place of a connection from this address; `None` when its network has its share. For a
    /// proxy there is no address, since everybody comes through it.
    pub(super) fn take(
        &self,
        (mut permit, mut is_kept): (OwnedSemaphorePermit, bool),
        address: Option<IpAddr>,
    ) -> Option<Slot> {
        let share = match address {
            None => Ok(None),
            Some(address) if is_kept => self.share_of(address, true).map(Some),
            Some(address) => self.share_of(address, false).map(Some).or_else(|NoShare| {
                // Others may have the usual place.
                is_kept = true;
                permit = Arc::clone(&self.kept)
                    .try_acquire_owned()
                    .map_err(|_| NoShare)?;
                self.share_of(address, true).map(Some)
            }),
        };
        if is_kept {
            self.refused.increment(1);
        }
        let place = Place {
            _permit: permit,
            _share: share.ok()?,
            is_kept,
        };
        Some(Slot(Arc::new(place)))
    }

    /// One place of a network's share of the usual places; `None` when it has them all.
    pub(crate) fn share(&self, address: IpAddr) -> Option<Share> {
        let share = self.share_of(address, false);
        if share.is_err() {
            self.refused.increment(1);
        }
        share.ok()
    }

    fn share_of(&self, address: IpAddr, is_kept: bool) -> Result<Share, NoShare> {
        let most = if is_kept { KEPT_SHARE } else { self.share };
        let key = (network(address), is_kept);
        let mut networks = self.networks.0.lock();
        let count = networks.entry(key).or_default();
        if *count >= most {
            return Err(NoShare);
        }
        *count += 1;
        Ok(Share {
            networks: Arc::clone(&self.networks),
            key,
        })
    }
}

/// A network has its whole share.
struct NoShare;

impl Drop for Share {
    fn drop(&mut self) {
        let mut networks = self.networks.0.lock();
        if let Some(count) = networks.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                networks.remove(&self.key);
            }
        }
    }
}

/// Whether reserved places answer this path.
pub(crate) fn is_for_keepers(path: &str) -> bool {
    ["/healthz", "/readyz", "/metrics", "/login/", "/admin"].contains(&path)
        || ["/admin/", "/static/", "/accent/"]
            .iter()
            .any(|start| path.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn take(places: &Places, last: u8) -> Option<Slot> {
        let address = [192, 0, 2, last].into();
        let place = places.wait().await;
        places.take(place, Some(address))
    }

    #[tokio::test]
    async fn a_network_has_half_of_the_places_and_a_few_of_those_that_are_kept() {
        let places = Places::new(10);
        let mut held = Vec::new();
        for _ in 0..5 {
            let slot = take(&places, 1).await.unwrap();
            assert!(!slot.is_kept());
            held.push(slot);
        }
        for _ in 0..KEPT_SHARE {
            let slot = take(&places, 1).await.unwrap();
            assert!(slot.is_kept());
            held.push(slot);
        }
        assert!(take(&places, 1).await.is_none());
        assert!(places.share([192, 0, 2, 1].into()).is_none());
        for _ in 0..5 {
            let slot = take(&places, 2).await.unwrap();
            assert!(!slot.is_kept());
            held.push(slot);
        }
        assert!(take(&places, 3).await.unwrap().is_kept());
        held.clear();
        assert!(!take(&places, 1).await.unwrap().is_kept());
        assert!(places.networks.0.lock().is_empty());
    }

    #[tokio::test]
    async fn a_proxy_has_no_share_but_its_people_do() {
        let places = Places::new(4);
        let mut held = Vec::new();
        for _ in 0..4 {
            let slot = places.take(places.wait().await, None).unwrap();
            assert!(!slot.is_kept());
            held.push(slot);
        }
        let shares: Vec<_> = (0..2)
            .map(|_| places.share([192, 0, 2, 1].into()).unwrap())
            .collect();
        assert!(places.share([192, 0, 2, 1].into()).is_none());
        assert!(places.share([192, 0, 2, 2].into()).is_some());
        drop(shares);
        assert!(places.share([192, 0, 2, 1].into()).is_some());
    }

    #[test]
    fn keepers_see_health_figures_and_administration() {
        for path in ["/healthz", "/metrics", "/login/", "/static/papo.css"] {
            assert!(is_for_keepers(path), "{path}");
        }
        for path in ["/", "/room/1/", "/ws/", "/administrator"] {
            assert!(!is_for_keepers(path), "{path}");
        }
    }
}
