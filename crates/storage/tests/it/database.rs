//! A schema of its own on the tests' PostgreSQL, gone when it is dropped.

use std::sync::atomic::{AtomicU32, Ordering};

use papo_storage::postgres::DatabaseUrl;
use tokio_postgres::{Client, NoTls};

/// Where the tests look when nothing names a server.
const STANDARD: &str = "postgres://postgres@127.0.0.1:5432/postgres";

/// A schema on the server.
pub(crate) struct Schema {
    name: String,
}

impl Schema {
    /// Makes one; fails, and says what to do, when there is no server.
    pub(crate) async fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("papo_test_{}_{number}", std::process::id());
        let sql = format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}");
        admin().await.batch_execute(&sql).await.unwrap();
        Self { name }
    }

    /// The URL of a storage in it.
    pub(crate) fn url(&self) -> DatabaseUrl {
        self.url_at(&base())
    }

    /// The same by way of another address of the server. Its connections have the schema's name.
    pub(crate) fn url_at(&self, base: &str) -> DatabaseUrl {
        let (name, join) = (&self.name, if base.contains('?') { '&' } else { '?' });
        let url = format!("{base}{join}options=-csearch_path%3D{name}&application_name={name}");
        DatabaseUrl::parse(&url).unwrap()
    }

    /// Ends all connections of storages in it; how many there were.
    pub(crate) async fn end_connections(&self, client: &Client) -> u64 {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
            WHERE application_name LIKE $1 || ' %'";
        client.execute(sql, &[&self.name]).await.unwrap()
    }

    /// A connection in it, for what storage doesn't do.
    pub(crate) async fn client(&self) -> Client {
        let client = admin().await;
        let sql = format!("SET search_path = {}", self.name);
        client.batch_execute(&sql).await.unwrap();
        client
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let sql = format!("DROP SCHEMA IF EXISTS {} CASCADE", self.name);
        let dropping = std::thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build().unwrap();
            runtime.block_on(async { admin().await.batch_execute(&sql).await })
        });
        let dropped = dropping.join();
        if !std::thread::panicking() {
            dropped.unwrap().unwrap();
        }
    }
}

/// The server's URL.
pub(crate) fn base() -> String {
    std::env::var("PAPO_TEST_DATABASE_URL").unwrap_or_else(|_| STANDARD.to_owned())
}

async fn admin() -> Client {
    // The tests' server is on this machine; how storage encrypts has its own test.
    match tokio_postgres::connect(&base(), NoTls).await {
        Ok((client, connection)) => {
            tokio::spawn(connection);
            client
        }
        Err(error) => panic!(
            "these tests need PostgreSQL, 13 or newer ({error}): `cargo xtask test` starts one; or run one at \
             127.0.0.1:5432 for the user postgres without a password; or name one, whose user may make schemas, in \
             PAPO_TEST_DATABASE_URL"
        ),
    }
}
