//! The errors of a database.

/// Why the database couldn't do it.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The database is locked or away. Nothing was changed. Reading may go on, and the same call
    /// may succeed later.
    #[error("the database can't do this now: {0}")]
    Unavailable(String),
    /// The disk is full. Otherwise the same as `Unavailable`.
    #[error("the database can't do this now: {0}")]
    Full(String),
    /// The last write may be lost: the disk failed to keep it, or another server has taken over.
    /// Nothing may be acknowledged until the process has restarted from the log.
    #[error("what was written may be lost: {0}")]
    Broken(String),
    /// The connection ended before the answer, and the storage couldn't find out in time what
    /// became of the call. It is done whole or not at all. A retry under the same client id gets
    /// the right answer.
    #[error("nobody can say yet whether the database did this: {0}")]
    Unknown(String),
    /// The database's file is damaged, or the disk doesn't give or take its bytes.
    #[error("the database is damaged, or its disk fails: {0}")]
    Damaged(String),
    /// Something that should be unique is there already.
    #[error("{0} exists already")]
    Exists(&'static str),
    /// The database was written by a newer Papo.
    #[error("the database has version {found}, this papo knows up to {known}; use a newer papo")]
    TooNew {
        /// The version found.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// The database was made before the first release.
    #[error(
        "a version of Papo from before the first release made it; save it with that version's \
         `papo export`, and read the archive with this one's `papo restore`"
    )]
    Unreleased,
    /// The database was moved: what is in it has gone on elsewhere.
    #[error("it was moved to the {0}")]
    Moved(String),
    /// The migration that fills the database hasn't finished.
    #[error("an unfinished migration fills it")]
    Unfinished,
    /// Anything else; a defect or a damaged database.
    #[error("the database failed: {0}")]
    Other(String),
}
