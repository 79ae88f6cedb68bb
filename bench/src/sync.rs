//! The cost of the disk without a server: the same bytes into a file, and `fdatasync`.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::report::Sync;
use crate::times::Collected;

/// The file is as long as a write-ahead log, and is overwritten as that is.
const FILE: usize = 4 * 1_024 * 1_024;

/// How much is written, where.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The file, which is made.
    #[arg(long)]
    file: PathBuf,
    /// How many bytes each write has.
    #[arg(long)]
    bytes: usize,
    /// How long to measure.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
}

/// Writes and waits, one after the other.
pub fn run(arguments: &Arguments) -> Result<Sync> {
    let path = &arguments.file;
    let file = File::create(path).with_context(|| format!("making {}", path.display()))?;
    file.write_all_at(&vec![0; FILE + arguments.bytes], 0)?;
    file.sync_all()?;
    let bytes = vec![b'x'; arguments.bytes];
    let mut times = Collected::default();
    let mut at = 0;
    let end = Instant::now() + Duration::from_secs(arguments.seconds);
    while Instant::now() < end {
        let start = Instant::now();
        file.write_all_at(&bytes, at)?;
        file.sync_data()?;
        times.add(start.elapsed());
        at = (at + arguments.bytes as u64) % FILE as u64;
    }
    Ok(Sync {
        synced: times.times(),
    })
}
