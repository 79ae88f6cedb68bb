//! The relay between the nodes of an instance: NATS.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use papo_app::{Nodes, Random};
use papo_channel_layer::NodeId;
use papo_channel_layer::nats::{NatsRelay, NatsSettings};
use papo_storage::Storage;

use crate::config::Config;
use crate::database::Database;

/// Refuses NATS for nodes that can't share a database.
pub(crate) fn check(config: &Config, nats: Option<&NatsSettings>) -> Result<()> {
    if nats.is_some() && !Database::is_shared(config) {
        bail!(
            "{} is given, but the database is SQLite, a file of this one machine: two nodes can't share it, \
             so there is nobody to relay to; leave it out to run one node",
            config.nats_origin
        );
    }
    Ok(())
}

/// Joins the other nodes, now or when NATS is there.
pub(crate) async fn join(
    nats: &NatsSettings,
    storage: &dyn Storage,
    random: &Random,
) -> Result<(Arc<NatsRelay>, Nodes)> {
    let epoch = storage.epoch().await?;
    let key = storage.relay_key().await?;
    let node = NodeId(random.number());
    NatsRelay::start(nats, epoch, &key, node)
        .await
        .context("starting the relay to the other nodes")
}
