//! A file that gets its name when it is whole, and never takes another's.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::random::random_number;
use crate::{StorageError, owner};

/// A file that is being written under a temporary name beside its own. Dropped before it is
/// finished, it is removed; of a process that was killed it stays.
pub(crate) struct NewFile {
    to: PathBuf,
    part: PathBuf,
    /// The file itself, whatever has its name.
    file: File,
}

impl NewFile {
    /// Makes an empty file that only its owner can read. [`StorageError::Exists`] when there is a
    /// file with the name that it is to get.
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

    /// Makes sure that it is on disk, and gives it its name.
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
        // A rename would take the place of a file that has come meanwhile. Where there are no
        // links, it is looked for.
        match fs::hard_link(&self.part, &self.to) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
            Err(_) if fs::exists(&self.to)? => return Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => fs::rename(&self.part, &self.to)?,
            // It has its name; that it has another as well does no harm.
            Ok(()) => drop(fs::remove_file(&self.part)),
        }
        let folder = self
            .to
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }

    /// Whether the file with the temporary name is the one that was made.
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
        // Whatever ended it early is the error that counts.
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

/// A name beside its own that no other process takes, even one that writes a file for the same
/// name.
fn temporary(to: &Path) -> Result<PathBuf, StorageError> {
    let mut name = OsString::from(to);
    name.push(format!(".{:016x}.part", random_number()?));
    Ok(PathBuf::from(name))
}
