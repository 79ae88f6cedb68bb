//! A copy of a database that is in use.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::{check, connection, schema};
use crate::{StorageError, defects};

/// Copies the database into a new file, under a temporary name until the copy is whole.
pub(super) fn backup(from: &Path, to: &Path) -> Result<(), StorageError> {
    let failed = |error: io::Error| StorageError::Unavailable(format!("{}: {error}", to.display()));
    if fs::exists(to).map_err(failed)? {
        return Err(StorageError::Exists("a file with this name"));
    }
    let copy = temporary(to);
    remove(&copy).map_err(failed)?;
    let copied = copy_into(from, &copy).and_then(|()| finish(&copy, to).map_err(failed));
    if copied.is_err() {
        // The error that counts is the first one.
        let _ = remove(&copy);
    }
    copied
}

fn copy_into(from: &Path, copy: &Path) -> Result<(), StorageError> {
    let name = copy.to_str();
    let name = name.ok_or_else(|| StorageError::Other("the path isn't UTF-8".into()))?;
    connection::create_file(copy)?;
    let source = connection::open_source(from)?;
    if defects::has("backup-copies-the-file") {
        fs::copy(from, copy).map_err(|error| StorageError::Unavailable(error.to_string()))?;
    } else {
        source.execute("VACUUM INTO ?1", [name])?;
    }
    let copy = connection::open_copy(copy)?;
    schema::renew_epoch(&copy)?;
    match check::check(&copy)?.first() {
        None => Ok(copy.close().map_err(|(_, error)| error)?),
        Some(wrong) => Err(StorageError::Other(format!("the copy is damaged: {wrong}"))),
    }
}

fn finish(copy: &Path, to: &Path) -> io::Result<()> {
    File::open(copy)?.sync_all()?;
    fs::rename(copy, to)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn temporary(to: &Path) -> PathBuf {
    let mut name = OsString::from(to);
    name.push(".part");
    PathBuf::from(name)
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}
