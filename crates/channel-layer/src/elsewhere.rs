//! Who is in a room on other nodes: what each told last, for as long as it isn't silent.

use std::collections::HashMap;
use std::time::Duration;

use papo_domain::PersonId;
use tokio::time::Instant;

use crate::{NodeId, People, Present};

/// A node that isn't heard of for this long is forgotten: more than two of its heartbeats, and so
/// much less than the 15 s within which a dead one's people are gone that the next telling can wait
/// for its turn, which comes as soon in a large room as in a small one.
pub(crate) const SILENCE: Duration = Duration::from_millis(12_500);
/// More nodes than any installation has.
const MOST_NODES: usize = 256;

/// What other nodes have told of a room's people.
#[derive(Debug, Default)]
pub(crate) struct Elsewhere {
    nodes: HashMap<NodeId, Node>,
}

#[derive(Debug)]
struct Node {
    told: People,
    heard: Instant,
}

/// What became of what a node told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heard {
    /// It wasn't known before.
    pub(crate) is_new: bool,
    /// Others are there than before.
    pub(crate) has_changed: bool,
}

impl Elsewhere {
    /// Takes what a node tells, unless it told something newer.
    pub(crate) fn hear(&mut self, node: NodeId, told: People, now: Instant) -> Heard {
        let nothing = Heard {
            is_new: false,
            has_changed: false,
        };
        let Some(known) = self.nodes.get_mut(&node) else {
            if self.nodes.len() >= MOST_NODES {
                return nothing;
            }
            let has_changed = told.online > 0;
            self.nodes.insert(node, Node { told, heard: now });
            return Heard {
                is_new: has_changed,
                has_changed,
            };
        };
        if told.version <= known.told.version {
            return nothing;
        }
        let has_changed = (told.online, &told.people) != (known.told.online, &known.told.people);
        *known = Node { told, heard: now };
        Heard {
            is_new: false,
            has_changed,
        }
    }

    /// Takes a node's people away; what it told before and comes late is ignored. Whether anybody
    /// was there.
    pub(crate) fn stop(&mut self, node: NodeId, now: Instant) -> bool {
        let last = People {
            version: u64::MAX,
            ..People::default()
        };
        self.nodes.contains_key(&node) && self.hear(node, last, now).has_changed
    }

    /// Forgets the nodes that have been silent for too long. Whether anybody was there.
    pub(crate) fn forget_silent(&mut self, now: Instant) -> bool {
        let mut has_changed = false;
        self.nodes.retain(|_, node| {
            let is_heard = now.duration_since(node.heard) < SILENCE;
            has_changed |= !is_heard && node.told.online > 0;
            is_heard
        });
        has_changed
    }

    /// Those who are named and not here, each once; and how many more there are without a name.
    pub(crate) fn others(
        &self,
        is_here: impl Fn(PersonId) -> bool,
    ) -> (HashMap<PersonId, &Present>, usize) {
        let mut named = HashMap::new();
        let mut unnamed = 0;
        // The same of two names each time.
        let mut nodes: Vec<_> = self.nodes.iter().collect();
        nodes.sort_unstable_by_key(|(id, _)| **id);
        for (_, node) in nodes {
            unnamed += node.told.online - node.told.people.len().min(node.told.online);
            for person in &node.told.people {
                if !is_here(person.person) {
                    named.entry(person.person).or_insert(person);
                }
            }
        }
        (named, unnamed)
    }
}
