//! Invitations to rooms, and direct rooms.

use std::time::Duration;

use papo_domain::{PersonId, Room, RoomId};
use papo_storage::{AccountPerson, Invitation, InvitationId, NewInvitation, TokenHash};

use crate::visits::hash_of;
use crate::{Action, App, Error, Member, Visitor};

/// The longest time for which an invitation is valid.
pub const INVITATION_LIFETIME: Duration = Duration::from_hours(30 * 24);
/// The most uses of an invitation.
pub const INVITATION_USES: u32 = 1_000;
/// The longest number of an invitation, in bits: every client counts to it exactly.
const ID_BITS: u32 = 52;
/// How many accounts a search shows.
const FOUND: usize = 20;

/// The room to which somebody is invited.
#[derive(Debug, Clone)]
pub struct InvitedRoom {
    /// The room.
    pub room: Room,
    pub(crate) token: TokenHash,
}

impl App {
    /// Makes an invitation. Returns its secret, which nobody can get again.
    pub async fn invite(
        &self,
        member: &Member,
        lifetime: Duration,
        uses: u32,
    ) -> Result<String, Error> {
        let (person, address) = (Some(member.person()), member.actor().address);
        self.rate_limits
            .check(Action::Join, person, address, None)?;
        let (text, token) = self.new_token();
        let id = self.settings.random.number() >> (u64::BITS - ID_BITS);
        let invitation = NewInvitation {
            id: InvitationId(i64::try_from(id).unwrap_or(0) + 1),
            token,
            room: member.room(),
            at: self.settings.clock.now(),
            lifetime: lifetime.min(INVITATION_LIFETIME),
            uses: uses.clamp(1, INVITATION_USES),
        };
        self.storage
            .create_invitation(member.by(), invitation)
            .await??;
        Ok(text)
    }

    /// For how long an invitation is still valid.
    pub fn remaining(&self, invitation: &Invitation) -> Duration {
        let left = invitation.expires.0.saturating_sub(self.served().0);
        Duration::from_millis(left.max(0).unsigned_abs())
    }

    /// Ends an invitation.
    pub async fn end_invitation(&self, member: &Member, id: InvitationId) -> Result<(), Error> {
        let (by, room) = (member.by(), member.room());
        Ok(self.storage.end_invitation(by, room, id).await??)
    }

    /// The room of an invitation with this secret.
    pub async fn invited_room(&self, token: &str) -> Result<InvitedRoom, Error> {
        let token = hash_of(token).ok_or(Error::NoInvitation)?;
        let invitation = self.storage.invitation(token).await?;
        let room = invitation.ok_or(Error::NoInvitation)?.room;
        let room = self.storage.room(room).await?.ok_or(Error::NoInvitation)?;
        if !room.is_active {
            return Err(Error::NoInvitation);
        }
        Ok(InvitedRoom { room, token })
    }

    /// The direct room with these people.
    pub async fn start_direct(
        &self,
        visitor: &Visitor,
        others: Vec<PersonId>,
    ) -> Result<RoomId, Error> {
        self.rate_limits
            .check(Action::Join, Some(visitor.person()), None, None)?;
        let now = self.settings.clock.now();
        let started = self.storage.start_direct(visitor.session.id, others, now);
        let room = started.await??;
        self.tell_inbox();
        Ok(room.id)
    }

    /// People with an account whose name begins with this, for somebody with an account.
    pub async fn find_people(
        &self,
        visitor: &Visitor,
        prefix: &str,
    ) -> Result<Vec<AccountPerson>, Error> {
        let prefix = prefix.trim();
        if visitor.account().is_none() {
            return Err(Error::NeedsAccount);
        }
        let asker = visitor.person();
        self.rate_limits
            .check(Action::Search, Some(asker), None, None)?;
        let found = self
            .storage
            .accounts_by_name(asker, prefix.to_owned(), FOUND);
        Ok(found.await?)
    }

    /// These people, as far as they have accounts.
    pub async fn people(&self, persons: Vec<PersonId>) -> Result<Vec<AccountPerson>, Error> {
        Ok(self.storage.accounts_of(persons).await?)
    }
}
