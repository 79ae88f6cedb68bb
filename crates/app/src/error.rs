//! Why something wasn't done.

use std::time::Duration;

use papo_domain::{IdError, MessageTextError, RoomDescriptionError, RoomNameError, UsernameError};
use papo_storage::{JoinRefusal, Refusal, StorageError};

/// Why something wasn't done. The edge turns each into an answer in its own form; what is for the
/// people who run Papo is in the log, not here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such room, or not active.
    #[error("no such room, or it isn't active")]
    NoRoom,
    /// The visitor isn't in the room.
    #[error("not joined")]
    NotJoined,
    /// No such message, or deleted.
    #[error("no such message")]
    NoMessage,
    /// Somebody else's message.
    #[error("somebody else's message")]
    NotYours,
    /// The name isn't the one joined with.
    #[error("not the name that this session joined with")]
    WrongUsername,
    /// Can't be a name.
    #[error(transparent)]
    Username(#[from] UsernameError),
    /// The name is, or looks like, an account's.
    #[error("the name belongs to an account")]
    NameRegistered,
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
    /// The password is shorter or longer than allowed.
    #[error("a password has {} to {} characters", crate::PASSWORD_CHARACTERS.start(), crate::PASSWORD_CHARACTERS.end())]
    PasswordLength,
    /// No account with this name and password.
    #[error("no account with this name and password")]
    SignIn,
    /// The one-time link was used or replaced.
    #[error("the link was used already, or replaced by a newer one")]
    SetupLink,
    /// Too often; may be tried again after this time.
    #[error("too often, try again in {} s", .0.as_secs())]
    RateLimited(Duration),
    /// The server can't now; may be tried again after this time. Nothing was changed, or it can't be said.
    #[error("the server can't do this now, try again in {} s", .0.as_secs())]
    Unavailable(Duration),
    /// A defect, or a damaged database; the log says more.
    #[error("something went wrong on the server")]
    Internal,
}

/// After this time a database that was away may be back.
const RETRY_STORAGE: Duration = Duration::from_secs(2);

impl Error {
    /// When trying again makes sense.
    pub const fn retry(&self) -> Option<Duration> {
        match self {
            Self::RateLimited(after) | Self::Unavailable(after) => Some(*after),
            _ => None,
        }
    }
}

impl From<StorageError> for Error {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Unavailable(_) | StorageError::Broken(_) | StorageError::Unknown(_) => {
                tracing::warn!(%error, "storage");
                Self::Unavailable(RETRY_STORAGE)
            }
            StorageError::Exists(_)
            | StorageError::TooNew { .. }
            | StorageError::Moved(_)
            | StorageError::Unfinished
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
            Refusal::NoRoom => Self::NoRoom,
            Refusal::NotJoined => Self::NotJoined,
            Refusal::NoMessage => Self::NoMessage,
            Refusal::NotYours => Self::NotYours,
            Refusal::NameTaken => Self::RoomNameTaken,
        }
    }
}

impl From<JoinRefusal> for Error {
    fn from(refusal: JoinRefusal) -> Self {
        match refusal {
            JoinRefusal::NoRoom => Self::NoRoom,
            JoinRefusal::NoSession => Self::NotJoined,
            JoinRefusal::NameRegistered => Self::NameRegistered,
        }
    }
}
