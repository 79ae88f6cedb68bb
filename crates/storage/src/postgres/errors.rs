//! What an error of PostgreSQL means to who asked, and to whoever might try again. The one place
//! that looks at its codes.

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use crate::StorageError;

/// Why a piece of work didn't succeed. Nothing of it is stored.
#[derive(Debug)]
pub(super) enum Failure {
    /// The connection has ended, and the transaction with it.
    Lost(String),
    /// Somebody else's transaction got in the way; the same work may succeed now.
    Collided(String),
    /// There is no use in trying again now.
    Final(StorageError),
}

impl Failure {
    /// For who doesn't try again.
    pub(super) fn into_error(self) -> StorageError {
        match self {
            Self::Lost(text) | Self::Collided(text) => StorageError::Unavailable(text),
            Self::Final(error) => error,
        }
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        Self::Final(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let text = text(&error);
        match error.as_db_error() {
            // The answer can't be read: a defect, or a column of another type than this program
            // gave it.
            None if !ends_connection(&error) => Self::Final(StorageError::Other(text)),
            None => Self::Lost(text),
            Some(failure) => of_state(failure, text),
        }
    }
}

/// What a failure to connect means, whatever it is: try again later.
pub(super) fn at_connect(error: &Error) -> StorageError {
    StorageError::Unavailable(text(error))
}

/// A stored value isn't what this program stores there.
pub(super) fn damaged(what: impl std::fmt::Display) -> StorageError {
    StorageError::Other(format!("damaged: {what}"))
}

fn of_state(failure: &DbError, text: String) -> Failure {
    let state = failure.code();
    if is_fatal(failure) {
        return Failure::Lost(text);
    }
    match *state {
        // Who tries again finds what is there, and says so.
        SqlState::T_R_SERIALIZATION_FAILURE
        | SqlState::T_R_DEADLOCK_DETECTED
        | SqlState::UNIQUE_VIOLATION => Failure::Collided(text),
        SqlState::QUERY_CANCELED
        | SqlState::LOCK_NOT_AVAILABLE
        | SqlState::READ_ONLY_SQL_TRANSACTION
        | SqlState::IO_ERROR => Failure::Final(StorageError::Unavailable(text)),
        SqlState::DISK_FULL => Failure::Final(StorageError::Full(text)),
        // Other insufficient resources: memory is short, too many connections.
        _ if state.code().starts_with("53") => Failure::Final(StorageError::Unavailable(text)),
        _ => Failure::Final(StorageError::Other(text)),
    }
}

/// Whether the server ends the connection with this message.
fn is_fatal(failure: &DbError) -> bool {
    use tokio_postgres::error::Severity;
    let class = &failure.code().code()[..2];
    matches!(
        failure.parsed_severity(),
        Some(Severity::Fatal | Severity::Panic)
    ) || matches!(failure.severity(), "FATAL" | "PANIC")
        || class == "08"
        || matches!(
            *failure.code(),
            SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN | SqlState::CANNOT_CONNECT_NOW
        )
}

/// Whether this error, which isn't the server's, is of the connection.
fn ends_connection(error: &Error) -> bool {
    use std::error::Error as _;
    error.is_closed()
        || error
            .source()
            .is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
}

/// All that the error says; no value of a row is in it.
fn text(error: &Error) -> String {
    use std::error::Error as _;
    match (error.as_db_error(), error.source()) {
        (Some(failure), _) => format!("{} ({})", failure.message(), failure.code().code()),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}
