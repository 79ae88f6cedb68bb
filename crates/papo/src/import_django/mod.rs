//! `papo import django`: imports the rooms and messages of the Django chat that Papo succeeds.
//!
//! The import reads the old database twice, within one read transaction. First it checks that it
//! understands everything, before it touches anything of Papo's ([`survey`]). Then it passes
//! everything on ([`stream`]). It repairs what Papo wouldn't accept in the same way each time
//! ([`repair`]), so that a second import recognises everything.

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

/// Imports the database in `file`, all or nothing, and says what was done.
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
