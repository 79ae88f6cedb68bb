//! What can be said about a database before it is opened; opening it would migrate its tables.

use super::connection::Connector;
use super::errors::Failure;
use super::schema;
use super::url::DatabaseUrl;
use crate::StorageError;

/// A server and the database on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// The server's version, such as `15.4`.
    pub server: String,
    /// Whether the server flushes what it commits to disk (`fsync` and `full_page_writes`).
    pub is_durable: bool,
    /// The version of Papo's tables; `None` when there are none yet.
    pub version: Option<i64>,
}

/// Surveys the database, and changes nothing.
pub(super) async fn survey(url: &DatabaseUrl) -> Result<Survey, StorageError> {
    let connector = Connector::new(url.clone())?;
    let db = connector.connect("survey").await?;
    let looking = async {
        schema::check_server(&db).await?;
        let sql = "SELECT current_setting('server_version'), \
            current_setting('fsync')::boolean AND current_setting('full_page_writes')::boolean";
        let row = db.row(sql, &[]).await?;
        let row = row.ok_or_else(|| super::errors::damaged("no answer"))?;
        Ok::<_, Failure>(Survey {
            server: row.try_get(0)?,
            is_durable: row.try_get(1)?,
            version: Some(schema::version(&db).await?).filter(|version| *version > 0),
        })
    };
    let surveyed = looking.await;
    db.close().await;
    surveyed.map_err(|failure| connector.named(failure.into_error()))
}
