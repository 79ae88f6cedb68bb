//! A schema on the tests' PostgreSQL, for storage and its tests.

use papo_storage::postgres::DatabaseUrl;
use papo_testing::postgres;
use tokio_postgres::{Client, NoTls};

pub(crate) use papo_testing::postgres::server;

/// A test's own schema.
pub(crate) struct Schema(postgres::Schema);

impl Schema {
    pub(crate) fn new() -> Self {
        Self(postgres::Schema::new())
    }

    /// The URL of a storage in it.
    pub(crate) fn url(&self) -> DatabaseUrl {
        DatabaseUrl::parse(&self.0.url()).unwrap()
    }

    /// The URL by another address of the server.
    pub(crate) fn url_at(&self, server: &str) -> DatabaseUrl {
        DatabaseUrl::parse(&self.0.url_at(server)).unwrap()
    }

    /// The URL with a setting for each session, as `name=value`.
    pub(crate) fn url_with(&self, setting: &str) -> DatabaseUrl {
        let options = format!("options=-c{}%20", setting.replacen('=', "%3D", 1));
        let url = self.0.url().replacen("options=", &options, 1);
        DatabaseUrl::parse(&url).unwrap()
    }

    /// A connection in it, for statements of the test.
    pub(crate) async fn client(&self) -> Client {
        self.try_client().await.unwrap()
    }

    /// The same, when the server may be away.
    pub(crate) async fn try_client(&self) -> Result<Client, tokio_postgres::Error> {
        let (client, connection) = tokio_postgres::connect(&server(), NoTls).await?;
        tokio::spawn(connection);
        let sql = format!("SET search_path = {}", self.0.name());
        client.batch_execute(&sql).await?;
        Ok(client)
    }

    /// Whether a connection of a storage with this name waits for another transaction. Nodes that
    /// make tables wait for each other too, in all schemas.
    pub(crate) async fn is_waiting(&self, client: &Client, name: &str) -> bool {
        let sql = "SELECT count(*) FROM pg_stat_activity \
            WHERE application_name = $1 AND wait_event_type = 'Lock' AND wait_event <> 'advisory'";
        let name = format!("{} {name}", self.0.name());
        let waiting = client.query_one(sql, &[&name]).await.unwrap();
        waiting.get::<_, i64>(0) > 0
    }

    /// Ends all connections of storages in it. Returns how many there were.
    pub(crate) async fn end_connections(&self, client: &Client) -> u64 {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
            WHERE application_name LIKE $1 || ' %'";
        client.execute(sql, &[&self.0.name()]).await.unwrap()
    }
}
