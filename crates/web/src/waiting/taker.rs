//! The connections for which answers wait: whose they are, and whether they read.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use papo_app::network;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::PATIENCE;

/// The connection for which an answer waits.
#[derive(Debug, Clone)]
pub(crate) struct Taker {
    /// Its network.
    pub(super) network: IpAddr,
    /// Its site: its network, with neighbouring networks of the same customer.
    pub(super) site: IpAddr,
    /// Its session, hashed; `None` without one.
    pub(super) session: Option<u64>,
    pub(super) outlet: Arc<Outlet>,
}

/// Where a connection's answers go.
pub(crate) struct Outlet {
    times: Mutex<Times>,
    cut: Arc<dyn Fn() + Send + Sync>,
}

#[derive(Debug)]
struct Times {
    /// When the kernel last took something.
    taken: Instant,
    /// When the connection was last told to end.
    cut: Option<Instant>,
}

impl Taker {
    pub(crate) fn new(address: IpAddr, session: Option<&str>, outlet: Arc<Outlet>) -> Self {
        use std::hash::{DefaultHasher, Hash as _, Hasher as _};
        let session = session.map(|token| {
            let mut hasher = DefaultHasher::new();
            token.hash(&mut hasher);
            hasher.finish()
        });
        Self {
            network: network(address),
            site: site(address),
            session,
            outlet,
        }
    }

    /// Notes that the kernel has taken something.
    pub(crate) fn took(&self) {
        self.outlet.took();
    }

    /// The same connection as a sender. While it is in the middle of sending, it may be cut even if
    /// it reads.
    pub(super) fn as_sender(&self) -> Self {
        Self {
            outlet: self.outlet.beside(),
            ..self.clone()
        }
    }

    pub(super) fn shares_with(&self, other: &Self) -> bool {
        self.network == other.network || (self.session.is_some() && self.session == other.session)
    }
}

impl Outlet {
    /// An outlet of a connection that this function ends.
    pub(crate) fn new(cut: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Self::with(Arc::new(cut))
    }

    /// Another outlet of the same connection, with times of its own.
    fn beside(&self) -> Arc<Self> {
        Self::with(Arc::clone(&self.cut))
    }

    fn with(cut: Arc<dyn Fn() + Send + Sync>) -> Arc<Self> {
        let times = Times {
            taken: Instant::now(),
            cut: None,
        };
        Arc::new(Self {
            times: Mutex::new(times),
            cut,
        })
    }

    /// Notes that the kernel has taken something.
    pub(crate) fn took(&self) {
        self.times.lock().taken = Instant::now();
    }

    /// Whether it has read nothing for so long that it may be cut for others.
    pub(crate) fn is_slow(&self) -> bool {
        self.times.lock().taken + PATIENCE <= Instant::now()
    }

    /// Notes that the connection will be told to end; `false` when it just was.
    pub(super) fn plan_cut(&self) -> bool {
        let now = Instant::now();
        let mut times = self.times.lock();
        let is_due = times.cut.is_none_or(|cut| cut + PATIENCE <= now);
        if is_due {
            times.cut = Some(now);
        }
        is_due
    }

    /// Tells the connection to end. The connection doesn't if it finds that the kernel takes more.
    /// Then this process was late, not the client.
    pub(super) fn cut(&self) {
        (self.cut)();
    }
}

impl fmt::Debug for Outlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlet").finish_non_exhaustive()
    }
}

/// An IPv6 address counts as its /48: some customers get as much, which is many networks.
fn site(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            IpAddr::V6([a, b, c, 0, 0, 0, 0, 0].into())
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}
