//! Tools for tests of several nodes: a relay in memory with faults, and NATS servers.

mod bus;
mod nats_server;

pub use bus::{Bus, Faults};
pub use nats_server::{NatsServer, nats_url};
