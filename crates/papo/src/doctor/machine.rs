//! The check of the machine: its SQLite, its limit of open files, its clock.

use papo_app::Clock;
use papo_domain::Timestamp;
use papo_storage::sqlite::sqlite_version;
use rustix::process::{Resource, getrlimit};

use super::Finding;
use crate::config::Config;
use crate::serve::OWN_FILES;

/// The first SQLite without the defect that could corrupt a database in write-ahead mode.
const OLDEST_SQLITE: [u32; 3] = [3, 51, 3];
/// A lively chat needs more connections than this.
const FEW_CONNECTIONS: u64 = 4_000;
/// This program was made in 2026, so an earlier clock is wrong. So is one in the next century.
const YEARS: std::ops::RangeInclusive<&str> = "2026"..="2099";

/// The SQLite in this program.
pub(super) fn sqlite() -> Finding {
    const SUBJECT: &str = "SQLite";
    let version = sqlite_version();
    let numbers: Vec<u32> = version
        .split('.')
        .map_while(|number| number.parse().ok())
        .collect();
    if numbers.as_slice() < OLDEST_SQLITE.as_slice() {
        let text = format!("{version} can corrupt a database; build papo with 3.51.3 or newer");
        return Finding::problem(SUBJECT, text);
    }
    Finding::fine(SUBJECT, version)
}

/// The limit of open files, and how many connections it allows.
pub(super) fn open_files(config: &Config) -> Finding {
    const SUBJECT: &str = "open files";
    let limit = getrlimit(Resource::Nofile);
    let (Some(soft), Some(hard)) = (limit.current, limit.maximum) else {
        return Finding::fine(SUBJECT, "no limit");
    };
    let configured = u64::try_from(config.web.max_connections).unwrap_or(u64::MAX);
    let possible = hard.saturating_sub(OWN_FILES + papo_web::KEPT_PLACES as u64);
    let connections = possible.min(configured);
    let text =
        format!("limit {soft}, which papo raises to {hard}: enough for {connections} connections");
    if connections < FEW_CONNECTIONS && possible < configured {
        let advice = "for more raise it: LimitNOFILE=1048576 in the systemd unit, or ulimit -Hn";
        return Finding::warning(SUBJECT, format!("{text}; {advice}"));
    }
    Finding::fine(SUBJECT, text)
}

/// The clock, from which messages get their time.
pub(super) fn clock() -> Finding {
    judge_clock(Clock::system().now())
}

fn judge_clock(now: Timestamp) -> Finding {
    const SUBJECT: &str = "clock";
    let now = now.to_string();
    let year = now.split('-').next().unwrap_or_default();
    if YEARS.contains(&year) {
        return Finding::fine(SUBJECT, now);
    }
    let text =
        format!("it says {now}; set it, for messages carry its time (timedatectl set-ntp true)");
    Finding::problem(SUBJECT, text)
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn a_clock_of_another_century_is_a_problem() {
        let level = |time: &str| judge_clock(time.parse().unwrap()).level;
        assert_eq!(level("2026-11-24T18:56:34.120Z"), Level::Fine);
        assert_eq!(level("1970-01-01T00:00:12.000Z"), Level::Problem);
        assert_eq!(level("2106-02-07T06:28:15.000Z"), Level::Problem);
    }
}
