//! Who is in a room: counted from live connections, told when it has changed and some time has passed.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use papo_domain::{SenderId, Username};
use tokio::time::Instant;

/// Changes are told at most this often in a small room.
const SHORTEST_PAUSE: Duration = Duration::from_secs(2);
/// A first change is told after this time, so that a page that reloads isn't seen to leave and come.
const SETTLING: Duration = Duration::from_millis(300);
/// In a large room changes are told less often: one presence frame for each person costs at most this many a second.
const FRAMES_PER_SECOND: f64 = 500.0;

/// Somebody who is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// Who.
    pub sender: SenderId,
    /// Under which name.
    pub username: Username,
}

/// What is told of who is there, encoded; `version` tells one from the next.
#[derive(Debug, Clone, Default)]
pub struct PresenceFrame {
    /// Grows with each frame; 0 is none yet.
    pub version: u64,
    /// What goes over the wire.
    pub bytes: Bytes,
}

/// The people of one room.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    /// Each person's name and number of connections.
    people: HashMap<SenderId, (Username, usize)>,
    frame: PresenceFrame,
    /// When the change that hasn't been told yet is due.
    due: Option<Instant>,
    told: Option<Instant>,
}

impl Presence {
    pub(crate) fn enter(&mut self, sender: SenderId, username: Username, now: Instant) {
        let person = self
            .people
            .entry(sender)
            .or_insert_with(|| (username.clone(), 0));
        person.1 += 1;
        if person.1 == 1 || person.0 != username {
            person.0 = username;
            self.changed(now);
        }
    }

    pub(crate) fn rename(&mut self, sender: SenderId, username: Username, now: Instant) {
        if let Some(person) = self.people.get_mut(&sender)
            && person.0 != username
        {
            person.0 = username;
            self.changed(now);
        }
    }

    pub(crate) fn leave(&mut self, sender: SenderId, now: Instant) {
        if let Some(person) = self.people.get_mut(&sender) {
            person.1 -= 1;
            if person.1 == 0 {
                self.people.remove(&sender);
                self.changed(now);
            }
        }
    }

    pub(crate) fn online(&self) -> usize {
        self.people.len()
    }

    /// The frame to send now; empty before the first.
    pub(crate) fn frame(&self) -> &PresenceFrame {
        &self.frame
    }

    /// When a change is due, makes its frame from the number of people and at most `most` of them, by name.
    pub(crate) fn refresh(
        &mut self,
        now: Instant,
        most: usize,
        encode: impl FnOnce(usize, Vec<Present>) -> Bytes,
    ) -> bool {
        if self.due.is_none_or(|due| now < due) {
            return false;
        }
        self.due = None;
        let mut people: Vec<_> = self
            .people
            .iter()
            .map(|(&sender, (username, _))| Present {
                sender,
                username: username.clone(),
            })
            .collect();
        let by_name = |a: &Present, b: &Present| {
            (a.username.as_str(), a.sender).cmp(&(b.username.as_str(), b.sender))
        };
        if people.len() > most {
            people.select_nth_unstable_by(most, by_name);
            people.truncate(most);
        }
        people.sort_unstable_by(by_name);
        let bytes = encode(self.people.len(), people);
        if bytes == self.frame.bytes {
            return false;
        }
        self.told = Some(now);
        self.frame = PresenceFrame {
            version: self.frame.version + 1,
            bytes,
        };
        true
    }

    fn changed(&mut self, now: Instant) {
        let pause = SHORTEST_PAUSE.max(Duration::from_secs_f64(
            f64::from(u32::try_from(self.people.len()).unwrap_or(u32::MAX)) / FRAMES_PER_SECOND,
        ));
        let soonest = now + SETTLING;
        let due = self.told.map_or(soonest, |told| soonest.max(told + pause));
        self.due = Some(self.due.map_or(due, |before| before.min(due)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Username {
        Username::parse(text).unwrap()
    }

    fn told(presence: &mut Presence, now: Instant) -> Option<(usize, Vec<String>)> {
        let mut seen = None;
        let changed = presence.refresh(now, 2, |online, people| {
            let names: Vec<_> = people
                .iter()
                .map(|person| person.username.to_string())
                .collect();
            let bytes = Bytes::from(format!("{online} {names:?}"));
            seen = Some((online, names));
            bytes
        });
        seen.filter(|_| changed)
    }

    #[test]
    fn changes_are_told_after_a_while_and_together() {
        let start = Instant::now();
        let mut presence = Presence::default();
        for (number, who) in [(1, "Caio"), (2, "Ana"), (3, "Bia")] {
            presence.enter(SenderId(number), name(who), start);
        }
        assert_eq!(told(&mut presence, start), None);
        let later = start + SETTLING;
        assert_eq!(
            told(&mut presence, later),
            Some((3, vec!["Ana".into(), "Bia".into()]))
        );
        presence.leave(SenderId(2), later);
        assert_eq!(told(&mut presence, later + SETTLING), None);
        let due = later + SHORTEST_PAUSE;
        assert_eq!(
            told(&mut presence, due),
            Some((2, vec!["Bia".into(), "Caio".into()]))
        );
    }

    #[test]
    fn a_second_tab_is_the_same_person() {
        let now = Instant::now();
        let mut presence = Presence::default();
        presence.enter(SenderId(1), name("Ana"), now);
        presence.enter(SenderId(1), name("Ana"), now);
        assert_eq!(presence.online(), 1);
        presence.leave(SenderId(1), now);
        assert_eq!(presence.online(), 1);
        presence.leave(SenderId(1), now);
        assert_eq!(presence.online(), 0);
    }

    #[test]
    fn who_comes_and_goes_at_once_is_not_told() {
        let start = Instant::now();
        let mut presence = Presence::default();
        presence.enter(SenderId(1), name("Ana"), start);
        assert!(told(&mut presence, start + SETTLING).is_some());
        let later = start + 2 * SHORTEST_PAUSE;
        presence.leave(SenderId(1), later);
        presence.enter(SenderId(1), name("Ana"), later);
        assert_eq!(told(&mut presence, later + SHORTEST_PAUSE), None);
    }
}
