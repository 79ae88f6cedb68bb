//! Signs that somebody is writing: the last few, and a cursor over them like any other.

use std::collections::VecDeque;

use bytes::Bytes;
use papo_domain::PersonId;

/// How many signs are kept. A late reader misses older ones, which does no harm.
const KEPT: usize = 16;

/// The last typing frames of a room.
#[derive(Debug, Default)]
pub(crate) struct Typing {
    signs: VecDeque<(PersonId, Bytes)>,
    /// How many signs there have ever been.
    count: u64,
}

impl Typing {
    /// Adds a sign.
    pub(crate) fn push(&mut self, sender: PersonId, frame: Bytes) {
        self.signs.push_back((sender, frame));
        self.count += 1;
        if self.signs.len() > KEPT {
            self.signs.pop_front();
        }
    }

    /// Where a cursor for later signs begins.
    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    /// Pushes others' signs after the cursor, and moves it.
    pub(crate) fn read(&self, reader: PersonId, cursor: &mut u64, out: &mut Vec<Bytes>) {
        let fresh = usize::try_from(self.count - *cursor).unwrap_or(usize::MAX);
        let first = self.signs.len().saturating_sub(fresh);
        let others = self
            .signs
            .range(first..)
            .filter(|(sender, _)| *sender != reader);
        out.extend(others.map(|(_, frame)| frame.clone()));
        *cursor = self.count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sees_others_once_and_not_oneself() {
        let mut typing = Typing::default();
        let (ana, bia) = (PersonId(1), PersonId(2));
        let mut cursor = typing.count();
        typing.push(ana, Bytes::from_static(b"ana"));
        typing.push(bia, Bytes::from_static(b"bia"));
        let mut out = Vec::new();
        typing.read(bia, &mut cursor, &mut out);
        assert_eq!(out, [&b"ana"[..]]);
        typing.read(bia, &mut cursor, &mut out);
        assert_eq!(out.len(), 1);
    }

    #[test]
    fn only_the_last_are_kept() {
        let mut typing = Typing::default();
        let mut cursor = 0;
        for _ in 0..100 {
            typing.push(PersonId(1), Bytes::from_static(b"x"));
        }
        let mut out = Vec::new();
        typing.read(PersonId(2), &mut cursor, &mut out);
        assert_eq!(out.len(), KEPT);
    }
}
