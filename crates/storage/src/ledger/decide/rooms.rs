//! Changes of the rooms themselves.

use papo_domain::{AuditAct, AuditRoom, Denial, EventKind, Right, RoomId, RoomState, Timestamp};

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
        let (kind, before) = (head.kind(), head.name_key.clone());
        let role = by.role(self.poster(by, room)?)?;
        role.may(Right::Set, kind)?;
        let key = fold(state.name.as_str()).into_owned();
        if self.name_holder(&key)?.is_some_and(|holder| holder != room) {
            return Err(Refusal::NameTaken.into());
        }
        if before != key {
            self.names.insert(before, None);
        }
        self.names.insert(key.clone(), Some(room));
        let head = &mut self.room(room)?.head;
        head.name_key = key;
        let was_active = head.is_active;
        self.store_state(room, at, by, state.clone(), was_active)
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
        let kind = self.room(room)?.head.kind();
        let role = by.role(self.poster(by, room)?)?;
        role.may(Right::Set, kind)?;
        let before = match self.states.get(&room) {
            Some(state) => Some(state.clone()),
            None => self.facts.room_state(room).map_err(Stop::Failed)?,
        };
        let before = before.ok_or(Denial::NoRoom)?;
        let state = RoomState {
            is_active,
            ..before
        };
        let was_active = self.room(room)?.head.is_active;
        self.store_state(room, at, by, state, was_active)
    }

    /// Appends the event of a state, and notes in the audit who set it.
    fn store_state(
        &mut self,
        room: RoomId,
        at: Timestamp,
        by: By,
        state: RoomState,
        was_active: bool,
    ) -> Step<Appended, F> {
        self.room(room)?.head.is_active = state.is_active;
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
