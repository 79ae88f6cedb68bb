//! A file that gets its name only when it is complete, and never replaces another.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::random::random_number;
use crate::{StorageError, owner};

/// A file that is being written, under a temporary name in the same folder. Dropping it before it
/// is finished removes it. The file of a killed process stays.
pub(crate) struct NewFile {
    to: PathBuf,
    part: PathBuf,
    /// The file itself, even if another file takes its name.
    file: File,
}

impl NewFile {
    /// Makes an empty file that only its owner can read. [`StorageError::Exists`] when a file with
    /// the final name exists.
    pub(crate) fn create(to: &Path) -> Result<Self, StorageError> {
        let failed = |error: &io::Error| unavailable(to, error);
        if fs::exists(to).map_err(|error| failed(&error))? {
            return Err(exists());
        }
        let part = temporary(to)?;
        let file = owner::create_file(&part).map_err(|error| failed(&error))?;
        Ok(Self {
            to: to.to_owned(),
            part,
            file,
        })
    }

    /// The temporary name, which no other has.
    pub(crate) fn path(&self) -> &Path {
        &self.part
    }

    /// The file, to write it.
    pub(crate) fn open(&self) -> Result<File, StorageError> {
        self.file.try_clone().map_err(|error| self.failed(&error))
    }

    /// Flushes the file to disk and gives it its final name.
    pub(crate) fn finish(self) -> Result<(), StorageError> {
        self.publish().map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => exists(),
            _ => self.failed(&error),
        })
    }

    /// What a failure to read or write it means.
    pub(crate) fn failed(&self, error: &io::Error) -> StorageError {
        unavailable(&self.to, error)
    }

    fn publish(&self) -> io::Result<()> {
        self.file.sync_all()?;
        if !self.has_its_name()? {
            let text = "another file has taken the place of the one that was written";
            return Err(io::Error::other(text));
        }
        // A rename would replace a file that has appeared meanwhile. Where links aren't supported,
        // this looks for one.
        match fs::hard_link(&self.part, &self.to) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
            Err(_) if fs::exists(&self.to)? => return Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => fs::rename(&self.part, &self.to)?,
            // The file has its final name. The temporary one does no harm.
            Ok(()) => drop(fs::remove_file(&self.part)),
        }
        let folder = self
            .to
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }

    /// Whether the temporary name still leads to this file.
    #[cfg(unix)]
    fn has_its_name(&self) -> io::Result<bool> {
        use std::os::unix::fs::MetadataExt as _;
        let (made, named) = (self.file.metadata()?, fs::symlink_metadata(&self.part)?);
        Ok((made.dev(), made.ino()) == (named.dev(), named.ino()))
    }

    #[cfg(not(unix))]
    fn has_its_name(&self) -> io::Result<bool> {
        fs::exists(&self.part)
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // The error that ended the write early is the one that counts.
        if matches!(self.has_its_name(), Ok(true)) {
            let _ = fs::remove_file(&self.part);
        }
    }
}

fn exists() -> StorageError {
    StorageError::Exists("a file with this name")
}

fn unavailable(to: &Path, error: &io::Error) -> StorageError {
    StorageError::Unavailable(format!("{}: {error}", to.display()))
}

/// A temporary name in the same folder, unique to this process even if another writes a file with
/// the same final name.
fn temporary(to: &Path) -> Result<PathBuf, StorageError> {
    let mut name = OsString::from(to);
    name.push(format!(".{:016x}.part", random_number()?));
    Ok(PathBuf::from(name))
}
