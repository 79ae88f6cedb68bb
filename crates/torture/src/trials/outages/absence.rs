//! What must and must not happen while the database is away.

use std::time::Duration;

use tokio::time::Instant;

use crate::crowd::Interruptions;
use crate::history::{History, Moment};

/// A time without a database.
#[derive(Debug, Clone, Copy)]
pub(super) struct Absence {
    pub(super) from: Moment,
    /// By then what was answered before has arrived.
    pub(super) late: Moment,
    pub(super) until: Moment,
    pub(super) began: Instant,
}

/// How many acknowledgements came without a database: for messages sent meanwhile, or too late to
/// have been on their way.
pub(super) fn given_without_database(history: &History, absences: &[Absence]) -> usize {
    let is_wrong = |sent: Option<Moment>, at: Moment| {
        absences.iter().any(|absence| {
            let is_new = sent.is_some_and(|sent| sent > absence.from);
            at < absence.until && (at > absence.late || is_new && at > absence.from)
        })
    };
    let acks = history.sent.iter().flat_map(|sent| {
        let acks = sent.acks.iter();
        acks.filter(|ack| is_wrong(Some(sent.at), ack.at))
    });
    let changes = history.changed.iter();
    acks.count() + changes.filter(|changed| is_wrong(None, changed.at)).count()
}

/// The longest time until each of the writers had a refusal.
pub(super) fn refusals(writers: &[Interruptions], absences: &[Absence]) -> Duration {
    let times = absences.iter().flat_map(|absence| {
        writers.iter().map(|writer| {
            let first = writer.refused.iter().find(|at| **at > absence.began);
            first.map_or(Duration::MAX, |at| at.duration_since(absence.began))
        })
    });
    times.max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Ack, Changed, Kind, Sent};

    #[test]
    fn an_acknowledgement_without_a_database_is_found_unless_it_was_on_its_way() {
        let absence = Absence {
            from: 10,
            late: 20,
            until: 30,
            began: Instant::now(),
        };
        let given = |sent, at| {
            let ack = Ack {
                seq: 1,
                at,
                epoch: "".into(),
            };
            let sent = Sent {
                at: sent,
                acks: vec![ack],
                ..Sent::default()
            };
            let history = History {
                sent: vec![sent],
                ..History::default()
            };
            given_without_database(&history, &[absence])
        };
        for (sent, at, wrong) in [(5, 8, 0), (5, 15, 0), (5, 25, 1), (12, 15, 1), (12, 35, 0)] {
            assert_eq!(
                given(sent, at),
                wrong,
                "sent at {sent}, acknowledged at {at}"
            );
        }
        let changed = Changed {
            room: 1,
            seq: 1,
            kind: Kind::Deleted { target: 1 },
            at: 25,
            epoch: "".into(),
        };
        let history = History {
            changed: vec![changed],
            ..History::default()
        };
        assert_eq!(given_without_database(&history, &[absence]), 1);
    }
}
