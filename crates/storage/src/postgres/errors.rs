//! What an error of PostgreSQL means to the caller, and whether to retry. Only this file looks at
//! its codes.

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use crate::StorageError;

/// Why a piece of work failed. Nothing of it is stored.
#[derive(Debug)]
pub(super) enum Failure {
    /// The connection has ended, and the transaction with it.
    Lost(String),
    /// Somebody else's transaction got in the way; the same work may succeed now.
    Collided(String),
    /// A retry now is useless.
    Final(StorageError),
}

impl Failure {
    /// The error for a caller that doesn't retry.
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
            // The answer can't be read. It is a defect, or a column has another type than this
            // program gave it.
            None if !ends_connection(&error) => Self::Final(StorageError::Other(text)),
            None => Self::Lost(text),
            Some(failure) => of_state(failure, text),
        }
    }
}

/// The meaning of any failure to connect: try again later.
pub(super) fn at_connect(error: &Error) -> StorageError {
    StorageError::Unavailable(text(error))
}

/// The error for a stored value that this program wouldn't store.
pub(super) fn damaged(what: impl std::fmt::Display) -> StorageError {
    StorageError::Other(format!("damaged: {what}"))
}

fn of_state(failure: &DbError, text: String) -> Failure {
    let state = failure.code();
    if is_fatal(failure) {
        return Failure::Lost(text);
    }
    match *state {
        // A retry finds what is there, and says so.
        SqlState::T_R_SERIALIZATION_FAILURE
        | SqlState::T_R_DEADLOCK_DETECTED
        | SqlState::UNIQUE_VIOLATION => Failure::Collided(text),
        SqlState::QUERY_CANCELED
        | SqlState::LOCK_NOT_AVAILABLE
        | SqlState::READ_ONLY_SQL_TRANSACTION
        | SqlState::IO_ERROR => Failure::Final(StorageError::Unavailable(text)),
        SqlState::DISK_FULL => Failure::Final(StorageError::Full(text)),
        // Other resources are short, such as memory or connections.
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

/// Whether this error, which the server didn't send, ends the connection.
fn ends_connection(error: &Error) -> bool {
    use std::error::Error as _;
    error.is_closed()
        || error
            .source()
            .is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
}

/// The error's full text. It holds no value of a row.
fn text(error: &Error) -> String {
    use std::error::Error as _;
    match (error.as_db_error(), error.source()) {
        (Some(failure), _) => format!("{} ({})", failure.message(), failure.code().code()),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}
