//! The files beside a database: SQLite's, and what is kept of them for people to look at. Each of
//! these has a name that SQLite doesn't know and no other has.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::owner;

/// How many there may be before somebody tidies up.
const MOST: usize = 100;

/// Where a database is, if its name is a link. Its other files are beside the file itself.
pub(super) fn resolve(database: &Path) -> PathBuf {
    fs::canonicalize(database).unwrap_or_else(|_| database.to_owned())
}

/// The name of a file that belongs to the database.
pub(super) fn beside(database: &Path, end: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// The first file that was kept under such a name.
pub(super) fn first(database: &Path, end: &str) -> Option<PathBuf> {
    names(database, end).find(|name| fs::symlink_metadata(name).is_ok())
}

/// Makes a file to keep something in.
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

/// Gives a file such a name, in place of its own; which one.
pub(super) fn rename(file: &Path, database: &Path, end: &str) -> io::Result<PathBuf> {
    // The empty file keeps the name from others until the right one has it.
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
