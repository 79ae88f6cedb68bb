//! The check of the data folder: whether it exists, Papo can write in it, others can read it, and
//! how much is free.

use std::fs::Metadata;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::Finding;
use crate::data_folder::{self, is_full};

const FREE_SPACE: &str = "free space";
const MIB: u64 = 1 << 20;
/// With less space the database can't even tidy itself up.
const PROBLEM_BELOW: u64 = 64 * MIB;
/// With less space an operator should act.
const WARNING_BELOW: u64 = 1_024 * MIB;

/// Checks the folder, and makes none.
pub(super) fn check(folder: &Path) -> Vec<Finding> {
    const SUBJECT: &str = "data folder";
    let shown = folder.display();
    match folder.metadata() {
        Ok(metadata) if !metadata.is_dir() => {
            let text = format!("{shown} is a file; name a folder with --data-dir");
            vec![Finding::problem(SUBJECT, text)]
        }
        Ok(metadata) => {
            let mut findings = vec![existing(folder, &metadata)];
            findings.extend(file_system(folder));
            findings.push(free_space(folder));
            findings
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => missing(folder),
        Err(error) => {
            let text = format!("{shown} can't be looked at: {error}; check who owns it");
            vec![Finding::problem(SUBJECT, text)]
        }
    }
}

fn existing(folder: &Path, metadata: &Metadata) -> Finding {
    const SUBJECT: &str = "data folder";
    let shown = folder.display();
    if let Err(error) = is_writable(folder) {
        let text = format!(
            "can't write in {shown}: {error}; give it to the user that runs papo (chown, chmod u+rwx)"
        );
        return Finding::problem(SUBJECT, text);
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let text = format!(
            "{shown} is open to other users of this machine (mode {mode:o}); close it with: chmod 700 {shown}"
        );
        return Finding::warning(SUBJECT, text);
    }
    Finding::fine(
        SUBJECT,
        format!("{shown} is there, can be written, and is closed to others"),
    )
}

fn missing(folder: &Path) -> Vec<Finding> {
    const SUBJECT: &str = "data folder";
    let shown = folder.display();
    let parent = nearest_parent(folder);
    if let Err(error) = is_writable(&parent) {
        let text = format!(
            "{shown} doesn't exist, and can't be made in {}: {error}; make it yourself or name another with --data-dir",
            parent.display()
        );
        return vec![Finding::problem(SUBJECT, text)];
    }
    let text = format!("{shown} doesn't exist yet; `papo serve` makes it");
    vec![Finding::fine(SUBJECT, text), free_space(&parent)]
}

fn file_system(folder: &Path) -> Option<Finding> {
    let kind = data_folder::shared_file_system(folder)?;
    let text = format!(
        "{kind}: other machines may share it, SQLite isn't safe there, and a second papo may not be \
         noticed; put the folder on a disk of this machine, or use PostgreSQL"
    );
    Some(Finding::warning("file system", text))
}

fn free_space(folder: &Path) -> Finding {
    match data_folder::free_space(folder) {
        Ok(free) => judge_space(free),
        Err(error) => Finding::warning(FREE_SPACE, format!("can't be told: {error}")),
    }
}

fn judge_space(free: u64) -> Finding {
    let text = format!("{} MiB", free / MIB);
    if is_full(free) {
        let text = "the disk is full: nothing can be sent or changed until some is freed";
        Finding::problem(FREE_SPACE, text)
    } else if free < PROBLEM_BELOW {
        Finding::problem(
            FREE_SPACE,
            format!("only {text}; when it is used up, sending is refused: free some"),
        )
    } else if free < WARNING_BELOW {
        Finding::warning(
            FREE_SPACE,
            format!("only {text}; free some before it is used up"),
        )
    } else {
        Finding::fine(FREE_SPACE, text)
    }
}

fn is_writable(folder: &Path) -> rustix::io::Result<()> {
    access(folder, Access::WRITE_OK | Access::EXEC_OK)
}

fn nearest_parent(folder: &Path) -> PathBuf {
    let mut parents = folder.ancestors().skip(1);
    let existing = parents.find(|parent| !parent.as_os_str().is_empty() && parent.exists());
    existing.map_or_else(|| PathBuf::from("."), Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn a_full_disk_is_called_full() {
        for free in [0, 4_096, MIB - 1] {
            let found = judge_space(free);
            assert_eq!(found.level, Level::Problem);
            assert!(found.text.contains("the disk is full"), "{found:?}");
        }
        for (free, level) in [
            (MIB, Level::Problem),
            (PROBLEM_BELOW, Level::Warning),
            (WARNING_BELOW, Level::Fine),
        ] {
            let found = judge_space(free);
            assert_eq!(found.level, level);
            assert!(!found.text.contains("the disk is full"), "{found:?}");
        }
    }
}
