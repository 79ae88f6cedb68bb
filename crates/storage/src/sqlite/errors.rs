//! What an error of SQLite means to the caller. Only this file looks at SQLite's codes.

use rusqlite::ErrorCode;
use rusqlite::ffi::{
    SQLITE_IOERR_CHECKRESERVEDLOCK, SQLITE_IOERR_DIR_FSYNC, SQLITE_IOERR_FSYNC, SQLITE_IOERR_LOCK,
    SQLITE_IOERR_NOMEM, SQLITE_IOERR_RDLOCK, SQLITE_IOERR_SHMLOCK, SQLITE_IOERR_SHMMAP,
    SQLITE_IOERR_SHMOPEN, SQLITE_IOERR_SHMSIZE,
};

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
            ErrorCode::DiskFull => Self::Full(text),
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::OutOfMemory => Self::Unavailable(text),
            ErrorCode::SystemIoFailure if may_pass(failure.extended_code) => {
                Self::Unavailable(text)
            }
            ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
                Self::Damaged(text)
            }
            _ => Self::Other(text),
        }
    }
}

/// The meaning of a failed `COMMIT`. After any failure to write or to sync, nobody knows what is on
/// disk.
pub(super) fn at_commit(error: rusqlite::Error) -> StorageError {
    match error.sqlite_error_code() {
        Some(ErrorCode::SystemIoFailure) => StorageError::Broken(error.to_string()),
        _ => error.into(),
    }
}

/// The meaning of an error after a commit: something was changed.
pub(super) fn after_commit(error: StorageError) -> StorageError {
    match error {
        error @ StorageError::Broken(_) => error,
        error => StorageError::Broken(format!("what was stored can't be found: {error}")),
    }
}

/// The meaning of an error in a checkpoint or other tidying. Only a failed sync does harm: what was
/// committed stays in the write-ahead log.
pub(super) fn in_tidying(error: rusqlite::Error) -> StorageError {
    match error.sqlite_error() {
        Some(failure)
            if failure.code == ErrorCode::SystemIoFailure && !is_fsync(failure.extended_code) =>
        {
            StorageError::Unavailable(error.to_string())
        }
        _ => error.into(),
    }
}

/// The meaning of an error for the writer. After damage it can't know what is on disk.
pub(super) fn in_writer(error: StorageError) -> StorageError {
    match error {
        StorageError::Damaged(text) if !defects::has("damage-passes") => StorageError::Broken(text),
        error => error,
    }
}

/// The error for a stored value that this program wouldn't store.
pub(super) fn damaged(what: impl std::fmt::Display) -> StorageError {
    StorageError::Other(format!("damaged: {what}"))
}

fn is_fsync(extended_code: i32) -> bool {
    matches!(extended_code, SQLITE_IOERR_FSYNC | SQLITE_IOERR_DIR_FSYNC)
}

/// Failures to lock or to get memory. On a full disk SQLite can't get the memory that processes
/// share.
fn may_pass(extended_code: i32) -> bool {
    matches!(
        extended_code,
        SQLITE_IOERR_NOMEM
            | SQLITE_IOERR_LOCK
            | SQLITE_IOERR_RDLOCK
            | SQLITE_IOERR_CHECKRESERVEDLOCK
            | SQLITE_IOERR_SHMOPEN
            | SQLITE_IOERR_SHMSIZE
            | SQLITE_IOERR_SHMLOCK
            | SQLITE_IOERR_SHMMAP
    )
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
        let error = StorageError::from(failure(ffi::SQLITE_FULL));
        assert!(matches!(error, StorageError::Full(_)), "{error}");
        for code in [
            ffi::SQLITE_BUSY,
            ffi::SQLITE_LOCKED,
            ffi::SQLITE_CANTOPEN,
            ffi::SQLITE_READONLY,
            ffi::SQLITE_IOERR_SHMSIZE,
        ] {
            let error = StorageError::from(failure(code));
            assert!(
                matches!(error, StorageError::Unavailable(_)),
                "{code}: {error}"
            );
        }
    }

    #[test]
    fn damage_and_failures_to_read_or_write_end_the_writer() {
        for code in [
            ffi::SQLITE_CORRUPT,
            ffi::SQLITE_NOTADB,
            ffi::SQLITE_IOERR_READ,
            ffi::SQLITE_IOERR_WRITE,
            ffi::SQLITE_IOERR_SHORT_READ,
        ] {
            let error = StorageError::from(failure(code));
            assert!(matches!(error, StorageError::Damaged(_)), "{code}: {error}");
            let error = in_writer(error);
            assert!(matches!(error, StorageError::Broken(_)), "{code}: {error}");
        }
        let error = in_writer(StorageError::from(failure(ffi::SQLITE_BUSY)));
        assert!(matches!(error, StorageError::Unavailable(_)), "{error}");
    }

    #[test]
    fn in_tidying_a_failed_write_is_not_final_and_a_failed_sync_is() {
        let error = in_tidying(failure(ffi::SQLITE_IOERR_WRITE));
        assert!(matches!(error, StorageError::Unavailable(_)), "{error}");
        let error = in_tidying(failure(SQLITE_IOERR_FSYNC));
        assert!(matches!(error, StorageError::Broken(_)), "{error}");
        let error = in_writer(in_tidying(failure(ffi::SQLITE_CORRUPT)));
        assert!(matches!(error, StorageError::Broken(_)), "{error}");
    }

    #[test]
    fn after_a_commit_no_error_says_that_nothing_was_changed() {
        for code in [ffi::SQLITE_NOMEM, ffi::SQLITE_BUSY, ffi::SQLITE_ERROR] {
            let error = after_commit(StorageError::from(failure(code)));
            assert!(matches!(error, StorageError::Broken(_)), "{code}: {error}");
        }
    }

    #[test]
    fn at_commit_any_io_error_is_final_and_being_busy_is_not() {
        let error = at_commit(failure(ffi::SQLITE_IOERR_WRITE));
        assert!(matches!(error, StorageError::Broken(_)), "{error}");
        let error = at_commit(failure(ffi::SQLITE_BUSY));
        assert!(matches!(error, StorageError::Unavailable(_)), "{error}");
        let error = at_commit(failure(ffi::SQLITE_FULL));
        assert!(matches!(error, StorageError::Full(_)), "{error}");
    }
}
