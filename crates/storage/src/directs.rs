//! Direct rooms: two to ten people who talk with each other, found again by who they are.

use async_trait::async_trait;
use papo_domain::{Denial, Mark, PersonId, Room, RoomId, RoomName, SessionId, Timestamp, Username};

use crate::StorageError;

/// The most people in a direct room.
pub(crate) const MOST_PEOPLE: usize = 10;

/// Direct rooms, and the people for them.
#[async_trait]
pub trait Directs: Send + Sync {
    /// The direct room of the session's person and these others, whose people have accounts. It is
    /// made if there is none, and those who have left it are in it again. Those who start one at
    /// the same moment get the same room.
    async fn start_direct(
        &self,
        session: SessionId,
        others: Vec<PersonId>,
        at: Timestamp,
    ) -> Result<Result<Room, DirectRefusal>, StorageError>;

    /// The name of a direct room for one of its people: the names of the others.
    async fn direct_name(
        &self,
        room: RoomId,
        person: PersonId,
    ) -> Result<Option<RoomName>, StorageError>;

    /// People with an account whose name begins with this, by name, without the one who asks.
    async fn accounts_by_name(
        &self,
        asker: PersonId,
        prefix: String,
        limit: usize,
    ) -> Result<Vec<AccountPerson>, StorageError>;

    /// These of the people, if they have an account, by name.
    async fn accounts_of(&self, persons: Vec<PersonId>)
    -> Result<Vec<AccountPerson>, StorageError>;
}

/// Somebody with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountPerson {
    /// Who.
    pub person: PersonId,
    /// The account's name.
    pub name: Username,
    /// Whether it administers.
    pub is_admin: bool,
}

impl AccountPerson {
    /// The account's mark.
    pub fn mark(&self) -> Mark {
        Mark::of(self.is_admin)
    }
}

/// Why there is no direct room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DirectRefusal {
    /// The person who asks may not start one.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// Nobody else, or more than ten people.
    #[error("a direct room has two to ten people")]
    Number,
    /// One of the others has no account, or is suspended.
    #[error("somebody who has no account, or none any more")]
    NoAccount,
}

/// The people of a direct room in the order of its key, and the key.
pub(crate) fn key(
    one: PersonId,
    others: &[PersonId],
) -> Result<(Vec<PersonId>, String), DirectRefusal> {
    let mut people = others.to_vec();
    people.push(one);
    people.sort_unstable();
    people.dedup();
    if !(2..=MOST_PEOPLE).contains(&people.len()) {
        return Err(DirectRefusal::Number);
    }
    let key: Vec<String> = people.iter().map(ToString::to_string).collect();
    let key = key.join(" ");
    Ok((people, key))
}
