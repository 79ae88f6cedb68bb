//! Rate limits: by person, by name, by address and by room, for each action separately.

mod late;
mod rates;

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use papo_domain::{PersonId, RoomId};

use self::late::LateTries;
use self::rates::{ACTIONS, Rate, name_rate, rates};
use crate::Error;
use crate::devices::Device;

pub use self::rates::Action;

/// The retry of a request that exceeds a limit's burst. It is refused then too.
const NEVER: Duration = Duration::from_mins(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Person(PersonId),
    /// An account's name, hashed.
    Name(u64),
    /// An account's name, hashed, and the network of the try.
    NameFrom(u64, IpAddr),
    Address(IpAddr),
    Room(RoomId),
    /// A browser that has signed in before.
    Device(Device),
}

struct Limiters {
    people: Option<DefaultKeyedRateLimiter<Key>>,
    names: Option<DefaultKeyedRateLimiter<Key>>,
    addresses: Option<DefaultKeyedRateLimiter<Key>>,
    rooms: Option<DefaultKeyedRateLimiter<Key>>,
}

/// Counts actions.
pub struct RateLimits {
    /// By action, in the order of [`ACTIONS`]; empty when there are no limits.
    limiters: Vec<Limiters>,
    late: Option<LateTries>,
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
            late: enabled.then(LateTries::new),
            clock: DefaultClock::default(),
        }
    }

    /// Counts one action, unless its person, address or room has reached a limit.
    pub(crate) fn check(
        &self,
        action: Action,
        person: Option<PersonId>,
        address: Option<IpAddr>,
        room: Option<RoomId>,
    ) -> Result<(), Error> {
        let Some(limiters) = self.limiters.get(action as usize) else {
            return Ok(());
        };
        self.check_one(limiters.people.as_ref(), person.map(Key::Person))?;
        self.check_one(
            limiters.addresses.as_ref(),
            address.map(network).map(Key::Address),
        )?;
        self.check_one(limiters.rooms.as_ref(), room.map(Key::Room))
    }

    /// Counts an attempt to sign in under a name. It first counts the name and network together, so
    /// that a network at its limit doesn't use up the name's rate. If that is used up, a network
    /// still has a few tries ([`LateTries`]).
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
        let name = Key::Name(name);
        let refused = match self.check_one(limiters.names.as_ref(), Some(name)) {
            Ok(()) => return Ok(()),
            Err(refused) => refused,
        };
        let late = self.late.as_ref().ok_or(refused)?;
        self.check_one(Some(&late.networks), Some(from))?;
        self.check_one(Some(&late.names), Some(name))
    }

    /// Counts an attempt to sign in from a browser that has signed in before, by that browser
    /// alone.
    pub(crate) fn check_device(&self, device: Device) -> Result<(), Error> {
        let limiters = self.limiters.get(Action::KnownSignIn as usize);
        let people = limiters.and_then(|limiters| limiters.people.as_ref());
        self.check_one(people, Some(Key::Device(device)))
    }

    /// Counts bytes that a person is about to receive, unless that is too much.
    pub(crate) fn check_bytes(
        &self,
        person: PersonId,
        address: Option<IpAddr>,
        bytes: usize,
    ) -> Result<(), Error> {
        let Some(limiters) = self.limiters.get(Action::Take as usize) else {
            return Ok(());
        };
        let kibibytes = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        let count = NonZeroU32::new(kibibytes).unwrap_or(NonZeroU32::MIN);
        self.check_some(limiters.people.as_ref(), Some(Key::Person(person)), count)?;
        let address = address.map(network).map(Key::Address);
        self.check_some(limiters.addresses.as_ref(), address, count)
    }

    /// Forgets idle persons, addresses and rooms. Call it now and then.
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
        for limiter in self
            .late
            .iter()
            .flat_map(|late| [&late.networks, &late.names])
        {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }

    fn check_one(
        &self,
        limiter: Option<&DefaultKeyedRateLimiter<Key>>,
        key: Option<Key>,
    ) -> Result<(), Error> {
        self.check_some(limiter, key, NonZeroU32::MIN)
    }

    fn check_some(
        &self,
        limiter: Option<&DefaultKeyedRateLimiter<Key>>,
        key: Option<Key>,
        count: NonZeroU32,
    ) -> Result<(), Error> {
        let (Some(limiter), Some(key)) = (limiter, key) else {
            return Ok(());
        };
        match limiter.check_key_n(&key, count) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(until)) => {
                let wait = until.wait_time_from(self.clock.now());
                Err(Error::RateLimited(whole_seconds(wait)))
            }
            // The request exceeds the burst and never fits.
            Err(_) => Err(Error::RateLimited(NEVER)),
        }
    }
}

/// The first whole second after which a retry can succeed.
fn whole_seconds(wait: Duration) -> Duration {
    let seconds = wait.as_nanos().div_ceil(1_000_000_000).max(1);
    Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX))
}

/// An IPv6 address counts as its /64, which is what one customer gets.
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
        let join = |person| limits.check(Action::Join, Some(PersonId(person)), None, None);
        for _ in 0..10 {
            assert_eq!(join(1), Ok(()));
        }
        assert!(matches!(join(1), Err(Error::RateLimited(wait)) if wait <= Duration::from_secs(3)));
        assert_eq!(join(2), Ok(()));
    }

    #[test]
    fn the_time_to_try_again_is_the_first_whole_second_that_is_enough() {
        for (wait, seconds) in [(1, 1), (999, 1), (1_000, 1), (1_001, 2), (59_400, 60)] {
            let wait = whole_seconds(Duration::from_millis(wait));
            assert_eq!(wait, Duration::from_secs(seconds));
        }
    }

    #[test]
    fn bytes_are_counted_for_a_person_and_an_address() {
        let limits = RateLimits::new(true);
        let take =
            |person, host, bytes| limits.check_bytes(PersonId(person), Some(address(host)), bytes);
        let begun = Instant::now();
        let taken = (0..1_000).take_while(|_| take(1, "192.0.2.1", 1 << 20).is_ok());
        let taken = taken.count() as u64;
        // And about one a second, if the machine stood still.
        assert!(
            (32..=34 + 2 * begun.elapsed().as_secs()).contains(&taken),
            "{taken}"
        );
        assert_eq!(take(2, "192.0.2.1", 1 << 20), Ok(()));
        let people = (3..200_u64)
            .take_while(|&person| (0..32).all(|_| take(person, "192.0.2.1", 1 << 20).is_ok()));
        assert!(people.count() < 100, "an address has no limit");
        assert_eq!(take(2, "192.0.2.2", 1 << 20), Ok(()));
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
        // And what the limits give back meanwhile, if the machine stood still: one in ten seconds,
        // one a second.
        let from_one = let_through(0);
        let come_back = begun.elapsed().as_secs() / 10 + 1;
        assert!((10..=10 + come_back).contains(&from_one), "{from_one}");
        let from_all = from_one + (1..30).map(let_through).sum::<u64>();
        // A second gives back one for the name, and five one for the networks that come late.
        let come_back = 2 * (begun.elapsed().as_secs() + 1);
        assert!((140..=140 + come_back).contains(&from_all), "{from_all}");
        assert_eq!(attempt("b", address("2001:db8:0:0::1")), Ok(()));
    }

    #[test]
    fn the_owner_on_a_new_network_gets_in_while_sixteen_networks_guess() {
        let limits = RateLimits::new(true);
        let attempt = |host: &str| limits.check_name(Action::SignIn, "a", address(host));
        let guessed = || {
            let hosts = (0..16).map(|network| format!("192.0.2.{network}"));
            hosts.filter(|host| attempt(host).is_ok()).count()
        };
        while guessed() > 0 {}
        for _ in 0..2 {
            assert_eq!(attempt("198.51.100.1"), Ok(()));
        }
        assert!(attempt("198.51.100.1").is_err());
    }

    #[test]
    fn a_thousand_networks_gain_little_under_a_name_whose_rate_is_used_up() {
        let limits = RateLimits::new(true);
        let begun = Instant::now();
        let hosts = (0..10_000_u32).map(|network| format!("2001:db8:1:{network:x}::1"));
        let guessed = hosts.filter(|host| {
            limits
                .check_name(Action::SignIn, "a", address(host))
                .is_ok()
        });
        let guessed = guessed.count() as u64;
        let come_back = 2 * (begun.elapsed().as_secs() + 1);
        assert!((140..=140 + come_back).contains(&guessed), "{guessed}");
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
