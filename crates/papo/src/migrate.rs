//! `papo migrate`: moves the data folder's instance to a PostgreSQL database, where nodes then
//! serve it.
//!
//! It locks the database in the folder from beginning to end, and marks it as moved before the
//! other can be served. So at no moment can both be served. After an interruption the same command
//! goes on.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use papo_storage::postgres::{Arrival, Arrived, DatabaseUrl};
use papo_storage::sqlite::Departure;
use papo_storage::transfer::{self, Mark, Summary, Walk};

use crate::config::Config;
use crate::data_folder::{DataFolder, ServerLock};
use crate::database::{existing, file_error, moved, plain};
use crate::instance;
use crate::progress::Progress;
use crate::tallies::tallies;

const RUN_AGAIN: &str =
    "the migration didn't come to its end; the same command goes on from where it was";

/// Moves the instance to this database, or to the configured one.
pub(crate) fn run(config: &Config, to: Option<&str>) -> Result<String> {
    let to = match to {
        Some(text) => DatabaseUrl::parse(text).map_err(|error| anyhow!("--to: {error}"))?,
        None => config.database_url.clone().ok_or_else(|| {
            anyhow!("where to? name a database with --to or in PAPO_DATABASE_URL, as in postgres://user@host/database")
        })?,
    };
    let (path, _lock) = hold(
        config,
        "what is sent while it is moved would be left behind",
    )?;
    instance::runtime(1)?.block_on(migrate(&path, &to))
}

/// Removes the mark of a moved database.
pub(crate) fn undo(config: &Config) -> Result<String> {
    let (path, _lock) = hold(config, "the move can't be undone now")?;
    let shown = path.display();
    instance::runtime(1)?.block_on(async {
        let departure = Departure::begin(&path).map_err(|error| file_error(&path, error))?;
        let Some(Mark { to, .. }) = departure.mark().cloned() else {
            bail!("{shown} wasn't moved");
        };
        let undone = departure.undo().await.map_err(plain);
        undone.context("the move wasn't undone")?;
        Ok(format!(
            "{shown} can be served again, as another history: what was said since is in the {to} alone\n"
        ))
    })
}

/// The database's file, locked against servers. `why` is the error when one runs.
fn hold(config: &Config, why: &'static str) -> Result<(PathBuf, ServerLock)> {
    let path = existing(config)?;
    let lock = DataFolder::open_or_create(&config.data_dir)?.lock();
    let lock = lock.context(why)?;
    Ok((path, lock))
}

async fn migrate(path: &Path, to: &DatabaseUrl) -> Result<String> {
    let mut departure = Departure::begin(path).map_err(|error| file_error(path, error))?;
    let before = departure.mark().cloned();
    let id = before.as_ref().map(|mark| mark.arrival);
    let arrived = Arrival::begin(to, departure.epoch(), id).await;
    let arrived = arrived.map_err(plain).map_err(|error| match &before {
        // The content of the database there decides whether it is the target, not its address.
        Some(before) => error.context(moved(path, &before.to)),
        None => error,
    });
    let mut stored = HashMap::new();
    let mut arrival = match arrived? {
        Arrived::Empty(arrival) => arrival,
        Arrived::Begun(mut arrival) => {
            stored = resume(&mut departure, &mut arrival).await?;
            arrival
        }
        Arrived::Whole if before.is_some() => {
            return Ok(format!(
                "It was already moved to the {to}; nothing is left to do\n"
            ));
        }
        Arrived::Whole => bail!(
            "the {to} holds this history already, and may have gone on with it; start servers with it, or empty it"
        ),
    };
    copy(&mut departure, &mut arrival, stored).await?;
    let prepared = arrival.prepare_reading().await;
    prepared.map_err(plain).context(RUN_AGAIN)?;
    let summary = compare(&mut departure, &mut arrival).await?;
    // The order matters: after a cut between the two, neither is served, and the same command comes
    // here again.
    let mark = Mark {
        to: to.to_string(),
        arrival: arrival.id(),
    };
    let marked = departure.finish(mark).await;
    marked.map_err(plain).context(RUN_AGAIN)?;
    arrival.finish().await.map_err(plain).context(RUN_AGAIN)?;
    Ok(format!(
        "Moved to the {to}; read again, both hold the same:\n\n{}\n\
         Start servers with PAPO_DATABASE_URL. {} isn't served any more.\n",
        tallies(&summary),
        path.display()
    ))
}

/// How far each log is there already.
async fn resume(departure: &mut Departure, arrival: &mut Arrival) -> Result<HashMap<i64, i64>> {
    let total = transfer::count_events(departure).await.map_err(plain)?;
    let mut progress = Progress::begin("resuming", Some(total));
    let resumed = transfer::resume(departure, arrival, &mut |events| progress.set(events)).await;
    resumed.map_err(plain).context(RUN_AGAIN)
}

async fn copy(
    departure: &mut Departure,
    arrival: &mut Arrival,
    stored: HashMap<i64, i64>,
) -> Result<()> {
    let total = transfer::count_events(departure).await.map_err(plain)?;
    let before: u64 = stored.values().map(|seq| seq.unsigned_abs()).sum();
    let mut progress = Progress::begin("copying", Some(total));
    let mut walk = Walk::leaving_out(departure, stored);
    let passed = &mut |events| progress.set(before + events);
    let copied = transfer::copy(&mut walk, arrival, passed).await;
    copied.map_err(plain).context(RUN_AGAIN)?;
    Ok(())
}

/// Reads both databases whole. Fails unless they hold the same.
async fn compare(departure: &mut Departure, arrival: &mut Arrival) -> Result<Summary> {
    let total = transfer::count_events(departure).await.map_err(plain)?;
    let mut progress = Progress::begin("comparing", Some(total * 2));
    let mut walk = Walk::new(departure);
    let here = transfer::summarize(&mut walk, &mut |events| progress.set(events)).await;
    let here = here.map_err(plain)?;
    let mut walk = Walk::new(arrival);
    let passed = &mut |events| progress.set(total + events);
    let there = transfer::summarize(&mut walk, passed).await;
    let there = there.map_err(plain).context(RUN_AGAIN)?;
    let different = here.differences(&there);
    if !different.is_empty() || here.epoch != there.epoch {
        bail!(
            "what arrived isn't what was sent: {}; nothing is served from there, and the folder is as it was",
            different.join(", ")
        );
    }
    Ok(there)
}
