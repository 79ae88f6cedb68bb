//! What a batch leaves behind.

use std::collections::BTreeMap;

use papo_domain::{Event, EventKind, Posted, RoomId, RoomState};

use super::change::{Appended, Refusal};
use super::facts::{Place, RoomHead, StoredMessage};
use crate::audit::AuditNote;

/// The rows that a decided batch writes, and the answers once they are on disk. Each new event is
/// stored here once, in its answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Effects {
    /// What became of each change.
    pub(super) answers: Vec<Result<Appended, Refusal>>,
    /// The batch's new messages that a later change of it edited or deleted, in their final form.
    pub(super) rewritten: BTreeMap<Place, Posted>,
    /// Older messages to update, with text and time of the edit.
    pub(crate) changed: Vec<StoredMessage>,
    /// The entries of the audit.
    pub(crate) audit: Vec<AuditNote>,
    /// The new ends of the logs that have grown.
    pub(crate) heads: Vec<(RoomId, RoomHead)>,
}

impl Effects {
    /// Whether the batch writes nothing: all its changes were refused, or stored before.
    pub(crate) fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// All new events, in the order of the changes; of one room, in the order of their seqs.
    pub(crate) fn events(&self) -> impl Iterator<Item = &Event> {
        let appended = self.answers.iter().flatten();
        let new = appended.filter(|appended| !appended.duplicate);
        new.map(|appended| &appended.event)
    }

    /// Messages to insert, in their final form, with the events that posted them. Some are edited
    /// or deleted already.
    pub(crate) fn posted(&self) -> impl Iterator<Item = (&Event, &Posted)> {
        self.events().filter_map(|event| match &event.kind {
            EventKind::Posted(posted) => {
                let rewritten = self.rewritten.get(&(event.room, event.seq));
                Some((event, rewritten.unwrap_or(posted)))
            }
            _ => None,
        })
    }

    /// The events that get a row. A message is the event that posted it.
    pub(crate) fn changes(&self) -> impl Iterator<Item = &Event> {
        self.events()
            .filter(|event| !matches!(event.kind, EventKind::Posted(_)))
    }

    /// The rooms' new states. Their order matters, since a name may go from one room to another.
    pub(crate) fn states(&self) -> impl Iterator<Item = (RoomId, &RoomState)> {
        self.events().filter_map(|event| match &event.kind {
            EventKind::Room(state) => Some((event.room, state)),
            _ => None,
        })
    }

    /// What became of each change, in their order.
    pub(crate) fn into_answers(self) -> Vec<Result<Appended, Refusal>> {
        self.answers
    }
}
