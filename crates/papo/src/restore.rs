//! `papo restore`: restores an archive into an empty data folder or database, all or nothing. The
//! result is another history than the saved one, which may have gone on since.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use papo_storage::StorageError;
use papo_storage::transfer::archive::ArchiveReader;
use papo_storage::transfer::{self, Checked, Filling, Source, Summary, Walk};

use crate::config::Config;
use crate::database::{Database, plain};
use crate::export::STANDARD;
use crate::instance;
use crate::progress::Progress;
use crate::tallies::tallies;

/// Restores the archive in the file or on standard input.
pub(crate) fn run(config: &Config, file: &Path) -> Result<String> {
    let nothing = || format!("nothing was restored from {}", file.display());
    let summary = instance::runtime(1)?.block_on(async {
        let mut total = None;
        if file != Path::new(STANDARD) {
            // This comes before any change.
            total = Some(check(file).await.with_context(nothing)?.events());
        }
        let archive = ArchiveReader::begin(open(file)?);
        let mut archive = archive.map_err(plain).with_context(nothing)?;
        let _lock = Database::lock(config)?;
        let mut filling = Database::fill(config).await?;
        let filled = fill(&mut Checked::new(&mut archive), &mut *filling, total).await;
        let stored = filled.with_context(nothing)?;
        match filling.finish().await {
            Ok(()) => Ok(stored),
            // It may be stored. An operator who believes that it isn't might restore it twice.
            Err(error @ (StorageError::Unknown(_) | StorageError::Broken(_))) => Err(anyhow!(
                "it can't be said whether {} was restored: {error}; run the same command again, \
                 which restores it or finds an instance there",
                file.display()
            )),
            Err(error) => Err(plain(error)).with_context(nothing),
        }
    });
    let summary = summary?;
    Ok(format!(
        "Restored from {}; read again, it holds the same:\n\n{}",
        file.display(),
        tallies(&summary)
    ))
}

fn open(file: &Path) -> Result<Box<dyn Read + Send>> {
    if file == Path::new(STANDARD) {
        return Ok(Box::new(std::io::stdin()));
    }
    let opened = File::open(file);
    let opened = opened.with_context(|| format!("can't open {}", file.display()))?;
    Ok(Box::new(opened))
}

/// Reads the whole archive, checks it against the rules, and summarises it.
async fn check(file: &Path) -> Result<Summary> {
    let mut progress = Progress::begin("checking", None);
    let mut archive = ArchiveReader::begin(open(file)?).map_err(plain)?;
    let mut archive = Checked::new(&mut archive);
    let passed = &mut |events| progress.set(events);
    let checked = transfer::summarize(&mut archive, passed).await;
    checked.map_err(plain)
}

/// Stores everything, and reads it again.
async fn fill(
    archive: &mut dyn Source,
    filling: &mut dyn Filling,
    total: Option<u64>,
) -> Result<Summary> {
    let mut progress = Progress::begin("restoring", total);
    let passed = &mut |events| progress.set(events);
    let expected = transfer::copy(archive, filling, passed).await;
    let expected = expected.map_err(plain)?;
    drop(progress);
    filling.prepare_reading().await.map_err(plain)?;
    let mut progress = Progress::begin("comparing", Some(expected.events()));
    let mut walk = Walk::new(filling);
    let passed = &mut |events| progress.set(events);
    let stored = transfer::summarize(&mut walk, passed)
        .await
        .map_err(plain)?;
    let different = expected.differences(&stored);
    if !different.is_empty() {
        bail!(
            "what was stored isn't what the archive holds: {}",
            different.join(", ")
        );
    }
    Ok(stored)
}
