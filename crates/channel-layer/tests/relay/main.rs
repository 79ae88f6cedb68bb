//! One suite over every relay. Files of their own have what concerns only NATS.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod both;
mod credentials;
mod entry;
mod nats;
mod people;
mod world;

/// Runs stories on each relay. A new relay needs another function here, and a constructor of
/// `World`.
macro_rules! stories {
    ($($name:ident),* $(,)?) => { $(
        mod $name {
            #[tokio::test]
            async fn memory() {
                super::$name(crate::world::World::memory()).await;
            }

            #[tokio::test]
            async fn nats() {
                super::$name(crate::world::World::nats().await).await;
            }
        }
    )* };
}
use stories;
