//! The folder with all files of an instance.

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use papo_storage::owner;
use rustix::fs::{Mode, OFlags, open, statfs, statvfs};

use crate::server_note;

const LOCK: &str = "papo.lock";
/// A disk with fewer free bytes is full. Opening a database takes some, and a batch of messages
/// more.
const FULL_BELOW: u64 = 1 << 20;

/// Shared file systems, by the number that Linux gives them (`man statfs`).
const SHARED: [(u64, &str); 13] = [
    (0x6969, "nfs"),
    (0xff53_4d42, "cifs"),
    (0xfe53_4d42, "smb2"),
    (0x517b, "smb"),
    (0x6573_5546, "fuse (sshfs, for example)"),
    (0x0102_1997, "9p"),
    (0x00c3_6400, "ceph"),
    (0x5346_414f, "afs"),
    (0x0116_1970, "gfs2"),
    (0x7461_636f, "ocfs2"),
    (0x0bd0_0bd0, "lustre"),
    (0x4750_4653, "gpfs"),
    (0x786f_4256, "vboxsf"),
];

/// An existing data folder.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
}

/// The lock of a folder's one server, which the system releases when the server ends.
#[derive(Debug)]
pub(crate) struct ServerLock(File);

impl Drop for ServerLock {
    fn drop(&mut self) {
        if let Err(error) = server_note::remove(&self.0) {
            tracing::debug!(%error, "can't take the note back from the lock");
        }
    }
}

impl DataFolder {
    /// Opens the folder, or makes it for its owner alone.
    pub(crate) fn open_or_create(path: &Path) -> Result<Self> {
        let made = owner::create_folder(path);
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

    /// Locks the folder against other servers.
    pub(crate) fn lock(&self) -> Result<ServerLock> {
        let path = self.path.join(LOCK);
        let file = open_or_create(&path).with_context(|| {
            let folder = self.path.display();
            format!("can't write in the data folder {folder}; check who owns it and what is free")
        })?;
        match file.try_lock() {
            Ok(()) => {
                // Without the note, a command on another machine doesn't learn of this server.
                if let Err(error) = server_note::write(&file) {
                    tracing::debug!(%error, "can't note this machine in the lock");
                }
                Ok(ServerLock(file))
            }
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

/// Opens or makes a file, and follows no link: root may be at work in another user's folder.
fn open_or_create(path: &Path) -> io::Result<File> {
    match owner::create_file(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            Ok(open(path, flags, Mode::empty())?.into())
        }
        made => made,
    }
}

/// The kind of a folder's file system, if other machines may share it or its locks are unreliable.
pub(crate) fn shared_file_system(folder: &Path) -> Option<&'static str> {
    let kind = u64::try_from(statfs(folder).ok()?.f_type).ok()? & 0xffff_ffff;
    SHARED
        .iter()
        .find(|(magic, _)| *magic == kind)
        .map(|(_, name)| *name)
}

/// Fails when a server of another machine may have the folder's database open, and this machine
/// couldn't see that. To open it would end that server, or damage the database.
pub(crate) fn refuse_server_elsewhere(folder: &Path) -> Result<()> {
    if shared_file_system(folder).is_none() {
        return Ok(());
    }
    refuse_noted(folder)
}

fn refuse_noted(folder: &Path) -> Result<()> {
    let lock = folder.join(LOCK);
    let Some(machine) = server_note::machine_elsewhere(&lock) else {
        return Ok(());
    };
    bail!(
        "a papo on {machine} has the data folder {} open, and opening it here would end that one: \
         run the command there; if no papo runs there any more, remove {}",
        folder.display(),
        lock.display()
    )
}

/// Fails when the data folder's path is something else.
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

/// The advice for a database in this folder that can't be opened. On a full disk that is the
/// reason; otherwise the given advice.
pub(crate) fn advice(folder: &Path, otherwise: &'static str) -> &'static str {
    match free_space(folder) {
        Ok(free) if is_full(free) => "the disk is full: free some of it",
        _ => otherwise,
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};

    use rustix::process::geteuid;
    use tempfile::TempDir;

    use super::*;

    const SOMEBODY: u32 = 12_345;

    /// A folder that belongs to somebody else, where that can be made.
    fn folder_of_somebody() -> TempDir {
        let folder = TempDir::new().unwrap();
        if geteuid().is_root() {
            chown(folder.path(), Some(SOMEBODY), Some(SOMEBODY)).unwrap();
        }
        folder
    }

    fn owner(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().uid()
    }

    #[test]
    fn what_the_lock_s_name_leads_to_is_neither_opened_nor_given_away() {
        let (secrets, folder) = (TempDir::new().unwrap(), folder_of_somebody());
        let secret = secrets.path().join("secret");
        fs::write(&secret, "secret").unwrap();
        let before = owner(&secret);
        let lock = folder.path().join("papo.lock");
        for target in [secret.clone(), secrets.path().join("not yet there")] {
            symlink(&target, &lock).unwrap();
            let data = DataFolder::open_or_create(folder.path()).unwrap();
            let error = data.lock().unwrap_err();
            assert!(error.to_string().contains("can't write in"), "{error}");
            assert_eq!(owner(&secret), before);
            assert_eq!(target.exists(), target == secret);
            fs::remove_file(&lock).unwrap();
        }
    }

    #[test]
    fn a_server_of_another_machine_keeps_commands_away_and_one_of_this_machine_doesn_t() {
        let folder = TempDir::new().unwrap();
        let data = DataFolder::open_or_create(folder.path()).unwrap();
        let lock = data.lock().unwrap();
        refuse_noted(folder.path()).unwrap();
        fs::write(folder.path().join(LOCK), "another-boot beta\n").unwrap();
        let refused = refuse_noted(folder.path()).unwrap_err().to_string();
        assert!(refused.contains("a papo on beta has"), "{refused}");
        // On a disk of this machine the locks count.
        refuse_server_elsewhere(folder.path()).unwrap();
        drop(lock);
        refuse_noted(folder.path()).unwrap();
    }

    #[test]
    fn a_lock_that_was_there_keeps_its_owner() {
        let folder = folder_of_somebody();
        let lock = folder.path().join("papo.lock");
        fs::write(&lock, "").unwrap();
        let before = owner(&lock);
        let data = DataFolder::open_or_create(folder.path()).unwrap();
        drop(data.lock().unwrap());
        assert_eq!(owner(&lock), before);
    }

    #[test]
    fn what_is_made_belongs_to_the_owner_of_the_folder_around_it_at_any_depth() {
        let home = folder_of_somebody();
        let path = home.path().join("a/b/c");
        let data = DataFolder::open_or_create(&path).unwrap();
        drop(data.lock().unwrap());
        for made in ["a", "a/b", "a/b/c", "a/b/c/papo.lock"] {
            let made = home.path().join(made);
            assert_eq!(owner(&made), owner(home.path()), "{}", made.display());
            let rights = fs::metadata(&made).unwrap().permissions().mode() & 0o777;
            assert_eq!(rights & 0o077, 0, "{}", made.display());
        }
        DataFolder::open_or_create(&path).unwrap();
    }

    #[test]
    fn a_data_folder_may_be_a_link_to_one() {
        let home = folder_of_somebody();
        let (real, link) = (home.path().join("real"), home.path().join("link"));
        fs::create_dir(&real).unwrap();
        fs::set_permissions(&real, Permissions::from_mode(0o700)).unwrap();
        symlink(&real, &link).unwrap();
        let before = owner(&real);
        DataFolder::open_or_create(&link).unwrap();
        assert_eq!(owner(&real), before);
    }
}
