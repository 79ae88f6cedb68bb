//! One suite over every database. A story is a function of `World`, which knows only the trait, and
//! `stories!` runs it on each database. A file with a database's name has the tests of that one
//! alone.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod account_changes;
mod accounts;
mod archive;
mod audit;
mod checked;
mod cut_log;
mod damage;
mod database;
mod directs;
mod encoding;
mod files;
mod home;
mod import;
mod inboxes;
mod invitations;
mod jobs;
mod jobs_model;
mod log;
mod messages;
mod migration;
mod model;
mod moderation;
mod outages;
mod own_account;
mod people;
mod persons;
mod place;
mod postgres;
mod proxy;
mod reach;
mod read_model;
mod read_positions;
mod revocations;
mod rights;
mod rooms;
mod sessions;
mod sqlite;
mod transfer;
mod world;

/// Runs stories on each database. A new database needs another function here, and a constructor of
/// `World`.
macro_rules! stories {
    ($($name:ident),* $(,)?) => { $(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let world = crate::world::World::sqlite();
                super::$name(&world).await;
                world.is_sound().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let world = crate::world::World::postgres().await;
                super::$name(&world).await;
                world.is_sound().await;
            }
        }
    )* };
}
use stories;
