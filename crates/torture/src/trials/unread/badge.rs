//! A badge: how many messages a client shows as unread in a room.
//!
//! It is what the server last counted, moved on by heads and events as the protocol says. What
//! happened since a count is remembered, as an answer can be about a moment that has passed here.

use papo_protocol::{MembershipObject, Posted};

/// The server counts no further.
pub(super) const MOST: u32 = 100;

/// A badge, and whether it is what the server would count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Badge {
    pub(super) seq: i64,
    pub(super) read: i64,
    pub(super) version: i64,
    pub(super) unread: u32,
    /// Otherwise the server has to be asked.
    pub(super) is_sure: bool,
    steps: Vec<Step>,
}

/// The log has gone on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    from: i64,
    to: i64,
    /// So many messages of others came.
    messages: u32,
    /// Whether nothing else can have changed the count.
    is_sure: bool,
}

impl Badge {
    /// As the server counted.
    pub(super) fn new(counted: &MembershipObject) -> Self {
        Self {
            seq: counted.seq,
            read: counted.read,
            version: counted.version,
            unread: counted.unread,
            is_sure: true,
            steps: Vec::new(),
        }
    }

    /// The server has counted, maybe before the last steps.
    pub(super) fn take(&mut self, counted: &MembershipObject) {
        let position = (counted.version, counted.read);
        if position < self.position() {
            return;
        }
        let later = self.steps.iter().filter(|step| step.to > counted.seq);
        let steps: Vec<_> = later.copied().collect();
        let seq = self.seq.max(counted.seq);
        let follows = counted.seq == steps.first().map_or(seq, |step| step.from);
        if !follows && position == self.position() {
            return;
        }
        let messages: u32 = steps.iter().map(|step| step.messages).sum();
        *self = Self {
            seq,
            read: counted.read,
            version: counted.version,
            unread: MOST.min(counted.unread + messages),
            is_sure: follows && steps.iter().all(|step| step.is_sure),
            steps,
        };
    }

    /// A head came.
    pub(super) fn move_on(&mut self, after: i64, seq: i64, posted: Option<&[Posted]>, own: &str) {
        let others = posted.unwrap_or_default().iter();
        let others = others.filter(|part| part.sender != own);
        let messages = others.map(|part| part.messages).sum();
        self.step(seq, messages, posted.is_some() && after == self.seq);
    }

    /// An event came of a room that the client follows.
    pub(super) fn follow(&mut self, seq: i64, counts: bool, deletes: bool) {
        let is_next = seq == self.seq + 1;
        self.step(seq, u32::from(counts), is_next && !deletes);
    }

    /// What happened until then isn't told any more.
    pub(super) fn skip_to(&mut self, seq: i64) {
        self.step(seq, 0, false);
    }

    fn step(&mut self, to: i64, messages: u32, is_sure: bool) {
        if to <= self.seq {
            return;
        }
        self.steps.push(Step {
            from: self.seq,
            to,
            messages,
            is_sure,
        });
        self.is_sure &= is_sure;
        self.seq = to;
        self.unread = MOST.min(self.unread + messages);
    }

    fn position(&self) -> (i64, i64) {
        (self.version, self.read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(seq: i64, read: i64, unread: u32) -> MembershipObject {
        MembershipObject {
            room: 1,
            name: "Geral".into(),
            username: "Ana".into(),
            seq,
            timestamp: None,
            read,
            version: 0,
            unread,
            level: papo_protocol::Level::Everything,
        }
    }

    #[test]
    fn an_answer_about_an_earlier_moment_counts_with_what_came_since() {
        let mut badge = Badge::new(&counted(4, 4, 0));
        badge.follow(5, true, false);
        badge.follow(6, true, false);
        assert_eq!((badge.unread, badge.is_sure), (2, true));
        badge.take(&counted(5, 5, 0));
        assert_eq!((badge.seq, badge.unread, badge.is_sure), (6, 1, true));
        badge.take(&counted(6, 4, 2));
        assert_eq!(badge.read, 5, "the position doesn't go back");
    }

    #[test]
    fn after_a_gap_and_a_deletion_the_server_has_to_be_asked() {
        let mut badge = Badge::new(&counted(4, 4, 0));
        let posted = |messages| Posted {
            sender: "bia".into(),
            messages,
        };
        badge.move_on(4, 6, Some(&[posted(2)]), "ana");
        assert_eq!((badge.unread, badge.is_sure), (2, true));
        badge.move_on(7, 8, Some(&[posted(1)]), "ana");
        assert!(!badge.is_sure);
        badge.take(&counted(8, 4, 4));
        assert_eq!((badge.unread, badge.is_sure), (4, true));
        badge.follow(9, false, true);
        assert!(!badge.is_sure);
    }
}
