//! `papo epoch`: prints the name of the history, or sets another. It is for operators who have put
//! an older copy of the data in place, such as a volume's snapshot. Clients may have seen what
//! isn't in it.

use anyhow::{Context as _, Result};

use crate::config::Config;
use crate::database::{Database, plain};
use crate::instance;

/// Prints the epoch, after setting a new one if `is_new`.
pub(crate) fn run(config: &Config, is_new: bool) -> Result<String> {
    instance::runtime(1)?.block_on(async {
        let _lock = if is_new {
            // A missing folder is a mistake, and isn't made.
            if !Database::is_shared(config) {
                crate::database::existing(config)?;
            }
            Database::lock(config).context("a server that runs would go on under the old epoch")?
        } else {
            None
        };
        let database = Database::open_existing(config).await?;
        let said = say(&database, is_new).await;
        database.close_after_reading().await;
        said
    })
}

async fn say(database: &Database, is_new: bool) -> Result<String> {
    let storage = database.storage();
    let before = storage.epoch().await.map_err(plain)?;
    if !is_new {
        return Ok(format!("{before}\n"));
    }
    database.renew_epoch().await.map_err(plain)?;
    let now = storage.epoch().await.map_err(plain)?;
    let nodes = match database {
        Database::Sqlite(_) => "",
        Database::Postgres(_) => " Restart all nodes now: those that run go on under the old one.",
    };
    Ok(format!(
        "The history's epoch was {before} and is {now}: clients start over from what is there.{nodes}\n"
    ))
}
