//! What tests of several nodes need: a relay in memory that can be told to fail, and NATS servers.

mod bus;
mod nats_server;

pub use bus::{Bus, Faults};
pub use nats_server::{NatsServer, nats_url};
