//! A copy of a database that is in use.

use std::fs;
use std::path::Path;

use super::{check, connection, schema};
use crate::new_file::NewFile;
use crate::{StorageError, defects};

/// Copies the database into a new file, under a temporary name until the copy is whole.
pub(super) fn backup(from: &Path, to: &Path) -> Result<(), StorageError> {
    let file = NewFile::create(to)?;
    copy_into(from, file.path())?;
    file.finish()
}

fn copy_into(from: &Path, copy: &Path) -> Result<(), StorageError> {
    let name = copy.to_str();
    let name = name.ok_or_else(|| StorageError::Other("the path isn't UTF-8".into()))?;
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
