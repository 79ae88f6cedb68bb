//! The way in while a name's rate is used up: strangers guess the password from many networks, and
//! the account's owner has a new browser.
//!
//! Each network has two tries under a name, and another one every ten minutes. Whoever guesses from
//! a network has spent them long ago; the owner's network hasn't. All networks together also have a
//! limit, so a guesser with a thousand networks gains little.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::Key;

/// A network's tries under one name at once.
const NETWORK_BURST: u32 = 2;
/// After how long a network has another one.
const NETWORK_PERIOD: Duration = Duration::from_mins(10);
/// All networks' tries under one name at once: with sixteen guessing, some are left for the owner.
const NAME_BURST: u32 = 40;
/// All networks' tries under one name in a minute, in the long run.
const NAME_RATE: u32 = 12;

/// Counts tries under a name whose rate is used up.
pub(super) struct LateTries {
    pub(super) networks: DefaultKeyedRateLimiter<Key>,
    pub(super) names: DefaultKeyedRateLimiter<Key>,
}

impl LateTries {
    pub(super) fn new() -> Self {
        let one = NonZeroU32::MIN;
        let number = |number| NonZeroU32::new(number).unwrap_or(one);
        let network = Quota::with_period(NETWORK_PERIOD).unwrap_or(Quota::per_hour(one));
        let name = Quota::per_minute(number(NAME_RATE));
        Self {
            networks: RateLimiter::keyed(network.allow_burst(number(NETWORK_BURST))),
            names: RateLimiter::keyed(name.allow_burst(number(NAME_BURST))),
        }
    }
}
