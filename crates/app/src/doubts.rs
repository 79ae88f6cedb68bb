//! Clients that name events which the log doesn't have.
//!
//! One such client proves nothing: whoever writes a client can name any event. If an older copy of
//! the data was put back, the clients of many people do so. So the log has advice for the operator
//! only after several persons, and once.

use std::collections::BTreeSet;

use papo_domain::{PersonId, RoomId, Seq};
use parking_lot::Mutex;

/// So many persons are worth a look.
const TELLING: usize = 3;

/// Who has named an event that the log doesn't have.
#[derive(Default)]
pub(crate) struct Doubts(Mutex<BTreeSet<PersonId>>);

impl Doubts {
    /// Notes that a person's client named such an event, and logs it.
    pub(crate) fn note(&self, person: PersonId, room: RoomId, seq: Seq) {
        tracing::warn!(
            %room, %seq,
            "a client names an event that the log doesn't have, and starts over; one client proves \
             nothing about the log"
        );
        if self.are_telling(person) {
            tracing::warn!(
                "clients of {TELLING} people name events that the log doesn't have: if an older \
                 copy of the data was put back, give the history a new epoch (papo epoch --new); \
                 otherwise these clients are wrong"
            );
        }
    }

    /// Whether this person makes the persons enough. True once.
    fn are_telling(&self, person: PersonId) -> bool {
        let mut persons = self.0.lock();
        persons.len() < TELLING && persons.insert(person) && persons.len() == TELLING
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_alone_is_never_enough_and_three_are_once() {
        let doubts = Doubts::default();
        for _ in 0..10 {
            assert!(!doubts.are_telling(PersonId(1)));
        }
        assert!(!doubts.are_telling(PersonId(2)));
        assert!(doubts.are_telling(PersonId(3)));
        for person in 1..10 {
            assert!(!doubts.are_telling(PersonId(person)));
        }
    }
}
