//! One file that holds an instance, whatever database it was in and will be in.
//!
//! ```text
//! 8 bytes   50 41 50 4f 0d 0a 1a 0a, "PAPO" and what a transfer as text would change
//! 2 bytes   the version, little-endian: 2
//! …         one DEFLATE stream (RFC 1951) of items
//! 32 bytes  the SHA-256 of everything before
//! ```
//!
//! An item is its length (4 bytes, little-endian, at most 1 MiB) and an `Item` as `postcard` writes
//! it. The items are the records in the order of [`Source`](super::Source), and at the end their
//! counts. Archives are written and read in one pass, with little memory. Archives of version 1 are
//! read too.

mod read;
mod version_1;
mod write;

use serde::{Deserialize, Serialize};

pub use read::ArchiveReader;
pub use write::ArchiveWriter;

use super::{Record, Table};
use crate::StorageError;

const MAGIC: [u8; 8] = *b"PAPO\r\n\x1a\n";
const VERSION: u16 = 2;
/// No record is as long, even with an imported text. A damaged length may be any number.
const LONGEST_ITEM: u32 = 1_024 * 1_024;
/// Bytes of the checksum.
const CHECKSUM: usize = 32;

/// What an archive consists of.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Item {
    Record(Record),
    /// The end.
    End(Counts),
}

/// The number of records of each kind: instances, rows of each table, and events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Counts([u64; Table::ALL.len() + 2]);

impl Counts {
    fn add(&mut self, record: &Record) {
        let kind = match (record, record.row()) {
            (_, Some((table, _))) => table as usize + 1,
            (Record::Event(_), None) => Table::ALL.len() + 1,
            (_, None) => 0,
        };
        self.0[kind] += 1;
    }

    /// The number of instances.
    fn instances(&self) -> u64 {
        self.0[0]
    }
}

fn damaged(how: impl std::fmt::Display) -> StorageError {
    StorageError::Other(format!("the archive is damaged or was cut off: {how}"))
}
