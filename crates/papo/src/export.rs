//! `papo export`: everything in one archive, as of one moment, while servers run or not.

use std::io::Stdout;
use std::path::Path;

use anyhow::{Result, anyhow, bail};
use papo_storage::StorageError;
use papo_storage::transfer::archive::ArchiveWriter;
use papo_storage::transfer::{self, Checked, Pages, Summary, Walk};
use rustix::fs::{OFlags, fcntl_getfl, fstat, stat};

use crate::config::Config;
use crate::damage::damage;
use crate::database::{Database, plain};
use crate::instance;
use crate::progress::{Progress, say};
use crate::tallies::tallies;

/// The name of standard output and input.
pub(crate) const STANDARD: &str = "-";

/// Writes the archive into a new file, or to standard output.
pub(crate) fn run(config: &Config, file: &Path) -> Result<String> {
    if file == Path::new(STANDARD) && is_closed(&std::io::stdout()).unwrap_or(false) {
        bail!("can't export to standard output: it is closed, and everything would be lost");
    }
    instance::runtime(1)?.block_on(async {
        let database = Database::open_existing(config).await?;
        let exported = export(&database, file).await;
        let unreadable = match &database {
            Database::Sqlite(storage) => storage.unreadable().await,
            Database::Postgres(_) => Ok(Vec::new()),
        };
        database.close_after_reading().await;
        let summary = exported?;
        let text = format!(
            "Exported to {}:\n\n{}{}",
            file.display(),
            tallies(&summary),
            damage(&unreadable.map_err(plain)?)
        );
        if file == Path::new(STANDARD) {
            say(&text);
            return Ok(String::new());
        }
        Ok(text)
    })
}

/// Whether standard output was closed when the program began. Rust then opens /dev/null in its
/// place, for reading and writing. A redirection by `>` opens a file for writing only.
fn is_closed(output: &Stdout) -> rustix::io::Result<bool> {
    let is_null = fstat(output)?.st_rdev == stat("/dev/null")?.st_rdev;
    Ok(is_null && fcntl_getfl(output)?.contains(OFlags::RDWR))
}

async fn export(database: &Database, file: &Path) -> Result<Summary> {
    let failed =
        |error: StorageError| anyhow!("can't export to {}: {:#}", file.display(), plain(error));
    let archive = if file == Path::new(STANDARD) {
        ArchiveWriter::to(Box::new(std::io::stdout()))
    } else {
        ArchiveWriter::create(file)
    };
    let archive = archive.map_err(failed)?;
    let mut pages = database.pages().await.map_err(failed)?;
    write(&mut *pages, archive).await.map_err(failed)
}

async fn write(pages: &mut dyn Pages, mut archive: ArchiveWriter) -> Result<Summary, StorageError> {
    let total = transfer::count_events(pages).await?;
    let mut progress = Progress::begin("exporting", Some(total));
    let mut walk = Walk::new(pages);
    let passed = &mut |events| progress.set(events);
    // This finds now what a restore would refuse.
    let mut checked = Checked::new(&mut walk);
    let summary = transfer::copy(&mut checked, &mut archive, passed).await?;
    archive.finish(&summary).await?;
    Ok(summary)
}
