//! The note of a server in its lock's file: on which machine it runs.
//!
//! On a file system that machines share, SQLite may not see that another machine has the database
//! open. It then begins the shared memory anew and removes the write-ahead log, under that server.
//! So a command that would open the database asks the note first. On a machine's own disk the locks
//! say enough, and nobody reads the note.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use rustix::fs::{Mode, OFlags, open};

/// A number that Linux draws when it starts. The containers of a machine have the same one.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";
const HOST: &str = "/proc/sys/kernel/hostname";
/// A note is shorter than this.
const MOST_BYTES: u64 = 512;

/// Writes into the file that a server of this machine has the lock.
pub(crate) fn write(mut lock: &File) -> io::Result<()> {
    lock.set_len(0)?;
    let (boot, host) = (fs::read_to_string(BOOT)?, fs::read_to_string(HOST)?);
    writeln!(lock, "{} {}", boot.trim(), host.trim())
}

/// Takes the note back.
pub(crate) fn remove(lock: &File) -> io::Result<()> {
    lock.set_len(0)
}

/// The name of another machine whose server has noted itself in this file.
pub(crate) fn machine_elsewhere(lock: &Path) -> Option<String> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file: File = open(lock, flags, Mode::empty()).ok()?.into();
    let mut note = String::new();
    file.take(MOST_BYTES).read_to_string(&mut note).ok()?;
    let boot = fs::read_to_string(BOOT).ok()?;
    elsewhere(&note, boot.trim()).map(str::to_owned)
}

fn elsewhere<'a>(note: &'a str, boot: &str) -> Option<&'a str> {
    let (noted, host) = note.trim().split_once(' ')?;
    (noted != boot).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_note_of_another_machine_names_one() {
        for (note, expected) in [
            ("", None),
            ("here alpha\n", None),
            ("there beta\n", Some("beta")),
            ("no note", Some("note")),
            ("nothing", None),
        ] {
            assert_eq!(elsewhere(note, "here"), expected, "{note}");
        }
    }

    #[test]
    fn a_server_s_own_note_is_none_of_another_machine_and_goes_with_it() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("papo.lock");
        let lock = File::create(&path).unwrap();
        write(&lock).unwrap();
        assert!(!fs::read(&path).unwrap().is_empty());
        assert_eq!(machine_elsewhere(&path), None);
        remove(&lock).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");
        fs::write(&path, "0-0-0 beta\n").unwrap();
        assert_eq!(machine_elsewhere(&path).as_deref(), Some("beta"));
    }
}
