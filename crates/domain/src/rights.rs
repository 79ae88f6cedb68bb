//! Who may do what: one table of rights by roles for each kind of room.
//!
//! The table is pure, and its callers find the role and the terms of the room first. The ledger
//! asks it in the transaction that stores a change. The app asks it before it shows something of a
//! room. A new role is a column here, and a new kind is a block of rows; the callers stay as they
//! are.

use crate::{RoomKind, RoomMakers};

#[cfg(test)]
mod tests;

/// What a person may want to do in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Right {
    /// Know of the room: its name, what it is about, how many people are in it.
    See,
    /// Join the room, or take another name in it.
    Join,
    /// Read the room's messages, and follow new events.
    Read,
    /// Post a message.
    Post,
    /// React to a message.
    React,
    /// Change the text of a message.
    Edit,
    /// Delete a message.
    Delete,
    /// Make a link that lets others join.
    Invite,
    /// Remove and ban people.
    Moderate,
    /// Change the room: its name, what it is about, its kind, its moderators, whether it is active.
    Manage,
}

/// What a person is to a room, or to a message in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// A person without a session.
    Stranger,
    /// A person with a session and without an account, who isn't in the room.
    Guest,
    /// A person with an account, who isn't in the room.
    Account,
    /// A person in the room. To a message: a person in the room who didn't write it.
    Member,
    /// A person in the room who looks after it.
    Moderator,
    /// A person in the room, to a message of their own.
    Author,
    /// An administrator who acts as one. As a member of a room they have that role.
    Administrator,
    /// The command line, and the program itself.
    System,
    /// A person whom a moderator has banned from the room.
    Banned,
}

/// What rights in a room depend on, beside the role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RoomTerms {
    /// Its kind.
    pub kind: RoomKind,
    /// Whether only moderators post in it.
    pub is_announcement: bool,
    /// Whether it isn't archived. People only read in an archived room.
    pub is_active: bool,
}

/// Why a person may not do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Denial {
    /// The room doesn't exist, or the person may not know that it does.
    #[error("no such room")]
    NoRoom,
    /// Only a person with a session may do it.
    #[error("no session, or one that has ended")]
    NoSession,
    /// Only a person with an account may do it.
    #[error("only for people with an account")]
    NoAccount,
    /// Only a member of the room may do it.
    #[error("not joined")]
    NotJoined,
    /// Only the message's author may do it.
    #[error("somebody else's message")]
    NotYours,
    /// Only a moderator of the room may do it.
    #[error("not a moderator")]
    NotModerator,
    /// Only an administrator may do it.
    #[error("not an administrator")]
    NotAdministrator,
    /// The room is archived, or only moderators post in it.
    #[error("the room can only be read")]
    ReadOnly,
    /// The person is banned from the room.
    #[error("banned from the room")]
    Banned,
}

type Answer = Result<(), Denial>;

const YES: Answer = Ok(());
const NO_ROOM: Answer = Err(Denial::NoRoom);
const NO_SESSION: Answer = Err(Denial::NoSession);
const NO_ACCOUNT: Answer = Err(Denial::NoAccount);
const NOT_JOINED: Answer = Err(Denial::NotJoined);
const NOT_YOURS: Answer = Err(Denial::NotYours);
const NOT_MOD: Answer = Err(Denial::NotModerator);
const NOT_ADMIN: Answer = Err(Denial::NotAdministrator);
const READ_ONLY: Answer = Err(Denial::ReadOnly);
const BANNED: Answer = Err(Denial::Banned);

/// The answers for people outside: a stranger, a guest and an account; for people in the room: a
/// member, a moderator and an author; then for an administrator, the system and a banned person.
type Row = [Answer; 9];

#[rustfmt::skip]
#[expect(clippy::match_same_arms, reason = "each right has its row")]
const fn public(right: Right) -> Row {
    match right {
        //                  stranger    guest       account     member     moderator  author   admin       system      banned
        Right::See      => [YES,        YES,        YES,        YES,       YES,       YES,     YES,        YES,        YES],
        Right::Join     => [YES,        YES,        YES,        YES,       YES,       YES,     YES,        NO_SESSION, BANNED],
        Right::Read     => [NO_SESSION, NOT_JOINED, NOT_JOINED, YES,       YES,       YES,     NOT_JOINED, NO_SESSION, BANNED],
        Right::Post     => [NO_SESSION, NOT_JOINED, NOT_JOINED, YES,       YES,       YES,     NOT_JOINED, NO_SESSION, BANNED],
        Right::React    => [NO_SESSION, NOT_JOINED, NOT_JOINED, YES,       YES,       YES,     NOT_JOINED, NO_SESSION, BANNED],
        Right::Edit     => [NO_SESSION, NOT_JOINED, NOT_JOINED, NOT_YOURS, NOT_YOURS, YES,     NOT_YOURS,  NOT_YOURS,  BANNED],
        Right::Delete   => [NO_SESSION, NOT_JOINED, NOT_JOINED, NOT_YOURS, YES,       YES,     YES,        YES,        BANNED],
        Right::Invite   => [NO_SESSION, NOT_JOINED, NOT_JOINED, NOT_MOD,   YES,       NOT_MOD, YES,        YES,        BANNED],
        Right::Moderate => [NO_SESSION, NOT_JOINED, NOT_JOINED, NOT_MOD,   YES,       NOT_MOD, YES,        YES,        BANNED],
        Right::Manage   => [NO_SESSION, NOT_JOINED, NOT_JOINED, NOT_MOD,   YES,       NOT_MOD, YES,        YES,        BANNED],
    }
}

/// Guests don't know of these rooms, unless a moderator has invited them.
const fn members(right: Right) -> Row {
    let [
        _,
        _,
        account,
        member,
        moderator,
        author,
        admin,
        system,
        banned,
    ] = public(right);
    [
        NO_ROOM, NO_ROOM, account, member, moderator, author, admin, system, banned,
    ]
}

/// An administrator knows of the room, keeps its name and state in order, and can add themselves,
/// which all its members see. What is said in it is for its members alone.
#[rustfmt::skip]
#[expect(clippy::match_same_arms, reason = "each right has its row")]
const fn private(right: Right) -> Row {
    match right {
        //                  stranger guest    account  member     moderator  author   admin    system      banned
        Right::See      => [NO_ROOM, NO_ROOM, NO_ROOM, YES,       YES,       YES,     YES,     YES,        NO_ROOM],
        Right::Join     => [NO_ROOM, NO_ROOM, NO_ROOM, YES,       YES,       YES,     YES,     NO_SESSION, NO_ROOM],
        Right::Read     => [NO_ROOM, NO_ROOM, NO_ROOM, YES,       YES,       YES,     NO_ROOM, NO_SESSION, NO_ROOM],
        Right::Post     => [NO_ROOM, NO_ROOM, NO_ROOM, YES,       YES,       YES,     NO_ROOM, NO_SESSION, NO_ROOM],
        Right::React    => [NO_ROOM, NO_ROOM, NO_ROOM, YES,       YES,       YES,     NO_ROOM, NO_SESSION, NO_ROOM],
        Right::Edit     => [NO_ROOM, NO_ROOM, NO_ROOM, NOT_YOURS, NOT_YOURS, YES,     NO_ROOM, NOT_YOURS,  NO_ROOM],
        Right::Delete   => [NO_ROOM, NO_ROOM, NO_ROOM, NOT_YOURS, YES,       YES,     NO_ROOM, YES,        NO_ROOM],
        Right::Invite   => [NO_ROOM, NO_ROOM, NO_ROOM, NOT_MOD,   YES,       NOT_MOD, NO_ROOM, YES,        NO_ROOM],
        Right::Moderate => [NO_ROOM, NO_ROOM, NO_ROOM, NOT_MOD,   YES,       NOT_MOD, NO_ROOM, YES,        NO_ROOM],
        Right::Manage   => [NO_ROOM, NO_ROOM, NO_ROOM, NOT_MOD,   YES,       NOT_MOD, YES,     YES,        NO_ROOM],
    }
}

/// Nobody looks after a direct room, and nobody else knows of it.
#[rustfmt::skip]
#[expect(clippy::match_same_arms, reason = "each right has its row")]
const fn direct(right: Right) -> Row {
    match right {
        //                  stranger guest    account  member     moderator  author   admin    system      banned
        Right::See      => [NO_ROOM, NO_ROOM, NO_ROOM, YES,       YES,       YES,     NO_ROOM, YES,        NO_ROOM],
        Right::Join     => [NO_ROOM, NO_ROOM, NO_ROOM, YES,       YES,       YES,     NO_ROOM, NO_SESSION, NO_ROOM],
        Right::Read     => [NO_ROOM, NO_ROOM, NO_ROOM, YES,       YES,       YES,     NO_ROOM, NO_SESSION, NO_ROOM],
        Right::Post     => [NO_ROOM, NO_ROOM, NO_ROOM, YES,       YES,       YES,     NO_ROOM, NO_SESSION, NO_ROOM],
        Right::React    => [NO_ROOM, NO_ROOM, NO_ROOM, YES,       YES,       YES,     NO_ROOM, NO_SESSION, NO_ROOM],
        Right::Edit     => [NO_ROOM, NO_ROOM, NO_ROOM, NOT_YOURS, NOT_YOURS, YES,     NO_ROOM, NOT_YOURS,  NO_ROOM],
        Right::Delete   => [NO_ROOM, NO_ROOM, NO_ROOM, NOT_YOURS, NOT_YOURS, YES,     NO_ROOM, YES,        NO_ROOM],
        Right::Invite   => [NO_ROOM, NO_ROOM, NO_ROOM, NOT_MOD,   NOT_MOD,   NOT_MOD, NO_ROOM, NOT_MOD,    NO_ROOM],
        Right::Moderate => [NO_ROOM, NO_ROOM, NO_ROOM, NOT_MOD,   NOT_MOD,   NOT_MOD, NO_ROOM, NOT_MOD,    NO_ROOM],
        Right::Manage   => [NO_ROOM, NO_ROOM, NO_ROOM, NOT_MOD,   NOT_MOD,   NOT_MOD, NO_ROOM, YES,        NO_ROOM],
    }
}

/// The row of an archived room, made from that of the active one. Its people read on, and those who
/// look after it can tidy up and open it again. Nobody else knows of it.
const fn archived(right: Right, active: Row) -> Row {
    let [_, _, _, member, moderator, author, admin, system, _] = active;
    let (member, moderator, author) = match right {
        Right::See | Right::Read | Right::Moderate | Right::Manage => (member, moderator, author),
        Right::Delete => (closed(member), moderator, closed(author)),
        Right::Join | Right::Post | Right::React | Right::Edit | Right::Invite => {
            (closed(member), closed(moderator), closed(author))
        }
    };
    let (admin, system) = match right {
        Right::See | Right::Delete | Right::Moderate | Right::Manage => (admin, system),
        Right::Join | Right::Read | Right::Post | Right::React | Right::Edit | Right::Invite => {
            (NO_ROOM, NO_ROOM)
        }
    };
    [
        NO_ROOM, NO_ROOM, NO_ROOM, member, moderator, author, admin, system, NO_ROOM,
    ]
}

/// The answer for a room that can only be read.
const fn closed(answer: Answer) -> Answer {
    match answer {
        Ok(()) | Err(Denial::NotYours) => READ_ONLY,
        other => other,
    }
}

impl RoomTerms {
    const fn row(self, right: Right) -> Row {
        let row = match self.kind {
            RoomKind::Public => public(right),
            RoomKind::Members => members(right),
            RoomKind::Private => private(right),
            RoomKind::Direct => direct(right),
        };
        match right {
            _ if !self.is_active => archived(right, row),
            Right::Post if self.is_announcement => {
                let [
                    stranger,
                    guest,
                    account,
                    _,
                    moderator,
                    _,
                    admin,
                    system,
                    banned,
                ] = row;
                [
                    stranger, guest, account, READ_ONLY, moderator, READ_ONLY, admin, system,
                    banned,
                ]
            }
            _ => row,
        }
    }
}

impl Right {
    /// All rights in a room.
    pub const ALL: [Self; 10] = [
        Self::See,
        Self::Join,
        Self::Read,
        Self::Post,
        Self::React,
        Self::Edit,
        Self::Delete,
        Self::Invite,
        Self::Moderate,
        Self::Manage,
    ];
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 9] = [
        Self::Stranger,
        Self::Guest,
        Self::Account,
        Self::Member,
        Self::Moderator,
        Self::Author,
        Self::Administrator,
        Self::System,
        Self::Banned,
    ];

    /// The role of somebody who isn't in the room.
    pub const fn outside(has_account: bool) -> Self {
        if has_account {
            Self::Account
        } else {
            Self::Guest
        }
    }

    /// Whether this role has a right in a room with these terms. The error says why it doesn't.
    pub const fn may(self, right: Right, terms: RoomTerms) -> Result<(), Denial> {
        self.of(terms.row(right))
    }

    /// The same for a right to a message, which is the person's own or somebody else's.
    pub const fn may_change(
        self,
        right: Right,
        is_own: bool,
        terms: RoomTerms,
    ) -> Result<(), Denial> {
        match (self, self.may(right, terms)) {
            (Self::Member | Self::Moderator, Err(_)) if is_own => Self::Author.may(right, terms),
            (_, answer) => answer,
        }
    }

    /// Whether this role may join a room while guests are admitted or not.
    pub const fn may_join(self, terms: RoomTerms, admits_guests: bool) -> Result<(), Denial> {
        match (self.may(Right::Join, terms), self) {
            (Ok(()), Self::Stranger | Self::Guest) if !admits_guests => NO_ACCOUNT,
            (answer, _) => answer,
        }
    }

    /// Whether this role may make rooms, where these people make them.
    pub const fn may_open(self, makers: RoomMakers) -> Result<(), Denial> {
        match (self, makers) {
            (Self::Administrator | Self::System, _) | (Self::Account, RoomMakers::Accounts) => YES,
            (Self::Account, RoomMakers::Administrators) => NOT_ADMIN,
            _ => NO_ACCOUNT,
        }
    }

    /// Whether this role may administer: see the list of rooms, make rooms and change accounts.
    pub const fn may_administer(self) -> Result<(), Denial> {
        match self {
            Self::Administrator | Self::System => YES,
            _ => NOT_ADMIN,
        }
    }

    const fn of(self, row: Row) -> Answer {
        let [
            stranger,
            guest,
            account,
            member,
            moderator,
            author,
            administrator,
            system,
            banned,
        ] = row;
        match self {
            Self::Stranger => stranger,
            Self::Guest => guest,
            Self::Account => account,
            Self::Member => member,
            Self::Moderator => moderator,
            Self::Author => author,
            Self::Administrator => administrator,
            Self::System => system,
            Self::Banned => banned,
        }
    }
}
