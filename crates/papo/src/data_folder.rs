//! The folder that everything of an instance is in.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rustix::fs::statvfs;

/// A disk that has fewer bytes than this is full: to open a database takes some already, and a batch of messages more.
const FULL_BELOW: u64 = 1 << 20;

/// A data folder that is there.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
}

/// Held by the one server of a folder, until it ends in whatever way.
#[derive(Debug)]
pub(crate) struct ServerLock(#[expect(dead_code, reason = "is held, not read")] File);

impl DataFolder {
    /// Opens the folder; makes it, for its owner alone, if there is none.
    pub(crate) fn open_or_create(path: &Path) -> Result<Self> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        refuse_file(path)?;
        made.with_context(|| {
            format!(
                "can't make the data folder {}; make it yourself or name another with --data-dir",
                path.display()
            )
        })?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// The database's file.
    pub(crate) fn database(&self) -> PathBuf {
        database_in(&self.path)
    }

    /// Makes sure that no other server works on this folder.
    pub(crate) fn lock(&self) -> Result<ServerLock> {
        let path = self.path.join("papo.lock");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&path).with_context(|| {
            let folder = self.path.display();
            format!("can't write in the data folder {folder}; check who owns it and what is free")
        })?;
        match file.try_lock() {
            Ok(()) => Ok(ServerLock(file)),
            Err(TryLockError::WouldBlock) => bail!(
                "another papo serves the data folder {} already; stop it, or name another folder with --data-dir",
                self.path.display()
            ),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("can't lock {}", path.display()))
            }
        }
    }
}

/// Fails when there is something else than a folder where the data folder is to be.
pub(crate) fn refuse_file(path: &Path) -> Result<()> {
    if path.exists() && !path.is_dir() {
        bail!(
            "the data folder {} is a file; name a folder with --data-dir",
            path.display()
        );
    }
    Ok(())
}

/// Where the database of a data folder is.
pub(crate) fn database_in(folder: &Path) -> PathBuf {
    folder.join("papo.sqlite3")
}

/// How many bytes are free for Papo on a folder's disk.
pub(crate) fn free_space(folder: &Path) -> rustix::io::Result<u64> {
    let disk = statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Whether a disk with so many free bytes is full.
pub(crate) const fn is_full(free: u64) -> bool {
    free < FULL_BELOW
}

/// What to do about a database in this folder that can't be opened: even that takes some of the disk. If it isn't full, the rest.
pub(crate) fn advice(folder: &Path, otherwise: &'static str) -> &'static str {
    match free_space(folder) {
        Ok(free) if is_full(free) => "the disk is full: free some of it",
        _ => otherwise,
    }
}
