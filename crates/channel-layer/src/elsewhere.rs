//! The people in a room on other nodes, as each node last told, until it falls silent.

use std::collections::HashMap;
use std::time::Duration;

use papo_domain::PersonId;
use tokio::time::Instant;

use crate::{NodeId, People, Present};

/// A node is forgotten when it was silent for this long, which is more than two of its heartbeats.
/// A dead node's people must be gone within 15 s. This leaves the next presence frame enough time
/// to wait for its turn, in a large room too.
pub(crate) const SILENCE: Duration = Duration::from_millis(12_500);
/// More than any installation has.
const MOST_NODES: usize = 256;

/// The people of a room on other nodes.
#[derive(Debug, Default)]
pub(crate) struct Elsewhere {
    nodes: HashMap<NodeId, Node>,
}

#[derive(Debug)]
struct Node {
    told: People,
    heard: Instant,
}

/// The effect of a node's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heard {
    /// Whether the node is new.
    pub(crate) is_new: bool,
    /// Whether the people have changed.
    pub(crate) has_changed: bool,
}

impl Elsewhere {
    /// Takes a node's list, unless it sent a newer one before.
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

    /// Removes a node's people, and ignores its earlier lists that come late. Returns whether
    /// anybody was there.
    pub(crate) fn stop(&mut self, node: NodeId, now: Instant) -> bool {
        let last = People {
            version: u64::MAX,
            ..People::default()
        };
        self.nodes.contains_key(&node) && self.hear(node, last, now).has_changed
    }

    /// Removes the nodes that were silent for too long. Returns whether anybody was there.
    pub(crate) fn forget_silent(&mut self, now: Instant) -> bool {
        let mut has_changed = false;
        self.nodes.retain(|_, node| {
            let is_heard = now.duration_since(node.heard) < SILENCE;
            has_changed |= !is_heard && node.told.online > 0;
            is_heard
        });
        has_changed
    }

    /// The named people who aren't here, each once, and the number of those without a name.
    pub(crate) fn others(
        &self,
        is_here: impl Fn(PersonId) -> bool,
    ) -> (HashMap<PersonId, &Present>, usize) {
        let mut named = HashMap::new();
        let mut unnamed = 0;
        // Sorted, so that the same of two names wins each time.
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
