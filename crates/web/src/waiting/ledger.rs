//! The answers that wait: their sizes, and the connections that they wait for.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use tokio::time::Instant;

use super::{Outlet, Taker};

/// The waiting answers, the oldest first.
#[derive(Default)]
pub(super) struct Ledger {
    next: u64,
    entries: BTreeMap<u64, Entry>,
    all: usize,
    sums: HashMap<Account, usize>,
}

/// A sum of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Account {
    Network(IpAddr),
    Site(IpAddr),
    Session(u64),
}

struct Entry {
    taker: Taker,
    size: usize,
    since: Instant,
}

impl Ledger {
    pub(super) fn all(&self) -> usize {
        self.all
    }

    pub(super) fn of_network(&self, taker: &Taker) -> usize {
        self.sum(Account::Network(taker.network))
    }

    pub(super) fn of_site(&self, taker: &Taker) -> usize {
        self.sum(Account::Site(taker.site))
    }

    pub(super) fn of_session(&self, taker: &Taker) -> usize {
        taker.session.map_or(0, |id| self.sum(Account::Session(id)))
    }

    fn sum(&self, account: Account) -> usize {
        self.sums.get(&account).copied().unwrap_or(0)
    }

    pub(super) fn enter(&mut self, taker: Taker, size: usize, since: Instant) -> u64 {
        self.next += 1;
        self.all += size;
        for account in accounts(&taker) {
            *self.sums.entry(account).or_default() += size;
        }
        let entry = Entry { taker, size, since };
        self.entries.insert(self.next, entry);
        self.next
    }

    pub(super) fn leave(&mut self, number: u64) {
        let Some(Entry { taker, size, .. }) = self.entries.remove(&number) else {
            return;
        };
        self.all -= size;
        for account in accounts(&taker) {
            if let Some(sum) = self.sums.get_mut(&account) {
                *sum -= size;
                if *sum == 0 {
                    self.sums.remove(&account);
                }
            }
        }
    }

    /// The connections that have read nothing since `before` and have an answer from before it, the
    /// oldest first, until they free this many bytes. Leaves out those that were just told to end.
    pub(super) fn slowest(
        &self,
        before: Instant,
        size: usize,
        is_meant: impl Fn(&Taker) -> bool,
    ) -> Vec<Arc<Outlet>> {
        let mut freed = 0;
        let mut slowest = Vec::new();
        for entry in self.entries.values() {
            if freed >= size || entry.since > before {
                break;
            }
            let outlet = &entry.taker.outlet;
            if !is_meant(&entry.taker) || !outlet.is_slow() {
                continue;
            }
            freed += entry.size;
            if outlet.plan_cut() {
                slowest.push(Arc::clone(outlet));
            }
        }
        slowest
    }
}

fn accounts(taker: &Taker) -> impl Iterator<Item = Account> {
    let session = taker.session.map(Account::Session);
    let places = [Account::Network(taker.network), Account::Site(taker.site)];
    places.into_iter().chain(session)
}
