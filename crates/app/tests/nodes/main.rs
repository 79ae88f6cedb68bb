//! Two nodes of one Papo: two applications on one storage, joined by a relay. One suite runs over
//! each relay. A file with a relay's name has the stories of that one alone.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod both;
mod bus;
mod faulty;
mod heads;
mod looks;
mod nats;
mod rights;
mod world;

/// Runs stories on each relay. A new relay needs another function here, and a variant of `Way`.
macro_rules! stories {
    ($($name:ident),* $(,)?) => { $(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn memory() {
                let world = crate::world::World::new(crate::world::Way::memory(1)).await;
                super::$name(&world).await;
                world.stop().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn nats() {
                let world = crate::world::World::new(crate::world::Way::nats()).await;
                super::$name(&world).await;
                world.stop().await;
            }
        }
    )* };
}
use stories;
