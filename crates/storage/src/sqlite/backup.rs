//! A copy of a database that is in use.

use std::fs;
use std::path::Path;

use super::{check, connection, schema};
use crate::new_file::NewFile;
use crate::{StorageError, defects};

/// Copies the database into a new file, which gets its name when it is complete. Returns what can
/// be read only in part, as lines of text: a copy of the rest is worth more than none.
pub(super) fn backup(from: &Path, to: &Path) -> Result<Vec<String>, StorageError> {
    let file = NewFile::create(to)?;
    let unreadable = copy_into(from, file.path())?;
    file.finish()?;
    Ok(unreadable)
}

fn copy_into(from: &Path, copy: &Path) -> Result<Vec<String>, StorageError> {
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
    if let Some(wrong) = check::wrong(&copy)?.first() {
        return Err(StorageError::Other(format!("the copy is damaged: {wrong}")));
    }
    let unreadable = check::unreadable(&copy)?;
    copy.close().map_err(|(_, error)| error)?;
    Ok(unreadable)
}
