//! A file that gets its name when it is whole, and never takes another's.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::StorageError;

/// A file that is being written under a temporary name beside its own. Dropped before it is finished, it is removed.
pub(crate) struct NewFile {
    to: PathBuf,
    part: PathBuf,
}

impl NewFile {
    /// Makes an empty file that only its owner can read. [`StorageError::Exists`] when there is a file with the name that it is to get.
    pub(crate) fn create(to: &Path) -> Result<Self, StorageError> {
        let new = Self {
            to: to.to_owned(),
            part: temporary(to),
        };
        if fs::exists(to).map_err(|error| new.failed(&error))? {
            return Err(exists());
        }
        // What an earlier one left that was cut off.
        remove(&new.part).map_err(|error| new.failed(&error))?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
            .open(&new.part)
            .map_err(|error| new.failed(&error))?;
        Ok(new)
    }

    /// The temporary name.
    pub(crate) fn path(&self) -> &Path {
        &self.part
    }

    /// Makes sure that it is on disk, and gives it its name.
    pub(crate) fn finish(self) -> Result<(), StorageError> {
        self.publish().map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => exists(),
            _ => self.failed(&error),
        })
    }

    /// What a failure to read or write it means.
    pub(crate) fn failed(&self, error: &io::Error) -> StorageError {
        StorageError::Unavailable(format!("{}: {error}", self.to.display()))
    }

    fn publish(&self) -> io::Result<()> {
        File::open(&self.part)?.sync_all()?;
        // A rename would take the place of a file that has come meanwhile. Where there are no links, it is looked for.
        match fs::hard_link(&self.part, &self.to) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
            Err(_) if fs::exists(&self.to)? => return Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => fs::rename(&self.part, &self.to)?,
            Ok(()) => fs::remove_file(&self.part)?,
        }
        let folder = self
            .to
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // Whatever ended it early is the error that counts.
        let _ = remove(&self.part);
    }
}

fn exists() -> StorageError {
    StorageError::Exists("a file with this name")
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
