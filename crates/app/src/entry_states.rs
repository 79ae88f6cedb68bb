//! Memberships as of an entry of an inbox. All devices of a person learn of the entry at one
//! moment, and the first one's question answers the others'.

use std::collections::HashMap;
use std::sync::Arc;

use papo_domain::{PersonId, RoomId};
use papo_storage::MembershipState;
use parking_lot::Mutex;
use tokio::sync::OnceCell;

/// What the database says of a membership after an entry, once somebody has asked.
pub(crate) type EntryState = Arc<OnceCell<MembershipState>>;

/// The states as of the last entries.
#[derive(Default)]
pub(crate) struct EntryStates(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    new: HashMap<(PersonId, RoomId), EntryState>,
    old: HashMap<(PersonId, RoomId), EntryState>,
}

impl EntryStates {
    /// Forgets the states before those of the last time. A connection that is so late asks by
    /// itself.
    pub(crate) fn age(&self) {
        let mut generations = self.0.lock();
        generations.old = std::mem::take(&mut generations.new);
    }

    /// Notes an entry. Nobody has asked since, so no earlier answer counts.
    pub(crate) fn add(&self, person: PersonId, room: RoomId) {
        let key = (person, room);
        self.0.lock().new.insert(key, EntryState::default());
    }

    /// The state as of the last entry about this, unless that is too long ago.
    pub(crate) fn of(&self, person: PersonId, room: RoomId) -> Option<EntryState> {
        let generations = self.0.lock();
        let key = (person, room);
        let found = generations.new.get(&key);
        found.or_else(|| generations.old.get(&key)).map(Arc::clone)
    }
}

#[cfg(test)]
mod tests {
    use papo_domain::{Level, MemberRole, RoomKind, RoomName, RoomTerms, Seq, Username};

    use super::*;

    const ANA: PersonId = PersonId(1);
    const ROOM: RoomId = RoomId(1);

    #[test]
    fn an_answer_counts_until_the_next_entry() {
        let states = EntryStates::default();
        assert!(states.of(ANA, ROOM).is_none());
        states.add(ANA, ROOM);
        let state = MembershipState {
            room: ROOM,
            name: RoomName::parse("Geral").unwrap(),
            terms: RoomTerms {
                kind: RoomKind::Public,
                is_announcement: false,
                is_active: true,
            },
            role: MemberRole::Member,
            username: Username::parse("Ana").unwrap(),
            last_seq: Seq(2),
            last_activity: None,
            read: Seq(2),
            version: 1,
            unread: 0,
            level: Level::default(),
        };
        states.of(ANA, ROOM).unwrap().set(state).unwrap();
        states.age();
        assert!(states.of(ANA, ROOM).unwrap().initialized());
        assert!(states.of(ANA, RoomId(2)).is_none());
        states.add(ANA, ROOM);
        assert!(!states.of(ANA, ROOM).unwrap().initialized());
        states.age();
        states.age();
        assert!(states.of(ANA, ROOM).is_none());
    }
}
