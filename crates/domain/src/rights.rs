//! Who may do what: one table of rights by roles for each kind of room.
//!
//! The table is pure, and its callers find the role and the kind first. The ledger asks it in the
//! transaction that stores a change. The app asks it before it shows something of a room. A new
//! role is a column here, and a new kind is a block of rows; the callers stay as they are.

/// What a person may want to do in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Right {
    /// Know of the room: its name, what it is about, how many people are in it.
    See,
    /// Join the room, or take another name in it.
    Join,
    /// Read the room's messages, and follow new events.
    Read,
    /// Post a message, and show that the person is writing.
    Post,
    /// Change the text of a message.
    Edit,
    /// Delete a message.
    Delete,
    /// Change the room: its name, what it is about, whether it is active.
    Set,
}

/// What a person is to a room, or to a message in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// A person without a session.
    Stranger,
    /// A person with a session, who isn't in the room.
    Visitor,
    /// A person in the room. To a message: a person in the room who didn't write it.
    Member,
    /// A person in the room, to a message of their own.
    Author,
    /// An administrator who acts as one. As a member of a room they have that role.
    Administrator,
    /// The command line, and the program itself.
    System,
}

/// The kind of a room, as far as rights depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RoomKind {
    /// Everybody sees the room and may join it.
    Active,
    /// Only administrators see the room.
    Inactive,
}

/// Why a person may not do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Denial {
    /// The room doesn't exist, or the person may not know that it does.
    #[error("no such room, or it isn't active")]
    NoRoom,
    /// Only a person with a session may do it.
    #[error("no session, or one that has ended")]
    NoSession,
    /// Only a member of the room may do it.
    #[error("not joined")]
    NotJoined,
    /// Only the message's author may do it.
    #[error("somebody else's message")]
    NotYours,
    /// Only an administrator may do it.
    #[error("not an administrator")]
    NotAdministrator,
}

type Answer = Result<(), Denial>;

const YES: Answer = Ok(());
const NO_ROOM: Answer = Err(Denial::NoRoom);
const NO_SESSION: Answer = Err(Denial::NoSession);
const NOT_JOINED: Answer = Err(Denial::NotJoined);
const NOT_YOURS: Answer = Err(Denial::NotYours);
const NOT_ADMIN: Answer = Err(Denial::NotAdministrator);

/// The answers for a stranger, a visitor, a member, an author, an administrator and the system.
type Row = [Answer; 6];

#[rustfmt::skip]
#[expect(clippy::match_same_arms, reason = "each right has its row")]
const fn active(right: Right) -> Row {
    match right {
        //                stranger    visitor     member     author     administrator system
        Right::See    => [YES,        YES,        YES,       YES,       YES,          YES],
        Right::Join   => [YES,        YES,        YES,       YES,       YES,          NO_SESSION],
        Right::Read   => [NO_SESSION, NOT_JOINED, YES,       YES,       NOT_JOINED,   NO_SESSION],
        Right::Post   => [NO_SESSION, NOT_JOINED, YES,       YES,       NOT_JOINED,   NO_SESSION],
        Right::Edit   => [NO_SESSION, NOT_JOINED, NOT_YOURS, YES,       NOT_YOURS,    NOT_YOURS],
        Right::Delete => [NO_SESSION, NOT_JOINED, NOT_YOURS, YES,       YES,          YES],
        Right::Set    => [NOT_ADMIN,  NOT_ADMIN,  NOT_ADMIN, NOT_ADMIN, YES,          YES],
    }
}

#[rustfmt::skip]
#[expect(clippy::match_same_arms, reason = "each right has its row")]
const fn inactive(right: Right) -> Row {
    match right {
        //                stranger    visitor     member     author     administrator system
        Right::See    => [NO_ROOM,    NO_ROOM,    NO_ROOM,   NO_ROOM,   YES,          YES],
        Right::Join   => [NO_ROOM,    NO_ROOM,    NO_ROOM,   NO_ROOM,   NO_ROOM,      NO_ROOM],
        Right::Read   => [NO_ROOM,    NO_ROOM,    NO_ROOM,   NO_ROOM,   NO_ROOM,      NO_ROOM],
        Right::Post   => [NO_ROOM,    NO_ROOM,    NO_ROOM,   NO_ROOM,   NO_ROOM,      NO_ROOM],
        Right::Edit   => [NO_ROOM,    NO_ROOM,    NO_ROOM,   NO_ROOM,   NO_ROOM,      NO_ROOM],
        Right::Delete => [NO_ROOM,    NO_ROOM,    NO_ROOM,   NO_ROOM,   YES,          YES],
        Right::Set    => [NOT_ADMIN,  NOT_ADMIN,  NOT_ADMIN, NOT_ADMIN, YES,          YES],
    }
}

impl Right {
    /// All rights in a room.
    pub const ALL: [Self; 7] = [
        Self::See,
        Self::Join,
        Self::Read,
        Self::Post,
        Self::Edit,
        Self::Delete,
        Self::Set,
    ];
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 6] = [
        Self::Stranger,
        Self::Visitor,
        Self::Member,
        Self::Author,
        Self::Administrator,
        Self::System,
    ];

    /// Whether this role has a right in a room of this kind. The error says why it doesn't.
    pub const fn may(self, right: Right, kind: RoomKind) -> Result<(), Denial> {
        self.of(match kind {
            RoomKind::Active => active(right),
            RoomKind::Inactive => inactive(right),
        })
    }

    /// Whether this role may administer: see all rooms and messages, make rooms and change
    /// accounts.
    pub const fn may_administer(self) -> Result<(), Denial> {
        self.of([NOT_ADMIN, NOT_ADMIN, NOT_ADMIN, NOT_ADMIN, YES, YES])
    }

    /// The role to a message, which is the person's own or somebody else's.
    #[must_use]
    pub const fn towards(self, is_own: bool) -> Self {
        match self {
            Self::Member if is_own => Self::Author,
            other => other,
        }
    }

    const fn of(self, row: Row) -> Answer {
        let [stranger, visitor, member, author, administrator, system] = row;
        match self {
            Self::Stranger => stranger,
            Self::Visitor => visitor,
            Self::Member => member,
            Self::Author => author,
            Self::Administrator => administrator,
            Self::System => system,
        }
    }
}

impl RoomKind {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::Active, Self::Inactive];

    /// The kind of a room that is active or inactive.
    pub const fn of(is_active: bool) -> Self {
        if is_active {
            Self::Active
        } else {
            Self::Inactive
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The roles that have a right, and the denial for each other role.
    type Answers = (Vec<Role>, Vec<(Role, Denial)>);

    fn answers(right: Right, kind: RoomKind) -> Answers {
        let (mut may_do_it, mut denied) = (Vec::new(), Vec::new());
        for role in Role::ALL {
            match role.may(right, kind) {
                Ok(()) => may_do_it.push(role),
                Err(denial) => denied.push((role, denial)),
            }
        }
        (may_do_it, denied)
    }

    #[test]
    fn the_table_says_who_may_do_what() {
        use Denial::{NoRoom, NoSession, NotAdministrator, NotJoined, NotYours};
        use Role::{Administrator, Author, Member, Stranger, System, Visitor};
        let outside = [(Stranger, NoSession), (Visitor, NotJoined)];
        let without_session = [(System, NoSession)];
        let not_in_it = [(Administrator, NotJoined), (System, NoSession)];
        let everybody = |denial| Role::ALL.map(|role| (role, denial));
        let people = |denial| [Stranger, Visitor, Member, Author].map(|role| (role, denial));
        let members_of_others = [(Member, NotYours)];
        let administration_of_others = [(Administrator, NotYours), (System, NotYours)];
        let expected = |right, kind| -> Answers {
            let (may_do_it, denied) = match (kind, right) {
                (RoomKind::Active, Right::See) => (Role::ALL.to_vec(), vec![]),
                (RoomKind::Active, Right::Join) => {
                    let people = vec![Stranger, Visitor, Member, Author, Administrator];
                    (people, without_session.to_vec())
                }
                (RoomKind::Active, Right::Read | Right::Post) => {
                    (vec![Member, Author], [outside, not_in_it].concat())
                }
                (RoomKind::Active, Right::Edit) => {
                    let members = members_of_others.as_slice();
                    let others = administration_of_others.as_slice();
                    (vec![Author], [&outside, members, others].concat())
                }
                (RoomKind::Active, Right::Delete) => {
                    let members = members_of_others.as_slice();
                    let denied = [outside.as_slice(), members].concat();
                    (vec![Author, Administrator, System], denied)
                }
                (_, Right::Set) => {
                    let denied = people(NotAdministrator).to_vec();
                    (vec![Administrator, System], denied)
                }
                (RoomKind::Inactive, Right::See | Right::Delete) => {
                    (vec![Administrator, System], people(NoRoom).to_vec())
                }
                (RoomKind::Inactive, _) => (vec![], everybody(NoRoom).to_vec()),
            };
            (may_do_it, denied)
        };
        for kind in RoomKind::ALL {
            for right in Right::ALL {
                let said = answers(right, kind);
                assert_eq!(said, expected(right, kind), "{right:?}, {kind:?}");
            }
        }
    }

    #[test]
    fn only_administrators_and_the_system_administer() {
        for role in Role::ALL {
            let administers = matches!(role, Role::Administrator | Role::System);
            let expected = administers.then_some(()).ok_or(Denial::NotAdministrator);
            assert_eq!(role.may_administer(), expected, "{role:?}");
        }
    }

    /// A role that may not see a room gets the same denials as for a room that doesn't exist.
    #[test]
    fn who_may_not_see_a_room_is_not_told_that_it_is_there() {
        for kind in RoomKind::ALL {
            let blind = Role::ALL.into_iter();
            for role in blind.filter(|role| role.may(Right::See, kind).is_err()) {
                for right in Right::ALL {
                    let told = role.may(right, kind);
                    // A missing room gets this denial too.
                    let expected = match right {
                        Right::Set => Denial::NotAdministrator,
                        _ => Denial::NoRoom,
                    };
                    assert_eq!(told, Err(expected), "{right:?}, {role:?}, {kind:?}");
                }
            }
        }
    }

    #[test]
    fn a_message_of_ones_own_makes_an_author_of_a_member_and_of_nobody_else() {
        for role in Role::ALL {
            assert_eq!(role.towards(false), role);
            let own = match role {
                Role::Member => Role::Author,
                other => other,
            };
            assert_eq!(role.towards(true), own);
        }
    }
}
