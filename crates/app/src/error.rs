//! Why something wasn't done.

use std::time::Duration;

use papo_domain::{
    Denial, IdError, MessageTextError, PlaceError, RoomDescriptionError, RoomNameError,
    UsernameError,
};
use papo_storage::{DirectRefusal, JoinRefusal, MemberRefusal, Refusal, StorageError};

use crate::Guess;

/// Why something wasn't done. `web` and `papo` turn each into an answer of their own form. Details
/// for operators are in the log, not here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such room, or none that the person may know of.
    #[error("no such room")]
    NoRoom,
    /// The room is archived, or only moderators post in it.
    #[error("the room can only be read")]
    ReadOnly,
    /// The person isn't a moderator of the room.
    #[error("not a moderator")]
    NotModerator,
    /// A moderator has banned the person from the room.
    #[error("banned from the room")]
    Banned,
    /// Only people with an account may do it.
    #[error("only for people with an account")]
    NeedsAccount,
    /// There is nobody like that in the room, or among those banned from it.
    #[error("nobody like that in the room")]
    NoMember,
    /// Nobody would look after the room.
    #[error("the last moderator of the room")]
    LastModerator,
    /// The invitation doesn't exist, has expired, or was used as often as it may be.
    #[error("the invitation isn't valid any more")]
    NoInvitation,
    /// A direct room has two to ten people.
    #[error("a direct room has two to ten people")]
    DirectPeople,
    /// Somebody for a direct room has no account.
    #[error("somebody who has no account, or none any more")]
    NoPerson,
    /// A direct room stays one, and no other room becomes one.
    #[error("a direct room stays a direct room")]
    DirectRoom,
    /// There is no session, or none any more.
    #[error("no session, or one that has ended")]
    NoSession,
    /// The visitor isn't in the room.
    #[error("not joined")]
    NotJoined,
    /// No such message, or deleted.
    #[error("no such message")]
    NoMessage,
    /// Somebody else's message.
    #[error("somebody else's message")]
    NotYours,
    /// The person doesn't administer, or no longer does.
    #[error("not an administrator")]
    NotAdministrator,
    /// The name isn't the one with which the person joined.
    #[error("not the name that this session joined with")]
    WrongUsername,
    /// Can't be a name.
    #[error(transparent)]
    Username(#[from] UsernameError),
    /// The name is an account's, or could be mistaken for one.
    #[error("the name belongs to an account")]
    NameRegistered,
    /// The name is or claims a role.
    #[error("the name is that of a role")]
    NameReserved,
    /// Can't be a message.
    #[error(transparent)]
    Message(#[from] MessageTextError),
    /// Not an id.
    #[error(transparent)]
    Id(#[from] IdError),
    /// The sender has posted under this id elsewhere.
    #[error("the id is of a message in another room")]
    IdInOtherRoom,
    /// Can't be a room's name.
    #[error(transparent)]
    RoomName(#[from] RoomNameError),
    /// Can't be a room's description.
    #[error(transparent)]
    RoomDescription(#[from] RoomDescriptionError),
    /// Another room has that name.
    #[error("another room has that name")]
    RoomNameTaken,
    /// An account has that name, or one that looks like it.
    #[error("an account has that name, or one that looks like it")]
    AccountNameTaken,
    /// People can't make accounts here.
    #[error("only administrators make accounts here")]
    SignUpClosed,
    /// Only people with an invitation can make accounts here.
    #[error("making an account needs an invitation")]
    SignUpInvited,
    /// Anybody could guess the password.
    #[error("the password is easy to guess: {0}")]
    PasswordGuess(Guess),
    /// It isn't the account's password.
    #[error("this isn't the account's password")]
    WrongPassword,
    /// The one-time link for another password was used, replaced or is too old.
    #[error("the link was used already, replaced by a newer one, or is too old")]
    PasswordLink,
    /// The offer to sign in on another device was used, taken by another one, or is too old.
    #[error("the offer was used already, taken by another device, or is too old")]
    Offer,
    /// The password is shorter or longer than allowed.
    #[error("a password has {} to {} characters", crate::PASSWORD_CHARACTERS.start(), crate::PASSWORD_CHARACTERS.end())]
    PasswordLength,
    /// No account with this name and password.
    #[error("no account with this name and password")]
    SignIn,
    /// The password is right, and the account is suspended.
    #[error("the account is suspended")]
    Suspended,
    /// No account with this name.
    #[error("no account with this name")]
    NoAccount,
    /// Can't be a setting of the place.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// Somebody else has changed the settings of the place meanwhile.
    #[error("the settings were changed meanwhile")]
    PlaceChanged,
    /// Only people with an account join rooms here.
    #[error("guests can't join rooms here")]
    NoGuests,
    /// No dead job with this number.
    #[error("no dead job with this number")]
    NoJob,
    /// The change would leave no administrator.
    #[error("the last administrator")]
    LastAdministrator,
    /// The one-time link was used or replaced.
    #[error("the link was used already, or replaced by a newer one")]
    SetupLink,
    /// The action came too often; it may be retried after this time.
    #[error("too often, try again in {} s", .0.as_secs())]
    RateLimited(Duration),
    /// The server can't do it now; it may be retried after this time. Nothing was changed, or
    /// nobody knows.
    #[error("the server can't do this now, try again in {} s", .0.as_secs())]
    Unavailable(Duration),
    /// The database can't do it now.
    #[error("the server can't do this now, try again in {} s", RETRY_STORAGE.as_secs())]
    Storage(Trouble),
    /// A defect, or a damaged database; the log says more.
    #[error("something went wrong on the server")]
    Internal,
}

/// The kind of an error. `web` has an answer for each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The thing doesn't exist.
    Missing,
    /// The thing exists, but not for this person.
    Forbidden,
    /// The input is invalid.
    Invalid,
    /// The person asked for too much; later it may be done.
    TooOften,
    /// The server can't do it now; later it may.
    Away,
    /// A defect, or a damaged database.
    Defect,
}

/// Why the database can't do something now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Its disk is full.
    FullDisk,
    /// It is away, locked, or refuses writes.
    Away,
}

/// When to retry after a failure of the database.
const RETRY_STORAGE: Duration = Duration::from_secs(2);

impl Error {
    /// The kind of the error.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::NoRoom
            | Self::NoMessage
            | Self::NoMember
            | Self::NoInvitation
            | Self::SetupLink
            | Self::PasswordLink
            | Self::Offer
            | Self::NoAccount
            | Self::NoJob => ErrorKind::Missing,
            Self::ReadOnly
            | Self::NotModerator
            | Self::Banned
            | Self::NeedsAccount
            | Self::NoSession
            | Self::NotJoined
            | Self::NotYours
            | Self::NotAdministrator
            | Self::SignUpClosed
            | Self::SignUpInvited
            | Self::NoGuests
            | Self::WrongUsername => ErrorKind::Forbidden,
            Self::Username(_)
            | Self::NameRegistered
            | Self::NameReserved
            | Self::Message(_)
            | Self::Id(_)
            | Self::IdInOtherRoom
            | Self::RoomName(_)
            | Self::RoomDescription(_)
            | Self::RoomNameTaken
            | Self::AccountNameTaken
            | Self::WrongPassword
            | Self::PasswordGuess(_)
            | Self::PasswordLength
            | Self::LastAdministrator
            | Self::Place(_)
            | Self::PlaceChanged
            | Self::LastModerator
            | Self::DirectPeople
            | Self::NoPerson
            | Self::DirectRoom
            | Self::Suspended
            | Self::SignIn => ErrorKind::Invalid,
            Self::RateLimited(_) => ErrorKind::TooOften,
            Self::Unavailable(_) | Self::Storage(_) => ErrorKind::Away,
            Self::Internal => ErrorKind::Defect,
        }
    }

    /// When a retry makes sense.
    pub const fn retry(&self) -> Option<Duration> {
        match self {
            Self::RateLimited(after) | Self::Unavailable(after) => Some(*after),
            Self::Storage(_) => Some(RETRY_STORAGE),
            _ => None,
        }
    }
}

impl From<StorageError> for Error {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Unavailable(_) | StorageError::Broken(_) | StorageError::Unknown(_) => {
                tracing::warn!(%error, "storage");
                Self::Storage(Trouble::Away)
            }
            StorageError::Full(_) => {
                tracing::warn!(%error, "storage");
                Self::Storage(Trouble::FullDisk)
            }
            StorageError::Exists(_)
            | StorageError::TooNew { .. }
            | StorageError::Unreleased
            | StorageError::Moved(_)
            | StorageError::Unfinished
            | StorageError::Damaged(_)
            | StorageError::Other(_) => {
                tracing::error!(%error, "storage");
                Self::Internal
            }
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Denied(denial) => denial.into(),
            Refusal::NoMessage => Self::NoMessage,
            Refusal::NameTaken => Self::RoomNameTaken,
            Refusal::DirectRoom => Self::DirectRoom,
        }
    }
}

impl From<Denial> for Error {
    fn from(denial: Denial) -> Self {
        match denial {
            Denial::NoRoom => Self::NoRoom,
            Denial::NoSession => Self::NoSession,
            Denial::NotJoined => Self::NotJoined,
            Denial::NotYours => Self::NotYours,
            Denial::NotAdministrator => Self::NotAdministrator,
            Denial::NotModerator => Self::NotModerator,
            Denial::NoAccount => Self::NeedsAccount,
            Denial::ReadOnly => Self::ReadOnly,
            Denial::Banned => Self::Banned,
        }
    }
}

impl From<JoinRefusal> for Error {
    fn from(refusal: JoinRefusal) -> Self {
        match refusal {
            JoinRefusal::Denied(denial) => denial.into(),
            JoinRefusal::NoInvitation => Self::NoInvitation,
            JoinRefusal::NoSession => Self::NotJoined,
            JoinRefusal::NameRegistered => Self::NameRegistered,
            JoinRefusal::NameReserved => Self::NameReserved,
            JoinRefusal::NoGuests => Self::NoGuests,
        }
    }
}

impl From<MemberRefusal> for Error {
    fn from(refusal: MemberRefusal) -> Self {
        match refusal {
            MemberRefusal::Denied(denial) => denial.into(),
            MemberRefusal::NoMember => Self::NoMember,
            MemberRefusal::LastModerator => Self::LastModerator,
        }
    }
}

impl From<DirectRefusal> for Error {
    fn from(refusal: DirectRefusal) -> Self {
        match refusal {
            DirectRefusal::Denied(denial) => denial.into(),
            DirectRefusal::Number => Self::DirectPeople,
            DirectRefusal::NoAccount => Self::NoPerson,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_a_database_that_is_away() {
        for (error, trouble) in [
            (StorageError::Full("full".into()), Trouble::FullDisk),
            (StorageError::Unavailable("away".into()), Trouble::Away),
            (StorageError::Unknown("lost".into()), Trouble::Away),
        ] {
            let error = Error::from(error);
            assert_eq!(error, Error::Storage(trouble));
            assert_eq!(error.retry(), Some(RETRY_STORAGE));
        }
    }
}
