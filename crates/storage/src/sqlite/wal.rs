//! Reads SQLite's write-ahead log as bytes (its format: sqlite.org/fileformat2.html#walformat).
//!
//! SQLite ends a log where its chain of checksums breaks, and says nothing. It must, since a
//! transaction that was cut off looks the same: before its sync, its pages may reach the disk in
//! any order, each or none. But the writer syncs a transaction before it begins the next. A page
//! after the end of the broken transaction proves that all of the transaction was on disk.

use std::io::{self, ErrorKind, Read};

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// The last bit marks big-endian checksums.
const MAGIC: u32 = 0x377f_0682;
const VERSION: u32 = 3_007_000;
/// The page size of logs that Papo makes, for one whose header is damaged.
const PAGE_BYTES: usize = 1_024;

/// A break in the chain, with more of the log behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Break {
    /// The first frame that SQLite rejects, counted from 1.
    pub(super) frame: u64,
    /// How many frames of the same log there are from it to the last commit that was on disk.
    pub(super) frames: u64,
}

type Checksum = (u32, u32);

struct Header {
    salts: (u32, u32),
    is_big_endian: bool,
    page_bytes: usize,
    checksum: Checksum,
    is_whole: bool,
}

/// Reads to the end of a log. `None` when it has no break, or one in its last transaction only,
/// which may never have been complete.
pub(super) fn find_break(mut log: impl Read) -> io::Result<Option<Break>> {
    let mut bytes = [0; HEADER];
    if !fill(&mut log, &mut bytes)? {
        return Ok(None);
    }
    let header = Header::read(&bytes);
    let mut frame = vec![0; FRAME_HEADER + header.page_bytes];
    let (mut previous, mut number) = (header.checksum, 0);
    let mut broken = (!header.is_whole).then_some(Break {
        frame: 1,
        frames: 0,
    });
    // How many frames follow the break, and whether the last of them ends a transaction.
    let (mut since_break, mut is_end) = (0, false);
    while fill(&mut log, &mut frame)? {
        number += 1;
        let salts = (number_at(&frame, 8), number_at(&frame, 12));
        let has_salts = salts == header.salts;
        // One of the two may be damaged.
        let is_current = salts.0 == header.salts.0 || salts.1 == header.salts.1;
        let stored = (number_at(&frame, 16), number_at(&frame, 20));
        let is_whole = is_current && stored == header.checksum_of(&frame, previous);
        previous = stored;
        if broken.is_none() && !(is_whole && has_salts) {
            broken = Some(Break {
                frame: number,
                frames: 0,
            });
        }
        let Some(broken) = &mut broken else {
            continue;
        };
        if is_end && is_whole {
            broken.frames = since_break;
        }
        since_break += u64::from(is_current);
        let is_commit = number_at(&frame, 4) != 0;
        if is_commit && is_whole && broken.frames > 0 {
            broken.frames = since_break;
        }
        // In the broken frame the page may be damaged and the rest sound.
        is_end = is_commit && (is_whole || number == broken.frame && has_salts);
    }
    Ok(broken.filter(|broken| broken.frames > 0))
}

impl Header {
    fn read(bytes: &[u8; HEADER]) -> Self {
        let magic = number_at(bytes, 0);
        let page_bytes = usize::try_from(number_at(bytes, 8)).unwrap_or(0);
        let has_pages = page_bytes.is_power_of_two() && (512..=65_536).contains(&page_bytes);
        let checksum = (number_at(bytes, 24), number_at(bytes, 28));
        let is_whole = magic & !1 == MAGIC
            && number_at(bytes, 4) == VERSION
            && has_pages
            && sum(&bytes[..24], magic & 1 == 1, (0, 0)) == checksum;
        Self {
            salts: (number_at(bytes, 16), number_at(bytes, 20)),
            // A machine writes its own byte order.
            is_big_endian: if is_whole {
                magic & 1 == 1
            } else {
                cfg!(target_endian = "big")
            },
            page_bytes: if has_pages { page_bytes } else { PAGE_BYTES },
            checksum,
            is_whole,
        }
    }

    fn checksum_of(&self, frame: &[u8], previous: Checksum) -> Checksum {
        let head = sum(&frame[..8], self.is_big_endian, previous);
        sum(&frame[FRAME_HEADER..], self.is_big_endian, head)
    }
}

fn sum(bytes: &[u8], is_big_endian: bool, start: Checksum) -> Checksum {
    let number = |four: &[u8]| {
        let four = [four[0], four[1], four[2], four[3]];
        if is_big_endian {
            u32::from_be_bytes(four)
        } else {
            u32::from_le_bytes(four)
        }
    };
    bytes.chunks_exact(8).fold(start, |(first, second), pair| {
        let first = first.wrapping_add(number(&pair[..4])).wrapping_add(second);
        let second = second.wrapping_add(number(&pair[4..])).wrapping_add(first);
        (first, second)
    })
}

fn number_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// Fills the bytes; `false` at the end of the input.
fn fill(from: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match from.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rusqlite::Connection;

    use super::*;

    const FRAME: usize = FRAME_HEADER + 1_024;

    /// A log of ten transactions of several pages, as SQLite writes it.
    fn log() -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.sqlite3");
        let db = Connection::open(&path).unwrap();
        db.execute_batch(
            "PRAGMA page_size = 1024; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
             CREATE TABLE text (content)",
        )
        .unwrap();
        for _ in 0..10 {
            db.execute("INSERT INTO text VALUES (hex(randomblob(1500)))", [])
                .unwrap();
        }
        fs::read(folder.path().join("test.sqlite3-wal")).unwrap()
    }

    fn commits(log: &[u8]) -> Vec<usize> {
        let frames = log[HEADER..].chunks_exact(FRAME);
        let commits = frames.enumerate().filter(|(_, f)| number_at(f, 4) != 0);
        commits.map(|(number, _)| number).collect()
    }

    #[test]
    fn a_whole_log_has_no_break_wherever_a_kill_ends_it() {
        let log = log();
        assert!(commits(&log).len() >= 10);
        for length in (0..=log.len()).step_by(100).chain([log.len()]) {
            assert_eq!(find_break(&log[..length]).unwrap(), None, "{length}");
        }
    }

    #[test]
    fn a_turned_bit_is_found_when_another_transaction_follows() {
        let log = log();
        let commits = commits(&log);
        let last_commit = *commits.last().unwrap();
        for number in 0..=last_commit {
            // In the frame's page number, its salts, its checksum and its page.
            for byte in [0, 9, 14, 17, 23, 24, 500, FRAME - 1] {
                let mut log = log.clone();
                log[HEADER + number * FRAME + byte] ^= 0x10;
                // The frame behind a wrong checksum looks wrong as well.
                let is_misleading = (16..24).contains(&byte);
                let says_so = number + if is_misleading { 2 } else { 0 };
                let end = commits.iter().find(|commit| **commit >= says_so);
                let found = find_break(&log[..]).unwrap();
                if end.is_none_or(|end| *end == last_commit) {
                    assert_eq!(found, None, "{number} {byte}");
                } else {
                    let found = found.unwrap_or_else(|| panic!("{number} {byte}"));
                    assert_eq!(found.frame, number as u64 + 1, "{byte}");
                    assert_eq!(found.frames, (last_commit - number + 1) as u64);
                }
            }
        }
    }

    #[test]
    fn a_lost_commit_is_found_as_soon_as_the_next_transaction_has_begun() {
        let log = log();
        let [.., before, last] = commits(&log)[..] else {
            panic!("it has ten");
        };
        let mut log = log[..HEADER + (before + 2) * FRAME].to_owned();
        assert!(before + 1 < last, "the last has several pages");
        log[HEADER + before * FRAME + 500] ^= 1;
        let found = find_break(&log[..]).unwrap();
        let (frame, frames) = (before as u64 + 1, 1);
        assert_eq!(found, Some(Break { frame, frames }));
    }

    /// A power cut leaves any of the writes of the transaction that wasn't synced, and the old
    /// bytes in place of the others.
    #[test]
    fn whatever_is_missing_of_the_last_transaction_is_no_break() {
        let log = log();
        let [.., before, last] = commits(&log)[..] else {
            panic!("it has ten");
        };
        // SQLite writes the head of a frame, and then its page.
        let at = |frame: usize| HEADER + frame * FRAME;
        let writes: Vec<_> = (before + 1..=last)
            .flat_map(|frame| {
                let page = at(frame) + FRAME_HEADER;
                [at(frame)..page, page..at(frame + 1)]
            })
            .collect();
        assert!((6..13).contains(&writes.len()), "{}", writes.len());
        let earlier = self::log();
        let nothing = vec![0; log.len()];
        for behind in [&nothing, &earlier] {
            for taken in 0..1_u32 << writes.len() {
                let mut cut = log.clone();
                for (number, write) in writes.iter().enumerate() {
                    if taken & 1 << number == 0 {
                        cut[write.clone()].copy_from_slice(&behind[write.clone()]);
                    }
                }
                assert_eq!(find_break(&cut[..]).unwrap(), None, "{taken:b}");
            }
        }
    }

    /// A transaction larger than SQLite's cache rewrites pages in the log, and their checksums only
    /// after its commit. A rolled back one stays behind the end.
    #[test]
    fn a_large_transaction_that_was_cut_off_or_rolled_back_is_no_break() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.sqlite3");
        let mut db = Connection::open(&path).unwrap();
        db.execute_batch(
            "PRAGMA page_size = 1024; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
             PRAGMA cache_size = 10; CREATE TABLE text (content)",
        )
        .unwrap();
        let read = || fs::read(folder.path().join("test.sqlite3-wal")).unwrap();
        let fill = "INSERT INTO text VALUES (hex(randomblob(20000)))";
        let change = "UPDATE text SET content = hex(randomblob(20000))";
        for is_kept in [false, true] {
            let before = read().len();
            let transaction = db.transaction().unwrap();
            for _ in 0..3 {
                transaction.execute(fill, []).unwrap();
                transaction.execute(change, []).unwrap();
            }
            if is_kept {
                transaction.commit().unwrap();
                let mut log = read();
                for frame in (before - HEADER) / FRAME..(log.len() - HEADER) / FRAME {
                    log[HEADER + frame * FRAME + 500] ^= 1;
                    assert_eq!(find_break(&log[..]).unwrap(), None, "{frame}");
                    log[HEADER + frame * FRAME + 500] ^= 1;
                }
            } else {
                transaction.rollback().unwrap();
                assert!(read().len() > before + 20 * FRAME, "nothing was spilled");
                db.execute("INSERT INTO text VALUES ('one')", []).unwrap();
                assert_eq!(find_break(&read()[..]).unwrap(), None);
            }
        }
    }

    #[test]
    fn a_turned_bit_in_the_header_is_found() {
        let log = log();
        for bit in 0..24 * 8 {
            let mut log = log.clone();
            log[bit / 8] ^= 1 << (bit % 8);
            let found = find_break(&log[..]).unwrap();
            assert_eq!(found.map(|found| found.frame), Some(1), "{bit}");
        }
    }

    #[test]
    fn frames_of_an_earlier_log_behind_the_end_are_no_break() {
        let (mut log, earlier) = (log(), log());
        let end = HEADER + 6 * FRAME;
        log.truncate(end);
        log.extend_from_slice(&earlier[end..]);
        assert_eq!(find_break(&log[..]).unwrap(), None);
    }
}
