//! Writing an archive.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use async_trait::async_trait;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use sha2::{Digest as _, Sha256};

use super::{ArchiveReader, Counts, Item, MAGIC, VERSION, damaged};
use crate::StorageError;
use crate::new_file::NewFile;
use crate::transfer::{Blocking, Intake, Record, Summary, summarize};

/// An archive that is being written.
pub struct ArchiveWriter(Blocking<Writing>);

struct Writing {
    items: DeflateEncoder<Hashed>,
    counts: Counts,
    buffer: Vec<u8>,
    file: Option<NewFile>,
}

/// Keeps the checksum of what is written.
struct Hashed {
    to: BufWriter<Box<dyn Write + Send>>,
    hash: Sha256,
}

impl ArchiveWriter {
    /// Writes into a new file that only its owner can read. It gets its name when it is complete.
    /// [`StorageError::Exists`] when the name is taken. Blocks.
    pub fn create(path: &Path) -> Result<Self, StorageError> {
        let file = NewFile::create(path)?;
        let opened = file.open()?;
        Self::begin(Box::new(opened), Some(file))
    }

    /// Writes into anything. Blocks.
    pub fn to(output: Box<dyn Write + Send>) -> Result<Self, StorageError> {
        Self::begin(output, None)
    }

    /// Writes the end. A file is then read again and compared with `expected`. When this returns,
    /// the file is on disk under its name.
    pub async fn finish(self, expected: &Summary) -> Result<(), StorageError> {
        let Some(file) = self.0.finish(Writing::finish).await? else {
            return Ok(());
        };
        let written = File::open(file.path()).map_err(|error| file.failed(&error))?;
        let mut written = ArchiveReader::begin(Box::new(written))?;
        let found = summarize(&mut written, &mut |_| ()).await?;
        if found != *expected {
            return Err(damaged("what was written can't be read again"));
        }
        file.finish()
    }

    fn begin(output: Box<dyn Write + Send>, file: Option<NewFile>) -> Result<Self, StorageError> {
        let mut head = Hashed {
            to: BufWriter::new(output),
            hash: Sha256::new(),
        };
        let written = head.write_all(&MAGIC);
        written
            .and_then(|()| head.write_all(&VERSION.to_le_bytes()))
            .map_err(|error| failed(file.as_ref(), &error))?;
        Ok(Self(Blocking::new(Writing {
            items: DeflateEncoder::new(head, Compression::default()),
            counts: Counts::default(),
            buffer: Vec::new(),
            file,
        })))
    }
}

#[async_trait]
impl Intake for ArchiveWriter {
    async fn take(&mut self, records: Vec<Record>) -> Result<(), StorageError> {
        self.0
            .run(move |writing| {
                for record in records {
                    writing.counts.add(&record);
                    writing.item(&Item::Record(record))?;
                }
                Ok(())
            })
            .await
    }
}

impl Writing {
    fn item(&mut self, item: &Item) -> Result<(), StorageError> {
        self.buffer.clear();
        let buffer = postcard::to_extend(item, std::mem::take(&mut self.buffer));
        self.buffer = buffer
            .map_err(|error| StorageError::Other(format!("a record can't be encoded: {error}")))?;
        let length = u32::try_from(self.buffer.len()).unwrap_or(u32::MAX);
        if length > super::LONGEST_ITEM {
            return Err(StorageError::Other(
                "a record is too long for an archive".into(),
            ));
        }
        let written = self.items.write_all(&length.to_le_bytes());
        written
            .and_then(|()| self.items.write_all(&self.buffer))
            .map_err(|error| failed(self.file.as_ref(), &error))
    }

    fn finish(mut self) -> Result<Option<NewFile>, StorageError> {
        self.item(&Item::End(self.counts))?;
        let Self { items, file, .. } = self;
        let end = || {
            let Hashed { mut to, hash } = items.finish()?;
            to.write_all(&hash.finalize())?;
            to.flush()
        };
        end().map_err(|error| failed(file.as_ref(), &error))?;
        Ok(file)
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

fn failed(file: Option<&NewFile>, error: &io::Error) -> StorageError {
    match file {
        Some(file) => file.failed(error),
        None => StorageError::Unavailable(format!("the archive can't be written: {error}")),
    }
}
