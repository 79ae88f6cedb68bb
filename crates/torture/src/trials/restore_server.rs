//! T5 on a PostgreSQL server, by `docs/operations.md`: a dump goes into an empty database. Every
//! other time the server's disk is put back as it was, after which the operator must say so.
//!
//! Putting a disk back would take a server of its own. Papo sees older rows in the same tables, so
//! the trial puts the dump's rows into them.

use std::path::Path;
use std::process;

use anyhow::{Context as _, Result};
use papo_testing::{Server, postgres as server};
use tempfile::TempDir;

use super::restore::{READERS, WRITERS, all_start_over, outgrow, some_more, talk};
use super::{Context, blocking};
use crate::crowd::join;
use crate::database::postgres;
use crate::instance::Instance;
use crate::process::command;
use crate::report::Verdict;

const NODES: usize = 2;
/// Papo's tables, each before those that refer to it.
const TABLES: [&str; 14] = [
    "papo",
    "node",
    "room",
    "event",
    "message",
    "account",
    "password_link",
    "session",
    "offer",
    "membership",
    "revocation",
    "inbox",
    "place",
    "audit",
];

/// A database of its own, gone when this is dropped.
struct OwnDatabase {
    name: String,
}

impl OwnDatabase {
    fn make(round: u64) -> Result<Self> {
        let name = format!("papo_torture_{}_{round}", process::id());
        let database = Self { name };
        database.empty()?;
        Ok(database)
    }

    /// Makes it anew.
    fn empty(&self) -> Result<()> {
        let name = &self.name;
        // Each statement alone: they can't be in a transaction.
        for sql in [
            format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
            format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"),
        ] {
            postgres::run(&server::server(), &sql)?;
        }
        Ok(())
    }

    /// The server's URL with this database in it.
    fn url(&self) -> Result<String> {
        let server = server::server();
        let (before, parameters) = match server.split_once('?') {
            Some((before, parameters)) => (before, format!("?{parameters}")),
            None => (server.as_str(), String::new()),
        };
        let (server, _) = before.rsplit_once('/').context("a database in the URL")?;
        Ok(format!("{server}/{}{parameters}", self.name))
    }
}

impl Drop for OwnDatabase {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        if let Err(error) = postgres::run(&server::server(), &drop) {
            eprintln!("{}: {error:#}", self.name);
        }
    }
}

/// Restores a backup while robots are connected. Returns how many of them started over.
pub(super) async fn restore_once(
    context: &Context,
    round: u64,
    verdict: &mut Verdict,
) -> Result<usize> {
    let folder = TempDir::new()?;
    let dump = folder.path().join("papo.dump");
    let database = blocking(|| OwnDatabase::make(round))?;
    let url = database.url()?;
    let mut instance = blocking(|| Instance::start_on(context, NODES, &url))?;
    let cookies = blocking(|| join(instance.address(0), 1, WRITERS + READERS))?;
    let addresses = |number| instance.addresses(number);
    let crowd = talk(context.seed ^ round, &cookies, addresses).await?;
    blocking(|| {
        let file = format!("--file={}", dump.display());
        command(&["pg_dump", "--format=custom", &file, &url])
    })?;
    some_more(&crowd).await?;
    blocking(|| instance.nodes().iter_mut().try_for_each(Server::kill))?;
    let lost = blocking(|| instance.place().end(1))?;
    blocking(|| -> Result<()> {
        if round.is_multiple_of(2) {
            database.empty()?;
            restore(&dump, &url, &[])?;
        } else {
            put_back(&dump, &url)?;
        }
        let node = instance.another().start()?;
        outgrow(&node, instance.place(), &cookies[0], lost)
    })?;
    blocking(|| instance.nodes().iter_mut().try_for_each(Server::restart))?;
    some_more(&crowd).await?;
    let resets = all_start_over(crowd, instance.place(), verdict).await?;
    verdict
        .faults
        .extend(blocking(|| instance.place().integrity())?);
    Ok(resets)
}

fn restore(dump: &Path, url: &str, options: &[&str]) -> Result<()> {
    let (dump, database) = (dump.to_string_lossy(), format!("--dbname={url}"));
    let mut words = vec!["pg_restore", "--exit-on-error", &database];
    words.extend(options);
    words.push(&dump);
    command(&words)
}

/// Puts the dump's rows into the existing tables, and does what the operator does then.
fn put_back(dump: &Path, url: &str) -> Result<()> {
    postgres::run(url, &format!("TRUNCATE {}", TABLES.join(", ")))?;
    for table in TABLES {
        restore(dump, url, &["--data-only", "--table", table])?;
    }
    postgres::run(url, "UPDATE papo SET home = ''")
}
