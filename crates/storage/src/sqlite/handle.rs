//! A file or a folder to look at repeatedly, even after its name has gone to another.
//!
//! On Linux this is a handle that can't read or write. Closing it keeps SQLite's locks on the file,
//! which closing any other handle would drop. A look through it takes a third of the time of a look
//! by name. Elsewhere it looks by name.

use std::fs::Metadata;
use std::io;
use std::path::Path;

/// The identity of a file, independent of its name.
pub(super) type FileId = (u64, u64);

/// Changes whenever somebody writes into the file, or adds or removes a name of it. A folder's
/// changes whenever a name in it comes or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    changed: (i64, i64),
    links: u64,
    pub(super) bytes: u64,
}

#[cfg(target_os = "linux")]
pub(super) struct Handle(std::fs::File);

#[cfg(target_os = "linux")]
impl Handle {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        use rustix::fs::{Mode, OFlags, open};
        let handle = open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self(handle.into()))
    }

    pub(super) fn stamp(&self) -> io::Result<Stamp> {
        Ok(stamp(&self.0.metadata()?))
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) struct Handle(std::path::PathBuf);

#[cfg(not(target_os = "linux"))]
impl Handle {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        std::fs::metadata(path)?;
        Ok(Self(path.to_owned()))
    }

    pub(super) fn stamp(&self) -> io::Result<Stamp> {
        Ok(stamp(&std::fs::metadata(&self.0)?))
    }
}

#[cfg(unix)]
pub(super) fn id(metadata: &Metadata) -> FileId {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
}

#[cfg(unix)]
fn stamp(metadata: &Metadata) -> Stamp {
    use std::os::unix::fs::MetadataExt as _;
    Stamp {
        changed: (metadata.ctime(), metadata.ctime_nsec()),
        links: metadata.nlink(),
        bytes: metadata.len(),
    }
}

#[cfg(not(unix))]
pub(super) fn id(_: &Metadata) -> FileId {
    (0, 0)
}

#[cfg(not(unix))]
fn stamp(metadata: &Metadata) -> Stamp {
    Stamp {
        changed: (0, 0),
        links: 1,
        bytes: metadata.len(),
    }
}
