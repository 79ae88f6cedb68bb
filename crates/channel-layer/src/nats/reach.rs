//! Asks once whether NATS lets Papo in, for `papo doctor`. It relays nothing.

use async_nats::ServerAddr;
use tokio::time::timeout;

use super::{HANDSHAKE, NatsSettings};

/// What one server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// Its address, without secrets.
    pub address: String,
    /// Its version, or why it can't be used.
    pub version: Result<String, String>,
}

/// Asks each server in the settings, for a few seconds each at most.
pub async fn reach(settings: &NatsSettings) -> Vec<Reached> {
    let mut reached = Vec::new();
    for address in settings.addresses() {
        reached.push(Reached {
            address: address.as_url_str().to_owned(),
            version: ask(settings, address).await,
        });
    }
    reached
}

async fn ask(settings: &NatsSettings, address: ServerAddr) -> Result<String, String> {
    let options = settings.options().name("papo").ignore_discovered_servers();
    let asking = async_nats::connect_with_options(address, options);
    match timeout(HANDSHAKE, asking).await {
        Ok(Ok(client)) => Ok(client.server_info().version),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} seconds", HANDSHAKE.as_secs())),
    }
}
