//! Files and folders that only their owner can read. Their owner is the owner of the folder that
//! they are in.
//!
//! Root may run a command in the folder of a server that runs as another user. That user must be
//! able to open what the command makes, and may be hostile to root. So this gives away only what it
//! made a moment ago, and follows no name to another place.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;

/// Makes a file for writing and reading. Fails with [`ErrorKind::AlreadyExists`] when anything has
/// this name, even a dangling link.
pub fn create_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    give(&file, path);
    Ok(file)
}

/// Makes a folder, and missing folders above it. Does nothing when it exists.
pub fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let made = match builder.create(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            create_folder(folder_of(path).ok_or(error)?)?;
            builder.create(path)
        }
        made => made,
    };
    match made {
        Ok(()) => give_folder(path),
        Err(_) if path.is_dir() => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// The folder of a path, by the path's text.
fn folder_of(path: &Path) -> Option<&Path> {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
}

/// Gives a new file or folder to the owner of its folder, if root made it.
#[cfg(unix)]
fn give(made: &File, path: &Path) {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let folder = fs::metadata(folder_of(path).unwrap_or(Path::new(".")));
    let (Ok(metadata), Ok(folder)) = (made.metadata(), folder) else {
        return;
    };
    if metadata.uid() == 0
        && folder.uid() != 0
        && let Err(error) = fchown(made, Some(folder.uid()), Some(folder.gid()))
    {
        tracing::warn!(%error, "can't give {} to its folder's owner", path.display());
    }
}

/// Opens the folder if it is still the one that was made. The owner of the folder around it can
/// replace it; only an empty folder is harmless to give away.
#[cfg(unix)]
fn give_folder(path: &Path) {
    use rustix::fs::{Dir, Mode, OFlags, open};
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let Ok(folder) = open(path, flags, Mode::empty()).map(File::from) else {
        return;
    };
    let is_empty = Dir::read_from(&folder).is_ok_and(|entries| {
        let mut names = entries.map(|entry| entry.map(|entry| entry.file_name().to_owned()));
        names.all(|name| name.is_ok_and(|name| [c".", c".."].contains(&name.as_c_str())))
    });
    if is_empty {
        give(&folder, path);
    }
}

#[cfg(not(unix))]
fn give(_: &File, _: &Path) {}

#[cfg(not(unix))]
fn give_folder(_: &Path) {}
