//! Changes of the rooms themselves.

use papo_domain::{
    AuditAct, AuditRoom, Denial, EventKind, Right, Role, RoomId, RoomKind, RoomState, RoomTerms,
    Timestamp,
};

use super::{Ledger, Step, Stop};
use crate::fold::fold;
use crate::ledger::change::{Appended, By, Refusal};
use crate::ledger::facts::Facts;

impl<F: Facts> Ledger<F> {
    pub(super) fn set_room(
        &mut self,
        room: RoomId,
        at: Timestamp,
        by: By,
        state: &RoomState,
    ) -> Step<Appended, F> {
        let head = &self.room(room)?.head;
        let (terms, before) = (head.terms, head.name_key.clone());
        let role = by.role(self.poster(by, room)?)?;
        role.may(Right::Manage, terms)?;
        if terms.kind != state.kind && [terms.kind, state.kind].contains(&RoomKind::Direct) {
            return Err(Refusal::DirectRoom.into());
        }
        // Otherwise an administrator could read a private room by opening it to everybody.
        let opens = terms.kind == RoomKind::Private && state.kind != RoomKind::Private;
        if opens && role == Role::Administrator {
            return Err(Denial::NotModerator.into());
        }
        let key = fold(state.name.as_str()).into_owned();
        if state.kind.is_listed() {
            if self.name_holder(&key)?.is_some_and(|holder| holder != room) {
                return Err(Refusal::NameTaken.into());
            }
            self.names.insert(key.clone(), Some(room));
        }
        if terms.kind.is_listed() && (before != key || !state.kind.is_listed()) {
            self.names.insert(before, None);
        }
        self.room(room)?.head.name_key = key;
        self.store_state(room, at, by, state.clone())
    }

    /// Reads the rest of the state and writes it in one transaction, so that no change between is
    /// lost.
    pub(super) fn set_active(
        &mut self,
        room: RoomId,
        at: Timestamp,
        by: By,
        is_active: bool,
    ) -> Step<Appended, F> {
        let terms = self.room(room)?.head.terms;
        let role = by.role(self.poster(by, room)?)?;
        role.may(Right::Manage, terms)?;
        let before = match self.states.get(&room) {
            Some(state) => Some(state.clone()),
            None => self.facts.room_state(room).map_err(Stop::Failed)?,
        };
        let before = before.ok_or(Denial::NoRoom)?;
        let state = RoomState {
            is_active,
            ..before
        };
        self.store_state(room, at, by, state)
    }

    /// Appends the event of a state, and notes in the audit who set it.
    fn store_state(
        &mut self,
        room: RoomId,
        at: Timestamp,
        by: By,
        state: RoomState,
    ) -> Step<Appended, F> {
        let head = &mut self.room(room)?.head;
        let was_active = head.terms.is_active;
        head.terms = RoomTerms {
            kind: state.kind,
            is_announcement: state.is_announcement,
            is_active: state.is_active,
        };
        self.states.insert(room, state.clone());
        let about = AuditRoom::new(room, state.name.as_str());
        let act = match (was_active, state.is_active) {
            (false, true) => AuditAct::RoomOpened(about),
            (true, false) => AuditAct::RoomClosed(about),
            _ => AuditAct::RoomSet(about),
        };
        let appended = self.append(room, at, EventKind::Room(state))?;
        self.note(by, &appended.event, act)?;
        Ok(appended)
    }
}
