//! The people in a room, from live connections and from other nodes' lists. A new list goes out
//! some time after a change.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use papo_domain::{Mark, PersonId, Username};
use tokio::time::Instant;

use crate::elsewhere::Elsewhere;
use crate::pace::Pace;
use crate::{NodeId, People};

/// The longest pause between lists for other nodes, less up to [`JITTER_MILLIS`].
const HEARTBEAT: Duration = Duration::from_secs(5);
const JITTER_MILLIS: u64 = 1_000;

/// A person who is online.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// The person.
    pub person: PersonId,
    /// Their name.
    pub username: Username,
    /// Their mark, if they have an account.
    pub mark: Option<Mark>,
}

/// An encoded list of people; `version` distinguishes it from the next.
#[derive(Debug, Clone, Default)]
pub struct PresenceFrame {
    /// Grows with each frame; 0 means none yet.
    pub version: u64,
    /// The bytes for the wire.
    pub bytes: Bytes,
}

/// The people of one room.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    /// Each person, and the number of their connections, on this node.
    people: HashMap<PersonId, (Present, usize)>,
    elsewhere: Elsewhere,
    frame: PresenceFrame,
    /// The pace of lists for the followers here.
    shown: Pace,
    /// The pace of lists for other nodes.
    told: Pace,
}

impl Presence {
    pub(crate) fn enter(&mut self, present: Present, now: Instant) {
        let person = self
            .people
            .entry(present.person)
            .or_insert_with(|| (present.clone(), 0));
        person.1 += 1;
        if person.1 == 1 || person.0 != present {
            person.0 = present;
            self.changed(now);
        }
    }

    /// Notes a new name or mark of somebody who is there.
    pub(crate) fn rename(&mut self, present: Present, now: Instant) {
        if let Some(person) = self.people.get_mut(&present.person)
            && person.0 != present
        {
            person.0 = present;
            self.changed(now);
        }
    }

    pub(crate) fn leave(&mut self, id: PersonId, now: Instant) {
        if let Some(person) = self.people.get_mut(&id) {
            person.1 -= 1;
            if person.1 == 0 {
                self.people.remove(&id);
                self.changed(now);
            }
        }
    }

    /// Takes another node's list. A new node gets this node's list in turn.
    pub(crate) fn hear(&mut self, node: NodeId, people: People, now: Instant) {
        let heard = self.elsewhere.hear(node, people, now);
        if heard.is_new {
            self.tell_soon(now);
        }
        if heard.has_changed {
            self.shown.changed(now, self.online());
        }
    }

    /// Removes the people of a node that has stopped.
    pub(crate) fn stop(&mut self, node: NodeId, now: Instant) {
        if self.elsewhere.stop(node, now) {
            self.shown.changed(now, self.online());
        }
    }

    /// Makes the list for other nodes due soon, changed or not.
    pub(crate) fn tell_soon(&mut self, now: Instant) {
        self.told.due = Some(now);
    }

    /// How many people are online: here, and elsewhere as far as is known.
    pub(crate) fn online(&self) -> usize {
        let (named, unnamed) = self.others();
        self.people.len() + named.len() + unnamed
    }

    /// The frame to send now; empty before the first.
    pub(crate) fn frame(&self) -> &PresenceFrame {
        &self.frame
    }

    /// Makes a new frame when one is due, with the number of people and at most `most` of them by
    /// name.
    pub(crate) fn refresh(
        &mut self,
        now: Instant,
        most: usize,
        encode: impl FnOnce(usize, Vec<Present>) -> Bytes,
    ) -> bool {
        if self.elsewhere.forget_silent(now) {
            // The pace of a small room: the people of a dead node must be gone in time, and nodes
            // rarely die.
            self.shown.changed(now, 0);
        }
        if !self.shown.is_due(now) {
            return false;
        }
        let (named, unnamed) = self.others();
        let online = self.people.len() + named.len() + unnamed;
        let here = self.here();
        let elsewhere = named.into_values().cloned();
        let bytes = encode(online, first_by_name(here.chain(elsewhere), most));
        if bytes == self.frame.bytes {
            return false;
        }
        self.shown.last = Some(now);
        self.frame = PresenceFrame {
            version: self.frame.version + 1,
            bytes,
        };
        true
    }

    /// The list for other nodes, when it is due: the number of people here, and at most `most` of
    /// them by name. `chance` is any number.
    pub(crate) fn take_news(
        &mut self,
        now: Instant,
        most: usize,
        chance: u64,
    ) -> Option<(usize, Vec<Present>)> {
        let pause = HEARTBEAT.saturating_sub(Duration::from_millis(chance % JITTER_MILLIS));
        let is_silent = self.told.last.is_some_and(|last| now >= last + pause);
        if !self.told.is_due(now) && !is_silent {
            return None;
        }
        self.told.last = Some(now);
        Some((self.people.len(), first_by_name(self.here(), most)))
    }

    fn here(&self) -> impl Iterator<Item = Present> {
        self.people.values().map(|(person, _)| person.clone())
    }

    fn others(&self) -> (HashMap<PersonId, &Present>, usize) {
        self.elsewhere
            .others(|person| self.people.contains_key(&person))
    }

    fn changed(&mut self, now: Instant) {
        self.shown.changed(now, self.online());
        self.told.changed(now, self.people.len());
    }
}

/// The first `most` people by name, in order.
fn first_by_name(people: impl Iterator<Item = Present>, most: usize) -> Vec<Present> {
    let mut people: Vec<_> = people.collect();
    let by_name = |a: &Present, b: &Present| {
        (a.username.as_str(), a.person).cmp(&(b.username.as_str(), b.person))
    };
    if people.len() > most {
        people.select_nth_unstable_by(most, by_name);
        people.truncate(most);
    }
    people.sort_unstable_by(by_name);
    people
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elsewhere::SILENCE;
    use crate::pace::{SETTLING, SHORTEST_PAUSE};

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
            presence.enter(person(number, who), start);
        }
        assert_eq!(told(&mut presence, start), None);
        let later = start + SETTLING;
        assert_eq!(
            told(&mut presence, later),
            Some((3, vec!["Ana".into(), "Bia".into()]))
        );
        presence.leave(PersonId(2), later);
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
        presence.enter(person(1, "Ana"), now);
        presence.enter(person(1, "Ana"), now);
        assert_eq!(presence.online(), 1);
        presence.leave(PersonId(1), now);
        assert_eq!(presence.online(), 1);
        presence.leave(PersonId(1), now);
        assert_eq!(presence.online(), 0);
    }

    #[test]
    fn who_comes_and_goes_at_once_is_not_told() {
        let start = Instant::now();
        let mut presence = Presence::default();
        presence.enter(person(1, "Ana"), start);
        assert!(told(&mut presence, start + SETTLING).is_some());
        let later = start + 2 * SHORTEST_PAUSE;
        presence.leave(PersonId(1), later);
        presence.enter(person(1, "Ana"), later);
        assert_eq!(told(&mut presence, later + SHORTEST_PAUSE), None);
    }

    fn person(number: u64, text: &str) -> Present {
        Present {
            person: PersonId(number),
            username: name(text),
            mark: None,
        }
    }

    fn people(version: u64, online: usize, people: Vec<Present>) -> People {
        People {
            version,
            online,
            people,
        }
    }

    #[test]
    fn people_on_two_nodes_are_one_list_and_a_person_on_both_is_one() {
        let now = Instant::now();
        let mut presence = Presence::default();
        presence.enter(person(1, "Ana"), now);
        let told_there = vec![person(1, "Ana"), person(2, "Bia")];
        presence.hear(NodeId(8), people(1, 2, told_there.clone()), now);
        presence.hear(NodeId(9), people(1, 102, told_there), now);
        assert_eq!(presence.online(), 102);
        assert_eq!(
            told(&mut presence, now + SETTLING),
            Some((102, vec!["Ana".into(), "Bia".into()]))
        );
    }

    #[test]
    fn what_is_older_than_what_a_node_told_last_is_ignored() {
        let now = Instant::now();
        let mut presence = Presence::default();
        presence.hear(NodeId(8), people(5, 1, vec![person(1, "Ana")]), now);
        presence.hear(NodeId(8), people(4, 0, Vec::new()), now);
        presence.hear(NodeId(8), people(5, 0, Vec::new()), now);
        assert_eq!(presence.online(), 1);
        presence.stop(NodeId(8), now);
        presence.hear(NodeId(8), people(6, 1, vec![person(1, "Ana")]), now);
        assert_eq!(presence.online(), 0);
    }

    #[test]
    fn a_silent_node_is_forgotten() {
        let start = Instant::now();
        let mut presence = Presence::default();
        presence.enter(person(1, "Ana"), start);
        presence.hear(NodeId(8), people(1, 1, vec![person(2, "Bia")]), start);
        let before = start + SILENCE - Duration::from_millis(1);
        assert!(told(&mut presence, before).is_some_and(|(online, _)| online == 2));
        assert_eq!(told(&mut presence, start + SILENCE), None);
        let due = before + SHORTEST_PAUSE;
        assert_eq!(told(&mut presence, due), Some((1, vec!["Ana".into()])));
    }

    /// The times and counts of the frames until the end, with a look at every tick.
    fn tellings(presence: &mut Presence, from: Instant, until: Instant) -> Vec<(Instant, usize)> {
        let ticks = (0..).map(|number| from + Duration::from_millis(100) * number);
        ticks
            .take_while(|now| *now <= until)
            .filter_map(|now| Some((now, told(presence, now)?.0)))
            .collect()
    }

    fn a_dead_nodes_people_are_gone_in_time(here: usize) {
        let start = Instant::now();
        let mut presence = Presence::default();
        for number in 1..=here {
            presence.enter(person(number as u64, "Ana"), start);
        }
        presence.hear(NodeId(8), people(1, 1, vec![person(0, "Bia")]), start);
        // Another frame goes out just before, so the next change has to wait.
        let before = start + SILENCE - Duration::from_millis(100);
        assert!(told(&mut presence, before).is_some_and(|(online, _)| online == here + 1));
        let end = start + Duration::from_secs(15);
        let told = tellings(&mut presence, before, end);
        assert!(
            matches!(told[..], [(_, online)] if online == here),
            "{told:?}"
        );
    }

    #[test]
    fn a_dead_nodes_people_are_shown_for_no_longer_than_fifteen_seconds() {
        a_dead_nodes_people_are_gone_in_time(1);
    }

    #[test]
    fn nor_are_they_in_a_room_of_ten_thousand() {
        a_dead_nodes_people_are_gone_in_time(10_000);
    }

    #[test]
    fn a_room_of_ten_thousand_is_not_told_of_every_coming_and_going() {
        let start = Instant::now();
        let mut presence = Presence::default();
        for number in 1..=10_000 {
            presence.enter(person(number, "Ana"), start);
        }
        assert!(told(&mut presence, start + SETTLING).is_some());
        presence.leave(PersonId(1), start + SETTLING);
        let told = tellings(&mut presence, start + SETTLING, start + 11 * SHORTEST_PAUSE);
        let soonest = start + Duration::from_secs(20);
        assert!(
            matches!(told[..], [(at, 9_999)] if at >= soonest),
            "{told:?}"
        );
    }

    #[test]
    fn other_nodes_are_told_of_changes_and_again_and_again() {
        let start = Instant::now();
        let mut presence = Presence::default();
        presence.enter(person(1, "Ana"), start);
        assert_eq!(presence.take_news(start, 50, 0), None);
        let first = start + SETTLING;
        let ana = vec![person(1, "Ana")];
        assert_eq!(presence.take_news(first, 50, 0), Some((1, ana.clone())));
        // This node's list leaves out people elsewhere.
        presence.hear(NodeId(8), people(1, 1, vec![person(2, "Bia")]), first);
        assert_eq!(presence.take_news(first, 50, 0), Some((1, ana.clone())));
        presence.hear(NodeId(8), people(2, 0, Vec::new()), first);
        let beat = first + HEARTBEAT;
        let early = beat - Duration::from_millis(999);
        assert_eq!(presence.take_news(early, 50, 0), None);
        assert_eq!(presence.take_news(early, 50, 999), Some((1, ana.clone())));
        assert_eq!(presence.take_news(early + HEARTBEAT, 50, 0), Some((1, ana)));
    }
}
