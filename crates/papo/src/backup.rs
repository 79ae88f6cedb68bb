//! `papo backup`: a copy of the database, made while it is used.

use std::path::Path;

use anyhow::{Result, anyhow};
use papo_storage::sqlite::SqliteStorage;

/// Makes it, and says where it is.
pub(crate) async fn run(storage: &SqliteStorage, file: &Path) -> Result<String> {
    let saved = storage.backup(file).await;
    saved.map_err(|error| anyhow!("can't save a copy in {}: {error}", file.display()))?;
    Ok(format!(
        "Saved a copy in {}; to restore it, stop papo and put it in place of papo.sqlite3\n",
        file.display()
    ))
}
