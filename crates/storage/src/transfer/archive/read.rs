//! Reading an archive.

use std::io::{self, BufRead, BufReader, Read};

use async_trait::async_trait;
use flate2::bufread::DeflateDecoder;
use sha2::{Digest as _, Sha256};

use super::{CHECKSUM, Counts, Item, LONGEST_ITEM, MAGIC, VERSION, damaged};
use crate::StorageError;
use crate::transfer::{Blocking, PAGE, PAGE_BYTES, Record, Source};

/// An archive that is being read. What it gives is to be believed only when it has given its end, without an error: the checksum
/// is there.
pub struct ArchiveReader(Blocking<Reading>);

struct Reading {
    /// `None` after the end.
    items: Option<DeflateDecoder<Hashed>>,
    counts: Counts,
    buffer: Vec<u8>,
}

/// Keeps the checksum of what was read.
struct Hashed {
    from: BufReader<Box<dyn Read + Send>>,
    hash: Sha256,
}

impl ArchiveReader {
    /// Reads the head, and refuses what isn't an archive that this program knows. Blocks.
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
        if version != VERSION {
            return Err(StorageError::Other(format!(
                "the archive has version {version}, this papo knows {VERSION}; use another papo"
            )));
        }
        Ok(Self(Blocking::new(Reading {
            items: Some(DeflateDecoder::new(from)),
            counts: Counts::default(),
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
            let Some(items) = &mut self.items else {
                break;
            };
            match item(items, &mut self.buffer)? {
                Item::Record(record) => {
                    bytes += self.buffer.len();
                    self.counts.add(&record);
                    page.push(record);
                }
                Item::End(counts) => {
                    if counts != self.counts || counts.instances != 1 {
                        return Err(damaged("it doesn't hold what it says"));
                    }
                    if let Some(items) = self.items.take() {
                        end(items)?;
                    }
                }
            }
        }
        Ok(page)
    }
}

fn item(items: &mut DeflateDecoder<Hashed>, buffer: &mut Vec<u8>) -> Result<Item, StorageError> {
    let mut length = [0; 4];
    items.read_exact(&mut length).map_err(damaged)?;
    let length = u32::from_le_bytes(length);
    if length > LONGEST_ITEM {
        return Err(damaged("a record is too long"));
    }
    buffer.resize(usize::try_from(length).unwrap_or(usize::MAX), 0);
    items.read_exact(buffer).map_err(damaged)?;
    match postcard::take_from_bytes(buffer).map_err(damaged)? {
        (item, []) => Ok(item),
        _ => Err(damaged("a record is too short")),
    }
}

/// After the last item there is the checksum, and nothing else.
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
