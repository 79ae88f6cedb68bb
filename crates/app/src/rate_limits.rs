//! How often somebody may do something: by person, by name, by address and by room, each action for itself.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use papo_domain::{RoomId, SenderId};

use crate::Error;

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Joining a room or changing one's name.
    Join,
    /// Posting, editing, deleting.
    Send,
    /// Opening a socket.
    Connect,
    /// Trying a password or a one-time link.
    SignIn,
    /// Searching rooms or messages.
    Search,
    /// Saying that one is writing.
    Typing,
}

/// At most `burst` at once, and `per_minute` in the long run.
type Rate = (u32, u32);

/// A rate for each person, address and room; `None` is no limit. A class of 300 behind one address must be able to
/// come in at once, so addresses get a lot more than people.
const fn rates(action: Action) -> [Option<Rate>; 3] {
    match action {
        Action::Join => [Some((10, 30)), Some((400, 600)), None],
        Action::Send => [Some((30, 180)), Some((1_000, 6_000)), Some((2_000, 12_000))],
        Action::Connect => [Some((30, 120)), Some((1_000, 3_000)), None],
        // A person is a name that somebody tries from one network.
        Action::SignIn => [Some((10, 6)), Some((20, 20)), None],
        Action::Search => [Some((30, 120)), Some((100, 600)), None],
        Action::Typing => [Some((5, 60)), None, Some((200, 3_000))],
    }
}

/// A rate for each name that is signed in with, from all networks together. Much more than a person's: whoever uses it up, keeps the
/// name's owner out, and now needs ten networks at least. It lets through 86,400 guesses a day at a password of ten characters or
/// more: of ten random letters, not a millionth part in a year, of a list of the million commonest passwords, all in twelve days.
/// The work they make is bounded by the queue in `passwords.rs`.
const fn name_rate(action: Action) -> Option<Rate> {
    match action {
        Action::SignIn => Some((100, 60)),
        _ => None,
    }
}

const ACTIONS: [Action; 6] = [
    Action::Join,
    Action::Send,
    Action::Connect,
    Action::SignIn,
    Action::Search,
    Action::Typing,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Sender(SenderId),
    /// An account's name, hashed.
    Name(u64),
    /// The same, and the network from which it is tried.
    NameFrom(u64, IpAddr),
    Address(IpAddr),
    Room(RoomId),
}

struct Limiters {
    people: Option<DefaultKeyedRateLimiter<Key>>,
    names: Option<DefaultKeyedRateLimiter<Key>>,
    addresses: Option<DefaultKeyedRateLimiter<Key>>,
    rooms: Option<DefaultKeyedRateLimiter<Key>>,
}

/// Counts who did what.
pub struct RateLimits {
    /// By action, in the order of [`ACTIONS`]; empty when there are no limits.
    limiters: Vec<Limiters>,
    clock: DefaultClock,
}

impl RateLimits {
    /// The limits, or none at all.
    pub fn new(enabled: bool) -> Self {
        let limiter = |rate: Option<Rate>| {
            rate.map(|(burst, per_minute)| {
                let one = NonZeroU32::MIN;
                let quota = Quota::per_minute(NonZeroU32::new(per_minute).unwrap_or(one))
                    .allow_burst(NonZeroU32::new(burst).unwrap_or(one));
                RateLimiter::keyed(quota)
            })
        };
        let limiters = ACTIONS
            .iter()
            .filter(|_| enabled)
            .map(|&action| {
                let [people, addresses, rooms] = rates(action).map(limiter);
                Limiters {
                    people,
                    names: limiter(name_rate(action)),
                    addresses,
                    rooms,
                }
            })
            .collect();
        Self {
            limiters,
            clock: DefaultClock::default(),
        }
    }

    /// Counts one action, unless one of those who do it has done too many.
    pub(crate) fn check(
        &self,
        action: Action,
        sender: Option<SenderId>,
        address: Option<IpAddr>,
        room: Option<RoomId>,
    ) -> Result<(), Error> {
        let Some(limiters) = self.limiters.get(action as usize) else {
            return Ok(());
        };
        self.check_one(limiters.people.as_ref(), sender.map(Key::Sender))?;
        self.check_one(
            limiters.addresses.as_ref(),
            address.map(network).map(Key::Address),
        )?;
        self.check_one(limiters.rooms.as_ref(), room.map(Key::Room))
    }

    /// Counts an attempt to sign in under a name: first by the name and the network together, so that whoever is at that limit doesn't
    /// use up what the name has from all networks.
    pub(crate) fn check_name(
        &self,
        action: Action,
        name: &str,
        address: IpAddr,
    ) -> Result<(), Error> {
        use std::hash::{DefaultHasher, Hasher};
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let name = hasher.finish();
        let Some(limiters) = self.limiters.get(action as usize) else {
            return Ok(());
        };
        let from = Key::NameFrom(name, network(address));
        self.check_one(limiters.people.as_ref(), Some(from))?;
        self.check_one(limiters.names.as_ref(), Some(Key::Name(name)))
    }

    /// Forgets those who have been quiet; to be called now and then.
    pub(crate) fn forget_quiet(&self) {
        for Limiters {
            people,
            names,
            addresses,
            rooms,
        } in &self.limiters
        {
            for limiter in [people, names, addresses, rooms].into_iter().flatten() {
                limiter.retain_recent();
                limiter.shrink_to_fit();
            }
        }
    }

    fn check_one(
        &self,
        limiter: Option<&DefaultKeyedRateLimiter<Key>>,
        key: Option<Key>,
    ) -> Result<(), Error> {
        let (Some(limiter), Some(key)) = (limiter, key) else {
            return Ok(());
        };
        limiter.check_key(&key).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            Error::RateLimited(Duration::from_secs(wait.as_secs() + 1))
        })
    }
}

/// An IPv6 address stands for its /64: that is what one customer gets.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6([a, b, c, d, 0, 0, 0, 0].into())
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_actions_are_in_the_order_of_their_numbers() {
        for (index, &action) in ACTIONS.iter().enumerate() {
            assert_eq!(action as usize, index);
        }
    }

    #[test]
    fn one_more_than_the_burst_is_refused_and_others_are_not() {
        let limits = RateLimits::new(true);
        let join = |sender| limits.check(Action::Join, Some(SenderId(sender)), None, None);
        for _ in 0..10 {
            assert_eq!(join(1), Ok(()));
        }
        assert!(matches!(join(1), Err(Error::RateLimited(wait)) if wait <= Duration::from_secs(3)));
        assert_eq!(join(2), Ok(()));
    }

    #[test]
    fn a_v6_customer_is_one_address() {
        let limits = RateLimits::new(true);
        for host in 0..20 {
            let host = format!("2001:db8:0:1::{host:x}");
            assert_eq!(
                limits.check(Action::SignIn, None, Some(address(&host)), None),
                Ok(())
            );
        }
        let sign_in = |host| limits.check(Action::SignIn, None, Some(address(host)), None);
        assert!(sign_in("2001:db8:0:1:ffff::1").is_err());
        assert_eq!(sign_in("2001:db8:0:2::1"), Ok(()));
        assert_eq!(sign_in("::ffff:192.0.2.1"), Ok(()));
    }

    #[test]
    fn a_name_has_a_limit_from_one_network_and_a_larger_one_from_all() {
        let limits = RateLimits::new(true);
        let begun = Instant::now();
        let attempt = |name, host| limits.check_name(Action::SignIn, name, host);
        let let_through = |network: u32| -> u64 {
            let host = address(&format!("2001:db8:0:{network:x}::1"));
            (0..200)
                .take_while(|_| attempt("a", host).is_ok())
                .map(|_| 1)
                .sum()
        };
        // And what comes back meanwhile on a machine that stands still: one in ten seconds, one a second.
        let from_one = let_through(0);
        let come_back = begun.elapsed().as_secs() / 10 + 1;
        assert!((10..=10 + come_back).contains(&from_one), "{from_one}");
        let from_all = from_one + (1..30).map(let_through).sum::<u64>();
        let come_back = begun.elapsed().as_secs() + 1;
        assert!((100..=100 + come_back).contains(&from_all), "{from_all}");
        assert_eq!(attempt("b", address("2001:db8:0:0::1")), Ok(()));
    }

    #[test]
    fn whoever_is_refused_in_one_network_takes_nothing_from_the_others() {
        let limits = RateLimits::new(true);
        let attempt = |host| limits.check_name(Action::SignIn, "a", address(host));
        for _ in 0..1_000 {
            let _ = attempt("192.0.2.1");
        }
        assert!(attempt("192.0.2.1").is_err());
        for _ in 0..10 {
            assert_eq!(attempt("192.0.2.2"), Ok(()));
        }
    }

    #[test]
    fn without_limits_nothing_is_refused() {
        let limits = RateLimits::new(false);
        for _ in 0..1_000 {
            assert_eq!(
                limits.check(Action::SignIn, None, Some(address("192.0.2.1")), None),
                Ok(())
            );
        }
    }
}
