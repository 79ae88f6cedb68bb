//! What an error of SQLite means to who asked. The one place that looks at SQLite's codes.

use rusqlite::ErrorCode;
use rusqlite::ffi::{SQLITE_IOERR_DIR_FSYNC, SQLITE_IOERR_FSYNC};

use crate::{StorageError, defects};

impl From<rusqlite::Error> for StorageError {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        let Some(failure) = error.sqlite_error() else {
            return Self::Other(text);
        };
        match failure.code {
            _ if is_fsync(failure.extended_code) => Self::Broken(text),
            ErrorCode::DiskFull if defects::has("full-is-final") => Self::Broken(text),
            ErrorCode::DiskFull
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory => Self::Unavailable(text),
            _ => Self::Other(text),
        }
    }
}

/// What it means that `COMMIT` failed: after any failure to write or to sync, nobody can say what is on disk.
pub(super) fn at_commit(error: rusqlite::Error) -> StorageError {
    match error.sqlite_error_code() {
        Some(ErrorCode::SystemIoFailure) => StorageError::Broken(error.to_string()),
        _ => error.into(),
    }
}

/// A stored value isn't what this program stores there.
pub(super) fn damaged(what: impl std::fmt::Display) -> StorageError {
    StorageError::Other(format!("damaged: {what}"))
}

fn is_fsync(extended_code: i32) -> bool {
    matches!(extended_code, SQLITE_IOERR_FSYNC | SQLITE_IOERR_DIR_FSYNC)
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    fn failure(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn a_failed_sync_is_final_and_a_full_disk_is_not() {
        for code in [SQLITE_IOERR_FSYNC, SQLITE_IOERR_DIR_FSYNC] {
            let error = StorageError::from(failure(code));
            assert!(matches!(error, StorageError::Broken(_)), "{code}: {error}");
        }
        for code in [
            ffi::SQLITE_FULL,
            ffi::SQLITE_BUSY,
            ffi::SQLITE_LOCKED,
            ffi::SQLITE_CANTOPEN,
            ffi::SQLITE_READONLY,
            ffi::SQLITE_IOERR_WRITE,
        ] {
            let error = StorageError::from(failure(code));
            assert!(
                matches!(error, StorageError::Unavailable(_)),
                "{code}: {error}"
            );
        }
    }

    #[test]
    fn at_commit_any_io_error_is_final_and_being_busy_is_not() {
        let error = at_commit(failure(ffi::SQLITE_IOERR_WRITE));
        assert!(matches!(error, StorageError::Broken(_)), "{error}");
        for code in [ffi::SQLITE_BUSY, ffi::SQLITE_FULL] {
            let error = at_commit(failure(code));
            assert!(
                matches!(error, StorageError::Unavailable(_)),
                "{code}: {error}"
            );
        }
    }
}
