//! Checks that the database's file still holds this database, after somebody has written into it.
//!
//! A checkpoint writes into the file: of this process or another, such as a command or a shell. It
//! may stop halfway, because a reader needs the old pages, the disk is full, or its process was
//! killed. Then the file alone is no whole database, and may be unreadable. So an unreadable file
//! is no finding. A finding is what no checkpoint can leave: another program's mark, another
//! history, a seq that has gone back, a file that has become shorter and unreadable.

use std::collections::HashMap;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use papo_domain::Epoch;
use rusqlite::ErrorCode;

use super::connection;
use super::handle::{Handle, Stamp};

/// A finding must repeat this many times; otherwise it may be another process writing the file.
pub(super) const LOOKS: usize = 10;
/// Longer than a tick of the clock that stamps files. What is written after this pause has another
/// stamp.
pub(super) const BETWEEN: Duration = Duration::from_millis(20);

/// What the file held at the last look.
pub(super) struct Content {
    stamp: Stamp,
    /// `None` while the file couldn't be read.
    history: Option<History>,
    /// Whether the last look since a change succeeded. It fails for want of memory or descriptors.
    is_known: bool,
}

/// The prefix of a room's key in [`History::lasts`].
const ROOM: &str = "room ";

/// Which history the file holds, and how far it had come: the last seq of each room and the last id
/// of each table. They only grow, page by page, also during a checkpoint.
struct History {
    epoch: Epoch,
    lasts: HashMap<String, i64>,
}

impl History {
    /// Whether the known history can't have become this one. A missing room proves nothing: an
    /// unfinished checkpoint may have split its page. SQLite's counters are on one page, so a
    /// missing table does prove it.
    fn is_older_than(&self, known: &Self) -> bool {
        known
            .lasts
            .iter()
            .any(|(name, last)| match self.lasts.get(name) {
                Some(found) => found < last,
                None => !name.starts_with(ROOM),
            })
    }
}

enum Finding {
    Ours(History),
    Unreadable,
    NotLooked,
    Foreign(String),
}

impl Content {
    /// Reads and notes the file's content.
    pub(super) fn of(database: &Path, file: &Handle) -> std::io::Result<Self> {
        let stamp = file.stamp()?;
        let (history, is_known) = match read(database) {
            Ok(history) => (history, true),
            Err(error) => (None, !is_passing(&error)),
        };
        Ok(Self {
            stamp,
            history,
            is_known,
        })
    }

    /// Whether the file can't be read without its write-ahead log. Then nothing can tell it from
    /// another.
    pub(super) fn is_unread(&self) -> bool {
        self.history.is_none()
    }

    /// Whether the file is unchanged since this stamp.
    pub(super) fn has_stamp(&self, stamp: Stamp) -> bool {
        self.stamp == stamp
    }

    /// Looks at the file if it has changed, or if the last look failed. Returns why it isn't this
    /// database's file, if so.
    pub(super) fn look(&mut self, database: &Path, file: &Handle, epoch: Epoch) -> Option<String> {
        if self.is_known && file.stamp().is_ok_and(|stamp| stamp == self.stamp) {
            return None;
        }
        let mut why = None;
        for _ in 0..LOOKS {
            sleep(BETWEEN);
            let Ok(stamp) = file.stamp() else {
                return None;
            };
            let finding = self.judge(database, stamp, epoch);
            if let Finding::Foreign(text) = finding {
                why = Some(text);
                continue;
            }
            // Otherwise somebody is writing right now, and the next look sees more.
            if file.stamp().is_ok_and(|again| again == stamp) {
                self.note(stamp, finding);
            }
            return None;
        }
        why
    }

    /// Notes a change that this process made to a sound file. If the file isn't sound any more, the
    /// next look finds that.
    pub(super) fn note_own(&mut self, database: &Path, file: &Handle, epoch: Epoch) {
        let Ok(stamp) = file.stamp() else {
            return;
        };
        match self.judge(database, stamp, epoch) {
            Finding::Foreign(_) => {}
            finding => self.note(stamp, finding),
        }
    }

    fn note(&mut self, stamp: Stamp, finding: Finding) {
        self.stamp = stamp;
        self.is_known = !matches!(finding, Finding::NotLooked);
        if let Finding::Ours(history) = finding {
            self.history = Some(history);
        }
    }

    fn judge(&self, database: &Path, stamp: Stamp, epoch: Epoch) -> Finding {
        if stamp.bytes == 0 && self.stamp.bytes > 0 {
            return Finding::Foreign("it was emptied".into());
        }
        match read(database) {
            Ok(Some(found)) => self.compare(found, epoch),
            Ok(None) if self.history.is_none() => Finding::Unreadable,
            Ok(None) => Finding::Foreign("it was overwritten with another program's".into()),
            Err(error) if is_passing(&error) => Finding::NotLooked,
            // A checkpoint cuts the file only after it has moved the last pages.
            Err(error)
                if stamp.bytes < self.stamp.bytes
                    || error.sqlite_error_code() == Some(ErrorCode::NotADatabase) =>
            {
                Finding::Foreign(format!("it was overwritten: {error}"))
            }
            Err(_) => Finding::Unreadable,
        }
    }

    fn compare(&self, found: History, epoch: Epoch) -> Finding {
        let Some(known) = &self.history else {
            // The file may have an older epoch while the write-ahead log has the newer.
            return if found.epoch == epoch {
                Finding::Ours(found)
            } else {
                Finding::Unreadable
            };
        };
        let is_ours = found.epoch == epoch || found.epoch == known.epoch;
        if !is_ours {
            Finding::Foreign("it was overwritten with another".into())
        } else if found.is_older_than(known) {
            Finding::Foreign("it was overwritten with an older one".into())
        } else {
            Finding::Ours(found)
        }
    }
}

/// Reads the file alone, without its write-ahead log. `None` when it isn't Papo's, or not yet.
fn read(database: &Path) -> rusqlite::Result<Option<History>> {
    let db = connection::open_bare(database)?;
    if !connection::is_papos(&db)? {
        return Ok(None);
    }
    let sql = "SELECT value FROM meta WHERE key = 'epoch'";
    let epoch: i64 = db.query_row(sql, [], |row| row.get(0))?;
    let sql = "SELECT ?1 || id, last_seq FROM room \
               UNION ALL SELECT name, seq FROM sqlite_sequence";
    let mut statement = db.prepare(sql)?;
    let lasts = statement.query_map([ROOM], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Some(History {
        epoch: Epoch(epoch.cast_unsigned()),
        lasts: lasts.collect::<Result<_, _>>()?,
    }))
}

/// Whether the look itself failed, whatever the file holds.
fn is_passing(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::CannotOpen
                | ErrorCode::OutOfMemory
                | ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
        )
    )
}
