//! Reading an archive.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};

use async_trait::async_trait;
use flate2::bufread::DeflateDecoder;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{CHECKSUM, Counts, Item, LONGEST_ITEM, MAGIC, VERSION, damaged, version_1};
use crate::StorageError;
use crate::transfer::{Blocking, PAGE, PAGE_BYTES, Record, Source};

/// An archive that is being read. Its records can be trusted only after it has reached its end
/// without an error, for the checksum is there.
pub struct ArchiveReader(Blocking<Reading>);

struct Reading {
    form: Form,
    /// `None` after the end.
    items: Option<DeflateDecoder<Hashed>>,
    /// Records that have been read and not yet returned.
    records: VecDeque<Record>,
    buffer: Vec<u8>,
}

/// What the items are.
enum Form {
    Version1(Box<version_1::Conversion>),
    /// The present form, with the counts so far.
    Present(Counts),
}

/// Keeps the checksum of what was read.
struct Hashed {
    from: BufReader<Box<dyn Read + Send>>,
    hash: Sha256,
}

impl ArchiveReader {
    /// Reads the head. Fails unless it is an archive of a version that this program knows. Blocks.
    pub fn begin(input: Box<dyn Read + Send>) -> Result<Self, StorageError> {
        let mut from = Hashed {
            from: BufReader::new(input),
            hash: Sha256::new(),
        };
        let mut head = [0; MAGIC.len() + 2];
        let read = from.read_exact(&mut head);
        read.map_err(|error| not_one(&error))?;
        let (magic, version) = head.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err(StorageError::Other("it isn't an archive of Papo's".into()));
        }
        let version = u16::from_le_bytes([version[0], version[1]]);
        if !(1..=VERSION).contains(&version) {
            return Err(StorageError::Other(format!(
                "the archive has version {version}, this papo knows 1 to {VERSION}; use another papo"
            )));
        }
        Ok(Self(Blocking::new(Reading {
            form: match version {
                1 => Form::Version1(Box::default()),
                _ => Form::Present(Counts::default()),
            },
            items: Some(DeflateDecoder::new(from)),
            records: VecDeque::new(),
            buffer: Vec::new(),
        })))
    }
}

#[async_trait]
impl Source for ArchiveReader {
    async fn next(&mut self) -> Result<Vec<Record>, StorageError> {
        self.0.run(Reading::page).await
    }
}

impl Reading {
    fn page(&mut self) -> Result<Vec<Record>, StorageError> {
        let (mut page, mut bytes) = (Vec::new(), 0);
        while page.len() < PAGE && bytes < PAGE_BYTES {
            if self.records.is_empty() {
                let Some(items) = &mut self.items else {
                    break;
                };
                read_item(items, &mut self.buffer)?;
                bytes += self.buffer.len();
                let is_last = self.form.take(&self.buffer, &mut self.records)?;
                if is_last && let Some(items) = self.items.take() {
                    end(items)?;
                }
            }
            page.extend(self.records.pop_front());
        }
        Ok(page)
    }
}

impl Form {
    /// Takes an item and adds the records that it completes. Returns whether it was the last.
    fn take(&mut self, item: &[u8], records: &mut VecDeque<Record>) -> Result<bool, StorageError> {
        let counted = match self {
            Self::Version1(conversion) => return conversion.take(whole(item)?, records),
            Self::Present(counted) => counted,
        };
        match whole(item)? {
            Item::Record(record) => {
                counted.add(&record);
                records.push_back(record);
                Ok(false)
            }
            Item::End(counts) if counts != *counted || counts.instances() != 1 => {
                Err(damaged("it doesn't hold what it says"))
            }
            Item::End(_) => Ok(true),
        }
    }
}

fn read_item(items: &mut DeflateDecoder<Hashed>, buffer: &mut Vec<u8>) -> Result<(), StorageError> {
    let mut length = [0; 4];
    items.read_exact(&mut length).map_err(damaged)?;
    let length = u32::from_le_bytes(length);
    if length > LONGEST_ITEM {
        return Err(damaged("a record is too long"));
    }
    buffer.resize(usize::try_from(length).unwrap_or(usize::MAX), 0);
    items.read_exact(buffer).map_err(damaged)
}

/// Decodes an item that must take all the bytes.
fn whole<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, StorageError> {
    match postcard::take_from_bytes(bytes).map_err(damaged)? {
        (item, []) => Ok(item),
        _ => Err(damaged("a record is too short")),
    }
}

/// Reads the checksum, which is all that may follow the last item.
fn end(mut items: DeflateDecoder<Hashed>) -> Result<(), StorageError> {
    if items.read(&mut [0]).map_err(damaged)? > 0 {
        return Err(damaged("there is something after its end"));
    }
    let Hashed { mut from, hash } = items.into_inner();
    let mut checksum = [0; CHECKSUM];
    from.read_exact(&mut checksum).map_err(damaged)?;
    if checksum[..] != hash.finalize()[..] {
        return Err(damaged("its checksum is another"));
    }
    if !from.fill_buf().map_err(damaged)?.is_empty() {
        return Err(damaged("there is something after its end"));
    }
    Ok(())
}

fn not_one(error: &io::Error) -> StorageError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => StorageError::Other("it isn't an archive of Papo's".into()),
        _ => StorageError::Unavailable(format!("it can't be read: {error}")),
    }
}

impl Read for Hashed {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(bytes)?;
        self.hash.update(&bytes[..read]);
        Ok(read)
    }
}

impl BufRead for Hashed {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.from.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.hash.update(&self.from.buffer()[..amount]);
        self.from.consume(amount);
    }
}
