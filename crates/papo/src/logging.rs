//! The log: readable lines on standard error.

use std::io::IsTerminal as _;

use anyhow::{Context, Result};
use tracing_subscriber::EnvFilter;

/// NATS's client logs each try, and its log isn't ours to keep free of secrets: it is off unless somebody names it.
/// What matters of it is logged by the relay.
const NATS_CLIENT: &str = "async_nats";

/// Starts logging what passes the filter.
pub(crate) fn start(filter: &str) -> Result<()> {
    let quiet = format!("{filter},{NATS_CLIENT}=off");
    let filter = if filter.contains(NATS_CLIENT) {
        filter
    } else {
        &quiet
    };
    let filter = EnvFilter::builder()
        .parse(filter)
        .context("the log's filter")?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    Ok(())
}
