//! `papo import django`: brings in the rooms and messages of the Django chat that Papo succeeds.
//!
//! The old database is read twice within one reading transaction: first to see that all of it can
//! be understood, before anything of Papo's is touched ([`survey`]), then to hand it over
//! ([`stream`]). What Papo wouldn't accept is repaired in a way that gives the same result each
//! time ([`repair`]), so that a second import finds everything stored.

mod messages;
mod repair;
mod report;
mod rooms;
mod source;
mod stream;
mod survey;

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use papo_storage::StorageError;

use self::source::Source;
use crate::config::Config;
use crate::instance;

/// Brings in the database in `file`, all or nothing, and says what was done.
pub(crate) fn run(config: &Config, file: &Path) -> Result<String> {
    let nothing = || format!("nothing was imported from {}", file.display());
    let source = Source::open(file).with_context(nothing)?;
    let survey = survey::survey(&source).with_context(nothing)?;
    instance::with_instance(config, async |instance| {
        let rooms = stream::start(source)?;
        let imported = instance.storage.import(rooms).await;
        let imported = imported.map_err(|error| match error {
            StorageError::Other(text) => anyhow!(text),
            other => other.into(),
        });
        let imported = imported.with_context(nothing)?;
        Ok(report::report(file, &survey, &imported))
    })
}
