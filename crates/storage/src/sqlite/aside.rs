//! The files beside a database: SQLite's own, and files that are kept for people to look at. The
//! kept ones have names that SQLite doesn't know.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::owner;

/// The most kept files of one kind.
const MOST: usize = 100;

/// The path of a database after links. Its other files are beside the file itself.
pub(super) fn resolve(database: &Path) -> PathBuf {
    fs::canonicalize(database).unwrap_or_else(|_| database.to_owned())
}

/// The name of a file that belongs to the database.
pub(super) fn beside(database: &Path, end: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// The first kept file with this ending.
pub(super) fn first(database: &Path, end: &str) -> Option<PathBuf> {
    names(database, end).find(|name| fs::symlink_metadata(name).is_ok())
}

/// Makes a new file with this ending.
pub(super) fn create(database: &Path, end: &str) -> io::Result<(File, PathBuf)> {
    for name in names(database, end) {
        match owner::create_file(&name) {
            Ok(file) => return Ok((file, name)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// Renames a file to such a name, and returns it.
pub(super) fn rename(file: &Path, database: &Path, end: &str) -> io::Result<PathBuf> {
    // The empty file reserves the name until the rename.
    let (_, name) = create(database, end)?;
    fs::rename(file, &name)?;
    Ok(name)
}

fn names(database: &Path, end: &str) -> impl Iterator<Item = PathBuf> {
    let database = resolve(database);
    let first = beside(&database, end);
    let others = (2..=MOST).map(|number| beside(&database, &format!("{end}-{number}")));
    std::iter::once(first).chain(others.collect::<Vec<_>>())
}
