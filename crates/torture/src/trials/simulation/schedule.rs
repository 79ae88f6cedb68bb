//! The schedule of a simulation's faults, a function of the seed alone.

use std::fmt;
use std::time::Duration;

use crate::network::Host;
use crate::random::Random;

/// The nodes of a simulation.
pub(super) const NODES: usize = 3;
/// All is well again then.
const END: Duration = Duration::from_secs(3);
/// From one fault's beginning to the next one's.
const BETWEEN: Duration = Duration::from_millis(300);
/// The longest that one lasts.
const LONGEST: Duration = Duration::from_millis(1_600);
/// Each seed that this divides has a schedule this many times as long. After ten seconds of a cut
/// the operating system gives up too, and not only Papo.
const SLOW_SEEDS: u64 = 20;
const SLOWER: u32 = 8;

/// The faults of a seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Schedule {
    /// In order.
    pub(super) faults: Vec<Fault>,
    /// All is well again then.
    pub(super) end: Duration,
}

/// A fault that lasts a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) from: Duration,
    pub(super) until: Duration,
    pub(super) what: Wrong,
}

/// The kind of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    /// The program ends at once, and is started again.
    Crash(Host),
    /// The program gets the signal to stop, and is started again.
    Restart(Host),
    /// The program stands still, and goes on.
    Pause(Host),
    /// What the first sends to the second is lost.
    OneWay(Host, Host),
    /// Neither hears the other.
    Cut(Host, Host),
}

impl Schedule {
    /// The schedule of a seed.
    pub(super) fn of(seed: u64) -> Self {
        let slower = if seed.is_multiple_of(SLOW_SEEDS) {
            SLOWER
        } else {
            1
        };
        let (end, between, longest) = (END * slower, BETWEEN * slower, LONGEST * slower);
        let mut random = Random::new(seed);
        let mut faults: Vec<Fault> = Vec::new();
        let mut from = random.up_to(between);
        while from + between < end {
            let until = end.min(from + random.around(longest * 2 / 3));
            let fault = Fault {
                from,
                until,
                what: Wrong::any(&mut random),
            };
            // A program, and a way, has one fault at a time.
            let is_alone = |other: &Fault| other.until <= from || !other.what.meets(fault.what);
            if faults.iter().all(is_alone) {
                faults.push(fault);
            }
            from += random.around(between);
        }
        Self { faults, end }
    }
}

impl Wrong {
    fn any(random: &mut Random) -> Self {
        let node = Host::Node(random.index(NODES));
        let ways = [
            (node, Host::Postgres),
            (node, Host::Nats),
            (node, Host::Clients),
        ];
        let (one, other) = ways[random.index(ways.len())];
        match random.below(12) {
            0 | 1 => Self::Crash(node),
            2 => Self::Crash(Host::Postgres),
            3 => Self::Crash(Host::Nats),
            4 => Self::Restart(node),
            5 => Self::Pause(node),
            6 => Self::Pause([Host::Postgres, Host::Nats][random.index(2)]),
            7 => Self::OneWay(one, other),
            8 => Self::OneWay(other, one),
            _ => Self::Cut(one, other),
        }
    }

    /// Whether both concern the same program or way.
    fn meets(self, other: Self) -> bool {
        self.about() == other.about()
    }

    fn about(self) -> (Host, Option<Host>) {
        match self {
            Self::Crash(host) | Self::Restart(host) | Self::Pause(host) => (host, None),
            Self::OneWay(one, other) | Self::Cut(one, other) => {
                (one.min(other), Some(one.max(other)))
            }
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, fault) in self.faults.iter().enumerate() {
            let before = if number > 0 { "; " } else { "" };
            write!(f, "{before}{fault}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, until, what } = self;
        write!(
            f,
            "{:.2} to {:.2} s: {what}",
            from.as_secs_f64(),
            until.as_secs_f64()
        )
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crash(host) => write!(f, "{host} has crashed"),
            Self::Restart(host) => write!(f, "{host} is restarted"),
            Self::Pause(host) => write!(f, "{host} stands still"),
            Self::OneWay(from, to) => write!(f, "what {from} sends {to} is lost"),
            Self::Cut(one, other) => write!(f, "{one} and {other} are cut off"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_has_one_schedule() {
        assert_eq!(Schedule::of(7), Schedule::of(7));
        assert_ne!(Schedule::of(7), Schedule::of(8));
    }

    #[test]
    fn everything_goes_wrong_in_some_seed_and_ends_in_time() {
        let schedules: Vec<_> = (1..=20).map(Schedule::of).collect();
        let faults = || schedules.iter().flat_map(|schedule| &schedule.faults);
        for schedule in &schedules {
            assert!(schedule.faults.len() >= 4);
            let is_in_time =
                |fault: &Fault| fault.from < fault.until && fault.until <= schedule.end;
            assert!(schedule.faults.iter().all(is_in_time));
        }
        for is_wanted in [
            |what| matches!(what, Wrong::Crash(Host::Node(_))),
            |what| what == Wrong::Crash(Host::Postgres),
            |what| what == Wrong::Crash(Host::Nats),
            |what| matches!(what, Wrong::Restart(_)),
            |what| matches!(what, Wrong::Pause(Host::Node(_))),
            |what| what == Wrong::Pause(Host::Postgres),
            |what| matches!(what, Wrong::OneWay(Host::Node(_), Host::Postgres)),
            |what| matches!(what, Wrong::OneWay(Host::Postgres, _)),
            |what| matches!(what, Wrong::OneWay(Host::Clients, _)),
            |what| matches!(what, Wrong::Cut(_, Host::Clients)),
            |what| matches!(what, Wrong::Cut(_, Host::Nats)),
            |what| matches!(what, Wrong::Cut(_, Host::Postgres)),
        ] as [fn(Wrong) -> bool; 12]
        {
            assert!(faults().any(|fault| is_wanted(fault.what)));
        }
    }
}
