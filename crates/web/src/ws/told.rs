//! What a socket's client was told of its person's memberships, so that nothing is told twice, and
//! nothing of a room that the client knows was left.

use std::collections::HashMap;

use papo_app::Error;
use papo_domain::RoomId;
use papo_protocol::{Level, MembershipObject, Role};
use parking_lot::Mutex;

/// The positions of so many rooms are known. A client marks mostly one.
const MOST: usize = 8;

/// Shared with the answers that aren't given yet.
#[derive(Default)]
pub(super) struct Told(Mutex<State>);

#[derive(Default)]
struct State {
    /// The positions in the last answers.
    positions: Vec<Position>,
    /// How often the client was told that a room was left.
    departures: HashMap<RoomId, u64>,
}

/// What a membership says, but for what others change: the log's end and what is unread.
#[derive(PartialEq, Eq)]
struct Position {
    room: i64,
    username: String,
    version: i64,
    read: i64,
    level: Level,
    role: Role,
}

impl From<&MembershipObject> for Position {
    fn from(membership: &MembershipObject) -> Self {
        Self {
            room: membership.room,
            username: membership.username.clone(),
            version: membership.version,
            read: membership.read,
            level: membership.level,
            role: membership.role,
        }
    }
}

impl Told {
    /// How often the client was told that a room was left.
    pub(super) fn departures(&self, room: RoomId) -> u64 {
        let state = self.0.lock();
        state.departures.get(&room).copied().unwrap_or_default()
    }

    /// Notes that the client will be told that a room was left. Answers that were given before
    /// must go out first; later ones say that the person isn't in the room.
    pub(super) fn leave(&self, room: RoomId) {
        *self.0.lock().departures.entry(room).or_default() += 1;
    }

    /// Gives the answer to a mark, which was sent when the room had been left so often.
    pub(super) fn answer(
        &self,
        (room, departures): (RoomId, u64),
        result: Result<MembershipObject, Error>,
        give: impl FnOnce(Result<MembershipObject, Error>),
    ) {
        // The lock keeps a departure from being told in between.
        let mut state = self.0.lock();
        let now = state.departures.get(&room).copied().unwrap_or_default();
        if now != departures {
            return give(result.and(Err(Error::NotJoined)));
        }
        if let Ok(membership) = &result {
            let told = Position::from(membership);
            state
                .positions
                .retain(|position| position.room != told.room);
            if state.positions.len() == MOST {
                state.positions.remove(0);
            }
            state.positions.push(told);
        }
        give(result);
    }

    /// Whether an answer has told this position, and no later one another in the room.
    pub(super) fn has(&self, membership: &MembershipObject) -> bool {
        self.0.lock().positions.contains(&membership.into())
    }
}

#[cfg(test)]
mod tests {
    use papo_protocol::RoomKind;

    use super::*;

    fn membership(room: i64, read: i64) -> MembershipObject {
        MembershipObject {
            room,
            name: "Geral".into(),
            kind: RoomKind::Public,
            announcement: false,
            archived: false,
            role: Role::Member,
            username: "Ana".into(),
            seq: 9,
            timestamp: None,
            read,
            version: 1,
            unread: 0,
            level: Level::Everything,
        }
    }

    fn answer(told: &Told, departures: u64, membership: MembershipObject) -> bool {
        let (room, mut is_given) = (RoomId(membership.room), false);
        told.answer((room, departures), Ok(membership), |result| {
            is_given = result.is_ok();
        });
        is_given
    }

    #[test]
    fn the_last_position_of_an_answer_is_known() {
        let told = Told::default();
        assert!(!told.has(&membership(1, 3)));
        assert!(answer(&told, 0, membership(1, 3)));
        assert!(told.has(&membership(1, 3)) && !told.has(&membership(2, 3)));
        let level = Level::Nothing;
        assert!(!told.has(&MembershipObject {
            level,
            ..membership(1, 3)
        }));
        assert!(answer(&told, 0, membership(1, 4)));
        assert!(told.has(&membership(1, 4)) && !told.has(&membership(1, 3)));
        for room in 2..12 {
            assert!(answer(&told, 0, membership(room, 1)));
        }
        assert!(told.has(&membership(11, 1)) && !told.has(&membership(1, 4)));
    }

    #[test]
    fn an_answer_after_the_departure_is_that_one_isnt_there() {
        let told = Told::default();
        let before = told.departures(RoomId(1));
        told.leave(RoomId(1));
        assert!(!answer(&told, before, membership(1, 3)));
        assert!(!told.has(&membership(1, 3)));
        assert!(answer(&told, before, membership(2, 3)));
        // The person may have come back since.
        let now = told.departures(RoomId(1));
        assert!(answer(&told, now, membership(1, 3)));
    }
}
