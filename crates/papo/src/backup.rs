//! `papo backup`: a copy of the database, made while it is used.

use std::path::Path;

use anyhow::{Result, anyhow, bail};

use crate::config::Config;
use crate::damage::damage;
use crate::data_folder::database_in;
use crate::database::{Database, plain};
use crate::export::STANDARD;
use crate::instance;

/// Makes the copy and says where it is. For a database server it says how to make one there.
pub(crate) fn run(config: &Config, file: &Path) -> Result<String> {
    let shown = file.display();
    if file == Path::new(STANDARD) {
        bail!(
            "a copy is a file with a name, and doesn't go to standard output; `papo export -` writes everything there, as an archive"
        );
    }
    if let Some(url) = &config.database_url {
        bail!(
            "the {url} is saved with PostgreSQL's own tool: pg_dump --format=custom --file={shown} URL, \
             with the URL of {}",
            config.database_origin
        );
    }
    let database = database_in(&config.data_dir);
    let place = database.display();
    instance::runtime(1)?.block_on(async {
        // A missing folder is a mistake, and a copy of an empty chat is no backup.
        let database = Database::open_existing(config).await?;
        let Database::Sqlite(storage) = &database else {
            bail!("there is no database in the data folder");
        };
        let saved = storage.backup(file).await;
        database.close_after_reading().await;
        let saved =
            saved.map_err(|error| anyhow!("can't save a copy in {shown}: {:#}", plain(error)));
        Ok(format!(
            "Saved a copy in {shown}; to restore it, stop papo, remove {place}-wal and {place}-shm \
             if they are there, and put it in place of {place}\n{}",
            damage(&saved?)
        ))
    })
}
